import Input
import Snapshot

/// A keyboard's reports: which keys are down, at most six beside the modifiers (HID 1.11, appendices B.1 and C).
struct KeyboardReports: HIDReports {
    /// Usages that are down, in the order in which they were pressed.
    private var pressed: [UInt8] = []
    /// What has happened and was not reported: a usage, with the top bit of the word for its release.
    private var changes: [UInt16] = []
    private(set) var lights: UInt8 = 0

    private static let release: UInt16 = 1 << 15
    private static let mostChanges = 64, mostPressed = 128
    private static let modifiers: ClosedRange<UInt8> = 0xe0...0xe7

    var hasNews: Bool { !changes.isEmpty }

    mutating func take(_ events: [InputEvent]) -> Bool {
        var isTaken = false
        for case .key(let key, let isDown) in events {
            guard let usage = KeyboardUsage.of(key) else { continue }
            // What nobody asks for is not reported step by step.
            if changes.count >= KeyboardReports.mostChanges { apply(changes.removeFirst()) }
            changes.append(UInt16(usage) | (isDown ? 0 : KeyboardReports.release))
            isTaken = true
        }
        return isTaken
    }

    private mutating func apply(_ change: UInt16) {
        let usage = UInt8(truncatingIfNeeded: change)
        pressed.removeAll { $0 == usage }
        if change & KeyboardReports.release == 0, pressed.count < KeyboardReports.mostPressed { pressed.append(usage) }
    }

    mutating func report(isBoot: Bool, takesNews: Bool) -> [UInt8] {
        if takesNews, !changes.isEmpty { apply(changes.removeFirst()) }
        let modifiers = pressed.filter { KeyboardReports.modifiers.contains($0) }.reduce(0) { $0 | 1 << ($1 & 7) } as UInt8
        let keys = pressed.filter { !KeyboardReports.modifiers.contains($0) }
        // More than there is room for: the code for that in every place.
        let six = keys.count > 6 ? [UInt8](repeating: 1, count: 6) : keys + [UInt8](repeating: 0, count: 6 - keys.count)
        return [modifiers, 0] + six
    }

    mutating func obey(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        lights = first & 0x1f
        return true
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("pressed", &pressed)
        visitor.field("changes", &changes)
        visitor.field("lights", &lights)
        visitor.check("no more keys than there are", pressed.count <= KeyboardReports.mostPressed && changes.count <= KeyboardReports.mostChanges)
    }
}
