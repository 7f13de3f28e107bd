import AddressSpace
import DeviceModel
import EventLoop
import GuestAArch64

/// The board's processors and the wires of their timers.
enum ArmVirtCPUs {
    private static let nanosecondsPerTick = 1_000_000_000 / Int64(AArch64CPU.counterFrequency)

    static func make(_ index: Int, _ model: AArch64Model, _ options: ArmVirtOptions, _ memory: AddressSpace, _ loop: EventLoop) -> AArch64CPU {
        var system = AArch64System()
        system.hasEL2 = options.virtualization
        system.hasEL3 = options.secure
        system.affinity = options.affinity(index)
        system.hasInterruptRegisters = options.gic == .v3
        let cpu = AArch64CPU(model: model, index: index, memory: memory, system: system) { [unowned loop] in
            loop.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        cpu.counter = { [unowned loop] in UInt64(loop.now(.virtual) / nanosecondsPerTick) }
        cpu.startsOff = index > 0 && !options.secure
        return cpu
    }

    static func connect(_ cpus: [AArch64CPU], _ controller: InterruptController, _ loop: EventLoop) {
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
