import AddressSpace
import ArmSystem
import DeviceModel
import EventLoop
import PCI
import PlatformDevices

/// The board's interrupt controller, of either architecture version.
enum InterruptController {
    case v2(GIC400, GICv2m)
    case v3(GICv3, GICv3ITS?, EventLoop)

    static func make(
        _ options: ArmVirtOptions, _ cpus: [any ArmElement], _ memory: AddressSpace, _ root: MemoryRegion, _ loop: EventLoop
    ) -> InterruptController {
        typealias Map = ArmVirtBoard.Map
        switch options.gic {
        case .v2:
            let gic = GIC400(cpus: cpus.count, memory: memory)
            let messages = GICv2m(first: 32 + ArmVirtBoard.Shared.messages, count: ArmVirtBoard.Shared.messageCount)
            for (index, pin) in messages.interrupts.enumerated() { pin.connect(gic.input(32 + ArmVirtBoard.Shared.messages + index)) }
            root.add(GIC400Window(gic, .distributor).makeRegion(size: Map.distributor.1), at: Map.distributor.0)
            root.add(GIC400Window(gic, .interface).makeRegion(size: Map.cpuInterface.1), at: Map.cpuInterface.0)
            root.add(messages.makeRegion(), at: Map.messages.0)
            return .v2(gic, messages)
        case .v3:
            let gic = GICv3(affinities: cpus.indices.map(options.affinity), memory: options.its ? memory : nil)
            let translation = options.its ? GICv3ITS(gic, memory: memory) : nil
            if let translation { root.add(translation.makeRegion(), at: Map.translation.0) }
            root.add(GICv3Window(gic, .distributor).makeRegion(), at: Map.distributor.0)
            root.add(GICv3Window(gic, .redistributors).makeRegion(), at: Map.redistributors.0)
            return .v3(gic, translation, loop)
        }
    }

    var devices: [any Device] {
        switch self {
        case .v2(let gic, let messages): [gic, messages]
        case .v3(let gic, let translation, _): [gic] + (translation.map { [$0] } ?? [])
        }
    }

    /// The wire of a shared interrupt, counted from 0.
    func shared(_ number: Int) -> InputPin {
        switch self {
        case .v2(let gic, _): gic.input(32 + number)
        case .v3(let gic, _, _): gic.input(32 + number)
        }
    }

    /// The wire of a CPU's private interrupt, counted from 16 on.
    func `private`(_ number: Int, cpu: Int) -> InputPin {
        switch self {
        case .v2(let gic, _): gic.privateInput(16 + number, cpu: cpu)
        case .v3(let gic, _, _): gic.privateInput(16 + number, cpu: cpu)
        }
    }

    /// Takes the messages of PCI devices that it wants to know the sender of.
    func listen(to host: PCIHost) {
        guard case .v3(_, let translation?, _) = self else { return }
        host.onMessage = { [unowned translation] address, data, requester in
            guard address == ArmVirtBoard.Map.translation.0 + GICv3ITS.translater else { return false }
            translation.translate(device: UInt32(requester), event: data)
            return true
        }
    }

    /// The wires to a CPU, and the way to its interface's registers.
    func connect(_ cpu: any ArmElement) {
        func pin(_ line: InterruptLine) -> InputPin { CPUWires.pin(cpu, line) }
        switch self {
        case .v2(let gic, _):
            gic.irq[cpu.index].connect(pin(.irq))
            gic.fiq[cpu.index].connect(pin(.fiq))
        case .v3(let gic, _, let loop):
            gic.irq[cpu.index].connect(pin(.irq))
            gic.fiq[cpu.index].connect(pin(.fiq))
            gic.virtualIRQ[cpu.index].connect(pin(.virtualIRQ))
            gic.virtualFIQ[cpu.index].connect(pin(.virtualFIQ))
            gic.maintenance[cpu.index].connect(gic.privateInput(16 + ArmVirtBoard.Private.maintenance, cpu: cpu.index))
            cpu.interruptInterface = InterfaceLink(gic, cpu.index, loop)
        }
    }
}

/// A CPU's way to its interface in a GICv3.
private final class InterfaceLink: ArmInterruptInterface {
    private let gic: GICv3
    private let cpu: Int
    private unowned let loop: EventLoop

    init(_ gic: GICv3, _ cpu: Int, _ loop: EventLoop) { (self.gic, self.cpu, self.loop) = (gic, cpu, loop) }

    func read(_ encoding: Int, isVirtual: Bool) -> UInt64 {
        loop.lock.withLock { gic.readInterface(encoding, cpu: cpu, isVirtual: isVirtual) }
    }

    func write(_ encoding: Int, isVirtual: Bool, _ value: UInt64) {
        loop.lock.withLock { gic.writeInterface(encoding, cpu: cpu, isVirtual: isVirtual, value) }
    }
}
