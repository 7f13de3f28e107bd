import ArmSystem
import DeviceModel
import EventLoop

/// The wires of elements that every board with a GIC has.
enum CPUWires {
    private static let nanosecondsPerTick = Int64(ArmCounter.nanosecondsPerTick)

    /// An interrupt input of an element as a pin.
    static func pin(_ cpu: any ArmElement, _ line: InterruptLine) -> InputPin {
        InputPin { [unowned cpu] level in cpu.setInterrupt(line, level: level) }
    }

    /// Lets the generic timers of an element pull pins, and be looked at again when they are due.
    static func connectTimers(_ cpu: any ArmElement, _ loop: EventLoop, _ pin: (GenericTimer) -> InputPin) {
        let timers = GenericTimer.allCases.map { timer -> (pin: InputPin, alarm: LoopTimer) in
            let pin = pin(timer)
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
