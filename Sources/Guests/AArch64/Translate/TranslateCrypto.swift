import IR

extension Translator {
    /// The cryptographic instructions: AES, SHA and what is bitwise in the IR, SM3 and SM4 by a helper.
    func crypto(_ b: inout IRBlock, _ instruction: CryptoInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .aese: aes(&b, o, .vaesEncrypt)
        case .aesd: aes(&b, o, .vaesDecrypt)
        case .aesmc: writeVector(&b, o.rd, b.vector(.vaesMix, .v128, .b8, readVector(&b, o.rn)))
        case .aesimc: writeVector(&b, o.rd, b.vector(.vaesUnmix, .v128, .b8, readVector(&b, o.rn)))
        case .eor3:
            let first = b.binary(.xor, .v128, readVector(&b, o.rn), readVector(&b, o.rm))
            writeVector(&b, o.rd, b.binary(.xor, .v128, first, readVector(&b, o.ra)))
        case .bcax:
            let cleared = b.binary(.andNot, .v128, readVector(&b, o.rm), readVector(&b, o.ra))
            writeVector(&b, o.rd, b.binary(.xor, .v128, readVector(&b, o.rn), cleared))
        case .rax1:
            let rotated = b.vector(.vrotrImm, .v128, .b64, readVector(&b, o.rm), number: 63)
            writeVector(&b, o.rd, b.binary(.xor, .v128, readVector(&b, o.rn), rotated))
        case .xar:
            let value = b.binary(.xor, .v128, readVector(&b, o.rn), readVector(&b, o.rm))
            writeVector(&b, o.rd, b.vector(.vrotrImm, .v128, .b64, value, number: o.field(10, 6)))
        case .sha512h: sha512Rounds(&b, o, isSecond: false)
        case .sha512h2: sha512Rounds(&b, o, isSecond: true)
        case .sha512su0: sha512Schedule0(&b, o)
        case .sha512su1: sha512Schedule1(&b, o)
        case .sha256h: sha256Rounds(&b, o, isSecond: false)
        case .sha256h2: sha256Rounds(&b, o, isSecond: true)
        case .sha256su0: sha256Schedule0(&b, o)
        case .sha256su1: sha256Schedule1(&b, o)
        case .sha1c, .sha1p, .sha1m: sha1Rounds(&b, o, instruction)
        case .sha1h: sha1Rotation(&b, o)
        case .sha1su0: sha1Schedule0(&b, o)
        case .sha1su1: sha1Schedule1(&b, o)
        case .sm3partw1, .sm3partw2, .sm3tt1a, .sm3tt1b, .sm3tt2a, .sm3tt2b, .sm3ss1, .sm4e, .sm4ekey:
            b.call(AArch64Helper.hash.rawValue, b.const(.i64, UInt64(instruction.rawValue)), b.const(.i64, UInt64(o.bits)))
        }
        return true
    }

    private func aes(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode) {
        let state = b.binary(.xor, .v128, readVector(&b, o.rd), readVector(&b, o.rn))
        writeVector(&b, o.rd, b.vector(opcode, .v128, .b8, state))
    }
}
