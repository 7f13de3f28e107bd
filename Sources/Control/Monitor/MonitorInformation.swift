import CPUModel
import Diagnostics
import JSON
import QAPI

/// `info`, subject by subject.
extension MonitorCommands {
    struct Subject {
        let name: String
        let show: (MonitorCommands, [String]) throws -> String

        init(_ name: String, _ show: @escaping (MonitorCommands, [String]) throws -> String) { (self.name, self.show) = (name, show) }
    }

    static var subjects: [Subject] {
        (ownSubjects + blockJobSubjects + displaySubjects + migrationSubjects + snapshotSubjects).sorted { $0.name < $1.name }
    }

    private static var ownSubjects: [Subject] {
        [
            Subject("balloon") { commands, _ in "balloon: actual=\(try commands.table.call(QueryBalloonCommand.self).actual >> 20)\n" },
            text("block"), Subject("blockstats") { commands, _ in try commands.statistics() }, text("chardev"),
            Subject("cpus") { commands, _ in try commands.cpus() },
            Subject("iothreads") { commands, _ in try commands.list("query-iothreads", empty: "") }, text("jit"),
            Subject("kvm") { commands, _ in
                "kvm support: \(try commands.table.call(QueryKvmCommand.self).enabled ? "enabled" : "not compiled")\n"
            },
            Subject("hotpluggable-cpus") { commands, _ in try commands.list("query-hotpluggable-cpus", empty: "") },
            Subject("memdev") { commands, _ in try commands.memoryBackEnds() },
            Subject("memory-devices") { commands, _ in try commands.list("query-memory-devices", empty: "") },
            Subject("numa") { commands, _ in try commands.table.call(XQueryNumaCommand.self).humanReadableText },
            Subject("mem") { commands, _ in commands.pages(merged: true) },
            Subject("memory_size_summary") { commands, _ in
                "base memory: \(try commands.table.call(QueryMemorySizeSummaryCommand.self).baseMemory)\n"
            },
            Subject("mtree") { commands, words in
                let memory = commands.session.machine.memory
                return words.contains("-f") ? memory.describe() : memory.describeTree()
            },
            Subject("name") { commands, _ in try commands.table.call(QueryNameCommand.self).name.map { $0 + "\n" } ?? "" }, text("network"),
            Subject("pci") { commands, _ in try commands.pci() },
            Subject("qtree") { commands, _ in
                try ["peripheral", "peripheral-anon", "unattached"].map { try commands.deviceTree("/machine/\($0)") }.joined()
            },
            Subject("qom-tree") { commands, words in try commands.tree(words.first ?? "/machine", depth: 0) },
            Subject("registers") { commands, words in commands.registers(all: words.contains("-a")) },
            Subject("rx_filter") { commands, _ in try commands.list("query-rx-filter", empty: "") },
            Subject("status") { commands, _ in "VM status: \(try commands.status())\n" },
            Subject("tlb") { commands, _ in commands.pages(merged: false) },
            Subject("tpm") { commands, _ in try commands.list("query-tpm", empty: "TPM device not supported\n") }, text("usb"), text("usernet"),
            Subject("uuid") { commands, _ in try commands.table.call(QueryUuidCommand.self).uuid + "\n" },
            Subject("version") { commands, _ in commands.session.version + "\n" },
        ]
    }

    /// What the session has as text.
    private static func text(_ name: String) -> Subject { Subject(name) { commands, _ in commands.session.information(name) ?? "" } }

    func info(_ words: [String]) throws -> String {
        guard let name = words.first else { return MonitorCommands.subjects.map { "info \($0.name)\n" }.joined() }
        guard let subject = MonitorCommands.subjects.first(where: { $0.name == name }) else { return "not supported: info \(name)\n" }
        return try subject.show(self, Array(words.dropFirst()))
    }

    private func status() throws -> String {
        let state = try table.call(QueryStatusCommand.self).status
        switch state {
        case .running, .paused: return state.rawValue
        default: return "paused (\(state.rawValue))"
        }
    }

    private func cpus() throws -> String {
        zip(session.machine.cpus, session.hostThreads).map { cpu, thread in
            "\(cpu.index == current ? "*" : " ") CPU #\(cpu.index): thread_id=\(thread)\(cpu.isHalted ? " (halted)" : "")\n"
        }.joined()
    }

