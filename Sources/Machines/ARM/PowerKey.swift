import DeviceModel
import EventLoop
import Snapshot

/// The key that a request to power down presses for a tenth of a second: QEMU's `gpio-key`.
final class PowerKey: Device {
    static let typeName = "gpio-key"
    private static let duration: Int64 = 100_000_000

    let output = OutputPin()
    private let loop: EventLoop
    private let timer: LoopTimer

    init(loop: EventLoop) {
        self.loop = loop
        timer = LoopTimer(loop, .virtual) { [output] in output.set(false) }
    }

    func press() {
        output.set(true)
        timer.arm(at: loop.now(.virtual) + PowerKey.duration)
    }

    func reset() {
        timer.cancel()
        output.set(false)
    }

    /// When it is let go.
    private var release: Int64?

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        release = timer.deadline
        visitor.field("release", &release)
    }

    func restored() {
        output.set(release != nil)
        if let release { timer.arm(at: release) } else { timer.cancel() }
    }
}
