import Snapshot

/// A submission queue: a ring that the host fills (NVM Express Base Specification 1.4, section 4.1).
struct NVMeSubmissionQueue: SnapshotState {
    var base: UInt64 = 0
    /// Entries; 0 for a queue that is not there.
    var size: UInt32 = 0
    var head: UInt32 = 0
    var tail: UInt32 = 0
    var completionQueue: UInt16 = 0
    /// Commands that have been taken and not completed, but for those that wait for events.
    var underWay: UInt32 = 0

    var exists: Bool { size > 0 }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("base", &base)
        visitor.field("size", &size)
        visitor.field("head", &head)
        visitor.field("tail", &tail)
        visitor.field("completionQueue", &completionQueue)
        // Requests have ended when a snapshot is taken.
        if visitor.isReading { underWay = 0 }
        visitor.check("the places in a queue lie in it", size <= 1 << 16 && (size == 0 ? head == 0 && tail == 0 : head < size && tail < size))
    }
}

/// A completion queue: a ring that the controller fills.
struct NVMeCompletionQueue: SnapshotState {
    var base: UInt64 = 0
    var size: UInt32 = 0
    var head: UInt32 = 0
    var tail: UInt32 = 0
    /// Flips with each round, so that the host sees which entries are new.
    var phase = true
    var vector: UInt16 = 0
    var interrupts = false
    /// Entries for which there is no room yet.
    var waiting: [NVMeCompletion] = []

    var exists: Bool { size > 0 }
    var isFull: Bool { (tail + 1) % size == head }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("base", &base)
        visitor.field("size", &size)
        visitor.field("head", &head)
        visitor.field("tail", &tail)
        visitor.field("phase", &phase)
        visitor.field("vector", &vector)
        visitor.field("interrupts", &interrupts)
        visitor.parts("waiting", &waiting, empty: NVMeCompletion(), limit: 1 << 16)
        visitor.check("the places in a queue lie in it", size <= 1 << 16 && (size == 0 ? head == 0 && tail == 0 : head < size && tail < size))
    }
}

/// An entry of a completion queue, without what is known when it is written.
struct NVMeCompletion: SnapshotState {
    var result: UInt32 = 0
    var submissionQueue: UInt16 = 0
    var command: UInt16 = 0
    var status: UInt16 = 0

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("result", &result)
        visitor.field("submissionQueue", &submissionQueue)
        visitor.field("command", &command)
        visitor.field("status", &status)
    }
}
