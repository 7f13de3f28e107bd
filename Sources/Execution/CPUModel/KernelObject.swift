/// The shared object that the kernel maps into every program (vdso(7)): what architectures have of their own in it.
public struct KernelObject: Sendable {
    /// A function's machine code.
    public struct Function: Sendable {
        public let name: String
        public let code: [UInt8]

        public init(_ name: String, _ code: [UInt8]) {
            self.name = name
            self.code = code
        }
    }

    /// What signal handlers return to.
    public struct SignalReturn: Sendable {
        public let name: String
        /// An instruction that stands before it: unwinders look for the caller at the byte before the address that a function returns to.
        public let instructionBefore: [UInt8]
        /// Where the interrupted program's registers are; nil where unwinders know the frame by the code alone.
        public let rules: CallFrameRules?

        public init(name: String, instructionBefore: [UInt8], rules: CallFrameRules?) {
            self.name = name
            self.instructionBefore = instructionBefore
            self.rules = rules
        }
    }

    /// How a debugger or an exception finds its way out of a function that leaves the stack pointer as it is.
    public enum Unwinding: Sendable {
        /// DWARF's numbers of the stack pointer and of the register with the return address.
        case callFrames(stackPointer: UInt8, returnAddress: UInt8)
        /// The exception index of 32-bit Arm.
        case armExceptionIndex
    }

    /// The version that its symbols have.
    public let version: String
    public let functions: [Function]
    /// Nil where handlers return to a page of its own.
    public let signalReturn: SignalReturn?
    public let unwinding: Unwinding
    /// `e_flags`.
    public let flags: UInt32

    public init(version: String, functions: [Function], signalReturn: SignalReturn?, unwinding: Unwinding, flags: UInt32 = 0) {
        self.version = version
        self.functions = functions
        self.signalReturn = signalReturn
        self.unwinding = unwinding
        self.flags = flags
    }
}

/// Rules of a frame whose registers were all saved by the kernel, relative to the stack pointer (DWARF 5, section 6.4.2).
public struct CallFrameRules: Sendable {
    /// The column that the program counter is saved under.
    public let returnAddress: UInt8
    /// DWARF's operation for the stack pointer with an offset: DW_OP_breg0 and the register's number.
    private let stackPointer: UInt8
    /// Call frame instructions.
    public private(set) var bytes: [UInt8] = []

    private enum Code { static let defineFrame: UInt8 = 0x0f, expression: UInt8 = 0x10, registerAndOffset: UInt8 = 0x70, dereference: UInt8 = 0x06 }

    /// - Parameters:
    ///   - stackPointer: DWARF's number of the stack pointer, below 32.
    ///   - savedAt: offset of its saved value, which is where the interrupted program's frame begins.
    public init(returnAddress: UInt8, stackPointer: UInt8, savedAt offset: Int) {
        self.returnAddress = returnAddress
        self.stackPointer = Code.registerAndOffset + stackPointer
        let expression = place(offset) + [Code.dereference]
        bytes = [Code.defineFrame, UInt8(expression.count)] + expression
    }

    /// Says where a register is saved.
    public mutating func save(_ register: UInt8, at offset: Int) {
        precondition(register < 0x80, "DWARF register \(register) needs a longer number")
        let expression = place(offset)
        bytes += [Code.expression, register, UInt8(expression.count)] + expression
    }

    private func place(_ offset: Int) -> [UInt8] { [stackPointer] + CallFrameRules.signed(offset) }

    /// Signed LEB128.
    static func signed(_ value: Int) -> [UInt8] {
        var (rest, bytes): (Int, [UInt8]) = (value, [])
        while true {
            let low = UInt8(truncatingIfNeeded: rest) & 0x7f
            rest >>= 7
            if rest == (low & 0x40 == 0 ? 0 : -1) { return bytes + [low] }
            bytes.append(low | 0x80)
        }
    }
}
