import CPUModel

/// A thread's seccomp filters: the newest and those that it was added to, which clone and fork share.
public final class FilterChain: Sendable {
    let program: FilterProgram
    let parent: FilterChain?
    /// SECCOMP_FILTER_FLAG_LOG.
    let isLogged: Bool

    public init(_ program: FilterProgram, after parent: FilterChain?, isLogged: Bool = false) {
        self.program = program
        self.parent = parent
        self.isLogged = isLogged
    }

    /// The filters, the newest first.
    private var all: [FilterChain] { Array(sequence(first: self) { $0.parent }) }

    /// Whether another chain is this one or what it was made from.
    func grew(from other: FilterChain?) -> Bool {
        guard let other else { return true }
        return all.contains { $0 === other }
    }

    /// Instructions of all filters, with the kernel's surcharge of four for each.
    var length: Int { all.reduce(0) { $0 + $1.program.instructions.count + 4 } }

    /// The strictest of the filters' answers; of equal ones the newest filter's.
    public func judge(_ data: [UInt32]) -> (answer: UInt32, isLogged: Bool) {
        var result = (answer: Answer.allow, isLogged: false)
        for link in all {
            let answer = link.program.run(data)
            if Int32(bitPattern: answer & Answer.action) < Int32(bitPattern: result.answer & Answer.action) { result = (answer, link.isLogged) }
        }
        return result
    }

    /// What a filter may return (include/uapi/linux/seccomp.h): an action and 16 bits of data.
    enum Answer {
        static let killProcess: UInt32 = 0x8000_0000, killThread: UInt32 = 0, trap: UInt32 = 0x0003_0000, errno: UInt32 = 0x0005_0000
        static let notify: UInt32 = 0x7fc0_0000, trace: UInt32 = 0x7ff0_0000, log: UInt32 = 0x7ffc_0000, allow: UInt32 = 0x7fff_0000
        static let action: UInt32 = 0xffff_0000
        static let available: Set<UInt32> = [killProcess, killThread, trap, errno, trace, log, allow]
    }

    // MARK: The form in which they go to another program

    /// Each filter, the oldest first: whether it is logged and its length as words, then eight bytes for each instruction.
    public var bytes: [UInt8] {
        all.reversed().flatMap { link in
            var bytes = [UInt8](repeating: 0, count: 8 + 8 * link.program.instructions.count)
            bytes.put(UInt32(link.isLogged ? 1 : 0), at: 0)
            bytes.put(UInt32(link.program.instructions.count), at: 4)
            for (index, instruction) in link.program.instructions.enumerated() { instruction.write(to: &bytes, at: 8 + 8 * index) }
            return bytes
        }
    }

    /// The chain that `bytes` stands for; nil if it is none.
    public static func read(_ bytes: [UInt8]) -> FilterChain? {
        var chain: FilterChain?
        var place = 0
        while place + 8 <= bytes.count {
            let count = Int(bytes.get(UInt32.self, at: place + 4))
            guard place + 8 + 8 * count <= bytes.count else { return nil }
            let list = (0..<count).map { FilterInstruction(bytes, at: place + 8 + 8 * $0) }
            guard let program = FilterProgram(list) else { return nil }
            chain = FilterChain(program, after: chain, isLogged: bytes.get(UInt32.self, at: place) != 0)
            place += 8 + 8 * count
        }
        return place == bytes.count ? chain : nil
    }
}

extension FilterInstruction {
    /// `struct sock_filter`.
    init(_ bytes: [UInt8], at place: Int) {
        self.init(
            bytes.get(UInt16.self, at: place), bytes.get(UInt32.self, at: place + 4), whenTrue: bytes[place + 2], whenFalse: bytes[place + 3])
    }

    func write(to bytes: inout [UInt8], at place: Int) {
        bytes.put(code, at: place)
        bytes[place + 2] = whenTrue
        bytes[place + 3] = whenFalse
        bytes.put(operand, at: place + 4)
    }
}
