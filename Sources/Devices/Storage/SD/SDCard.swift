import BlockCore
import Diagnostics
import HostOS
import Snapshot

/// An SD memory card (SD Specifications, Physical Layer Simplified 2.0): the states and commands that it has in SD mode. One of up to 2 GiB has standard
/// capacity and counts bytes, a larger one has high capacity and counts blocks.
public final class SDCard {
    /// The unit of a card's capacity, 512 KiB.
    public static let unit: UInt64 = 512 << 10
    private static let blockSize = 512
    private static let largestStandard: UInt64 = 2 << 30

    /// CURRENT_STATE of the card status.
    private enum Stage: UInt32 { case idle, ready, identification, standBy, transfer, sending, receiving, programming, disconnected }

    /// What a command is answered with.
    public enum Response: Equatable {
        /// No answer: the host times out.
        case none
        case short(UInt32)
        /// 128 bits, the highest word first.
        case long([UInt32])
    }

    private enum Status {
        static let outOfRange: UInt32 = 1 << 31, illegal: UInt32 = 1 << 22, error: UInt32 = 1 << 19, ready: UInt32 = 1 << 8
        static let application: UInt32 = 1 << 5, protected: UInt32 = 1 << 26, address: UInt32 = 1 << 30, blockLength: UInt32 = 1 << 29
    }
    /// OCR: 2.7 to 3.6 V, powered up; and high capacity.
    private static let conditions: UInt32 = 0x80ff_8000, powered: UInt32 = 1 << 31, highCapacity: UInt32 = 1 << 30
    private static let address: UInt32 = 0x4567

    private let node: any BlockNode
    /// Data can go on: a block has been read or written.
    public var onProgress: () -> Void = {}
    private let transfer = HostBuffer(count: SDCard.blockSize)
    /// What long reads are about to come to: `ahead` of the next block on. No part of the state; it is read anew.
    private lazy var window = HostBuffer(count: SDCard.windowBlocks * SDCard.blockSize)
    private static let windowBlocks = 128
    private var ahead = ArraySlice<UInt8>()
    /// Blocks that the present transfer has read: short ones read nothing in vain.
    private var served = 0

    private var stage = Stage.idle
    private var status: UInt32 = 0
    private var isApplication = false
    /// What is being sent, or has been received of a block, and how far it has got.
    private var data: [UInt8] = []
    private var place = 0
    /// The next block of a transfer of many, or of one.
    private var nextBlock: UInt64 = 0
    private var isMultiple = false
    private var isBusy = false

    public init(node: any BlockNode) { self.node = node }

    private var isStandard: Bool { node.size <= SDCard.largestStandard }
    public var isReadOnly: Bool { node.isReadOnly }
    private var blocks: UInt64 { node.size / UInt64(SDCard.blockSize) }

    public func reset() {
        (stage, status, isApplication, data, place, nextBlock, isMultiple) = (.idle, 0, false, [], 0, 0, false)
        (ahead, served) = ([], 0)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = stage.rawValue
        visitor.field("stage", &number)
        visitor.field("status", &status)
        visitor.field("isApplication", &isApplication)
        visitor.field("data", &data)
        visitor.field("place", &place)
        visitor.field("nextBlock", &nextBlock)
        visitor.field("isMultiple", &isMultiple)
        let read = number
        visitor.check("the card's state is known", Stage(rawValue: read) != nil)
        visitor.check("the card's data are at most a block", data.count <= SDCard.blockSize && (0...data.count).contains(place))
        visitor.check("the next block is one of the card's, or the one behind", nextBlock <= blocks)
        if visitor.isReading { stage = Stage(rawValue: number) ?? .idle }
    }

    // MARK: Commands

    public func command(_ index: UInt32, _ argument: UInt32) -> Response {
        let wasApplication = isApplication
        isApplication = false
        status &= ~Status.application
        let response = wasApplication ? application(index, argument) : nil
        return response ?? basic(index, argument)
    }

    /// R1, in the state that the card was in.
    private func acknowledge(_ stage: Stage? = nil) -> Response {
        let answer = status | (stage ?? self.stage).rawValue << 9 | Status.ready
        status &= ~(Status.outOfRange | Status.protected | Status.illegal | Status.error | Status.address | Status.blockLength)
        return .short(answer)
    }

    private func illegal(_ index: UInt32) -> Response {
        Log.write(.guestErrors, "sd card: command \(index) is illegal in state \(stage)")
        status |= Status.illegal
        return .none
    }

