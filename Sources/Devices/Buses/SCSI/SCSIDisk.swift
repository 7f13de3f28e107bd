import BlockCore
import HostOS
import Snapshot

/// A logical unit with a disk or a CD behind it (SPC-4, SBC-3, MMC-6), whatever carries its commands. Everything runs with the machine lock held.
public final class SCSIDisk: SnapshotState, MediumSlot {
    public enum Kind: UInt8, Sendable { case disk = 0, cd = 5 }

    public struct Options: Sendable {
        public var kind = Kind.disk
        public var serial = ""
        /// What the unit calls itself beside its serial number; nil for that.
        public var identification: String?
        public var vendor = "APUS"
        public var product = "HARDDISK"
        public var hasCache = true
        /// Every write is flushed: the guest sees no cache, but the disk has one.
        public var flushesWrites = false
        /// The guest is told that the medium can be taken out.
        public var isRemovable: Bool

        public init(_ kind: Kind = .disk) {
            self.kind = kind
            isRemovable = kind == .cd
            if kind == .cd { product = "CD-ROM" }
        }
    }

    /// What media are put into; nil for a unit that never has one.
    private let source: (any BlockNode)?
    let options: Options
    /// What the next command is told before it is done: a reset, another capacity.
    private var attention: SCSISense? = .powerOn
    private var lastSense = SCSISense.none
    /// The guest has locked the tray.
    private var isLocked = false
    private var isOpen = false
    /// The guest is still to be told that another medium is in, after it has heard that the old one is not.
    private var hasNewMedium = false
    /// What GET EVENT STATUS NOTIFICATION has not told yet: of a medium, of the button.
    private var hasMediumEvent = false
    private var isEjectWanted = false
    public var onTrayMoved: (Bool) -> Void = { _ in }
    private(set) var epoch = 0

    public init(node: (any BlockNode)?, options: Options) { (source, self.options) = (node, options) }

    /// The medium, if there is one and the tray is closed.
    var node: (any BlockNode)? { isOpen || source?.hasMedium != true ? nil : source }

    public var kind: Kind { options.kind }
    var blockSize: UInt64 { options.kind == .cd ? 2048 : 512 }
    var blocks: UInt64 { (node?.size ?? 0) / blockSize }
    var isReadOnly: Bool { options.kind == .cd || node?.isReadOnly != false }

    /// A reset of the unit: what is under way ends first.
    public func reset() {
        epoch += 1
        drain()
        (attention, lastSense, isLocked, isOpen, hasNewMedium, hasMediumEvent, isEjectWanted) = (.powerOn, .none, false, false, false, false, false)
    }

    /// No request is under way afterwards.
    public func drain() { source?.drain() }

    public func noteCapacity() { attention = .capacityChanged }

