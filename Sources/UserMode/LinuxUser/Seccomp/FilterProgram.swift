/// An instruction of the classic packet filter: `struct sock_filter`.
public struct FilterInstruction: Sendable, Equatable {
    public var code: UInt16
    /// Instructions to skip if a comparison holds, and if it does not.
    public var whenTrue: UInt8, whenFalse: UInt8
    public var operand: UInt32

    public init(_ code: UInt16, _ operand: UInt32 = 0, whenTrue: UInt8 = 0, whenFalse: UInt8 = 0) {
        self.code = code
        self.operand = operand
        self.whenTrue = whenTrue
        self.whenFalse = whenFalse
    }
}

/// A classic BPF program over a `struct seccomp_data`, checked as the kernel checks one (net/core/filter.c, kernel/seccomp.c).
public struct FilterProgram: Sendable {
    public let instructions: [FilterInstruction]

    /// Bytes of `struct seccomp_data`.
    public static let dataSize = 64
    public static let mostInstructions = 4096
    static let memoryWords = 16

    /// What instructions do; their code without the bit for "the operand is X".
    enum Code {
        static let loadData: UInt16 = 0x20, loadLength: UInt16 = 0x80, loadLengthX: UInt16 = 0x81, load: UInt16 = 0x00, loadX: UInt16 = 0x01
        static let loadMemory: UInt16 = 0x60, loadMemoryX: UInt16 = 0x61, store: UInt16 = 0x02, storeX: UInt16 = 0x03
        static let add: UInt16 = 0x04, subtract: UInt16 = 0x14, multiply: UInt16 = 0x24, divide: UInt16 = 0x34, or: UInt16 = 0x44, and: UInt16 = 0x54
        static let shiftLeft: UInt16 = 0x64, shiftRight: UInt16 = 0x74, negate: UInt16 = 0x84, xor: UInt16 = 0xa4
        static let jump: UInt16 = 0x05, equal: UInt16 = 0x15, greater: UInt16 = 0x25, notLess: UInt16 = 0x35, anyBit: UInt16 = 0x45
        static let toX: UInt16 = 0x07, fromX: UInt16 = 0x87, returnOperand: UInt16 = 0x06, returnA: UInt16 = 0x16
        static let useX: UInt16 = 0x08

        static let arithmetic: Set<UInt16> = [add, subtract, multiply, divide, or, and, shiftLeft, shiftRight, xor]
        static let comparisons: Set<UInt16> = [equal, greater, notLess, anyBit]
        static let others: Set<UInt16> = [
            loadLength, loadLengthX, load, loadX, loadMemory, loadMemoryX, store, storeX, negate, jump, toX, fromX, returnOperand, returnA,
        ]
        static let memory: Set<UInt16> = [loadMemory, loadMemoryX, store, storeX]
    }

    /// nil for what the kernel refuses with EINVAL.
    public init?(_ instructions: [FilterInstruction]) {
        guard (1...FilterProgram.mostInstructions).contains(instructions.count), let last = instructions.last,
            last.code == Code.returnOperand || last.code == Code.returnA
        else { return nil }
        self.instructions = instructions
        guard instructions.indices.allSatisfy(isGood), loadsOnlyWhatWasStored else { return nil }
    }

    private func isGood(_ index: Int) -> Bool {
        let instruction = instructions[index]
        let (code, operand) = (instruction.code, instruction.operand)
        let rest = UInt32(instructions.count - index - 1)
        let plain = code & ~Code.useX
        if code == Code.loadData { return operand & 3 == 0 && operand < UInt32(FilterProgram.dataSize) }
        if Code.comparisons.contains(plain) { return UInt32(instruction.whenTrue) < rest && UInt32(instruction.whenFalse) < rest }
        if Code.arithmetic.contains(plain) {
            if code == Code.divide { return operand != 0 }
            return code == Code.shiftLeft || code == Code.shiftRight ? operand < 32 : true
        }
        if code == Code.jump { return operand < rest }
        if Code.memory.contains(code) { return operand < UInt32(FilterProgram.memoryWords) }
        return Code.others.contains(code)
    }

    /// Whether every way to a load of a memory word passes a store to it.
    private var loadsOnlyWhatWasStored: Bool {
        var known = [UInt16](repeating: .max, count: instructions.count + 1)
        var here: UInt16 = 0
        for (index, instruction) in instructions.enumerated() {
            here &= known[index]
            let next = index + 1
            switch instruction.code {
            case Code.store, Code.storeX: here |= 1 << UInt16(instruction.operand)
            case Code.loadMemory, Code.loadMemoryX: if here & 1 << UInt16(instruction.operand) == 0 { return false }
            case Code.jump:
                known[next + Int(instruction.operand)] &= here
                here = .max
            case let code where Code.comparisons.contains(code & ~Code.useX):
                known[next + Int(instruction.whenTrue)] &= here
                known[next + Int(instruction.whenFalse)] &= here
                here = .max
            default: break
            }
        }
        return true
    }
}