    private func registers(all: Bool) -> String {
        let cpus = session.machine.cpus
        return (all ? cpus : [cpus[current]]).map { "\nCPU#\($0.index)\n" + $0.describeRegisters() + "\n" }.joined()
    }

    /// What the tables of the chosen vCPU map: page by page, or in ranges with the same rights.
    private func pages(merged: Bool) -> String {
        var lines = "vaddr            paddr            size             attr\n---------------- ---------------- ---------------- -------\n"
        var last: PageMapping?
        func show(_ page: PageMapping?) {
            guard let page else { return }
            let words = [page.address, page.physical, page.count].map { hex($0, digits: 16).dropFirst(2) }
            lines += words.joined(separator: " ") + " " + page.attributes + "\n"
        }
        let outcome = session.machine.cpus[current].listMappings { page in
            if merged, let before = last, before.isContinued(by: page) {
                last?.count += page.count
            } else {
                show(last)
                last = page
            }
        }
        show(last)
        switch outcome {
        case .noTranslation: return "No translation or protection\n"
        case .complete: return lines
        case .cut: return lines + "the tables go on, perhaps in circles; no more of them is shown\n"
        }
    }

    /// Devices with their properties, those behind a path of the tree of objects.
    private func deviceTree(_ path: String) throws -> String {
        var text = ""
        for child in try call("qom-list", ["path": .string(path)]).array ?? [] {
            guard let name = child.object?["name"]?.string, child.object?["type"]?.string?.hasPrefix("child<") == true else { continue }
            let place = "\(path)/\(name)"
            let type = try call("qom-get", ["path": .string(place), "property": "type"]).string ?? ""
            text += "dev: \(type), id \"\(path.hasSuffix("peripheral") ? name : "")\"\n"
            for property in try call("qom-list", ["path": .string(place)]).array ?? [] {
                guard let name = property.object?["name"]?.string, name != "type", property.object?["type"]?.string?.hasPrefix("child<") != true
                else { continue }
                let value = try call("qom-get", ["path": .string(place), "property": .string(name)])
                text += "  \(name) = \(value.text())\n"
            }
        }
        return text
    }

    private func statistics() throws -> String {
        try table.call(QueryBlockstatsCommand.self, .init()).map { disk in
            let stats = disk.stats
            return "\(disk.device ?? disk.nodeName ?? ""): rd_bytes=\(stats.rdBytes) wr_bytes=\(stats.wrBytes) rd_operations=\(stats.rdOperations)"
                + " wr_operations=\(stats.wrOperations) flush_operations=\(stats.flushOperations) wr_total_time_ns=\(stats.wrTotalTimeNs)"
                + " rd_total_time_ns=\(stats.rdTotalTimeNs) flush_total_time_ns=\(stats.flushTotalTimeNs)\n"
        }.joined()
    }

    private func memoryBackEnds() throws -> String {
        try table.call(QueryMemdevCommand.self).map { memory in
            "memory backend: \(memory.id ?? "")\n  size:  \(memory.size)\n  merge: \(memory.merge)\n  dump: \(memory.dump)\n  prealloc: \(memory.prealloc)\n"
                + "  share: \(memory.share)\n" + (memory.reserve.map { "  reserve: \($0)\n" } ?? "")
                + "  policy: \(memory.policy.rawValue)\n  host nodes: \(memory.hostNodes.map { "\($0)" }.joined(separator: " "))\n"
        }.joined() + "\n"
    }

    /// The members of a query's answers, a line each.
    private func list(_ command: String, empty: String) throws -> String {
        let values = try call(command).array ?? []
        if values.isEmpty { return empty }
        return values.map { value in
            (value.object?.members ?? []).map { "  \($0.name): \($0.value.string ?? $0.value.text())\n" }.joined() + "\n"
        }.joined()
    }

    private func tree(_ path: String, depth: Int) throws -> String {
        let type = try call("qom-get", ["path": .string(path), "property": "type"]).string ?? ""
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        var text = "\(String(repeating: " ", count: 2 * depth))/\(name) (\(type))\n"
        for property in try call("qom-list", ["path": .string(path)]).array ?? [] {
            guard let child = property.object, child["type"]?.string?.hasPrefix("child<") == true, let name = child["name"]?.string else { continue }
            text += try tree(path == "/" ? "/\(name)" : "\(path)/\(name)", depth: depth + 1)
        }
        return text
    }
}
