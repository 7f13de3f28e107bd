import HostOS
import MachineModel
import ObjectModel
import QAPI

/// Commands that ask what the machine is.
public struct MachineQueries {
    /// What the catalog knows of a guest.
    public struct Choices {
        public let machines: [MachineType]
        /// Models of cpus, as `-cpu` names them, and their types.
        public let cpus: [(model: String, type: ObjectType)]
        /// The type of a model that a machine has by default.
        public let cpuType: (_ model: String) -> String

        public init(machines: [MachineType], cpus: [(model: String, type: ObjectType)], cpuType: @escaping (String) -> String) {
            (self.machines, self.cpus, self.cpuType) = (machines, cpus, cpuType)
        }
    }

    private unowned let session: any MachineSession
    private let choices: Choices
    private let objects: ObjectTree

    public init(_ session: any MachineSession, _ choices: Choices, objects: ObjectTree) {
        (self.session, self.choices, self.objects) = (session, choices, objects)
    }

    public func register(in commands: inout CommandTable) {
        let (session, choices) = (session, choices)
        commands.on(QueryNameCommand.self) { NameInfo(name: session.guestName) }
        commands.on(QueryUuidCommand.self) { UuidInfo(uuid: session.uuid ?? "00000000-0000-0000-0000-000000000000") }
        commands.on(QueryTargetCommand.self) {
            guard let target = SysEmuTarget(rawValue: session.guest) else { throw QAPIError.notSupported(session.guest) }
            return TargetInfo(arch: target)
        }
        commands.on(QueryMachinesCommand.self) { choices.machines.map { describe($0) } }
        commands.on(QueryCpuDefinitionsCommand.self) {
            choices.cpus.map { CpuDefinitionInfo(name: $0.model, static: false, typename: $0.type.name, deprecated: false) }
        }
        commands.on(QueryCurrentMachineCommand.self) { CurrentMachineParams(wakeupSuspendSupport: false) }
        commands.on(QueryCpusFastCommand.self) { try cpus() }
        // All cpus are there from the start.
        commands.on(QueryHotpluggableCpusCommand.self) { throw QAPIError(.generic, "The feature 'query-hotpluggable-cpus' is not enabled") }
        commands.on(QueryKvmCommand.self) { KvmInfo(enabled: false, present: false) }
        commands.on(QueryMemorySizeSummaryCommand.self) { MemoryInfo(baseMemory: session.memorySize) }
        commands.on(XQueryNumaCommand.self) {
            HumanReadableText(humanReadableText: NUMA.description(session.numa, cpus: session.machine.cpus.count))
        }
        commands.on(XQueryJitCommand.self) { HumanReadableText(humanReadableText: session.information("jit") ?? "") }
        if ["aarch64", "arm"].contains(session.guest) {
            commands.on(QueryGicCapabilitiesCommand.self) { [2, 3].map { GICCapability(version: $0, emulated: true, kernel: false) } }
        }
        registerAbsent(in: &commands)
        PCIQueries(session).register(in: &commands)
    }

    /// What there is none of.
    private func registerAbsent(in commands: inout CommandTable) {
        commands.on(QueryMemoryDevicesCommand.self) { [] }
        commands.on(QueryIothreadsCommand.self) { [] }
        commands.on(QueryTpmCommand.self) { [] }
        commands.on(QueryTpmModelsCommand.self) { [] }
        commands.on(QueryTpmTypesCommand.self) { [] }
    }

    private func describe(_ machine: MachineType) -> MachineInfo {
        let model = machine.defaultCPU(session.guest)
        return MachineInfo(
            name: machine.name, alias: machine.alias, isDefault: machine.name == choices.machines.first?.name ? true : nil,
            cpuMax: Int64(machine.maxCPUs),
            hotpluggableCpus: false, numaMemSupported: machine.numa?.takesMemory == true, deprecated: false,
            defaultCpuType: model.isEmpty ? nil : choices.cpuType(model),
            defaultRamId: machine.memoryID)
    }

    /// Where a cpu sits, as far as the machine tells its cpus apart.
    private func place(_ cpu: Int) -> CpuInstanceProperties? {
        guard let place = session.kindOfMachine?.cpuPlace?(cpu, session.cpuTopology) else { return nil }
        return CpuInstanceProperties(
            nodeId: session.numa?.node(ofCPU: cpu).map(Int64.init), socketId: place.socket.map(Int64.init), clusterId: place.cluster.map(Int64.init),
            coreId: place.core.map(Int64.init), threadId: place.thread.map(Int64.init))
    }

    private func cpus() throws -> [CpuInfoFast] {
        guard let target = SysEmuTarget(rawValue: session.guest) else { throw QAPIError.notSupported(session.guest) }
        return zip(session.machine.cpus, session.hostThreads).map { cpu, thread in
            CpuInfoFast(
                cpuIndex: Int64(cpu.index), qomPath: objects.path(ofCPU: cpu.index), threadId: thread,
                props: place(cpu.index), target: target)
        }
    }
}
