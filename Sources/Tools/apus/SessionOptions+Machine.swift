import CommandLine
import Diagnostics
import HostOS
import MachineModel

/// How a machine's memory and cpus are laid out: `-m`'s back ends, `-smp`, `-numa`.
extension Session {
    func configureMemory() throws {
        configuration.memorySource.isPreallocated = options.has("mem-prealloc")
        if let path = options.last("mem-path") {
            guard memoryBackEnd == nil else { throw CommandLineError.notSupported("-mem-path beside -machine memory-backend=") }
            // A clone's memory is its template's file, whatever stood behind the template's.
            if template == nil { configuration.memorySource.kind = .file(path: path) }
        }
        guard let memoryBackEnd else { return }
        var (size, source) = try backEnds.memory(memoryBackEnd)
        if template != nil { source = MemorySource() }
        guard configuration.memory ?? size == size else {
            throw CommandLineError.badValue(option: "m", value: options.last("m") ?? "", expected: "the size of memory-backend=\(memoryBackEnd)")
        }
        let isDumped = configuration.memorySource.isDumped && source.isDumped
        (configuration.memory, configuration.memorySource) = (size, source)
        configuration.memorySource.isDumped = isDumped
    }

    func configureCPUs(_ type: MachineType) throws {
        guard let text = options.last("smp") else { return configuration.cpus = type.minCPUs }
        let list = PropertyList(text, option: "smp", implied: "cpus")
        try list.checkDeclared()
        for (name, _) in list.values where try list.integer(name) == 0 {
            throw CommandLineError.badValue(option: "smp", value: text, expected: "numbers from 1 on")
        }
        for name in type.hasClusters ? ["dies"] : ["dies", "clusters"] where try list.integer(name) ?? 1 != 1 {
            throw CommandLineError.notSupported("-smp \(name)=\(list[name] ?? "") of the machine '\(type.name)'")
        }
        // As with QEMU, machines up to 6.1 had sockets rather than cores.
        let prefersSockets = type.version.map { $0 < MachineVersion(6, 2) } ?? false
        let (count, most, topology) = try grouped(list, text, prefersSockets: prefersSockets)
        guard most <= type.maxCPUs || count == most else { throw MachineError.tooManyCPUs(most, machine: type.name, max: type.maxCPUs) }
        (configuration.cpus, configuration.topology) = (count, topology)
    }

    /// What of `-smp` is not named makes the rest fit: cores before sockets before threads, or sockets first.
    ///
    /// - Returns: how many cpus there are, how many there is room for, and how these are grouped.
    private func grouped(_ list: PropertyList, _ text: String, prefersSockets: Bool) throws -> (count: Int, most: Int, CPUTopology) {
        let (cpus, maxcpus, clusters) = (try list.integer("cpus"), try list.integer("maxcpus"), try list.integer("clusters") ?? 1)
        var (sockets, cores, threads) = (try list.integer("sockets"), try list.integer("cores"), try list.integer("threads"))
        func product(_ parts: Int?...) -> Int { parts.reduce(clusters) { $0.multipliedReportingOverflow(by: $1 ?? 1).partialValue } }
        let known = maxcpus ?? cpus ?? product(sockets, cores, threads)
        if prefersSockets, sockets == nil {
            sockets = known / max(1, product(cores, threads))
        } else if cores == nil {
            cores = known / max(1, product(sockets, threads))
        } else if sockets == nil {
            sockets = known / max(1, product(cores, threads))
        } else if threads == nil {
            threads = known / max(1, product(sockets, cores))
        }
        let total = product(sockets, cores, threads)
        guard known > 0, total == known else {
            throw CommandLineError.badValue(option: "smp", value: text, expected: "sockets × clusters × cores × threads = maxcpus, or cpus")
        }
        let count = cpus ?? known
        guard count <= known else { throw CommandLineError.badValue(option: "smp", value: text, expected: "maxcpus of \(count) or more") }
        return (count, known, CPUTopology(sockets: sockets ?? 1, clusters: clusters, cores: cores ?? 1, threads: threads ?? 1))
    }

    func configureNodes(_ type: MachineType) throws {
        let topology = configuration.cpuTopology
        (nodes.type, nodes.topology) = (type, topology)
        nodes.cpuCount = topology.sockets * topology.clusters * topology.cores * topology.threads
        for text in options.all("numa") { try nodes.define(text) }
    }

    /// Gives the machine its nodes, when all of them are known.
    func finishNodes() throws {
        guard var numa = try nodes.finish(memory: memorySize, backEnds: backEnds) else { return }
        let hasBackEnds = numa.nodes.contains { $0.backEnd != nil }
        for (option, isGiven) in [("-machine memory-backend=", memoryBackEnd != nil), ("-mem-path", options.has("mem-path"))]
        where isGiven && hasBackEnds {
            throw CommandLineError.notSupported("\(option) beside -numa node,memdev=")
        }
        // As with -machine memory-backend=.
        if template != nil { for index in numa.nodes.indices { numa.nodes[index].backEnd?.source = MemorySource() } }
        configuration.numa = numa
    }
}
