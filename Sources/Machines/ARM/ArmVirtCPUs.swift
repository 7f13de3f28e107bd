import AddressSpace
import ArmSystem
import DeviceModel
import EventLoop

/// The board's processors and the wires of their timers.
enum ArmVirtCPUs {
    private static let nanosecondsPerTick = Int64(ArmCounter.nanosecondsPerTick)

    static func make(_ index: Int, _ cores: ArmCores, count: Int, _ options: ArmVirtOptions, _ memory: AddressSpace, _ loop: EventLoop) -> any ArmElement {
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
            let timers = GenericTimer.allCases.map { timer -> (pin: InputPin, alarm: LoopTimer) in
                let pin = controller.private(ArmVirtBoard.Private.of(timer), cpu: cpu.index)
                return (pin, LoopTimer(loop, .virtual) { pin.set(true) })
            }
            cpu.onTimer = { [unowned loop] timer, output, wait in
                let (pin, alarm) = timers[timer.rawValue]
                loop.lock.withLock {
                    pin.set(output)
                    guard let wait, wait <= UInt64(Int64.max / nanosecondsPerTick / 2) else { return alarm.cancel() }
                    // From the tick on that the counter shows, not from some time within it.
                    let now = loop.now(.virtual) / nanosecondsPerTick
                    alarm.arm(at: (now + Int64(wait)) * nanosecondsPerTick)
                }
            }
        }
    }
}
