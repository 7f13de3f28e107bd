import IR

/// SHA-512's instructions (FIPS 180-4, 4.1.3; DDI 0487, C7.2): in the IR, two double-words each.
extension Translator {
    /// SHA512H and SHA512H2: two rounds; the second takes in what the first has made.
    func sha512Rounds(_ b: inout IRBlock, _ o: Operands, isSecond: Bool) {
        let x = readVector(&b, o.rn), y = readVector(&b, o.rm), w = readVector(&b, o.rd)
        let x0 = half(&b, x, 0), y0 = half(&b, y, 0), y1 = half(&b, y, 1)
        let high: Value, low: Value
        if isSecond {
            high = sum(&b, majority(&b, .i64, x0, y0, y1), rotations(&b, .i64, y0, 28, 34, 39), half(&b, w, 1))
            low = sum(&b, majority(&b, .i64, high, y0, y1), rotations(&b, .i64, high, 28, 34, 39), half(&b, w, 0))
        } else {
            high = sum(&b, choice(&b, .i64, y1, x0, half(&b, x, 1)), rotations(&b, .i64, y1, 14, 18, 41), half(&b, w, 1))
            let next = b.add(.i64, high, y0)
            low = sum(&b, choice(&b, .i64, next, y1, x0), rotations(&b, .i64, next, 14, 18, 41), half(&b, w, 0))
        }
        writeVector(&b, o.rd, b.vinsert(.v128, .b64, b.zext(.v128, low), at: 1, high))
    }

    /// SHA512SU0: the schedule's first part.
    func sha512Schedule0(_ b: inout IRBlock, _ o: Operands) {
        let w = readVector(&b, o.rd)
        let next = b.vector(.vextractBytes, .v128, .b8, w, readVector(&b, o.rn), number: 8)
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b64, w, schedule(&b, .b64, next, 1, 8, 7)))
    }

    /// SHA512SU1: its second part.
    func sha512Schedule1(_ b: inout IRBlock, _ o: Operands) {
        let sum = b.vector(.vadd, .v128, .b64, readVector(&b, o.rd), schedule(&b, .b64, readVector(&b, o.rn), 19, 61, 6))
        writeVector(&b, o.rd, b.vector(.vadd, .v128, .b64, sum, readVector(&b, o.rm)))
    }

    // MARK: Functions of the standard

    private func half(_ b: inout IRBlock, _ vector: Value, _ index: Int) -> Value { b.vextract(.i64, .b64, vector, at: index) }

    private func sum(_ b: inout IRBlock, _ x: Value, _ y: Value, _ z: Value) -> Value { b.add(.i64, b.add(.i64, x, y), z) }
}
