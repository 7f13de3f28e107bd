/// The seccomp states of a process's threads, for filters that are set for all of them (SECCOMP_FILTER_FLAG_TSYNC).
struct SeccompGroup {
    private var members: [Seccomp] = []

    /// Adds a thread that begins with what another one has.
    mutating func add(_ state: Seccomp, like parent: Seccomp? = nil) {
        if let parent { state.mode = parent.mode }
        members.append(state)
    }

    mutating func remove(_ state: Seccomp) { members.removeAll { $0 === state } }

    /// In the child of a fork only the thread that forked is left.
    mutating func keepOnly(_ state: Seccomp) { members = [state] }

    /// Gives all members a chain that has grown from theirs; the thread whose chain it has not grown from otherwise, and nothing changes.
    func synchronize(_ chain: FilterChain) -> Int32? {
        if let other = members.first(where: { !$0.canTake(chain) }) { return other.thread }
        for member in members { member.mode = .filters(chain) }
        return nil
    }
}

extension Seccomp {
    fileprivate func canTake(_ chain: FilterChain) -> Bool {
        switch mode {
        case .off: true
        case .strict: false
        case .filters(let own): chain.grew(from: own)
        }
    }
}