    private func basic(_ index: UInt32, _ argument: UInt32) -> Response {
        let isOurs = argument >> 16 == SDCard.address
        switch (index, stage) {
        case (0, _):
            reset()
            return .none
        case (2, .ready):
            stage = .identification
            return .long(identification)
        case (3, .identification), (3, .standBy):
            let old = stage
            stage = .standBy
            return .short(SDCard.address << 16 | status & 0xc000 | old.rawValue << 9 | Status.ready)
        case (6, .transfer): return send(functions, acknowledge())
        case (7, _): return select(isOurs)
        // SEND_IF_COND: the voltage, and the pattern back.
        case (8, .idle): return argument >> 8 & 15 == 1 ? .short(argument & 0xfff) : .none
        case (9, .standBy): return isOurs ? .long(specificData) : .none
        case (10, .standBy): return isOurs ? .long(identification) : .none
        case (12, .sending), (12, .receiving): return stop()
        case (12, .transfer): return acknowledge()
        case (13, _): return isOurs ? acknowledge() : .none
        case (16, .transfer):
            // Blocks of other lengths a card of high capacity has not, and one of standard capacity need not let be written.
            if argument != UInt32(SDCard.blockSize), isStandard { status |= Status.blockLength }
            return acknowledge()
        case (17, .transfer), (18, .transfer): return startReading(argument, many: index == 18)
        case (24, .transfer), (25, .transfer): return startWriting(argument, many: index == 25)
        case (55, _):
            guard isOurs || stage == .idle else { return .none }
            isApplication = true
            status |= Status.application
            return acknowledge()
        default: return illegal(index)
        }
    }

    /// nil for what is the same as without CMD55.
    private func application(_ index: UInt32, _ argument: UInt32) -> Response? {
        status |= Status.application
        switch (index, stage) {
        case (41, .idle):
            // A card of high capacity stays busy for hosts that do not know such cards.
            let isKnown = isStandard || argument & SDCard.highCapacity != 0
            if argument & 0x00ff_8000 != 0, isKnown { stage = .ready }
            return .short(isKnown ? SDCard.conditions | (isStandard ? 0 : SDCard.highCapacity) : SDCard.conditions & ~SDCard.powered)
        case (6, .transfer), (23, .transfer), (42, .transfer): return acknowledge()
        case (13, .transfer): return send([UInt8](repeating: 0, count: 64), acknowledge())
        // SCR: version 2, one or four lines, the security of the capacity.
        case (51, .transfer): return send([0x02, isStandard ? 0x25 : 0x35, 0, 0, 0, 0, 0, 0], acknowledge())
        default: return nil
        }
    }

    private func select(_ isOurs: Bool) -> Response {
        let old = stage
        if isOurs {
            guard stage == .standBy || stage == .transfer else { return illegal(7) }
            stage = .transfer
            return acknowledge(old)
        }
        if stage == .transfer || stage == .sending { stage = .standBy }
        return .none
    }

    private func stop() -> Response {
        let old = stage
        (stage, data, place, isMultiple, ahead) = (.transfer, [], 0, false, [])
        return acknowledge(old)
    }

    // MARK: Registers

