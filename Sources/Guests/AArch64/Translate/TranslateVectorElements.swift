import IR

/// Operations whose second operand is one element of a register, in all lanes.
extension Translator {
    func vectorElement(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        let lanes: ClosedRange<Lane> = .b16 ... .b32
        switch instruction {
        case .mul_e, .mla_e, .mls_e:
            guard let shape = integerShape(o, lanes) else { return false }
            let product = b.vector(.vmul, shape.type, shape.lane, read(&b, shape, o.rn), element(&b, o, shape.lane, shape.type))
            if instruction == .mul_e {
                write(&b, shape, o.rd, product)
            } else {
                let sum = read(&b, shape, o.rd)
                write(&b, shape, o.rd, b.vector(instruction == .mla_e ? .vadd : .vsub, shape.type, shape.lane, sum, product))
            }
            return true
        case .smull_e: return multiplyLongElement(&b, o, .vmulLongS, nil)
        case .umull_e: return multiplyLongElement(&b, o, .vmulLongU, nil)
        case .smlal_e: return multiplyLongElement(&b, o, .vmulLongS, .vadd)
        case .umlal_e: return multiplyLongElement(&b, o, .vmulLongU, .vadd)
        case .smlsl_e: return multiplyLongElement(&b, o, .vmulLongS, .vsub)
        case .umlsl_e: return multiplyLongElement(&b, o, .vmulLongU, .vsub)
        case .sqdmull_e, .sqdmlal_e, .sqdmlsl_e:
            guard let lane = Lane(rawValue: UInt8(o.field(22, 2))), lanes.contains(lane) else { return false }
            let accumulation: Opcode? = instruction == .sqdmull_e ? nil : instruction == .sqdmlal_e ? .vaddSatS : .vsubSatS
            var right = element(&b, o, lane, .v64)
            if isScalarForm(o) { right = b.zext(.v64, b.vextract(lane.integer, lane, right, at: 0)) }
            doublingLong(&b, o, lane, accumulation, readHalf(&b, o, o.rn), right)
            return true
        case .sqdmulh_e, .sqrdmulh_e:
            guard let shape = integerShape(o, lanes, scalar: lanes) else { return false }
            let left = read(&b, shape, o.rn), right = element(&b, o, shape.lane, shape.type)
            write(&b, shape, o.rd, doubleHigh(&b, shape, left, right, rounds: instruction == .sqrdmulh_e))
            return true
        case .sqrdmlah_e, .sqrdmlsh_e: return laneHelper(&b, instruction, o, integerShape(o, lanes, scalar: lanes))
        case .sdot_e: return dotElement(&b, o, .vdotS, swaps: false)
        case .udot_e: return dotElement(&b, o, .vdotU, swaps: false)
        case .usdot_e: return dotElement(&b, o, .vdotUS, swaps: false)
        case .sudot_e: return dotElement(&b, o, .vdotUS, swaps: true)
        case .bfdot_e, .bfmlal_e: return laneHelper(&b, instruction, o, shape(o, .b32))
        default: return vectorFloat(&b, instruction, o)
        }
    }

    /// Register and number of the element: half-words are in the lower 16 registers.
    func elementPlace(_ o: Operands, _ lane: Lane) -> (register: Int, index: Int) {
        let h = o.field(11, 1), l = o.field(21, 1)
        switch lane {
        case .b8, .b16: return (o.field(16, 4), h << 2 | l << 1 | o.field(20, 1))
        case .b32: return (o.rm, h << 1 | l)
        case .b64: return (o.rm, h)
        }
    }

    func element(_ b: inout IRBlock, _ o: Operands, _ lane: Lane, _ type: IRType) -> Value {
        let place = elementPlace(o, lane)
        return b.vsplat(type, lane, b.vextract(.i64, lane, readVector(&b, place.register), at: place.index))
    }

    private func multiplyLongElement(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ accumulation: Opcode?) -> Bool {
        guard let lane = Lane(rawValue: UInt8(o.field(22, 2))), lane == .b16 || lane == .b32 else { return false }
        multiplyLong(&b, o, lane, opcode, accumulation, readHalf(&b, o, o.rn), element(&b, o, lane, .v64))
        return true
    }

    private func dotElement(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, swaps: Bool) -> Bool {
        let type: IRType = o.q ? .v128 : .v64
        let sum = readVector(&b, type, o.rd), left = readVector(&b, type, o.rn), right = element(&b, o, .b32, type)
        writeResult(&b, o.rd, b.vector(opcode, type, .b8, sum, swaps ? right : left, swaps ? left : right))
        return true
    }
}
