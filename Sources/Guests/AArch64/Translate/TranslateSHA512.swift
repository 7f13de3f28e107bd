import IR

/// SHA-512's instructions (FIPS 180-4, 4.1.3; DDI 0487, C7.2): in the IR, two double-words each.
extension Translator {
    /// SHA512H and SHA512H2: two rounds; the second takes in what the first has made.
    func sha512Rounds(_ b: inout IRBlock, _ o: Operands, isSecond: Bool) {
        let x = readVector(&b, o.rn), y = readVector(&b, o.rm), w = readVector(&b, o.rd)
        let x0 = half(&b, x, 0), y0 = half(&b, y, 0), y1 = half(&b, y, 1)
        let high: Value, low: Value
        if isSecond {
            high = sum(&b, majority(&b, x0, y0, y1), rotations(&b, y0, 28, 34, 39), half(&b, w, 1))
            low = sum(&b, majority(&b, high, y0, y1), rotations(&b, high, 28, 34, 39), half(&b, w, 0))
        } else {
            high = sum(&b, choice(&b, y1, x0, half(&b, x, 1)), rotations(&b, y1, 14, 18, 41), half(&b, w, 1))
            let next = b.add(.i64, high, y0)
            low = sum(&b, choice(&b, next, y1, x0), rotations(&b, next, 14, 18, 41), half(&b, w, 0))
        }
        writeVector(&b, o.rd, b.vinsert(.v128, .b64, b.zext(.v128, low), at: 1, high))
    }

    /// SHA512SU0: the schedule's first part.
    func sha512Schedule0(_ b: inout IRBlock, _ o: Operands) {
        let w = readVector(&b, o.rd)
        let next = b.vector(.vextractBytes, .v128, .b8, w, readVector(&b, o.rn), number: 8)
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b64, w, schedule(&b, next, 1, 8, 7)))
    }

    /// SHA512SU1: its second part.
    func sha512Schedule1(_ b: inout IRBlock, _ o: Operands) {
        let sum = b.vector(.vadd, .v128, .b64, readVector(&b, o.rd), schedule(&b, readVector(&b, o.rn), 19, 61, 6))
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b64, sum, readVector(&b, o.rm)))
    }

    // MARK: Functions of the standard

    private func half(_ b: inout IRBlock, _ vector: Value, _ index: Int) -> Value { b.vextract(.i64, .b64, vector, at: index) }

    private func sum(_ b: inout IRBlock, _ x: Value, _ y: Value, _ z: Value) -> Value { b.add(.i64, b.add(.i64, x, y), z) }

    /// Σ: three rotations to the right.
    private func rotations(_ b: inout IRBlock, _ x: Value, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> Value {
        let parts = [first, second, third].map { b.binary(.rotr, .i64, x, b.const(.i64, $0)) }
        return b.binary(.xor, .i64, b.binary(.xor, .i64, parts[0], parts[1]), parts[2])
    }

    /// σ of two double-words: two rotations and a shift to the right.
    private func schedule(_ b: inout IRBlock, _ x: Value, _ first: Int, _ second: Int, _ shift: Int) -> Value {
        let rotated = b.binary(
            .xor, .v128, b.vector(.vrotrImm, .v128, .b64, x, number: first), b.vector(.vrotrImm, .v128, .b64, x, number: second))
        return b.binary(.xor, .v128, rotated, b.vector(.vshrUImm, .v128, .b64, x, number: shift))
    }

    private func choice(_ b: inout IRBlock, _ x: Value, _ y: Value, _ z: Value) -> Value {
        b.binary(.xor, .i64, b.binary(.and, .i64, x, b.binary(.xor, .i64, y, z)), z)
    }

    private func majority(_ b: inout IRBlock, _ x: Value, _ y: Value, _ z: Value) -> Value {
        b.binary(.or, .i64, b.binary(.and, .i64, x, b.binary(.or, .i64, y, z)), b.binary(.and, .i64, y, z))
    }
}