    /// Bytes without their CRC as words, the highest first.
    private func words(_ bytes: [UInt8]) -> [UInt32] {
        (0..<4).map { word in bytes[4 * word..<4 * word + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// CID: a maker's number that nobody has, a name, a date.
    private var identification: [UInt32] { words([0xaa] + Array("XYAPUS!".utf8) + [0x01, 0xde, 0xad, 0xbe, 0xef, 0x01, 0x22, 0x01]) }

    private var specificData: [UInt32] { isStandard ? specificData1 : specificData2 }

    /// CSD version 1: units of 512 blocks; from 1 GiB on blocks are told to have 1024 bytes, for want of bits.
    private var specificData1: [UInt32] {
        let length: UInt64 = node.size > 1 << 30 ? 10 : 9
        let units = UInt32(clamping: max(node.size >> (9 + length), 1)) - 1
        return words([
            0x00, 0x26, 0x00, 0x32, 0x5b, 0x50 | UInt8(length), 0x80 | UInt8(units >> 10 & 3), UInt8(units >> 2 & 0xff), UInt8(units & 3) << 6 | 0x2d,
            0xb7, 0xff, 0xff, 0x90 | UInt8(length >> 2), UInt8(length & 3) << 6, isReadOnly ? 0x10 : 0x00, 0x01,
        ])
    }

    /// CSD version 2: the capacity in units of 512 KiB, less one.
    private var specificData2: [UInt32] {
        let units = UInt32(clamping: max(node.size / SDCard.unit, 1)) - 1
        return words([
            0x40, 0x0e, 0x00, 0x32, 0x5b, 0x59, 0x00, UInt8(units >> 16 & 0x3f), UInt8(units >> 8 & 0xff), UInt8(units & 0xff), 0x7f, 0x80, 0x0a,
            0x40,
            isReadOnly ? 0x10 : 0x00, 0x01,
        ])
    }

    /// The status of CMD6: each group has its default function alone.
    private var functions: [UInt8] {
        let groups = (0..<6).flatMap { _ in [0x80, 0x01] as [UInt8] }
        return [0, 1] + groups + [UInt8](repeating: 0, count: 50)
    }

    // MARK: Data

    private func send(_ bytes: [UInt8], _ response: Response) -> Response {
        (data, place, isMultiple, stage) = (bytes, 0, false, .sending)
        return response
    }

    /// The block of an argument; nil, and an error in the status, if there is none.
    private func block(_ argument: UInt32) -> UInt64? {
        guard isStandard else {
            if UInt64(argument) < blocks { return UInt64(argument) }
            status |= Status.outOfRange
            return nil
        }
        let (block, rest) = UInt64(argument).quotientAndRemainder(dividingBy: UInt64(SDCard.blockSize))
        if block < blocks, rest == 0 { return block }
        status |= block < blocks ? Status.address : Status.outOfRange
        return nil
    }

    private func startReading(_ argument: UInt32, many: Bool) -> Response {
        guard let first = block(argument) else { return acknowledge() }
        // A block that is still being written, or read for a transfer that was stopped, is in the same memory.
        if isBusy { node.drain() }
        let response = acknowledge()
        (data, place, isMultiple, stage, nextBlock) = ([], 0, many, .sending, first)
        (ahead, served) = ([], 0)
        fetch()
        return response
    }

    private func startWriting(_ argument: UInt32, many: Bool) -> Response {
        guard let first = block(argument) else { return acknowledge() }
        guard !isReadOnly else {
            status |= Status.protected
            return acknowledge()
        }
        let response = acknowledge()
        (data, place, isMultiple, stage, nextBlock) = ([], 0, many, .receiving, first)
        return response
    }

    /// Reads the next block, or of a long transfer many.
    private func fetch() {
        guard nextBlock < blocks else { return status |= Status.outOfRange }
        guard ahead.isEmpty else { return serve() }
        isBusy = true
        let wanted = nextBlock
        let count = served < 8 ? 1 : Int(min(UInt64(SDCard.windowBlocks), blocks - wanted))
        let buffer = count == 1 ? transfer.buffer : window.part(0, count * SDCard.blockSize)
        node.read(wanted * UInt64(SDCard.blockSize), into: [buffer]) { [weak self] result in
            guard let self else { return }
            isBusy = false
            // A command may have come meanwhile.
            guard stage == .sending, nextBlock == wanted, data.isEmpty else { return onProgress() }
            if result == .ok {
                ahead = buffer.bytes()[...]
                serve()
            } else {
                status |= Status.error
            }
            onProgress()
        }
    }

    private func serve() {
        data = Array(ahead.prefix(SDCard.blockSize))
        ahead = ahead.dropFirst(SDCard.blockSize)
        nextBlock += 1
        served += 1
    }

    /// Bytes that can be taken now.
    public var available: Int { stage == .sending ? data.count - place : 0 }
    /// Whether a byte can be given now.
    public var accepts: Bool { stage == .receiving && !isBusy && data.count < SDCard.blockSize }
    public var isProgramming: Bool { isBusy }

    public func take() -> UInt8 {
        let byte = data[place]
        place += 1
        guard place == data.count else { return byte }
        (data, place) = ([], 0)
        if isMultiple { fetch() } else { stage = .transfer }
        return byte
    }

    public func give(_ byte: UInt8) {
        data.append(byte)
        guard data.count == SDCard.blockSize else { return }
        guard nextBlock < blocks else { return status |= Status.outOfRange }
        transfer.buffer.fill(from: data[...])
        data = []
        isBusy = true
        let target = nextBlock
        nextBlock += 1
        if !isMultiple { stage = .transfer }
        node.write(target * UInt64(SDCard.blockSize), from: [transfer.buffer]) { [weak self] result in
            guard let self else { return }
            isBusy = false
            if result != .ok { status |= Status.error }
            onProgress()
        }
    }

    /// No request is under way afterwards.
    public func drain() { node.drain() }

    /// Behind a restored state: a block whose reading the snapshot has cut off.
    public func restored() {
        (ahead, served) = ([], 0)
        if stage == .sending, data.isEmpty, isMultiple { fetch() }
    }
}
