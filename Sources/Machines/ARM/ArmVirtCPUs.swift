import AddressSpace
import ArmSystem
import EventLoop

/// The board's processors and the wires of their timers.
enum ArmVirtCPUs {
    static func make(_ index: Int, _ cores: ArmCores, count: Int, _ options: ArmVirtOptions, _ memory: AddressSpace, _ loop: EventLoop)
        -> any ArmElement
    {
        var place = ArmCores.Place(affinity: options.affinity(index), count: count)
        place.virtualization = options.virtualization
        place.secure = options.secure
        place.hasInterruptRegisters = options.gic == .v3
        let cpu = cores.make(index, place, memory, loop)
        cpu.startsOff = index > 0 && !options.secure
        return cpu
    }

    static func connect(_ cpus: [any ArmElement], _ controller: InterruptController, _ loop: EventLoop) {
        for cpu in cpus {
            controller.connect(cpu)
            CPUWires.connectTimers(cpu, loop) { controller.private(ArmVirtBoard.Private.of($0), cpu: cpu.index) }
        }
    }
}
