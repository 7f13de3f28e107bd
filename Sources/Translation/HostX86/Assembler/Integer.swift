/// Integer instructions, by mnemonic. Destination first, as in the manual.
package extension Assembler {
    // MARK: Moves

    mutating func mov(_ width: Width, _ dst: Register, _ src: Register) {
        op(width, width == .b8 ? 0x88 : 0x89, src.rawValue, dst, force: forces(width, dst) || forces(width, src))
    }

    mutating func mov(_ width: Width, _ dst: Register, _ src: Memory) {
        op(width, width == .b8 ? 0x8a : 0x8b, dst.rawValue, src, force: forces(width, dst))
    }

    mutating func mov(_ width: Width, _ dst: Memory, _ src: Register) {
        op(width, width == .b8 ? 0x88 : 0x89, src.rawValue, dst, force: forces(width, src))
    }

    /// Stores an immediate; for 64 bits it is sign-extended from 32.
    mutating func mov(_ width: Width, _ dst: Memory, _ value: Int32) {
        let bytes = width == .b8 ? 1 : width == .b16 ? 2 : 4
        op(width, width == .b8 ? 0xc6 : 0xc7, 0, dst, trailing: bytes)
        immediate(width, value)
    }

    /// Loads a 64-bit constant in its shortest form; flags are left alone.
    mutating func mov(_ dst: Register, _ value: UInt64) {
        if value <= 0xffff_ffff {
            prefix(.b32, reg: 0, index: 0, base: dst.rawValue)
            byte(0xb8 | dst.low)
            long(Int32(bitPattern: UInt32(value)))
        } else if Int64(bitPattern: value) >= Int64(Int32.min), Int64(bitPattern: value) < 0 {
            op(.b64, 0xc7, 0, dst)
            long(Int32(truncatingIfNeeded: value))
        } else {
            prefix(.b64, reg: 0, index: 0, base: dst.rawValue)
            byte(0xb8 | dst.low)
            quad(value)
        }
    }

    private mutating func immediate(_ width: Width, _ value: Int32) {
        switch width {
        case .b8: byte(UInt8(truncatingIfNeeded: value))
        case .b16: word(UInt16(truncatingIfNeeded: value))
        case .b32, .b64: long(value)
        }
    }

    /// Zero-extends from 8 or 16 bits to 64.
    mutating func movzx(_ dst: Register, _ from: Width, _ src: Register) {
        op0F(.b32, from == .b8 ? 0xb6 : 0xb7, dst.rawValue, src, force: forces(from, src))
    }

    mutating func movzx(_ dst: Register, _ from: Width, _ src: Memory) { op0F(.b32, from == .b8 ? 0xb6 : 0xb7, dst.rawValue, src) }

    /// Sign-extends from 8, 16 or 32 bits to `width`.
    mutating func movsx(_ width: Width, _ dst: Register, _ from: Width, _ src: Register) {
        if from == .b32 { return op(.b64, 0x63, dst.rawValue, src) }
        op0F(width, from == .b8 ? 0xbe : 0xbf, dst.rawValue, src, force: forces(from, src))
    }

    mutating func movsx(_ width: Width, _ dst: Register, _ from: Width, _ src: Memory) {
        if from == .b32 { return op(.b64, 0x63, dst.rawValue, src) }
        op0F(width, from == .b8 ? 0xbe : 0xbf, dst.rawValue, src)
    }

    mutating func lea(_ width: Width, _ dst: Register, _ src: Memory) { op(width, 0x8d, dst.rawValue, src) }

    mutating func xchg(_ width: Width, _ dst: Memory, _ src: Register) {
        op(width, width == .b8 ? 0x86 : 0x87, src.rawValue, dst, force: forces(width, src))
    }

    mutating func xchg(_ width: Width, _ dst: Register, _ src: Register) {
        op(width, width == .b8 ? 0x86 : 0x87, src.rawValue, dst, force: forces(width, dst) || forces(width, src))
    }

    mutating func push(_ register: Register) {
        prefix(.b32, reg: 0, index: 0, base: register.rawValue)
        byte(0x50 | register.low)
    }

    /// Pushes eight bytes, sign-extended.
    mutating func push(_ value: Int32) {
        byte(0x68)
        long(value)
    }

    mutating func pop(_ register: Register) {
        prefix(.b32, reg: 0, index: 0, base: register.rawValue)
        byte(0x58 | register.low)
    }

    // MARK: Arithmetic

    mutating func alu(_ kind: ALU, _ width: Width, _ dst: Register, _ src: Register) {
        op(width, kind.rawValue << 3 | (width == .b8 ? 0 : 1), src.rawValue, dst, force: forces(width, dst) || forces(width, src))
    }

    mutating func alu(_ kind: ALU, _ width: Width, _ dst: Register, _ src: Memory) {
        op(width, kind.rawValue << 3 | (width == .b8 ? 2 : 3), dst.rawValue, src, force: forces(width, dst))
    }

    mutating func alu(_ kind: ALU, _ width: Width, _ dst: Memory, _ src: Register) {
        op(width, kind.rawValue << 3 | (width == .b8 ? 0 : 1), src.rawValue, dst, force: forces(width, src))
    }

    mutating func alu(_ kind: ALU, _ width: Width, _ dst: Register, _ value: Int32) {
        let short = value >= -128 && value <= 127
        if width == .b8 {
            op(width, 0x80, kind.rawValue, dst, force: forces(width, dst))
            byte(UInt8(truncatingIfNeeded: value))
        } else {
            op(width, short ? 0x83 : 0x81, kind.rawValue, dst)
            if short { byte(UInt8(truncatingIfNeeded: value)) } else { immediate(width, value) }
        }
    }

    mutating func alu(_ kind: ALU, _ width: Width, _ dst: Memory, _ value: Int32) {
        let short = value >= -128 && value <= 127
        let bytes = short || width == .b8 ? 1 : width == .b16 ? 2 : 4
        op(width, width == .b8 ? 0x80 : short ? 0x83 : 0x81, kind.rawValue, dst, trailing: bytes)
        if bytes == 1 { byte(UInt8(truncatingIfNeeded: value)) } else { immediate(width, value) }
    }

    mutating func test(_ width: Width, _ a: Register, _ b: Register) {
        op(width, width == .b8 ? 0x84 : 0x85, b.rawValue, a, force: forces(width, a) || forces(width, b))
    }

    mutating func test(_ width: Width, _ a: Register, _ value: Int32) {
        op(width, width == .b8 ? 0xf6 : 0xf7, 0, a, force: forces(width, a))
        immediate(width, value)
    }

    mutating func unary(_ kind: Unary, _ width: Width, _ register: Register) {
        op(width, width == .b8 ? 0xf6 : 0xf7, kind.rawValue, register, force: forces(width, register))
    }

    mutating func imul(_ width: Width, _ dst: Register, _ src: Register) { op0F(width, 0xaf, dst.rawValue, src) }
    mutating func imul(_ width: Width, _ dst: Register, _ src: Memory) { op0F(width, 0xaf, dst.rawValue, src) }

    mutating func imul(_ width: Width, _ dst: Register, _ src: Register, _ value: Int32) {
        let short = value >= -128 && value <= 127
        op(width, short ? 0x6b : 0x69, dst.rawValue, src)
        if short { byte(UInt8(truncatingIfNeeded: value)) } else { immediate(width, value) }
    }

    /// Sign of rax (eax) into rdx (edx).
    mutating func cqo(_ width: Width) {
        if width == .b64 { byte(0x48) }
        byte(0x99)
    }

    // MARK: Shifts

    mutating func shift(_ kind: Shift, _ width: Width, _ dst: Register, _ count: UInt8) {
        if count == 1 {
            op(width, width == .b8 ? 0xd0 : 0xd1, kind.rawValue, dst, force: forces(width, dst))
        } else {
            op(width, width == .b8 ? 0xc0 : 0xc1, kind.rawValue, dst, force: forces(width, dst))
            byte(count)
        }
    }

    /// By cl.
    mutating func shift(_ kind: Shift, _ width: Width, _ dst: Register) {
        op(width, width == .b8 ? 0xd2 : 0xd3, kind.rawValue, dst, force: forces(width, dst))
    }

    /// BMI2: dst = src shifted by count, flags left alone. Only shl, shr, sar.
    mutating func shiftX(_ kind: Shift, _ width: Width, _ dst: Register, _ src: Register, _ count: Register) {
        let prefix: VectorPrefix = kind == .shl ? .p66 : kind == .shr ? .pF2 : .pF3
        vex(.m0F38, prefix, 0xf7, reg: dst.rawValue, v: count.rawValue, rm: src.rawValue, wide: width == .b64)
    }

    /// BMI2: dst = src rotated right by a constant.
    mutating func rorx(_ width: Width, _ dst: Register, _ src: Register, _ count: UInt8) {
        vex(.m0F3A, .pF2, 0xf0, reg: dst.rawValue, v: 0, rm: src.rawValue, wide: width == .b64)
        byte(count)
    }

    // MARK: Bits

    /// BMI1: dst = ~a & b.
    mutating func andn(_ width: Width, _ dst: Register, _ a: Register, _ b: Register) {
        vex(.m0F38, .none, 0xf2, reg: dst.rawValue, v: a.rawValue, rm: b.rawValue, wide: width == .b64)
    }

    mutating func lzcnt(_ width: Width, _ dst: Register, _ src: Register) { op0F(width, 0xbd, dst.rawValue, src, mandatory: 0xf3) }
    mutating func tzcnt(_ width: Width, _ dst: Register, _ src: Register) { op0F(width, 0xbc, dst.rawValue, src, mandatory: 0xf3) }
    mutating func popcnt(_ width: Width, _ dst: Register, _ src: Register) { op0F(width, 0xb8, dst.rawValue, src, mandatory: 0xf3) }

    mutating func bswap(_ width: Width, _ register: Register) {
        prefix(width, reg: 0, index: 0, base: register.rawValue)
        byte(0x0f)
        byte(0xc8 | register.low)
    }

    mutating func setcc(_ condition: HostCondition, _ dst: Register) { op0F(.b8, 0x90 | condition.rawValue, 0, dst, force: forces(.b8, dst)) }

    mutating func cmov(_ condition: HostCondition, _ width: Width, _ dst: Register, _ src: Register) {
        op0F(width, 0x40 | condition.rawValue, dst.rawValue, src)
    }

    mutating func cmov(_ condition: HostCondition, _ width: Width, _ dst: Register, _ src: Memory) {
        op0F(width, 0x40 | condition.rawValue, dst.rawValue, src)
    }

    // MARK: Atomics

    mutating func lockXadd(_ width: Width, _ dst: Memory, _ src: Register) {
        byte(0xf0)
        op0F(width, width == .b8 ? 0xc0 : 0xc1, src.rawValue, dst, force: forces(width, src))
    }

    /// Compares with rax (eax, ax, al).
    mutating func lockCmpxchg(_ width: Width, _ dst: Memory, _ src: Register) {
        byte(0xf0)
        op0F(width, width == .b8 ? 0xb0 : 0xb1, src.rawValue, dst, force: forces(width, src))
    }

    /// Compares 16 aligned bytes with rdx:rax; equal, they become rcx:rbx, else they are loaded.
    mutating func lockCmpxchg16b(_ dst: Memory) {
        byte(0xf0)
        op0F(.b64, 0xc7, 1, dst)
    }

    mutating func lockOr(_ dst: Memory, _ value: Int32) {
        byte(0xf0)
        alu(.or, .b32, dst, value)
    }

    mutating func ldmxcsr(_ src: Memory) { op0F(.b32, 0xae, 2, src) }
    mutating func stmxcsr(_ dst: Memory) { op0F(.b32, 0xae, 3, dst) }

    // MARK: Control

    /// Jumps to an offset in the buffer; returns the place of the displacement.
    @discardableResult
    mutating func jmp(to target: Int = 0) -> Int {
        byte(0xe9)
        let place = offset
        displacement(to: target)
        return place
    }

    @discardableResult
    mutating func jcc(_ condition: HostCondition, to target: Int = 0) -> Int {
        byte(0x0f)
        byte(0x80 | condition.rawValue)
        let place = offset
        displacement(to: target)
        return place
    }

    mutating func jmp(_ target: Memory) { op(.b32, 0xff, 4, target) }
    mutating func jmp(_ target: Register) { op(.b32, 0xff, 4, target) }
    mutating func call(_ target: Register) { op(.b32, 0xff, 2, target) }
    mutating func call(_ target: Memory) { op(.b32, 0xff, 2, target) }

    /// The place of its displacement.
    @discardableResult
    mutating func call(to target: Int = 0) -> Int {
        byte(0xe8)
        let place = offset
        displacement(to: target)
        return place
    }

    mutating func ret() { byte(0xc3) }
    mutating func ud2() { word(0x0b0f) }
}
