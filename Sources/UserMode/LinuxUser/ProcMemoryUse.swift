import Glibc
import UserExecution

/// `/proc/self/smaps` and `smaps_rollup` (proc_pid_smaps(5)): the guest's regions with what the host says of the memory behind them.
/// Where the host has several regions in one mapping, each gets its share by size.
enum ProcMemoryUse {
    private struct Figure {
        /// Without the kernel's colon.
        let name: Substring
        var value: UInt64

        /// Page sizes, and what has no unit, are no sums: a region has them from its first mapping.
        var isSum: Bool { hasUnit && name != "KernelPageSize" && name != "MMUPageSize" }
        /// Whether it counts kB.
        private var hasUnit: Bool { name != "THPeligible" && name != "ProtectionKey" }
        var line: String {
            let title = "\(name):", number = "\(value)"
            return title + String(repeating: " ", count: max(1, 24 - title.count - number.count)) + number + (hasUnit ? " kB\n" : "\n")
        }
    }

    /// A mapping of the host, its figures in the kernel's order.
    private struct Mapping {
        let start: UInt64, end: UInt64
        var figures: [Figure] = []
        var flags: [Substring] = []

        /// The figures of what lies between two addresses.
        func share(_ from: UInt64, _ to: UInt64) -> [Figure] {
            let part = Double(min(end, to) - max(start, from)) / Double(end - start)
            return figures.map { Figure(name: $0.name, value: $0.isSum ? UInt64(Double($0.value) * part) : $0.value) }
        }
    }

    static func text(_ process: LinuxProcess) -> [UInt8] {
        let mappings = hostMappings()
        let regions = process.memory.allRegions().map { region in
            ProcFiles.line(region, process) + figures(of: region, process, mappings).map(\.line).joined() + flags(of: region, process, mappings)
        }
        return Array(regions.joined().utf8)
    }

    static func sums(_ process: LinuxProcess) -> [UInt8] {
        let mappings = hostMappings(), regions = process.memory.allRegions()
        guard let first = regions.first, let last = regions.last else { return [] }
        let range = "\(ProcFiles.digits(first.start))-\(ProcFiles.digits(last.end)) ---p 00000000 00:00 0"
        let total: [Figure] = regions.reduce(into: []) { add(figures(of: $1, process, mappings), to: &$0) }
        let shown = total.filter { $0.name != "Size" && $0.isSum }.map(\.line).joined()
        return Array((range + String(repeating: " ", count: max(1, 73 - range.count)) + "[rollup]\n" + shown).utf8)
    }

    private static func figures(of region: GuestRegion, _ process: LinuxProcess, _ mappings: [Mapping]) -> [Figure] {
        let base = UInt64(process.memory.base), start = region.start + base, end = region.end + base
        return mappings.filter { $0.start < end && $0.end > start }.reduce(into: []) { add($1.share(start, end), to: &$0) }
    }

    private static func add(_ figures: [Figure], to sum: inout [Figure]) {
        if sum.isEmpty { return sum = figures }
        for (index, figure) in figures.enumerated() where index < sum.count && sum[index].name == figure.name && figure.isSum {
            sum[index].value += figure.value
        }
    }

    /// The guest's own permissions, and what else the host says of the mapping.
    private static func flags(of region: GuestRegion, _ process: LinuxProcess, _ mappings: [Mapping]) -> String {
        let p = region.protection, start = region.start + UInt64(process.memory.base)
        let own = (p.contains(.read) ? ["rd"] : []) + (p.contains(.write) ? ["wr"] : []) + (p.contains(.execute) ? ["ex"] : [])
        let host = mappings.first { $0.start <= start && $0.end > start }?.flags ?? []
        return "VmFlags: " + (own + host.filter { !["rd", "wr", "ex"].contains($0) }.map(String.init)).map { $0 + " " }.joined() + "\n"
    }

    private static func hostMappings() -> [Mapping] {
        var mappings: [Mapping] = []
        for line in String(decoding: ProcFiles.host("smaps"), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            if first.last != ":" {
                let ends = first.split(separator: "-").compactMap { UInt64($0, radix: 16) }
                if ends.count == 2 { mappings.append(Mapping(start: ends[0], end: ends[1])) }
            } else if first == "VmFlags:", !mappings.isEmpty {
                mappings[mappings.count - 1].flags = Array(words.dropFirst())
            } else if words.count > 1, let value = UInt64(words[1]), !mappings.isEmpty {
                mappings[mappings.count - 1].figures.append(Figure(name: first.dropLast(), value: value))
            }
        }
        return mappings
    }
}
