import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// The mailboxes by which Arm and firmware talk (Raspberry Pi firmware wiki, "Mailboxes"): words with a channel in their low four bits.
///
/// Firmware answers at once, as long as there is room for answers; what comes meanwhile waits.
public final class BroadcomMailboxes: MMIODevice {
    public static let typeName = "bcm2835-mbox"
    public static let windowSize: UInt64 = 0x80
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public enum Channel { public static let power: UInt32 = 0, framebuffer: UInt32 = 1, property: UInt32 = 8 }

    private static let depth = 8
    private enum Status { static let full: UInt32 = 1 << 31, empty: UInt32 = 1 << 30 }

    public let interrupt = OutputPin()
    /// What firmware does with a message's upper 28 bits on a channel, and answers; nil for no answer.
    public var onMessage: (_ channel: UInt32, _ value: UInt32) -> UInt32? = { _, _ in nil }
    private var answers: [UInt32] = [], messages: [UInt32] = []
    private var configuration: UInt32 = 0

    public init() {}

    public func reset() {
        (answers, messages, configuration) = ([], [], 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("answers", &answers)
        visitor.field("messages", &messages)
        visitor.field("configuration", &configuration)
        visitor.check("mailboxes hold at most 8 words", answers.count <= BroadcomMailboxes.depth && messages.count <= BroadcomMailboxes.depth)
    }

    public func restored() { update() }

    private func update() { interrupt.set(configuration & 1 != 0 && !answers.isEmpty) }

    private func work() {
        while answers.count < BroadcomMailboxes.depth, !messages.isEmpty {
            let message = messages.removeFirst(), channel = message & 15
            if let answer = onMessage(channel, message & ~15) {
                answers.append(answer & ~15 | channel)
            } else {
                Log.write(.unimplemented, "\(BroadcomMailboxes.typeName): channel \(channel) is not supported")
            }
        }
        update()
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00..<0x10:
            // Of an empty mailbox comes what no channel sends.
            value = answers.isEmpty ? 15 : answers.removeFirst()
            work()
        case 0x10: value = answers.first ?? 15
        case 0x18: value = (answers.isEmpty ? Status.empty : 0) | (answers.count == BroadcomMailboxes.depth ? Status.full : 0)
        case 0x1c: value = configuration | (answers.isEmpty ? 0 : 1 << 4)
        case 0x38: value = (messages.isEmpty ? Status.empty : 0) | (messages.count == BroadcomMailboxes.depth ? Status.full : 0)
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x1c:
            configuration = value & 1
            update()
        case 0x20..<0x30:
            if messages.count == BroadcomMailboxes.depth {
                Log.write(.guestErrors, "\(BroadcomMailboxes.typeName): a message into a full mailbox")
            } else {
                messages.append(value)
            }
            work()
        default: break
        }
        return .ok
    }
}
