/// A general-purpose register.
package enum Register: UInt8, CaseIterable {
    case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15

    @inline(__always) package var low: UInt8 { rawValue & 7 }
    @inline(__always) package var high: UInt8 { rawValue >> 3 }
}

/// A vector register, as XMM or YMM.
package enum Vector: UInt8, CaseIterable {
    case xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15

    @inline(__always) package var low: UInt8 { rawValue & 7 }
    @inline(__always) package var high: UInt8 { rawValue >> 3 }
}

/// The width of an integer operation.
package enum Width: UInt8, CaseIterable {
    case b8, b16, b32, b64

    @inline(__always) package var bytes: Int { 1 << Int(rawValue) }
}

/// Condition codes, with the manual's numbers (Intel SDM volume 2, appendix B.1.4).
package enum HostCondition: UInt8, CaseIterable {
    case o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g

    @inline(__always) package var negated: HostCondition { HostCondition(rawValue: rawValue ^ 1) ?? .o }
}

/// A memory operand: base + index * scale + displacement, or a displacement from the instruction pointer.
package struct Memory {
    package var base: Register
    package var index: Register?
    /// log2 of the scale.
    package var scale: UInt8 = 0
    package var displacement: Int32
    /// Offset in the code buffer of a rip-relative operand's target.
    package var target: Int?
    /// Whether the base of the GS segment is added.
    package var inSegment = false

    @inline(__always) package init(_ base: Register, _ displacement: Int = 0) {
        self.base = base
        self.displacement = Int32(truncatingIfNeeded: displacement)
    }

    @inline(__always) package init(_ base: Register, index: Register, scale: UInt8 = 0, _ displacement: Int = 0) {
        self.base = base
        self.index = index
        self.scale = scale
        self.displacement = Int32(truncatingIfNeeded: displacement)
    }

    /// What lies so many bytes behind.
    func moved(by bytes: Int32) -> Memory {
        var other = self
        other.displacement += bytes
        return other
    }

    /// The bytes at an offset in the code buffer.
    @inline(__always) package init(target: Int) {
        base = .rbp
        displacement = 0
        self.target = target
    }
}

/// Two-operand integer operations that share their encoding, with their number in it.
package enum ALU: UInt8, CaseIterable { case add, or, adc, sbb, and, sub, xor, cmp }

/// Shifts and rotates by their number in the encoding.
package enum Shift: UInt8, CaseIterable {
    case rol = 0, ror = 1, shl = 4, shr = 5, sar = 7
}

/// One-operand operations of opcode F7 by their number in the encoding.
package enum Unary: UInt8, CaseIterable {
    case not = 2, neg = 3, mul = 4, imul = 5, div = 6, idiv = 7
}

/// The mandatory prefix of a vector instruction, as VEX.pp.
package enum VectorPrefix: UInt8 { case none, p66, pF3, pF2 }

/// The opcode map of a vector instruction, as VEX.mmmmm.
package enum VectorMap: UInt8 {
    case m0F = 1, m0F38 = 2, m0F3A = 3
}
