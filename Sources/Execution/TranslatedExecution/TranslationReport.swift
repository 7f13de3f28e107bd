/// What translations of one kind have cost since the machine was made; those that were thrown away count too.
public struct TranslationCosts: Sendable {
    public private(set) var count = 0
    public private(set) var guestInstructions = 0
    /// Bytes of host code.
    public private(set) var hostBytes = 0
    /// Time in the translator, without waiting for its lock.
    public private(set) var nanoseconds: Int64 = 0

    mutating func add(instructions: Int, hostBytes bytes: Int) {
        count += 1
        guestInstructions += instructions
        hostBytes += bytes
    }

    mutating func add(since start: Int64, until end: Int64) { nanoseconds += end - start }
}

/// What `info jit` tells.
public struct TranslationReport: CustomStringConvertible, Sendable {
    public var blocks: TranslationCosts
    /// Those that are on trial cost time and do not count.
    public var loops: TranslationCosts
    /// Bytes of the code memory; none with the interpreter.
    public var codeMemory: (used: Int, size: Int)?
    /// Times that the code memory was emptied.
    public var codeFlushes: Int
    /// Instructions whose accesses have been found not to be worth remembering pages for.
    public var wanderingAccesses: Int

    public var description: String {
        var lines = [line("translated blocks", blocks), line("loops made one block", loops)]
        if let codeMemory { lines.append("code memory: \(codeMemory.used >> 10) of \(codeMemory.size >> 10) KiB, emptied \(codeFlushes) times") }
        lines.append("accesses that wander: \(wanderingAccesses)")
        return lines.map { $0 + "\n" }.joined()
    }

    private func line(_ name: String, _ costs: TranslationCosts) -> String {
        "\(name): \(costs.count), \(costs.guestInstructions) instructions, \(costs.hostBytes >> 10) KiB, \(costs.nanoseconds / 1_000_000) ms"
    }
}

extension TranslationEngine {
    public var report: TranslationReport {
        translationLock.withLock {
            TranslationReport(
                blocks: blockCosts, loops: loopCosts, codeMemory: generator.map { ($0.memory.used, $0.memory.size) }, codeFlushes: codeFlushes,
                wanderingAccesses: generator?.wanderingAccesses.count ?? 0)
        }
    }
}
