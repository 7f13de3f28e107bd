import Snapshot

/// Where a control transfer is, as its device sees it (USB 2.0, section 8.5.3): set up, data in one direction, status in the other.
struct USBControlTransfer: SnapshotState {
    private enum Stage: UInt8 { case idle, data, answered, refused }

    private var packet = [UInt8](repeating: 0, count: USBRequest.size)
    private var stage = Stage.idle
    /// Of an input what is left of the answer, of an output what has come.
    private(set) var data: [UInt8] = []

    init() {}

    init(_ packet: [UInt8]) { (self.packet, stage) = (packet, .data) }

    var request: USBRequest { USBRequest(packet) }
    /// The request has no data, and has not been carried out.
    var isBare: Bool { stage == .data && !request.isInput && request.length == 0 }
    /// All data that the request announces has come.
    var isComplete: Bool { stage == .data && !request.isInput && request.length > 0 && data.count == Int(request.length) }

    /// What became of the request; nil if it is refused.
    mutating func answer(_ bytes: [UInt8]?) {
        stage = bytes == nil ? .refused : .answered
        data = request.isInput ? Array((bytes ?? []).prefix(Int(request.length))) : []
    }

    mutating func take(_ room: Int) -> USBHandshake {
        guard stage == .answered, request.isInput else { return .stall }
        let part = Array(data.prefix(room))
        data.removeFirst(part.count)
        return .ack(part)
    }

    mutating func append(_ bytes: [UInt8]) -> USBHandshake {
        guard stage == .data, !request.isInput, data.count + bytes.count <= Int(request.length) else {
            stage = .refused
            return .stall
        }
        data += bytes
        return .accepted
    }

    mutating func end(isInput: Bool) -> USBHandshake {
        // What has no data ends with an input, too.
        let isRight = request.length == 0 || request.isInput != isInput
        let isDone = stage == .answered && isRight
        (stage, data) = (.idle, [])
        return isDone ? .accepted : .stall
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("packet", &packet)
        var number = stage.rawValue
        visitor.field("stage", &number)
        visitor.check("the stage is one of the four", number < 4)
        stage = Stage(rawValue: number) ?? .idle
        visitor.field("data", &data)
        visitor.check("a request has at most 65535 bytes", data.count < 1 << 16)
    }
}
