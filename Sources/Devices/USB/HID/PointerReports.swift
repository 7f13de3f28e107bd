import Input
import Snapshot

/// A mouse's or tablet's reports: buttons, where it is or how far it went, the wheel (HID 1.11, appendix B.2).
struct PointerReports: HIDReports {
    private struct Step: SnapshotState {
        var buttons: UInt8 = 0
        var x: Int32 = 0, y: Int32 = 0, wheel: Int32 = 0

        mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("buttons", &buttons)
            visitor.field("x", &x)
            visitor.field("y", &y)
            visitor.field("wheel", &wheel)
        }
    }

    let isAbsolute: Bool
    /// How things are as the host knows them.
    private var now = Step()
    /// What it has not been told: movements with the same buttons are one step.
    private var steps: [Step] = []

    private static let mostSteps = 32
    /// Movements that are kept; beyond them they are lost.
    private static let farthest: Int32 = 1 << 20

    init(isAbsolute: Bool) { self.isAbsolute = isAbsolute }

    var hasNews: Bool { !steps.isEmpty }

    mutating func take(_ events: [InputEvent]) -> Bool {
        let last = steps.last ?? now
        var step = last
        rest(&step)
        var isTaken = false
        for event in events where put(event, into: &step) { isTaken = true }
        guard isTaken else { return false }
        let isOther = steps.isEmpty || step.buttons != last.buttons
        if isOther, steps.count < PointerReports.mostSteps { steps.append(step) } else { join(step) }
        return true
    }

    /// Adds a movement to the last step.
    private mutating func join(_ step: Step) {
        func sum(_ first: Int32, _ second: Int32) -> Int32 { min(max(first + second, -PointerReports.farthest), PointerReports.farthest) }
        var last = steps[steps.count - 1]
        (last.x, last.y) = isAbsolute ? (step.x, step.y) : (sum(last.x, step.x), sum(last.y, step.y))
        last.wheel = sum(last.wheel, step.wheel)
        last.buttons = step.buttons
        steps[steps.count - 1] = last
    }

    /// Puts an event into a step; false if it is nothing for such a pointer.
    private func put(_ event: InputEvent, into step: inout Step) -> Bool {
        func limited(_ value: Int) -> Int32 { Int32(min(max(value, Int(-PointerReports.farthest)), Int(PointerReports.farthest))) }
        switch event {
        case .button(.wheelUp, let isDown): step.wheel += isDown ? 1 : 0
        case .button(.wheelDown, let isDown): step.wheel -= isDown ? 1 : 0
        case .button(let button, let isDown):
            let bit: UInt8 = 1 << PointerReports.bit(button)
            step.buttons = isDown ? step.buttons | bit : step.buttons & ~bit
        case .relative(.x, let distance) where !isAbsolute: step.x = limited(distance)
        case .relative(.y, let distance) where !isAbsolute: step.y = limited(distance)
        case .absolute(.x, let place) where isAbsolute: step.x = limited(min(max(place, 0), InputEvent.largest))
        case .absolute(.y, let place) where isAbsolute: step.y = limited(min(max(place, 0), InputEvent.largest))
        default: return false
        }
        return true
    }

    private static func bit(_ button: PointerButton) -> UInt8 {
        switch button {
        case .left: 0
        case .right: 1
        case .middle: 2
        case .side: 3
        default: 4
        }
    }

    /// Movements are over when they have been told.
    private func rest(_ step: inout Step) {
        if !isAbsolute { (step.x, step.y) = (0, 0) }
        step.wheel = 0
    }

    mutating func report(isBoot: Bool, takesNews: Bool) -> [UInt8] {
        rest(&now)
        if takesNews, var step = steps.first {
            now = step
            // What is too far for one report goes on in the next.
            if !isAbsolute { (now.x, now.y) = (PointerReports.part(step.x), PointerReports.part(step.y)) }
            now.wheel = PointerReports.part(step.wheel)
            if !isAbsolute { (step.x, step.y) = (step.x - now.x, step.y - now.y) }
            step.wheel -= now.wheel
            let isDone = step.wheel == 0 && (isAbsolute || step.x == 0 && step.y == 0)
            if isDone { steps.removeFirst() } else { steps[0] = step }
        }
        func byte(_ value: Int32) -> UInt8 { UInt8(bitPattern: Int8(clamping: value)) }
        if isAbsolute {
            return [now.buttons] + [now.x, now.y].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] } + [byte(now.wheel)]
        }
        return [now.buttons, byte(now.x), byte(now.y)] + (isBoot ? [] : [byte(now.wheel)])
    }

    private static func part(_ value: Int32) -> Int32 { min(max(value, -127), 127) }

    mutating func obey(_ bytes: [UInt8]) -> Bool { false }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("now", &now)
        visitor.parts("steps", &steps, empty: Step(), limit: PointerReports.mostSteps)
        let limits = -PointerReports.farthest...PointerReports.farthest, all = (steps + [now]).flatMap { [$0.x, $0.y, $0.wheel] }
        visitor.check("movements are not too far", all.allSatisfy { limits.contains($0) })
    }
}
