import Input
import Snapshot

/// A PS/2 keyboard with the three sets of scan codes, the second at first. It repeats nothing by itself: who holds a key down repeats it. In the third set
/// all keys tell when they go down and up, whatever the commands for that say.
public final class PS2Keyboard: PS2Device, InputHandler {
    private enum Answer { static let acknowledge: UInt8 = 0xfa, resend: UInt8 = 0xfe, echo: UInt8 = 0xee, selfTestPassed: UInt8 = 0xaa }
    private enum Command {
        static let leds: UInt8 = 0xed, echo: UInt8 = 0xee, set: UInt8 = 0xf0, identify: UInt8 = 0xf2, rate: UInt8 = 0xf3, enable: UInt8 = 0xf4
        static let disable: UInt8 = 0xf5, defaults: UInt8 = 0xf6, resend: UInt8 = 0xfe, reset: UInt8 = 0xff
        /// Of the third set: how all keys tell of themselves, and how one does.
        static let allKeys: ClosedRange<UInt8> = 0xf7...0xfa, oneKey: ClosedRange<UInt8> = 0xfb...0xfd
    }
    private static let identification: [UInt8] = [0xab, 0x83]

    public var onOutput: () -> Void = {}
    private weak var hub: InputHub?
    private var queue = PS2Queue()
    private var scans = true
    private var set: UInt8 = 2
    /// The command whose parameter is awaited; 0 for none.
    private var pending: UInt8 = 0
    private var leds: UInt8 = 0

    public init() {}

    public func plug(into hub: InputHub) {
        self.hub = hub
        hub.add(self)
    }

    public func reset() {
        queue.clear()
        setDefaults()
        (scans, pending, leds) = (true, 0, 0)
    }

    private func setDefaults() { set = 2 }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("queue", &queue)
        visitor.field("scans", &scans)
        visitor.field("set", &set)
        visitor.field("pending", &pending)
        visitor.field("leds", &leds)
        let number = set
        visitor.check("the set of scan codes is 1, 2 or 3", (1...3).contains(number))
    }

    public func restored() { follow() }

    // MARK: Input

    public var inputName: String { "QEMU PS/2 Keyboard" }
    public var accepts: InputKinds { .keys }

    public func handle(_ events: [InputEvent]) {
        guard scans else { return }
        for case .key(let key, let isDown) in events { queue.add(PS2Keys.codes(key, isDown: isDown, set: set)) }
        if queue.first != nil { onOutput() }
    }

    /// Who is listened to gets events before others.
    private func follow() { if scans { hub?.activate(self) } else { hub?.deactivate(self) } }

    // MARK: Bytes

    public var output: UInt8? { queue.first }

    public func takeOutput() {
        queue.take()
        if queue.first != nil { onOutput() }
    }

    public func write(_ byte: UInt8) {
        let command = pending
        pending = 0
        // A byte with its highest bit set where a parameter should be is a command.
        let done = command != 0 && (byte < 0x80 || Command.oneKey.contains(command)) ? finish(command, byte) : start(byte)
        if !done { queue.answer([Answer.resend]) }
        onOutput()
    }

    private func start(_ command: UInt8) -> Bool {
        switch command {
        case Command.echo: queue.answer([Answer.echo])
        case Command.resend: queue.repeatLast()
        case Command.identify: queue.answer([Answer.acknowledge] + PS2Keyboard.identification)
        case Command.leds, Command.set, Command.rate, Command.oneKey:
            pending = command
            queue.answer([Answer.acknowledge])
        case Command.enable, Command.disable:
            queue.clear()
            if command == Command.disable { setDefaults() }
            scans = command == Command.enable
            queue.answer([Answer.acknowledge])
            follow()
        case Command.defaults:
            queue.clear()
            setDefaults()
            queue.answer([Answer.acknowledge])
        case Command.allKeys: queue.answer([Answer.acknowledge])
        case Command.reset:
            reset()
            queue.answer([Answer.acknowledge, Answer.selfTestPassed])
            follow()
        default: return false
        }
        return true
    }

    private func finish(_ command: UInt8, _ value: UInt8) -> Bool {
        switch command {
        case Command.leds: leds = value & 7
        case Command.set where value == 0:
            queue.answer([Answer.acknowledge, set])
            return true
        case Command.set:
            guard value <= 3 else { return false }
            set = value
        default: break
        }
        queue.answer([Answer.acknowledge])
        return true
    }
}
