import Input
import Snapshot

/// A PS/2 mouse with a wheel and five buttons: three bytes of a move at first, four after the sequences of rates that Microsoft's IntelliMouse and its
/// Explorer are asked by.
public final class PS2Mouse: PS2Device, InputHandler {
    private enum Answer { static let acknowledge: UInt8 = 0xfa, resend: UInt8 = 0xfe, error: UInt8 = 0xfc, selfTestPassed: UInt8 = 0xaa }
    private enum Command {
        static let scaleOne: UInt8 = 0xe6, scaleTwo: UInt8 = 0xe7, resolution: UInt8 = 0xe8, status: UInt8 = 0xe9, stream: UInt8 = 0xea
        static let read: UInt8 = 0xeb, endWrap: UInt8 = 0xec, wrap: UInt8 = 0xee, remote: UInt8 = 0xf0, identify: UInt8 = 0xf2, rate: UInt8 = 0xf3
        static let enable: UInt8 = 0xf4, disable: UInt8 = 0xf5, defaults: UInt8 = 0xf6, resend: UInt8 = 0xfe, reset: UInt8 = 0xff
    }
    private enum Kind { static let plain: UInt8 = 0, wheel: UInt8 = 3, fiveButtons: UInt8 = 4 }
    /// The order of buttons in a packet's bits.
    private static let buttonOrder: [PointerButton] = [.left, .right, .middle, .side, .extra]
    private static let farthest = 1 << 16

    public var onOutput: () -> Void = {}
    private weak var hub: InputHub?
    private var queue = PS2Queue()
    private var reports = false, isRemote = false, wraps = false, isDoubled = false
    private var kind = Kind.plain, rate: UInt8 = 100, resolution: UInt8 = 2, pending: UInt8 = 0
    private var lastRates: [UInt8] = [0, 0, 0]
    private var buttons: UInt8 = 0, toldButtons: UInt8 = 0
    /// What has not been told yet; to the right, down and towards the user are positive.
    private var x = 0, y = 0, wheel = 0

    public init() {}

    public func plug(into hub: InputHub) {
        self.hub = hub
        hub.add(self)
    }

    public func reset() {
        queue.clear()
        setDefaults()
        (kind, wraps, lastRates, pending, buttons, toldButtons) = (Kind.plain, false, [0, 0, 0], 0, 0, 0)
        follow()
    }

    private func setDefaults() {
        (reports, isRemote, isDoubled, rate, resolution) = (false, false, false, 100, 2)
        (x, y, wheel) = (0, 0, 0)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("queue", &queue)
        visitor.field("reports", &reports)
        visitor.field("isRemote", &isRemote)
        visitor.field("wraps", &wraps)
        visitor.field("isDoubled", &isDoubled)
        visitor.field("kind", &kind)
        visitor.field("rate", &rate)
        visitor.field("resolution", &resolution)
        visitor.field("pending", &pending)
        visitor.table("lastRates", &lastRates)
        visitor.field("buttons", &buttons)
        visitor.field("toldButtons", &toldButtons)
        visitor.field("x", &x)
        visitor.field("y", &y)
        visitor.field("wheel", &wheel)
        let (found, far) = (kind, max(x.magnitude, y.magnitude, wheel.magnitude))
        visitor.check("the kind of mouse is known", [Kind.plain, Kind.wheel, Kind.fiveButtons].contains(found))
        visitor.check("moves have a limit", far <= PS2Mouse.farthest)
        if visitor.isReading { (x, y, wheel) = (PS2Mouse.bounded(x), PS2Mouse.bounded(y), PS2Mouse.bounded(wheel)) }
    }

    public func restored() { follow() }

    // MARK: Input

    public var inputName: String { "QEMU PS/2 Mouse" }
    public var accepts: InputKinds { [.relative, .buttons] }

    private func follow() { if reports { hub?.activate(self) } else { hub?.deactivate(self) } }

    public func handle(_ events: [InputEvent]) {
        guard reports else { return }
        for event in events {
            switch event {
            case .relative(.x, let distance): PS2Mouse.add(distance, to: &x)
            case .relative(.y, let distance): PS2Mouse.add(distance, to: &y)
            case .button(.wheelUp, let isDown): if isDown { PS2Mouse.add(-1, to: &wheel) }
            case .button(.wheelDown, let isDown): if isDown { PS2Mouse.add(1, to: &wheel) }
            case .button(let button, let isDown): press(button, isDown)
            default: break
            }
        }
        if !isRemote, !wraps { tell() }
    }