    /// There are other units beside it than before. What is to be told already is worse.
    func noteUnits() { if attention == nil { attention = .unitsChanged } }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (hasAttention, senses) = (attention != nil, [attention ?? .none, lastSense].flatMap { [$0.key, $0.code, $0.qualifier] })
        visitor.field("hasAttention", &hasAttention)
        visitor.table("senses", &senses)
        visitor.field("isLocked", &isLocked)
        let flags = [isOpen, hasNewMedium, hasMediumEvent, isEjectWanted]
        var tray: UInt8 = flags.reversed().reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        visitor.field("tray", since: 2, &tray)
        (isOpen, hasNewMedium, hasMediumEvent, isEjectWanted) = (tray & 1 != 0, tray & 2 != 0, tray & 4 != 0, tray & 8 != 0)
        attention = hasAttention ? SCSISense(senses[0], senses[1], senses[2]) : nil
        lastSense = SCSISense(senses[3], senses[4], senses[5])
    }

    // MARK: Commands

    /// Carries out a command.
    ///
    /// - Parameters:
    ///   - command: 6 to 16 bytes, more are not looked at.
    ///   - output: memory with the command's data.
    ///   - input: memory for its answer.
    ///   - done: called when it has ended, at once or later; never after a reset.
    public func execute(_ command: [UInt8], output: [GuestBuffer], input: [GuestBuffer], done: @escaping (SCSIResult) -> Void) {
        let epoch = epoch
        let finish: (SCSIResult) -> Void = { [weak self] result in
            guard let self, epoch == self.epoch else { return }
            if result.status != .good { lastSense = result.sense }
            done(result)
        }
        guard let opcode = command.first else { return finish(.failed(.invalidOpcode)) }
        // Commands that are answered whatever has happened.
        let isUnconcerned = [Opcode.inquiry, Opcode.reportUnits, Opcode.requestSense, Opcode.eventStatus].contains(opcode)
        if !isUnconcerned, let sense = takeAttention() { return finish(.failed(sense)) }
        if let answer = answer(opcode, command) {
            switch answer {
            case .success(let bytes): finish(.good(SCSIDisk.fill(input, bytes)))
            case .failure(let failure): finish(.failed(failure.sense))
            }
        } else {
            access(opcode, command, output, input, finish)
        }
    }

    struct Failure: Error {
        let sense: SCSISense
        init(_ sense: SCSISense) { self.sense = sense }
    }

    private static func fill(_ buffers: [GuestBuffer], _ bytes: [UInt8]) -> Int {
        var rest = bytes[...]
        for buffer in buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
        return bytes.count - rest.count
    }

    enum Opcode {
        static let testReady: UInt8 = 0x00, requestSense: UInt8 = 0x03, read6: UInt8 = 0x08, write6: UInt8 = 0x0a, inquiry: UInt8 = 0x12
        static let modeSelect6: UInt8 = 0x15, modeSense6: UInt8 = 0x1a, startStop: UInt8 = 0x1b, preventRemoval: UInt8 = 0x1e
        static let capacity10: UInt8 = 0x25, read10: UInt8 = 0x28, write10: UInt8 = 0x2a, verify10: UInt8 = 0x2f, flush10: UInt8 = 0x35
        static let writeSame10: UInt8 = 0x41, unmap: UInt8 = 0x42, toc: UInt8 = 0x43, configuration: UInt8 = 0x46, eventStatus: UInt8 = 0x4a
        static let discInformation: UInt8 = 0x51, modeSelect10: UInt8 = 0x55, modeSense10: UInt8 = 0x5a, read16: UInt8 = 0x88, write16: UInt8 = 0x8a
        static let flush16: UInt8 = 0x91, writeSame16: UInt8 = 0x93, service16: UInt8 = 0x9e, reportUnits: UInt8 = 0xa0, read12: UInt8 = 0xa8
        static let write12: UInt8 = 0xaa, mechanism: UInt8 = 0xbd, setSpeed: UInt8 = 0xbb
    }

    /// The answer to a command that needs no access to the disk; nil for one that does.
    private func answer(_ opcode: UInt8, _ command: [UInt8]) -> Result<[UInt8], Failure>? {
        switch opcode {
        case Opcode.startStop: return startStop(command)
        case Opcode.testReady: return node == nil ? .failure(Failure(.noMedium)) : .success([])
        case Opcode.requestSense: return .success(Array(takeSense().fixedFormat.prefix(Int(command.number(4, 1)))))
        case Opcode.inquiry: return inquiry(command)
        case Opcode.modeSense6: return modeSense(command, isLong: false)
        case Opcode.modeSense10: return modeSense(command, isLong: true)
        case Opcode.verify10, Opcode.setSpeed: return .success([])
        case Opcode.preventRemoval:
            isLocked = options.isRemovable && command.number(4, 1) & 1 != 0
            return .success([])
        case Opcode.capacity10: return node == nil ? .failure(Failure(.noMedium)) : .success(capacity10)
        case Opcode.service16: return command.number(1, 1) & 31 == 0x10 ? capacity16(command) : .failure(Failure(.invalidField))
        case Opcode.reportUnits:
            // One unit, number 0.
            return .success(Array(([0, 0, 0, 8] + [UInt8](repeating: 0, count: 12)).prefix(Int(command.number(6, 4)))))
        default: return kind == .cd ? discAnswer(opcode, command) : nil
        }
    }

    private func takeSense() -> SCSISense {
        let sense = takeAttention() ?? lastSense
        lastSense = .none
        return sense
    }

    /// What a command is told instead of being done. A medium that has been exchanged is two things: the old one has gone, another one has come.
    private func takeAttention() -> SCSISense? {
        defer {
            if attention == .mediumGone, hasNewMedium { (attention, hasNewMedium) = (.mediumChanged, false) } else { attention = nil }
        }
        return attention
    }

    // MARK: The tray

    public var isTrayOpen: Bool? { isOpen }
    public var isMediumLocked: Bool { isLocked }

    public func noteMedium(isIn: Bool) {
        (isOpen, hasNewMedium, attention) = (!isIn, isIn, .mediumGone)
        (hasMediumEvent, isEjectWanted) = (true, false)
    }

    public func askForMedium(force: Bool) {
        isEjectWanted = true
        if force { isLocked = false }
    }

    /// START STOP UNIT (SBC-3, section 5.25): with LOEJ the tray is moved, unless a power condition is given.
    private func startStop(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        let flags = command.number(4, 1)
        guard options.isRemovable, flags & 2 != 0, flags >> 4 == 0 else { return .success([]) }
        let opens = flags & 1 == 0
        guard opens != isOpen else { return .success([]) }
        if opens, isLocked { return .failure(Failure(source?.hasMedium == true ? .removalPrevented : .removalPreventedEmpty)) }
        isOpen = opens
        onTrayMoved(isOpen)
        return .success([])
    }

    /// What has happened to the medium since it was last asked for, and how it is now (MMC-6, section 6.6.2.6).
    func takeMediumEvent() -> (event: UInt8, status: UInt8) {
        let status: UInt8 = isOpen ? 1 : source?.hasMedium == true ? 2 : 0
        guard !isOpen else { return (0, status) }
        defer { if hasMediumEvent { hasMediumEvent = false } else { isEjectWanted = false } }
        return (hasMediumEvent ? 2 : isEjectWanted ? 1 : 0, status)
    }
}
