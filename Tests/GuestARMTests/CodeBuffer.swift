import GuestARM

/// Code under construction, A32 or T32, with the few instructions that the tests' frames are made of.
struct CodeBuffer {
    private(set) var bytes: [UInt8] = []
    /// Whether instructions are T32's.
    private(set) var isThumb = false

    var size: Int { bytes.count }

    mutating func half(_ bits: UInt32) { bytes += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)] }

    /// An instruction of 32 bits: of T32 the first half-word is the upper one.
    mutating func word(_ bits: UInt32) {
        half(isThumb ? bits >> 16 : bits)
        half(isThumb ? bits : bits >> 16)
    }

    /// movw and movt: a constant of 32 bits.
    mutating func set(_ d: Int, _ value: Int) {
        move(d, UInt32(value & 0xffff), top: false)
        move(d, UInt32(value >> 16 & 0xffff), top: true)
    }

    private mutating func move(_ d: Int, _ value: UInt32, top: Bool) {
        if isThumb {
            let fields = (value >> 12) << 16 | (value >> 11 & 1) << 26 | (value >> 8 & 7) << 12 | value & 0xff
            word((top ? 0xf2c0_0000 : 0xf240_0000) | fields | UInt32(d) << 8)
        } else {
            word((top ? 0xe340_0000 : 0xe300_0000) | (value >> 12) << 16 | value & 0xfff | UInt32(d) << 12)
        }
    }

    mutating func supervisorCall() {
        if isThumb { half(0xdf00) } else { word(0xef00_0000) }
    }

    /// add pointer, pc, #1; bx pointer.
    mutating func enterThumb() {
        word(0xe28f_0001 | UInt32(Reserved.pointer) << 12)
        word(0xe12f_ff10 | UInt32(Reserved.pointer))
        isThumb = true
    }

    /// bx pc at an address that is a multiple of 4.
    mutating func leaveThumb() {
        if size & 2 != 0 { half(0xbf00) }
        half(0x4778)
        half(0xbf00)
        isThumb = false
    }

    /// Counts a register down and goes back while it is not 0. The flags are lost.
    mutating func loop(_ counter: Int, to target: Int) {
        let r = UInt32(counter)
        if isThumb {
            word(0xf1b0_0001 | r << 16 | r << 8)
            let distance = target - (size + 4)
            let code = UInt32(bitPattern: Int32(distance >> 1))
            word(0xf040_8000 | (code >> 19 & 1) << 26 | (code >> 18 & 1) << 11 | (code >> 17 & 1) << 13 | (code >> 11 & 63) << 16 | code & 0x7ff)
        } else {
            word(0xe250_0001 | r << 16 | r << 12)
            word(0x1a00_0000 | UInt32(bitPattern: Int32((target - (size + 8)) >> 2)) & 0xff_ffff)
        }
    }
}

/// Registers that random instructions leave alone.
enum Reserved {
    /// A small number that accesses use as index.
    static let index = 8
    /// For the frames.
    static let pointer = 9
    static let counter = 10
    /// The address of the middle of the buffer; so is the stack pointer.
    static let buffer = 11
    static let sp = 13
    static let all: Set<Int> = [index, pointer, counter, buffer, sp, 15]
}

/// A record of all registers: D0–D31, FPSCR, APSR, R0–R7, R12, R14.
enum Record {
    static let general = [0, 1, 2, 3, 4, 5, 6, 7, 12, 14]
    static let fpscr = 256, apsr = 260, first = 264, size = 304

    /// What lies at an offset.
    static func name(_ offset: Int) -> String {
        if offset < fpscr { return "d\(offset / 8)" }
        return offset < apsr ? "fpscr" : offset < first ? "apsr" : "r\(general[(offset - first) / 4])"
    }
}

extension CodeBuffer {
    private static let list: UInt32 = Record.general.reduce(0) { $0 | 1 << UInt32($1) }

    /// Loads all registers but the reserved ones from a record at an absolute address. In A32.
    mutating func loadRecord(_ address: Int) {
        let p = UInt32(Reserved.pointer)
        set(Reserved.pointer, address)
        word(0xecb0_0b20 | p << 16)  // vldmia p!, {d0-d15}
        word(0xecf0_0b20 | p << 16)  // vldmia p!, {d16-d31}
        word(0xe490_0004 | p << 16)  // ldr r0, [p], #4
        word(0xeee1_0a10)  // vmsr fpscr, r0
        word(0xe490_0004 | p << 16)
        word(0xe12c_f000)  // msr apsr_nzcvqg, r0
        word(0xe890_0000 | p << 16 | CodeBuffer.list)
    }

    /// Stores all registers into a record at an absolute address. In A32.
    mutating func storeRecord(_ address: Int) {
        let p = UInt32(Reserved.pointer)
        set(Reserved.pointer, address)
        word(0xeca0_0b20 | p << 16)
        word(0xece0_0b20 | p << 16)
        word(0xe280_0008 | p << 16 | p << 12)  // add p, p, #8
        word(0xe880_0000 | p << 16 | CodeBuffer.list)
        word(0xeef1_0a10)  // vmrs r0, fpscr
        word(0xe500_0008 | p << 16)  // str r0, [p, #-8]
        word(0xe10f_0000)  // mrs r0, apsr
        word(0xe500_0004 | p << 16)
    }
}

func littleEndianBytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
func littleEndianBytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
func word(_ bytes: [UInt8], at offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) } }
