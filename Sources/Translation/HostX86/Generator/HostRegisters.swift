import IR

/// How the code generator uses the host's registers.
///
/// rbp is the state pointer, rsp the host's stack. Some registers hold guest state for as long as generated code runs ("pins"); the rest
/// are for values inside a block.
struct HostRegisters {
    static let state = Register.rbp
    static let temporaries: [Register] = [.rax, .rdx, .rsi, .rdi, .rcx]
    static let pinnable: [Register] = [.rbx, .r12, .r13, .r14, .r15, .r8, .r9, .r10, .r11]
    static let vectorTemporaries: [Vector] = [.xmm0, .xmm1, .xmm2, .xmm3, .xmm4, .xmm5, .xmm6, .xmm7]
    static let pinnableVectors: [Vector] = [.xmm8, .xmm9, .xmm10, .xmm11, .xmm12, .xmm13, .xmm14, .xmm15]

    struct Pin: Equatable {
        let offset: Int
        let register: Register
    }

    struct VectorPin: Equatable {
        let offset: Int
        let register: Vector
        /// f64 or v128.
        let type: IRType
    }

    let pins: [Pin]
    let vectorPins: [VectorPin]
    /// By state offset / 8 for offsets of pinned fields; -1 for what is not pinned.
    private let byOffset: [Int8]
    private let vectorByOffset: [Int8]

    /// Gives the guest's hottest fields to the pinnable registers.
    init(_ layout: StateLayout) {
        func hottest(_ fits: (IRType) -> Bool) -> [StateField] {
            layout.fields.filter { $0.priority != nil && fits($0.type) && $0.offset >= 0 }.sorted { ($0.priority ?? 0) < ($1.priority ?? 0) }
        }
        self.init(
            pins: zip(hottest { $0 == .i64 }, HostRegisters.pinnable).map { Pin(offset: $0.offset, register: $1) },
            vectorPins: zip(hottest { $0 == .f64 || $0 == .v128 }, HostRegisters.pinnableVectors).map {
                VectorPin(offset: $0.offset, register: $1, type: $0.type)
            })
    }

    init(pins: [Pin], vectorPins: [VectorPin]) {
        self.pins = pins
        self.vectorPins = vectorPins
        let cells = ((pins.map(\.offset) + vectorPins.map(\.offset)).max() ?? 0) / 8 + 1
        var integers = [Int8](repeating: -1, count: cells)
        var vectors = integers
        for pin in pins { integers[pin.offset / 8] = Int8(pin.register.rawValue) }
        for pin in vectorPins { vectors[pin.offset / 8] = Int8(pin.register.rawValue) }
        byOffset = integers
        vectorByOffset = vectors
    }

    @inline(__always) func pin(at offset: Int64) -> Register? {
        guard offset >= 0, offset >> 3 < byOffset.count else { return nil }
        let number = byOffset[Int(offset >> 3)]
        return number < 0 ? nil : Register(rawValue: UInt8(number))
    }

    @inline(__always) func vectorPin(at offset: Int64) -> Vector? {
        guard offset >= 0, offset >> 3 < vectorByOffset.count else { return nil }
        let number = vectorByOffset[Int(offset >> 3)]
        return number < 0 ? nil : Vector(rawValue: UInt8(number))
    }
}
