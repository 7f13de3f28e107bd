import HostX86

/// Emits instructions with the text that a disassembler has to find for them.
final class AssemblerTrial {
    private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 8 << 20)
    private var assembler: Assembler
    /// Offset and wanted text of each instruction.
    private(set) var wanted: [(offset: Int, text: String)] = []
    /// The assembler's methods that were used.
    private(set) var methods: Set<String> = []

    init() { assembler = Assembler(base: buffer, capacity: 8 << 20) }

    deinit { buffer.deallocate() }

    var code: [UInt8] { Array(UnsafeBufferPointer(start: buffer, count: assembler.offset)) }

    /// Emits with one of the assembler's methods. `RIP` in the text stands for the distance from the instruction's end to `target`.
    func check(_ method: String, _ text: String, target: Int = 0, _ emit: (inout Assembler) -> Void) {
        let offset = assembler.offset
        emit(&assembler)
        methods.insert(method)
        let distance = "+0x" + String(UInt64(bitPattern: Int64(target - assembler.offset)), radix: 16)
        let text = text.contains("RIP") ? text.replacing("RIP", with: distance) : text
        wanted.append((offset, text))
    }

    // MARK: Operands and their text

    static let registers: [Register] = [.rax, .rcx, .rsp, .rbp, .rsi, .rdi, .r8, .r12, .r13, .r15]
    static let vectors: [Vector] = [.xmm0, .xmm3, .xmm7, .xmm8, .xmm15]
    static let target = 0x1234

    /// Every base with and without every index, and every form of displacement.
    static let allMemory: [Memory] = {
        var list: [Memory] = [Memory(target: target)]
        for base in Register.allCases {
            for displacement in [0, 1, -1, 127, -128, 128, -129, 0x1234_5678, -0x8000_0000] {
                list.append(Memory(base, displacement))
                for index in Register.allCases where index != .rsp {
                    list.append(Memory(base, index: index, scale: UInt8((Int(index.rawValue) + displacement) & 3), displacement))
                }
            }
        }
        return list
    }()

    /// The forms that differ in length or prefix.
    static let someMemory: [Memory] = [
        Memory(target: target), Memory(.rax), Memory(.rsp, 8), Memory(.rbp), Memory(.r12), Memory(.r13, -1000), Memory(.rdi, index: .r9, scale: 3, 4),
        Memory(.r13, index: .rcx), Memory(.rdx, index: .rbp, scale: 1, 1 << 20), Memory(.r15, index: .r15, scale: 2, -8),
    ]

    static func name(_ register: Register, _ width: Width) -> String {
        let number = Int(register.rawValue)
        if number >= 8 { return "r\(number)" + ["b", "w", "d", ""][Int(width.rawValue)] }
        if width == .b8 { return ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"][number] }
        let short = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"][number]
        return (width == .b64 ? "r" : width == .b32 ? "e" : "") + short
    }

    static func name(_ vector: Vector) -> String { "xmm\(vector.rawValue)" }

    static func size(_ width: Width) -> String { ["BYTE", "WORD", "DWORD", "QWORD"][Int(width.rawValue)] }

    static func text(_ memory: Memory, _ size: String) -> String { size + " PTR " + place(memory) }

    static func place(_ memory: Memory) -> String {
        if memory.target != nil { return "[ripRIP]" }
        var text = name(memory.base, .b64)
        if let index = memory.index { text += "+\(name(index, .b64))*\(1 << Int(memory.scale))" }
        let needsZero = memory.base.rawValue & 7 == 5
        if memory.displacement != 0 || needsZero { text += signed(Int(memory.displacement)) }
        return "[\(text)]"
    }

    /// An immediate as far as the width shows it.
    static func immediate(_ value: Int32, _ width: Width) -> String {
        let bits = UInt64(bitPattern: Int64(value))
        return "0x" + String(width == .b64 ? bits : bits & ((1 << UInt64(8 * width.bytes)) - 1), radix: 16)
    }
}

/// A distance with its sign, as in `[rax+0x10]`.
private func signed(_ value: Int) -> String { (value < 0 ? "-0x" : "+0x") + String(value.magnitude, radix: 16) }
