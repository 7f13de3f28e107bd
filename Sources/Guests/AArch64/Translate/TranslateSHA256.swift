import IR

/// SHA-1's and SHA-256's instructions (FIPS 180-4; DDI 0487, C7.2): four rounds on words, and the schedules on vectors.
extension Translator {
    // MARK: SHA-256

    /// SHA256H and SHA256H2: four rounds of the same state, of which each writes its half.
    func sha256Rounds(_ b: inout IRBlock, _ o: Operands, isSecond: Bool) {
        var x = words(&b, isSecond ? o.rn : o.rd), y = words(&b, isSecond ? o.rd : o.rn)
        let w = words(&b, o.rm)
        for step in 0..<4 {
            let choice = choice(&b, .i32, y[0], y[1], y[2])
            let scheduled = b.add(.i32, b.add(.i32, y[3], w[step]), choice)
            let t = b.add(.i32, scheduled, rotations(&b, .i32, y[0], 6, 11, 25))
            let next = b.add(.i32, b.add(.i32, t, rotations(&b, .i32, x[0], 2, 13, 22)), majority(&b, .i32, x[0], x[1], x[2]))
            y = [b.add(.i32, t, x[3]), y[0], y[1], y[2]]
            x = [next, x[0], x[1], x[2]]
        }
        write(&b, o.rd, isSecond ? y : x)
    }

    /// SHA256SU0: the schedule's first part.
    func sha256Schedule0(_ b: inout IRBlock, _ o: Operands) {
        let old = readVector(&b, o.rd)
        let next = b.vector(.vextractBytes, .v128, .b8, old, readVector(&b, o.rn), number: 4)
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b32, old, schedule(&b, .b32, next, 7, 18, 3)))
    }

    /// SHA256SU1: its second part; the upper words are made of the lower ones' results.
    func sha256Schedule1(_ b: inout IRBlock, _ o: Operands) {
        let m = readVector(&b, o.rm), zero = b.vsplat(.v128, .b64, b.const(.i64, 0))
        let next = b.vector(.vextractBytes, .v128, .b8, readVector(&b, o.rn), m, number: 4)
        let sum = b.vector(.vadd, .v128, .b32, readVector(&b, o.rd), next)
        let last = b.vector(.vextractBytes, .v128, .b8, m, zero, number: 8)
        let lower = b.vector(.vadd, .v128, .b32, sum, schedule(&b, .b32, last, 17, 19, 10))
        let made = b.vector(.vextractBytes, .v128, .b8, zero, lower, number: 8)
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b32, lower, schedule(&b, .b32, made, 17, 19, 10)))
    }

    // MARK: SHA-1

    /// SHA1C, SHA1P and SHA1M: four rounds with one of the three functions.
    func sha1Rounds(_ b: inout IRBlock, _ o: Operands, _ instruction: CryptoInstruction) {
        var x = words(&b, o.rd), y = readLow(&b, .i32, o.rn)
        let w = words(&b, o.rm)
        for step in 0..<4 {
            let mixed: Value
            switch instruction {
            case .sha1c: mixed = choice(&b, .i32, x[1], x[2], x[3])
            case .sha1p: mixed = b.binary(.xor, .i32, b.binary(.xor, .i32, x[1], x[2]), x[3])
            default: mixed = majority(&b, .i32, x[1], x[2], x[3])
            }
            let sum = b.add(.i32, b.add(.i32, y, w[step]), b.add(.i32, rotated(&b, .i32, x[0], 27), mixed))
            y = x[3]
            x = [sum, x[0], rotated(&b, .i32, x[1], 2), x[2]]
        }
        write(&b, o.rd, x)
    }

    /// SHA1H.
    func sha1Rotation(_ b: inout IRBlock, _ o: Operands) { writeLow(&b, o.rd, rotated(&b, .i32, readLow(&b, .i32, o.rn), 2)) }

    /// SHA1SU0: the schedule's first part.
    func sha1Schedule0(_ b: inout IRBlock, _ o: Operands) {
        let old = readVector(&b, o.rd)
        let next = b.vector(.vextractBytes, .v128, .b8, old, readVector(&b, o.rn), number: 8)
        writeVector(&b, o.rd, b.binary(.xor, .v128, b.binary(.xor, .v128, next, old), readVector(&b, o.rm)))
    }

    /// SHA1SU1: its second part; the last word takes in the first one's result.
    func sha1Schedule1(_ b: inout IRBlock, _ o: Operands) {
        let zero = b.vsplat(.v128, .b64, b.const(.i64, 0))
        let next = b.vector(.vextractBytes, .v128, .b8, readVector(&b, o.rn), zero, number: 4)
        let turned = b.vector(.vrotrImm, .v128, .b32, b.binary(.xor, .v128, readVector(&b, o.rd), next), number: 31)
        let first = rotated(&b, .i32, b.vextract(.i32, .b32, turned, at: 0), 31)
        let last = b.binary(.xor, .i32, b.vextract(.i32, .b32, turned, at: 3), first)
        writeVector(&b, o.rd, b.vinsert(.v128, .b32, turned, at: 3, b.zext(.i64, last)))
    }

    // MARK: Functions of the standard

    private func words(_ b: inout IRBlock, _ register: Int) -> [Value] {
        let vector = readVector(&b, register)
        return (0..<4).map { b.vextract(.i32, .b32, vector, at: $0) }
    }

    private func write(_ b: inout IRBlock, _ register: Int, _ words: [Value]) {
        var vector = b.zext(.v128, words[0])
        for index in 1..<4 { vector = b.vinsert(.v128, .b32, vector, at: index, b.zext(.i64, words[index])) }
        writeVector(&b, register, vector)
    }
}
