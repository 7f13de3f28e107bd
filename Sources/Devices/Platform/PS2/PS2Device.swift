import Input
import Snapshot

/// What is plugged into a PS/2 socket: bytes go to it and come from it.
public protocol PS2Device: AnyObject {
    /// Called when a byte has come for the host.
    var onOutput: () -> Void { get set }
    /// The next byte for the host.
    var output: UInt8? { get }
    func takeOutput()
    func write(_ byte: UInt8)
    func reset()
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor)
    func restored()
    /// Brings the device to those that users' events go to.
    func plug(into hub: InputHub)
}

/// Bytes on their way to the host. What does not fit as a whole is lost, so that the host never sees half a key.
struct PS2Queue: SnapshotState {
    static let limit = 256
    private(set) var bytes: [UInt8] = []
    /// Answers to commands come before what waits of keys and moves.
    private var answers = 0
    private var last: UInt8 = 0

    var first: UInt8? { bytes.first }

    mutating func take() {
        guard let byte = bytes.first else { return }
        last = byte
        bytes.removeFirst()
        if answers > 0 { answers -= 1 }
    }

    mutating func answer(_ more: [UInt8]) {
        guard bytes.count + more.count <= PS2Queue.limit else { return }
        bytes.insert(contentsOf: more, at: answers)
        answers += more.count
    }

    mutating func repeatLast() { answer([last]) }

    /// False if there is no room.
    @discardableResult
    mutating func add(_ more: [UInt8]) -> Bool {
        guard bytes.count + more.count <= PS2Queue.limit - 32 else { return false }
        bytes += more
        return true
    }

    mutating func clear() { (bytes, answers) = ([], 0) }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("bytes", &bytes)
        visitor.field("answers", &answers)
        visitor.field("last", &last)
        let (count, front) = (bytes.count, answers)
        visitor.check("at most \(PS2Queue.limit) bytes are on their way", count <= PS2Queue.limit && (0...count).contains(front))
        if visitor.isReading { answers = min(max(front, 0), count) }
    }
}
