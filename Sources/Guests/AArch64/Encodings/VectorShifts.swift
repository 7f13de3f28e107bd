import Decoding

/// A shift by an immediate: its instruction, U and opcode, and the sizes that there are.
private typealias Shift = (instruction: VectorInstruction, u: String, opcode: String, sizes: Sizes)

private enum Sizes { case all, doubleWords, upToWords, floats }

private let shifts: [Shift] = [
    (.sshr_i, "0", "00000", .all),
    (.ssra_i, "0", "00010", .all),
    (.srshr_i, "0", "00100", .all),
    (.srsra_i, "0", "00110", .all),
    (.shl_i, "0", "01010", .all),
    (.sqshl_i, "0", "01110", .all),
    (.shrn_i, "0", "10000", .upToWords),
    (.rshrn_i, "0", "10001", .upToWords),
    (.sqshrn_i, "0", "10010", .upToWords),
    (.sqrshrn_i, "0", "10011", .upToWords),
    (.sshll_i, "0", "10100", .upToWords),
    (.scvtf_i, "0", "11100", .floats),
    (.fcvtzs_i, "0", "11111", .floats),
    (.ushr_i, "1", "00000", .all),
    (.usra_i, "1", "00010", .all),
    (.urshr_i, "1", "00100", .all),
    (.ursra_i, "1", "00110", .all),
    (.sri_i, "1", "01000", .all),
    (.sli_i, "1", "01010", .all),
    (.sqshlu_i, "1", "01100", .all),
    (.uqshl_i, "1", "01110", .all),
    (.sqshrun_i, "1", "10000", .upToWords),
    (.sqrshrun_i, "1", "10001", .upToWords),
    (.uqshrn_i, "1", "10010", .upToWords),
    (.uqrshrn_i, "1", "10011", .upToWords),
    (.ushll_i, "1", "10100", .upToWords),
    (.ucvtf_i, "1", "11100", .floats),
    (.fcvtzu_i, "1", "11111", .floats),
]

private let scalarShifts: [Shift] = [
    (.sshr_i, "0", "00000", .doubleWords),
    (.ssra_i, "0", "00010", .doubleWords),
    (.srshr_i, "0", "00100", .doubleWords),
    (.srsra_i, "0", "00110", .doubleWords),
    (.shl_i, "0", "01010", .doubleWords),
    (.sqshl_i, "0", "01110", .all),
    (.sqshrn_i, "0", "10010", .upToWords),
    (.sqrshrn_i, "0", "10011", .upToWords),
    (.scvtf_i, "0", "11100", .floats),
    (.fcvtzs_i, "0", "11111", .floats),
    (.ushr_i, "1", "00000", .doubleWords),
    (.usra_i, "1", "00010", .doubleWords),
    (.urshr_i, "1", "00100", .doubleWords),
    (.ursra_i, "1", "00110", .doubleWords),
    (.sri_i, "1", "01000", .doubleWords),
    (.sli_i, "1", "01010", .doubleWords),
    (.sqshlu_i, "1", "01100", .all),
    (.uqshl_i, "1", "01110", .all),
    (.sqshrun_i, "1", "10000", .upToWords),
    (.sqrshrun_i, "1", "10001", .upToWords),
    (.uqshrn_i, "1", "10010", .upToWords),
    (.uqrshrn_i, "1", "10011", .upToWords),
    (.ucvtf_i, "1", "11100", .floats),
    (.fcvtzu_i, "1", "11111", .floats),
]

/// The leading one of immh tells the lane's size; an immh of zero is another instruction. Bits 31 to 23 are `head`, with U for their u.
private func rows(_ head: String, _ shifts: [Shift]) -> [DecodeRow] {
    let patterns = ["0001iii", "001iiii", "01iiiii", "1iiiiii"]
    let places: [Sizes: ClosedRange<Int>] = [.all: 0...3, .doubleWords: 3...3, .upToWords: 0...2, .floats: 1...3]
    return shifts.flatMap { shift in
        (places[shift.sizes] ?? 0...3).map { place in
            let bits = head.replacing("u", with: shift.u) + patterns[place] + shift.opcode + "1 NNNNN DDDDD"
            return DecodeRow(shift.instruction, bits, shift.sizes == .floats && place == 1 ? .fp16 : [])
        }
    }
}

let vectorShiftRows = rows("0 q u 011110", shifts) + rows("01 u 111110", scalarShifts)
