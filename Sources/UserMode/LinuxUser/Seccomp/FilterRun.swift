extension FilterProgram {
    /// The registers of a program that runs.
    private struct Machine {
        var a: UInt32 = 0
        var x: UInt32 = 0
        var memory = [UInt32](repeating: 0, count: FilterProgram.memoryWords)
    }

    /// Runs the program: the value that it returns.
    ///
    /// - Parameter data: the words of `struct seccomp_data`, `dataSize` bytes.
    public func run(_ data: [UInt32]) -> UInt32 {
        precondition(4 * data.count == FilterProgram.dataSize)
        var machine = Machine()
        var place = 0
        while true {
            let instruction = instructions[place]
            place += 1
            switch instruction.code {
            case Code.returnOperand: return instruction.operand
            case Code.returnA: return machine.a
            case Code.jump: place += Int(instruction.operand)
            case Code.loadData: machine.a = data[Int(instruction.operand / 4)]
            default:
                if instruction.code & 7 == 5 {
                    place += Int(FilterProgram.compare(instruction, machine) ? instruction.whenTrue : instruction.whenFalse)
                } else if instruction.code & 7 == 4 {
                    // A division by zero in X ends the program.
                    guard let result = FilterProgram.compute(instruction, machine) else { return 0 }
                    machine.a = result
                } else {
                    FilterProgram.move(instruction, &machine)
                }
            }
        }
    }

    private static func compare(_ instruction: FilterInstruction, _ machine: Machine) -> Bool {
        let value = instruction.code & Code.useX == 0 ? instruction.operand : machine.x
        return switch instruction.code & ~Code.useX {
        case Code.equal: machine.a == value
        case Code.greater: machine.a > value
        case Code.notLess: machine.a >= value
        default: machine.a & value != 0
        }
    }

    private static func compute(_ instruction: FilterInstruction, _ machine: Machine) -> UInt32? {
        let (a, value) = (machine.a, instruction.code & Code.useX == 0 ? instruction.operand : machine.x)
        return switch instruction.code & ~Code.useX {
        case Code.add: a &+ value
        case Code.subtract: a &- value
        case Code.multiply: a &* value
        case Code.divide: value == 0 ? nil : a / value
        case Code.or: a | value
        case Code.and: a & value
        case Code.xor: a ^ value
        case Code.shiftLeft: a &<< value
        case Code.shiftRight: a &>> value
        default: 0 &- a
        }
    }

    private static func move(_ instruction: FilterInstruction, _ machine: inout Machine) {
        let operand = instruction.operand
        switch instruction.code {
        case Code.load: machine.a = operand
        case Code.loadX: machine.x = operand
        case Code.loadLength: machine.a = UInt32(dataSize)
        case Code.loadLengthX: machine.x = UInt32(dataSize)
        case Code.loadMemory: machine.a = machine.memory[Int(operand)]
        case Code.loadMemoryX: machine.x = machine.memory[Int(operand)]
        case Code.store: machine.memory[Int(operand)] = machine.a
        case Code.storeX: machine.memory[Int(operand)] = machine.x
        case Code.toX: machine.x = machine.a
        default: machine.a = machine.x
        }
    }
}
