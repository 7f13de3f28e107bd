import CPUModel
import Glibc
import UserCore
import UserExecution

/// ioctls whose structures 32-bit guests lay out otherwise.
enum NarrowControls {
    private static func fault() -> Int64 { -Int64(EFAULT) }

    /// Does the call; nil if nothing about it is different.
    static func perform(_ control: Control, _ address: UInt64, _ thread: LinuxThread, _ host: (Int) -> Int64) -> Int64? {
        if control.number == interfaceList { return interfaces(address, thread, host) }
        switch control.narrow {
        case nil, .number, .some(.none): return nil
        case .structure(let structure, let pointers), .both(let structure, let pointers, _):
            return perform(control, structure, pointers, address, thread, host)
        }
    }

    private static func perform(
        _ control: Control, _ structure: SharedStructure, _ pointers: [String], _ address: UInt64, _ thread: LinuxThread, _ host: (Int) -> Int64
    ) -> Int64 {
        guard let given = thread.memory.bytes(at: address, count: structure.narrow.size) else { return fault() }
        var bytes = structure.hostBytes(of: given)
        let places = structure.host.fields.filter { pointers.contains($0.name) }.map(\.offset)
        let originals = places.map { bytes.word(at: $0) }
        for (place, value) in zip(places, originals) {
            guard let word = thread.hostWord(value) else { return fault() }
            bytes.put(word, at: place)
        }
        let copy = HostCopy(bytes)
        let result = host(copy.address)
        if case .reads = control.argument { return result }
        if result < 0 { return result }
        bytes = copy.bytes
        for (place, value) in zip(places, originals) { bytes.put(value, at: place) }
        return thread.memory.write(structure.narrowBytes(of: bytes), at: address) ? result : fault()
    }

    // MARK: SIOCGIFCONF

    private static let interfaceList: UInt32 = 0x8912

    /// `struct ifconf`: a size in bytes, and the address of an array of `struct ifreq`, or 0 to be told the size.
    private static func interfaces(_ address: UInt64, _ thread: LinuxThread, _ host: (Int) -> Int64) -> Int64 {
        let narrow = SharedStructure.interface.narrow.size, wide = SharedStructure.interface.host.size
        guard let given = thread.memory.bytes(at: address, count: 8) else { return fault() }
        let list = given.word(1, wordSize: 4), size = given.get(Int32.self, at: 0)
        let count = list == 0 ? 0 : Int(max(0, min(size, 1 << 20))) / narrow
        let requests = HostCopy([UInt8](repeating: 0, count: max(1, count * wide)))
        var configuration = [UInt8](repeating: 0, count: 16)
        configuration.put(Int32(count * wide), at: 0)
        configuration.put(list == 0 ? 0 : requests.address, at: 8)
        let copy = HostCopy(configuration)
        let result = host(copy.address)
        if result < 0 { return result }
        let found = Int(copy.bytes.get(Int32.self, at: 0)) / wide
        let bytes = requests.bytes
        if list != 0 {
            let all = (0..<min(found, count)).flatMap { SharedStructure.interface.narrowBytes(of: Array(bytes[$0 * wide..<($0 + 1) * wide])) }
            guard thread.memory.write(all, at: list) else { return fault() }
        }
        return thread.memory.store(address, UInt64(found * narrow), size: 4) ? result : fault()
    }
}

/// Structures of ioctls.
extension SharedStructure {
    /// `struct ifreq` with a union that is not longer than 16 bytes.
    static let interface = SharedStructure([("name", .bytes(16)), ("union", .bytes(16))], host: [("name", .bytes(16)), ("union", .bytes(24))])
    /// The same with a pointer.
    static let interfaceData = SharedStructure([("name", .bytes(16)), ("data", .unsignedLong), ("rest", .bytes(12))])
    /// The same with a `struct ifmap`.
    static let interfaceMap = SharedStructure([
        ("name", .bytes(16)), ("start", .unsignedLong), ("end", .unsignedLong), ("base", .u16), ("irq", .u8), ("dma", .u8), ("port", .u8),
    ])
    static let route = SharedStructure([
        ("pad1", .unsignedLong), ("addresses", .bytes(48)), ("flags", .u16), ("pad2", .u16), ("pad3", .unsignedLong), ("pad4", .unsignedLong),
        ("metric", .u16), ("device", .unsignedLong), ("mtu", .unsignedLong), ("window", .unsignedLong), ("irtt", .u16),
    ])
    static let filterProgram = SharedStructure([("len", .u16), ("filter", .unsignedLong)])
    static let unsignedLong = SharedStructure([("value", .unsignedLong)])
    static let partition = SharedStructure([("op", .i32), ("flags", .i32), ("datalen", .i32), ("data", .unsignedLong)])
    static let geometry = SharedStructure([("heads", .u8), ("sectors", .u8), ("cylinders", .u16), ("start", .unsignedLong)])
    /// `struct sg_io_hdr`.
    static let command = SharedStructure([
        ("interface", .i32), ("direction", .i32), ("cmdlen", .u8), ("mxsblen", .u8), ("iovecs", .u16), ("dxferlen", .u32), ("dxferp", .unsignedLong),
        ("cmdp", .unsignedLong), ("sbp", .unsignedLong), ("timeout", .u32), ("flags", .u32), ("pack", .i32), ("user", .unsignedLong), ("status", .u8),
        ("masked", .u8), ("msg", .u8), ("sblen", .u8), ("hoststatus", .u16), ("driverstatus", .u16), ("resid", .i32), ("duration", .u32),
        ("info", .u32),
    ])
    /// `struct serial_struct`.
    static let serial = SharedStructure([
        ("words", .bytes(32)), ("closedelay", .u16), ("iotype", .u8), ("reserved", .u8), ("hub6", .i32), ("closingwait", .u16),
        ("closingwait2", .u16),
        ("base", .unsignedLong), ("shift", .u16), ("porthigh", .u32), ("iomap", .unsignedLong),
    ])
    /// `struct drm_version` and `struct drm_unique`: sizes, each before the pointer to a text.
    static let graphicsVersion = SharedStructure([
        ("major", .i32), ("minor", .i32), ("patch", .i32), ("namelen", .unsignedLong), ("name", .unsignedLong), ("datelen", .unsignedLong),
        ("date", .unsignedLong), ("desclen", .unsignedLong), ("desc", .unsignedLong),
    ])
    static let graphicsName = SharedStructure([("length", .unsignedLong), ("name", .unsignedLong)])
}
