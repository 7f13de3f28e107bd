/// A64 code under construction, with the few instructions that the tests' frames are made of.
struct CodeBuffer {
    private(set) var words: [UInt32] = []

    /// Bytes.
    var size: Int { 4 * words.count }

    var bytes: [UInt8] { words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } } }

    mutating func word(_ bits: UInt32) { words.append(bits) }

    // MARK: Instructions of the frames

    /// movz and movk: a constant of 32 bits.
    mutating func set(_ d: Int, _ value: Int) {
        word(0xd280_0000 | UInt32(value & 0xffff) << 5 | UInt32(d))
        word(0xf2a0_0000 | UInt32(value >> 16 & 0xffff) << 5 | UInt32(d))
    }

    mutating func storePair(_ t: Int, _ u: Int, _ offset: Int, _ n: Int) { pair(0xa900_0000, t, u, offset / 8, n) }
    mutating func loadPair(_ t: Int, _ u: Int, _ offset: Int, _ n: Int) { pair(0xa940_0000, t, u, offset / 8, n) }
    mutating func storeVectors(_ t: Int, _ u: Int, _ offset: Int, _ n: Int) { pair(0xad00_0000, t, u, offset / 16, n) }
    mutating func loadVectors(_ t: Int, _ u: Int, _ offset: Int, _ n: Int) { pair(0xad40_0000, t, u, offset / 16, n) }

    private mutating func pair(_ opcode: UInt32, _ t: Int, _ u: Int, _ scaled: Int, _ n: Int) {
        word(opcode | UInt32(scaled & 0x7f) << 15 | UInt32(u) << 10 | UInt32(n) << 5 | UInt32(t))
    }

    mutating func store(_ t: Int, _ offset: Int, _ n: Int) { word(0xf900_0000 | UInt32(offset / 8) << 10 | UInt32(n) << 5 | UInt32(t)) }
    mutating func load(_ t: Int, _ offset: Int, _ n: Int) { word(0xf940_0000 | UInt32(offset / 8) << 10 | UInt32(n) << 5 | UInt32(t)) }
    mutating func add(_ d: Int, _ n: Int, _ value: Int) { word(0x9100_0000 | UInt32(value) << 10 | UInt32(n) << 5 | UInt32(d)) }

    /// mrs and msr of NZCV, FPCR and FPSR.
    enum Register: UInt32 { case nzcv = 0x4200, fpcr = 0x4400, fpsr = 0x4420 }
    mutating func mrs(_ t: Int, _ register: Register) { word(0xd53b_0000 | register.rawValue | UInt32(t)) }
    mutating func msr(_ register: Register, _ t: Int) { word(0xd51b_0000 | register.rawValue | UInt32(t)) }

    mutating func supervisorCall() { word(0xd400_0001) }

    /// adr: the address `distance` bytes from here.
    mutating func address(_ d: Int, _ distance: Int) {
        word(0x1000_0000 | UInt32(distance & 3) << 29 | UInt32(distance >> 2 & 0x7ffff) << 5 | UInt32(d))
    }

    /// Counts a register down and branches backwards to `target` while it is not zero.
    mutating func loop(_ register: Int, to target: Int) {
        word(0xd100_0400 | UInt32(register) << 5 | UInt32(register))
        word(0xb500_0000 | UInt32((target - size) >> 2 & 0x7ffff) << 5 | UInt32(register))
    }
}

/// Registers that random instructions leave alone.
enum Reserved {
    /// A small number that accesses use as index.
    static let index = 25
    /// For the frames, and for the targets of jumps.
    static let pointer = 26
    static let counter = 27
    /// The address of the middle of the buffer.
    static let buffer = 28
    static let all: Set<Int> = [index, pointer, counter, buffer]
}

/// A record of all registers: X0–X30 and SP, V0–V31, NZCV, FPSR, FPCR.
enum Record {
    static let vectors = 256, nzcv = 768, fpsr = 776, fpcr = 784, size = 800

    /// What lies at an offset.
    static func name(_ offset: Int) -> String {
        if offset < vectors { return offset == 248 ? "sp" : "x\(offset / 8)" }
        if offset < nzcv { return "v\((offset - vectors) / 16)" + (offset & 8 == 0 ? " low" : " high") }
        return offset < fpsr ? "nzcv" : offset < fpcr ? "fpsr" : "fpcr"
    }
}

extension CodeBuffer {
    /// Loads all registers but the reserved ones from a record at an absolute address.
    mutating func loadRecord(_ address: Int) {
        let pointer = Reserved.pointer
        set(pointer, address)
        load(0, Record.nzcv, pointer)
        msr(.nzcv, 0)
        load(0, Record.fpsr, pointer)
        msr(.fpsr, 0)
        load(0, Record.fpcr, pointer)
        msr(.fpcr, 0)
        load(0, 248, pointer)
        add(31, 0, 0)
        for register in stride(from: 0, to: 32, by: 2) { loadVectors(register, register + 1, Record.vectors + 16 * register, pointer) }
        for register in stride(from: 0, to: 24, by: 2) { loadPair(register, register + 1, 8 * register, pointer) }
        load(24, 8 * 24, pointer)
        load(29, 8 * 29, pointer)
        load(30, 8 * 30, pointer)
    }

    /// Stores all registers into a record at an absolute address.
    mutating func storeRecord(_ address: Int) {
        let pointer = Reserved.pointer
        set(pointer, address)
        for register in stride(from: 0, to: 30, by: 2) { storePair(register, register + 1, 8 * register, pointer) }
        store(30, 240, pointer)
        for register in stride(from: 0, to: 32, by: 2) { storeVectors(register, register + 1, Record.vectors + 16 * register, pointer) }
        mrs(0, .nzcv)
        store(0, Record.nzcv, pointer)
        mrs(0, .fpsr)
        store(0, Record.fpsr, pointer)
        add(0, 31, 0)
        store(0, 248, pointer)
        load(0, 0, pointer)
    }
}

func littleEndianBytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }

func word(_ bytes: [UInt8], at offset: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) } }
