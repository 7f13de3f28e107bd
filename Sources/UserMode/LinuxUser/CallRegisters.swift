import CPUModel

extension SystemCall {
    /// The arguments as the row counts them, of a 32-bit guest's registers: pairs are joined, signs are extended. What has no row stays where it is.
    public func arguments(in registers: SystemCallRegisters, family: CallFamily) -> SystemCallRegisters {
        guard differsInRegisters else { return registers }
        var result = registers
        var next = 0
        func take() -> UInt64 {
            defer { next += 1 }
            return next < 6 ? registers[next] & 0xffff_ffff : 0
        }
        for (index, argument) in arguments.enumerated() where index < 6 {
            switch argument {
            case .wide:
                if family.alignsPairs, next & 1 != 0 { next += 1 }
                let low = take()
                result.arguments[index] = low | take() << 32
            case .lowHalf:
                let low = take()
                result.arguments[index] = low | take() << 32
            case .highHalf: result.arguments[index] = 0
            case .long: result.arguments[index] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: take())))
            default: result.arguments[index] = take()
            }
        }
        return result
    }
}

extension [UInt8] {
    /// The word with an index in an array of them.
    func word(_ index: Int, wordSize: Int) -> UInt64 { wordSize == 8 ? word(at: 8 * index) : UInt64(get(UInt32.self, at: 4 * index)) }

    mutating func put(_ value: UInt64, word index: Int, wordSize: Int) {
        if wordSize == 8 { put(value, at: 8 * index) } else { put(UInt32(truncatingIfNeeded: value), at: 4 * index) }
    }
}
