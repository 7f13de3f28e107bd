import CPUModel

/// All calls of a family, by number.
public struct CallTable: Sendable {
    private let rows: [SystemCall?]
    /// Those with numbers of an architecture's own, far behind the others.
    private let others: [Int: SystemCall]

    public init(family: CallFamily, machine: String) {
        var rows = [SystemCall?](repeating: nil, count: 512)
        var others: [Int: SystemCall] = [:]
        func add(_ call: SystemCall, _ number: Int) {
            precondition((number < 512 ? rows[number] : others[number]) == nil, "two system calls have the number \(number)")
            if number < 512 { rows[number] = call } else { others[number] = call }
        }
        let calls = SystemCall.chapters(machine: machine).joined()
        for call in calls {
            if let number = call.numbers.number(family) { add(call, number) }
        }
        if let table = NumberTable(family: family) {
            let named = Dictionary(uniqueKeysWithValues: calls.map { ($0.name, $0) })
            for entry in table.entries {
                guard let call = named[entry.row] else { preconditionFailure("system call \(entry.number) has no row '\(entry.row)'") }
                add(call.named(entry.name), entry.number)
            }
        }
        self.rows = rows
        self.others = others
    }

    public subscript(_ number: UInt64) -> SystemCall? { number < UInt64(rows.count) ? rows[Int(number)] : others[Int(truncatingIfNeeded: number)] }

    func number(of name: String) -> UInt64? { rows.firstIndex { $0?.name == name }.map(UInt64.init) }

    /// All calls with their numbers.
    package var numbered: [(number: Int, call: SystemCall)] {
        let all = rows.enumerated().compactMap { number, call in call.map { (number, $0) } }
        return all + others.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A line for each call: number, name, how it is done.
    public var coverage: String { numbered.map { "| \($0.number) | \($0.call.name) | \($0.call.action.text) |" }.joined(separator: "\n") }
}

/// The numbers of the calls that read a clock.
struct QuickClocks: Sendable {
    private let own: UInt64?, wide: UInt64?
    private let wordSize: Int

    init(_ calls: CallTable, wordSize: Int) {
        own = calls.number(of: "clock_gettime")
        wide = calls.number(of: "clock_gettime64")
        self.wordSize = wordSize
    }

    var numbers: (UInt64, UInt64) { (own ?? .max, wide ?? .max) }

    /// Bytes of the seconds that a call writes; nil for other calls.
    @inline(__always) func seconds(_ number: UInt64) -> Int? { number == own ? wordSize : number == wide ? 8 : nil }
}

extension SystemCall.Action {
    fileprivate var text: String {
        switch self {
        case .pass: "the host's"
        case .handle: "Apus's own"
        case .handleDirectly: "Apus's own, without -B and -R"
        case .direct: "the host's, without -B and -R"
        case .refuse(let code, let reason): "\(errnoName(code)): \(reason)"
        }
    }
}

extension SystemCall {
    /// Every row there is, and those of one architecture only.
    static func chapters(machine: String) -> [[SystemCall]] {
        let own = machine.hasPrefix("riscv") ? [riscv] : machine.hasPrefix("arm") ? [armPrivate] : []
        return [files, directories, fileAttributes, descriptors, memory, processes, identity, signals, time, time64, events, sockets, ipc, system]
            + [modern, olderFiles, olderAttributes, olderProcesses, olderSignals, narrowIdentity, abandoned] + own
    }
}
