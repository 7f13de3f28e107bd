import CPUModel
import Glibc
import UserCore
import UserExecution

/// Messages of 32-bit guests: `struct msghdr` has 28 bytes (`struct mmsghdr` 32) for the host's 56 (64), an element of its vector 8 for 16, and the
/// header of control data 12 for 16, aligned to 4 for 8.
struct NarrowMessages {
    private enum Narrow { static let name = 0, nameLength = 4, vector = 8, count = 12, control = 16, controlLength = 20, flags = 24, size = 28 }
    private enum Host { static let name = 0, nameLength = 8, vector = 16, count = 24, control = 32, controlLength = 40, flags = 48, size = 56 }
    private enum Flag { static let controlTruncated: UInt32 = 8 }

    private let thread: LinuxThread
    private let address: UInt64
    private let original: [UInt8]
    private let isArray: Bool
    private let receives: Bool
    private var host: HostCopy
    private var controls: [HostCopy?] = []
    private var others: [HostCopy] = []

    private var narrowStride: Int { isArray ? 32 : Narrow.size }
    private var hostStride: Int { isArray ? 64 : Host.size }

    /// Runs a call with the host address of messages.
    static func with(_ thread: LinuxThread, _ address: UInt64, count: Int, isArray: Bool, receives: Bool, _ body: (Int) -> Int64) -> Int64 {
        guard let original = thread.memory.bytes(at: address, count: count * (isArray ? 32 : Narrow.size)) else { return -Int64(EFAULT) }
        var messages = NarrowMessages(thread, address, original, count: count, isArray: isArray, receives: receives)
        var bytes = [UInt8](repeating: 0, count: max(1, count * messages.hostStride))
        for index in 0..<count {
            let failure = messages.prepare(index, &bytes)
            if failure != 0 { return -Int64(failure) }
        }
        messages.host = HostCopy(bytes)
        let result = body(messages.host.address)
        return result < 0 ? result : messages.finish(result)
    }

    private init(_ thread: LinuxThread, _ address: UInt64, _ original: [UInt8], count: Int, isArray: Bool, receives: Bool) {
        self.thread = thread
        self.address = address
        self.original = original
        self.isArray = isArray
        self.receives = receives
        host = HostCopy([0])
    }

    private func word(_ index: Int, _ offset: Int) -> UInt64 { UInt64(original.get(UInt32.self, at: index * narrowStride + offset)) }

    // MARK: To the host

    /// Makes a message; an error number, or 0.
    private mutating func prepare(_ index: Int, _ bytes: inout [UInt8]) -> Int32 {
        let start = index * hostStride
        guard let name = thread.hostWord(word(index, Narrow.name)) else { return EFAULT }
        if receives { thread.memory.prepareWrite(word(index, Narrow.name), 128) }
        bytes.put(name, at: start + Host.name)
        bytes.put(UInt32(word(index, Narrow.nameLength)), at: start + Host.nameLength)
        bytes.put(UInt32(word(index, Narrow.flags)), at: start + Host.flags)
        let failure = prepareVector(index, start, &bytes)
        return failure != 0 ? failure : prepareControl(index, start, &bytes)
    }

    private mutating func prepareVector(_ index: Int, _ start: Int, _ bytes: inout [UInt8]) -> Int32 {
        let count = Int(word(index, Narrow.count))
        if count > 1024 { return EMSGSIZE }
        guard let vector = thread.memory.bytes(at: word(index, Narrow.vector), count: 8 * count) else { return EFAULT }
        var words = [UInt8](repeating: 0, count: 16 * count)
        for item in 0..<count {
            let (place, size) = (vector.word(2 * item, wordSize: 4), vector.word(2 * item + 1, wordSize: 4))
            if receives { thread.memory.prepareWrite(place, size) }
            guard let address = thread.hostWord(place) else { return EFAULT }
            words.put(address, at: 16 * item)
            words.put(size, at: 16 * item + 8)
        }
        let copy = HostCopy(words)
        others.append(copy)
        bytes.put(copy.address, at: start + Host.vector)
        bytes.put(count, at: start + Host.count)
        return 0
    }

