import AddressSpace
import MachineModel

/// A stream that has been read to its end: the memory is where it belongs, the rest is still to be filled in.
struct ReceivedMachine {
    var sections: [StateSection] = []
    var state: StreamEnd
    /// Pages of each memory that come later; nil if none do.
    var missing: [PageSet]?
}

/// What a source has said of postcopy.
struct PostcopyAdvice {
    var token: UInt64
}

/// Reads streams into a machine that does not run.
struct MachineLoader {
    private let machine: Machine
    private let guest: String

    init(_ machine: Machine, guest: String) { (self.machine, self.guest) = (machine, guest) }

    /// Reads the stream's beginning.
    ///
    /// - Parameter expectsAnswer: set to whether the other side waits for an answer, as soon as that is known.
    func begin(_ reader: inout StreamReader, expectsAnswer: inout Bool) throws(MigrationError) {
        try reader.header()
        var first = try reader.section()
        guard first.kind == .machine else { throw .damaged("it does not begin with a description of the machine") }
        let description = try MachineDescription(&first)
        try first.finish()
        expectsAnswer = description.expectsAnswer
        try MachineDescription(machine, guest: guest, expectsAnswer: description.expectsAnswer).check(canBecome: description)
    }

    /// Reads everything else. Pages go to memory as they come, until an error too.
    ///
    /// - Parameters:
    ///   - channels: where pages come as well; nil if they do not.
    ///   - allowsPostcopy: whether pages may come later.
    ///   - advice: set when the source says that they may.
    func receive(
        _ reader: inout StreamReader, channels: IncomingChannels? = nil, allowsPostcopy: Bool = false, advice: inout PostcopyAdvice?
    ) throws(MigrationError) -> ReceivedMachine {
        var missing: [PageSet]?
        var pages = PageReceiver(machine.memory.ramBlocks)
        var sections: [StateSection] = []
        var stateBytes = 0
        var announced = false
        while true {
            var section = try reader.section()
            if channels != nil, !announced, section.kind != .channels {
                throw .otherChannels("the source has none, and the capability multifd is on here")
            }
            switch section.kind {
            case .pages: try pages.take(&section)
            case .state: try MachineLoader.add(&section, to: &sections, &stateBytes)
            case .end:
                let end = try StreamEnd(&section)
                guard end.sections == reader.sections - 1 else {
                    throw .damaged("\(end.sections) sections were sent, \(reader.sections - 1) have come")
                }
                try channels?.finish(into: &pages)
                try pages.finish(missing: missing)
                return ReceivedMachine(sections: sections, state: end, missing: missing)
            case .advise:
                guard allowsPostcopy else { throw .postcopy("the source may switch to it, and the capability postcopy-ram is off here") }
                advice = PostcopyAdvice(token: try section.number())
            case .missing where advice != nil:
                var sets = missing ?? machine.memory.ramBlocks.map { PageSet(pages: $0.pages) }
                try PostcopyFormat.takeMissing(&section, into: &sets, machine.memory.ramBlocks)
                missing = sets
            case .channels:
                guard let channels else { throw .otherChannels("the source has some, and the capability multifd is off here") }
                guard !announced else { throw .damaged("the channels are announced twice") }
                try channels.begin(try ChannelAnnouncement(&section), machine.memory.ramBlocks)
                announced = true
            case .sync where announced: try channels?.awaitSync()
            case .machine, .ready, .refusal, .go, .places, .channel, .packed, .sync, .missing, .request, .complete, .resume:
                throw .damaged("a section of kind \(section.kind) among the state")
            }
            try section.finish()
        }
    }

    /// The same for streams that have all pages.
    func receive(_ reader: inout StreamReader) throws(MigrationError) -> ReceivedMachine {
        var advice: PostcopyAdvice?
        return try receive(&reader, advice: &advice)
    }

    /// Reads the parts of a state without memory.
    static func receiveState(_ reader: inout StreamReader) throws(MigrationError) -> ReceivedMachine {
        var sections: [StateSection] = []
        var stateBytes = 0
        while true {
            var section = try reader.section()
            switch section.kind {
            case .state: try add(&section, to: &sections, &stateBytes)
            case .end:
                let end = try StreamEnd(&section)
                guard end.sections == reader.sections - 1 else {
                    throw .damaged("\(end.sections) parts were written, and there are \(reader.sections - 1)")
                }
                try section.finish()
                return ReceivedMachine(sections: sections, state: end)
            default: throw .damaged("a section of kind \(section.kind) among the state")
            }
            try section.finish()
        }
    }

    private static func add(_ section: inout SectionReader, to sections: inout [StateSection], _ bytes: inout Int) throws(MigrationError) {
        guard sections.count < mostSections else { throw .damaged("too many parts") }
        let new = try StateSection(&section)
        bytes += new.bytes.count
        guard bytes <= mostStateBytes else { throw .damaged("too large parts") }
        sections.append(new)
    }

    /// More parts than any machine has.
    private static let mostSections = 4096
    /// More bytes than all parts of a machine have: two flash banks have the most.
    private static let mostStateBytes = 512 << 20

    /// Fills the state in, with the machine lock held.
    func fill(_ received: ReceivedMachine, setTime: (Int64) -> Void) throws(MigrationError) {
        do { try MachineState.load(received.sections, into: machine, setTime: setTime) } catch { throw .state(error) }
    }
}
