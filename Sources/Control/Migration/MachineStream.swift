import AddressSpace
import Compression
import MachineModel
import QAPI

/// What a stream is of.
struct MachineDescription: Equatable {
    struct Memory: Equatable {
        var name: String
        /// Bytes.
        var size: UInt64
    }

    var guest: String
    var machine: String
    var cpus: UInt32
    var memory: [Memory]
    /// Whether the source waits for an answer.
    var expectsAnswer: Bool

    init(_ machine: Machine, guest: String, expectsAnswer: Bool) {
        (self.guest, self.machine, cpus) = (guest, machine.name, UInt32(machine.cpus.count))
        memory = machine.memory.ramBlocks.map { Memory(name: $0.name, size: $0.size) }
        self.expectsAnswer = expectsAnswer
    }

    init(_ section: inout SectionReader) throws(MigrationError) {
        guest = try section.text()
        machine = try section.text()
        cpus = try section.number()
        expectsAnswer = try section.number(UInt8.self) != 0
        memory = []
        for _ in 0..<(try section.number(UInt16.self)) { memory.append(Memory(name: try section.text(), size: try section.number())) }
    }

    /// The beginning of a stream.
    var header: [UInt8] {
        var start = StreamFormat.magic
        start.append(StreamFormat.version)
        return start + section
    }

    /// The description itself.
    var section: [UInt8] {
        var section = SectionWriter(.machine)
        section.add(text: guest)
        section.add(text: machine)
        section.add(cpus)
        section.add(UInt8(expectsAnswer ? 1 : 0))
        section.add(UInt16(memory.count))
        for memory in memory {
            section.add(text: memory.name)
            section.add(memory.size)
        }
        return section.finish()
    }

    /// Whether a machine here can take over what there is of one elsewhere.
    func check(canBecome other: MachineDescription) throws(MigrationError) {
        guard guest == other.guest else { throw .otherMachine("its guest is \(other.guest), and this one's \(guest)") }
        guard machine == other.machine else { throw .otherMachine("it is a '\(other.machine)', and this one a '\(machine)'") }
        guard cpus == other.cpus else { throw .otherMachine("it has \(other.cpus) cpus, and this one \(cpus)") }
        for memory in other.memory where !self.memory.contains(memory) {
            let own = self.memory.first { $0.name == memory.name }.map { "\($0.size) bytes of it" } ?? "none"
            throw .otherMachine("it has \(memory.size) bytes of memory '\(memory.name)', and this one \(own)")
        }
        guard memory == other.memory else { throw .otherMachine("this one has more memories than it") }
    }
}

extension StateSection {
    var encoded: [UInt8] {
        var section = SectionWriter(.state)
        section.add(text: path)
        section.add(text: kind)
        section.add(version)
        section.add(bytes)
        return section.finish()
    }

    init(_ section: inout SectionReader) throws(MigrationError) {
        self.init(path: try section.text(), kind: try section.text(), version: try section.number(), bytes: section.rest())
    }
}

/// The last section: how many came before it, and what the machine was doing.
struct StreamEnd: Equatable {
    var sections: UInt64
    var state: RunState

    init(sections: UInt64, state: RunState) { (self.sections, self.state) = (sections, state) }

    var encoded: [UInt8] {
        var section = SectionWriter(.end)
        section.add(sections)
        section.add(text: state.rawValue)
        return section.finish()
    }

    init(_ section: inout SectionReader) throws(MigrationError) {
        sections = try section.number()
        let text = try section.text()
        guard let state = RunState(rawValue: text) else { throw .damaged("'\(text)' is no state of a machine") }
        self.state = state
    }
}

/// Takes a stream apart, section by section.
struct StreamReader {
    private let receive: (Int) throws(MigrationError) -> [UInt8]
    /// Sections that have come, the first one not counted.
    private(set) var sections: UInt64 = 0

    /// - Parameter receive: gives exactly so many bytes.
    init(_ receive: @escaping (Int) throws(MigrationError) -> [UInt8]) { self.receive = receive }

    /// The stream's beginning.
    func header() throws(MigrationError) {
        let start = try receive(4)
        if start == StreamFormat.qemuMagic { throw .qemuStream }
        guard start.elementsEqual(StreamFormat.magic.prefix(4)), try receive(4).elementsEqual(StreamFormat.magic.dropFirst(4)) else {
            throw .notAStream
        }
        let version: UInt32 = try receive(4).number(at: 0) ?? 0
        guard version == StreamFormat.version else { throw .otherVersion(version, known: StreamFormat.version) }
    }

    mutating func section() throws(MigrationError) -> SectionReader {
        let header = try receive(StreamFormat.headerSize)
        let length = Int(header.number(at: 1) as UInt32? ?? 0)
        guard let kind = StreamFormat.Kind(rawValue: header[0]) else { throw .damaged("a section of kind \(header[0])") }
        guard length <= StreamFormat.largest else { throw .damaged("a section of \(length) bytes") }
        let payload = try receive(length)
        var sum = Checksum()
        sum.add(header)
        sum.add(payload)
        guard try receive(4).number(at: 0) == sum.value else { throw .damaged("the checksum of a section is wrong") }
        sections += 1
        return SectionReader(kind: kind, bytes: payload)
    }
}
