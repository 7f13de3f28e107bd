import IR

/// A guest without an architecture: a state of each type, 4 KiB of memory and some helpers, for running IR in tests.
public final class TestGuest {
    public static let memorySize = 8192
    public static let stateSize = 512
    /// Bytes behind the memory that belong to nobody; a test may protect them.
    public static let guardSize = 8192

    /// x0–x11 hold i64, w0–w3 i32, h0–h1 i16, b0–b1 i8, q0–q3 i128, s0–s3 f32, v0–v3 v128, u0–u1 v64, d0–d3 f64, e0–e1 f80, g0–g1 f128.
    public static let layout: StateLayout = {
        var fields: [StateField] = []
        var offset = 0
        func add(_ prefix: String, _ count: Int, _ type: IRType, stride: Int, hot: Int = 0) {
            for index in 0..<count {
                fields.append(StateField("\(prefix)\(index)", offset, type, priority: index < hot ? index : nil))
                offset += stride
            }
        }
        add("x", 12, .i64, stride: 8, hot: 4)
        add("q", 4, .i128, stride: 16)
        add("v", 4, .v128, stride: 16, hot: 2)
        add("u", 2, .v64, stride: 8)
        add("g", 2, .f128, stride: 16)
        add("e", 2, .f80, stride: 16)
        add("d", 4, .f64, stride: 8, hot: 2)
        add("w", 4, .i32, stride: 4)
        add("s", 4, .f32, stride: 4)
        add("h", 2, .i16, stride: 2)
        add("t", 2, .f16, stride: 2)
        add("b", 2, .i8, stride: 1)
        precondition(offset <= stateSize)
        return StateLayout(fields)
    }()

    public let header: CPUHeader
    private let allocation: UnsafeMutableRawPointer
    private let room: UnsafeMutableRawPointer
    public let memory: UnsafeMutablePointer<UInt8>

    /// A guest whose registers and memory hold what `seed` makes of them.
    public init(seed: UInt64) {
        let size = CPUHeader.size + TestGuest.stateSize
        allocation = .allocate(byteCount: size, alignment: 64)
        room = .allocate(byteCount: TestGuest.memorySize + TestGuest.guardSize, alignment: 4096)
        memory = room.assumingMemoryBound(to: UInt8.self)
        header = CPUHeader(allocation + CPUHeader.size)
        fill(seed: seed)
    }

    deinit {
        allocation.deallocate()
        room.deallocate()
    }

    /// Sets everything as a new guest of that seed has it.
    public func fill(seed: UInt64) {
        var random = SplitMix(seed)
        allocation.initializeMemory(as: UInt8.self, repeating: 0, count: CPUHeader.size + TestGuest.stateSize)
        for field in TestGuest.layout.fields where field.offset >= 0 {
            for byte in 0..<field.type.bytes where byte % 8 == 0 {
                let count = min(8, field.type.bytes - byte)
                withUnsafeBytes(of: random.edgy()) { source in
                    (header.state + field.offset + byte).copyMemory(from: source.baseAddress!, byteCount: count)
                }
            }
        }
        for index in 0..<TestGuest.memorySize { memory[index] = UInt8(truncatingIfNeeded: random.next()) }
        header.owner = UnsafeRawPointer(memory)
        header.prepareRecentPages()
        header.linkedAddress = .max
        header.pc = 0xdead_0000
        header.budget = 1000
    }

    public static func offset(_ name: String) -> Int { layout.field(named: name)!.offset }

    public func read(_ name: String) -> UInt64 {
        let field = TestGuest.layout.field(named: name)!
        var value: UInt64 = 0
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes(field).prefix(8)) }
        return value
    }

    /// All of a field, of up to 128 bits.
    public func readWide(_ name: String) -> UInt128 {
        bytes(TestGuest.layout.field(named: name)!).reversed().reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
    }

    public func write(_ name: String, _ value: UInt64, high: UInt64 = 0) {
        let field = TestGuest.layout.field(named: name)!
        for byte in 0..<field.type.bytes {
            let half = byte < 8 ? value : high
            let bits = UInt8(truncatingIfNeeded: half >> UInt64(byte % 8 * 8))
            header.state.storeBytes(of: bits, toByteOffset: field.offset + byte, as: UInt8.self)
        }
    }

    private func bytes(_ field: StateField) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: header.state + field.offset, count: field.type.bytes)
    }

    /// Where two guests differ in registers, address, exception, float flags, links, budget or memory; `nil` for nowhere.
    public func difference(from other: TestGuest) -> String? {
        for field in TestGuest.layout.fields where field.offset >= 0 || field.name == "pc" {
            let mine = Array(bytes(field))
            let theirs = Array(other.bytes(field))
            if mine != theirs { return "\(field.name): \(Self.text(mine)) and \(Self.text(theirs))" }
        }
        if header.exception != other.header.exception { return "exception: \(header.exception) and \(other.header.exception)" }
        if header.floatFlags != other.header.floatFlags { return "float flags: \(header.floatFlags) and \(other.header.floatFlags)" }
        if header.budget != other.header.budget { return "budget: \(header.budget) and \(other.header.budget)" }
        if header.linkedAddress != other.header.linkedAddress { return "linked address" }
        for index in 0..<TestGuest.memorySize where memory[index] != other.memory[index] {
            return "memory at \(index): \(memory[index]) and \(other.memory[index])"
        }
        return nil
    }

    private static func text(_ bytes: [UInt8]) -> String {
        "0x" + bytes.reversed().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