    private static func add(_ distance: Int, to total: inout Int) {
        total = bounded(total + bounded(distance))
    }

    private static func bounded(_ distance: Int) -> Int { min(max(distance, -farthest), farthest) }

    private func press(_ button: PointerButton, _ isDown: Bool) {
        guard let place = PS2Mouse.buttonOrder.firstIndex(of: button) else { return }
        if isDown { buttons |= 1 << UInt8(place) } else { buttons &= ~(1 << UInt8(place)) }
    }

    private var hasNews: Bool { x != 0 || y != 0 || wheel != 0 && kind != Kind.plain || buttons != toldButtons }

    /// Queues packets while there is news and room.
    private func tell() {
        while hasNews {
            let (packet, rest) = packet()
            guard queue.add(packet) else { break }
            accept(rest)
        }
        if queue.first != nil { onOutput() }
    }

    private func accept(_ rest: (x: Int, y: Int, wheel: Int)) { (x, y, wheel, toldButtons) = (rest.x, rest.y, rest.wheel, buttons) }

    /// A packet of what is new, and what it has no room for.
    private func packet() -> ([UInt8], rest: (x: Int, y: Int, wheel: Int)) {
        func part(_ value: Int, _ limit: Int) -> Int { min(max(value, -limit), limit - (limit == 8 ? 1 : 0)) }
        // Up is positive on the wire.
        let (dx, dy) = (part(x, 255), part(-y, 255))
        var bytes: [UInt8] = [
            1 << 3 | (dx < 0 ? 1 << 4 : 0) | (dy < 0 ? 1 << 5 : 0) | buttons & 7, UInt8(truncatingIfNeeded: dx), UInt8(truncatingIfNeeded: dy),
        ]
        var turned = wheel
        switch kind {
        case Kind.wheel:
            turned = part(wheel, 127)
            bytes.append(UInt8(truncatingIfNeeded: turned))
        case Kind.fiveButtons:
            turned = part(wheel, 8)
            bytes.append(UInt8(truncatingIfNeeded: turned & 15) | (buttons >> 3 & 3) << 4)
        default: break
        }
        return (bytes, (x - dx, y + dy, wheel - turned))
    }

    // MARK: Bytes

    public var output: UInt8? { queue.first }

    public func takeOutput() {
        queue.take()
        if reports, !isRemote, !wraps { tell() } else if queue.first != nil { onOutput() }
    }

    public func write(_ byte: UInt8) {
        defer { onOutput() }
        if wraps, byte != Command.endWrap, byte != Command.reset { return queue.answer([byte]) }
        let command = pending
        pending = 0
        let done = command != 0 ? finish(command, byte) : start(byte)
        if !done { queue.answer([Answer.resend]) }
    }

    private func start(_ command: UInt8) -> Bool {
        var answer = [Answer.acknowledge]
        switch command {
        case Command.scaleOne, Command.scaleTwo: isDoubled = command == Command.scaleTwo
        case Command.resolution, Command.rate: pending = command
        case Command.status:
            // Right, middle and left in other bits than elsewhere.
            let pressed = (buttons & 1) << 2 | buttons >> 1 & 3
            answer += [(isRemote ? 1 << 6 : 0) | (reports ? 1 << 5 : 0) | (isDoubled ? 1 << 4 : 0) | pressed, resolution, rate]
        case Command.stream, Command.remote: isRemote = command == Command.remote
        case Command.read:
            let (packet, rest) = packet()
            accept(rest)
            answer += packet
        case Command.wrap, Command.endWrap: wraps = command == Command.wrap
        case Command.identify: answer.append(kind)
        case Command.enable, Command.disable:
            reports = command == Command.enable
            if !reports { queue.clear() }
            follow()
        case Command.defaults:
            queue.clear()
            setDefaults()
            follow()
        case Command.resend:
            queue.repeatLast()
            return true
        case Command.reset:
            reset()
            answer += [Answer.selfTestPassed, kind]
        default: return false
        }
        queue.answer(answer)
        return true
    }

    private func finish(_ command: UInt8, _ value: UInt8) -> Bool {
        if command == Command.resolution {
            guard value < 4 else { return false }
            resolution = value
        } else {
            guard [10, 20, 40, 60, 80, 100, 200].contains(value) else { return false }
            rate = value
            lastRates = Array(lastRates.dropFirst()) + [value]
            if lastRates == [200, 100, 80] { kind = Kind.wheel }
            if lastRates == [200, 200, 80] { kind = Kind.fiveButtons }
        }
        queue.answer([Answer.acknowledge])
        return true
    }
}
