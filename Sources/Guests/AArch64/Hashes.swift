import ArmArithmetic
import Bits
import IR

/// The steps of SM3 and SM4 that one instruction does (GB/T 32905 and 32907; DDI 0487, shared functions).
extension AArch64CPU {
    func hash(_ number: UInt64, _ bits: UInt64) {
        guard let instruction = CryptoInstruction(rawValue: Int(number)) else { return }
        let o = Operands(UInt32(bits))
        let d = vectorBits(o.rd), n = vectorBits(o.rn), m = vectorBits(o.rm)
        setVectorBits(o.rd, hash(instruction, d, n, m, o))
    }

    private func hash(_ instruction: CryptoInstruction, _ d: UInt128, _ n: UInt128, _ m: UInt128, _ o: Operands) -> UInt128 {
        switch instruction {
        case .sm3partw1, .sm3partw2, .sm3tt1a, .sm3tt1b, .sm3tt2a, .sm3tt2b, .sm3ss1: return sm3(instruction, d, n, m, o)
        case .sm4e: return sm4(d, n) { $0 ^ $0.rotated(2) ^ $0.rotated(10) ^ $0.rotated(18) ^ $0.rotated(24) }
        case .sm4ekey: return sm4(n, m) { $0 ^ $0.rotated(13) ^ $0.rotated(23) }
        default: preconditionFailure("\(instruction) is no step of a hash")
        }
    }

    // MARK: SM3

    private func sm3(_ instruction: CryptoInstruction, _ d: UInt128, _ n: UInt128, _ m: UInt128, _ o: Operands) -> UInt128 {
        let x = Words(d), y = Words(n), z = Words(m)
        switch instruction {
        case .sm3partw1:
            var t = Words.make { x[$0] ^ y[$0] ^ ($0 < 3 ? z[$0 + 1].rotated(15) : 0) }
            for index in 0..<4 {
                if index == 3 { t[3] ^= t[0].rotated(15) }
                t[index] ^= t[index].rotated(15) ^ t[index].rotated(23)
            }
            return t.bits
        case .sm3partw2:
            let t = Words.make { y[$0] ^ z[$0].rotated(7) }
            var result = Words(d ^ t.bits)
            let last = t[0].rotated(15)
            result[3] ^= last ^ last.rotated(15) ^ last.rotated(23)
            return result.bits
        case .sm3ss1:
            let a = Words(vectorBits(o.ra))
            return Words(0, 0, 0, (y[3].rotated(12) &+ z[3] &+ a[3]).rotated(7)).bits
        default: return sm3Round(instruction, x, y[3], z[o.field(12, 2)])
        }
    }

    private func sm3Round(_ instruction: CryptoInstruction, _ x: Words, _ y: UInt32, _ w: UInt32) -> UInt128 {
        let parity = x[1] ^ x[3] ^ x[2]
        switch instruction {
        case .sm3tt1a, .sm3tt1b:
            let mix = instruction == .sm3tt1a ? parity : SecureHash.majority(x[3], x[1], x[2])
            let sum = mix &+ x[0] &+ (y ^ x[3].rotated(12)) &+ w
            return Words(x[1], x[2].rotated(9), x[3], sum).bits
        default:
            let mix = instruction == .sm3tt2a ? parity : x[3] & x[2] | ~x[3] & x[1]
            let sum = mix &+ x[0] &+ y &+ w
            return Words(x[1], x[2].rotated(19), x[3], sum ^ sum.rotated(9) ^ sum.rotated(17)).bits
        }
    }

    // MARK: SM4

    /// Four rounds with the keys or constants in `keys`.
    private func sm4(_ start: UInt128, _ keys: UInt128, _ spread: (UInt32) -> UInt32) -> UInt128 {
        var r = Words(start)
        let keys = Words(keys)
        for round in 0..<4 {
            let mixed = r[3] ^ r[2] ^ r[1] ^ keys[round]
            let replaced = (0..<4).reduce(UInt32(0)) { $0 | UInt32(SM4.box[Int(mixed >> UInt32(8 * $1) & 255)]) << UInt32(8 * $1) }
            r = Words(r[1], r[2], r[3], r[0] ^ spread(replaced))
        }
        return r.bits
    }
}

/// The S-box of SM4: an affine map, the inverse in a field of 256 elements, the map again.
private enum SM4 {
    static let box: [UInt8] = (0..<256).map { affine(inverse(affine(UInt8($0)))) }

    /// Bit i is the parity of the bits that a rotated pattern chooses, and a constant is added.
    private static func affine(_ x: UInt8) -> UInt8 {
        (0..<8).reduce(0xd3) { sum, place in
            let row = (0xa7 as UInt8) << UInt8(place) | (0xa7 as UInt8) >> UInt8(8 - place)
            return sum ^ UInt8((row & x).nonzeroBitCount & 1) << UInt8(place)
        }
    }

    /// x^254 modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1.
    private static func inverse(_ x: UInt8) -> UInt8 { (0..<254).reduce(1) { product, _ in multiply(product, x) } }

    private static func multiply(_ x: UInt8, _ y: UInt8) -> UInt8 {
        var sum: UInt16 = 0
        for place in 0..<8 where y >> UInt8(place) & 1 != 0 { sum ^= UInt16(x) << UInt16(place) }
        for place in stride(from: 15, through: 8, by: -1) where sum >> UInt16(place) & 1 != 0 { sum ^= 0x1f5 << UInt16(place - 8) }
        return UInt8(truncatingIfNeeded: sum)
    }
}