    private mutating func prepareControl(_ index: Int, _ start: Int, _ bytes: inout [UInt8]) -> Int32 {
        let size = Int(word(index, Narrow.controlLength))
        guard size > 0, word(index, Narrow.control) != 0 else {
            controls.append(nil)
            return 0
        }
        if size > 1 << 20 { return ENOBUFS }
        let copy: HostCopy
        if receives {
            copy = HostCopy([UInt8](repeating: 0, count: 2 * size + 64))
        } else {
            guard let narrow = thread.memory.bytes(at: word(index, Narrow.control), count: size) else { return EFAULT }
            guard let control = NarrowMessages.hostControl(narrow) else { return EINVAL }
            copy = HostCopy(control)
        }
        controls.append(copy)
        bytes.put(copy.address, at: start + Host.control)
        bytes.put(copy.bytes.count, at: start + Host.controlLength)
        return 0
    }

    private static func hostControl(_ narrow: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var place = 0
        while place + 12 <= narrow.count {
            let length = Int(narrow.get(UInt32.self, at: place))
            guard length >= 12, length <= narrow.count - place else { return nil }
            var item = [UInt8](repeating: 0, count: (16 + length - 12 + 7) & ~7)
            item.put(UInt64(length + 4), at: 0)
            item.replaceSubrange(8..<8 + length - 4, with: narrow[(place + 4)..<(place + length)])
            result += item
            place += (length + 3) & ~3
        }
        return result
    }

    // MARK: To the guest

    private func finish(_ result: Int64) -> Int64 {
        guard receives || isArray else { return result }
        let bytes = host.bytes
        var narrow = original
        for index in 0..<(isArray ? Int(result) : 1) {
            let start = index * hostStride, place = index * narrowStride
            if isArray { narrow.put(bytes.get(UInt32.self, at: start + Host.size), at: place + Narrow.size) }
            guard receives else { continue }
            var flags = bytes.get(UInt32.self, at: start + Host.flags)
            narrow.put(bytes.get(UInt32.self, at: start + Host.nameLength), at: place + Narrow.nameLength)
            var length = 0
            if let control = controls[index] {
                let got = control.bytes.prefix(Int(truncatingIfNeeded: bytes.word(at: start + Host.controlLength)))
                let (data, isWhole) = NarrowMessages.narrowControl(Array(got), room: Int(word(index, Narrow.controlLength)))
                if !isWhole { flags |= Flag.controlTruncated }
                guard thread.memory.write(data, at: word(index, Narrow.control)) else { return -Int64(EFAULT) }
                length = data.count
            }
            narrow.put(UInt32(length), at: place + Narrow.controlLength)
            narrow.put(flags, at: place + Narrow.flags)
        }
        return thread.memory.write(narrow, at: address) ? result : -Int64(EFAULT)
    }

    private enum Kind { static let rights: Int32 = 1, timeval: Int32 = 29, timespec: Int32 = 35, timestamping: Int32 = 37 }

    /// Control data as the guest's, as far as there is room. Descriptors that find none are closed again, as if the kernel had not opened them.
    private static func narrowControl(_ host: [UInt8], room: Int) -> (data: [UInt8], isWhole: Bool) {
        var result: [UInt8] = []
        var isWhole = true
        var place = 0
        while place + 16 <= host.count {
            let length = Int(host.word(at: place))
            guard length >= 16, length <= host.count - place else { break }
            let level = host.get(Int32.self, at: place + 8), kind = host.get(Int32.self, at: place + 12)
            var data = Array(host[(place + 16)..<(place + length)])
            if level == SOL_SOCKET, [Kind.timeval, Kind.timespec, Kind.timestamping].contains(kind) {
                data = stride(from: 0, to: data.count & ~7, by: 8).flatMap { data[$0..<$0 + 4] }
            }
            let left = room - result.count - 12
            let kept = min(data.count, max(0, left))
            if kept < data.count {
                isWhole = false
                if level == SOL_SOCKET, kind == Kind.rights { closeAll(data, from: kept / 4) }
            }
            guard left >= 0 else { return (result, false) }
            var item = [UInt8](repeating: 0, count: 12)
            let whole = level == SOL_SOCKET && kind == Kind.rights ? kept / 4 * 4 : kept
            item.put(UInt32(12 + whole), at: 0)
            item.put(level, at: 4)
            item.put(kind, at: 8)
            result += item + data.prefix(whole)
            place += (length + 7) & ~7
            while result.count % 4 != 0, result.count < room { result.append(0) }
        }
        return (result, isWhole)
    }

    private static func closeAll(_ descriptors: [UInt8], from first: Int) {
        for index in first..<max(first, descriptors.count / 4) { close(descriptors.get(Int32.self, at: 4 * index)) }
    }
}
