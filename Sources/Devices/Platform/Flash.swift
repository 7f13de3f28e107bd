import AddressSpace
import DeviceModel
import Diagnostics
import HostOS
import Snapshot

/// A bank of parallel NOR flash with Intel's command set (Intel StrataFlash J3 data sheet): two 16-bit chips side by side make its 32-bit
/// words, and every command goes to both.
///
/// In its usual mode the bank reads as memory, without a call; any command but "read array" makes its reads answer status or tables.
public final class Flash: Device, IOHandler {
    public static let typeName = "cfi.pflash01"
    /// Bytes of an erase block of the bank.
    public static let blockSize: UInt64 = 256 << 10
    private static let chips = 2
    private static let bufferSize = chips << Int(FlashQuery.bufferBits)

    private enum Command {
        static let readArray: UInt8 = 0xff, readArrayOld: UInt8 = 0xf0, program: UInt8 = 0x40, programOld: UInt8 = 0x10, erase: UInt8 = 0x20
        static let clearStatus: UInt8 = 0x50, block: UInt8 = 0x60, readStatus: UInt8 = 0x70, identify: UInt8 = 0x90, query: UInt8 = 0x98
        static let buffer: UInt8 = 0xe8, confirm: UInt8 = 0xd0, lock: UInt8 = 0x01, nothing: UInt8 = 0
    }

    private enum Status {
        static let ready: UInt8 = 0x80, eraseError: UInt8 = 0x20, programError: UInt8 = 0x10, locked: UInt8 = 0x02
    }

    /// What the bank's reads show.
    private enum Reading: UInt8 { case array, status, identity, query }

    /// What the next write means.
    private enum Expectation: Equatable {
        case command, data, eraseConfirmation, blockOperation
        case bufferCount, bufferData(left: Int), bufferConfirmation

        /// As numbers, for snapshots.
        var numbers: (UInt8, UInt32) {
            switch self {
            case .command: (0, 0)
            case .data: (1, 0)
            case .eraseConfirmation: (2, 0)
            case .blockOperation: (3, 0)
            case .bufferCount: (4, 0)
            case .bufferData(let left): (5, UInt32(left))
            case .bufferConfirmation: (6, 0)
            }
        }

        init?(_ number: UInt8, _ left: UInt32) {
            switch number {
            case 0: self = .command
            case 1: self = .data
            case 2: self = .eraseConfirmation
            case 3: self = .blockOperation
            case 4: self = .bufferCount
            case 5: self = .bufferData(left: Int(left))
            case 6: self = .bufferConfirmation
            default: return nil
            }
        }
    }

    /// Where changes go, beside the bank's memory.
    public typealias Store = (_ offset: UInt64, _ bytes: [UInt8]) -> Bool

    public let size: UInt64
    private let memory: AddressSpace
    public private(set) var region: MemoryRegion!
    private let isReadOnly: Bool
    private let store: Store?
    /// What the file holds, to be compared with the bank's memory when that has come from elsewhere.
    private let stored: ((_ offset: UInt64, _ count: Int) -> [UInt8]?)?
    private var reading = Reading.array
    private var expectation = Expectation.command
    private var status = Status.ready
    private var lockedBlocks: Set<UInt64> = []
    /// Where the buffered write began, and what it has brought.
    private var bufferStart: UInt64 = 0
    private var buffer: [UInt8] = []
    private let table: FlashQuery

    /// `size` is a power of two of at least one block; `contents` is what the bank holds at first; who runs code from it sees it through
    /// `memory`.
    public init(
        name: String, size: UInt64, memory: AddressSpace, contents: [UInt8] = [], readOnly: Bool = false, store: Store? = nil,
        stored: ((_ offset: UInt64, _ count: Int) -> [UInt8]?)? = nil
    ) throws(HostError) {
        precondition(size.nonzeroBitCount == 1 && size >= Flash.blockSize, "a flash bank's size is a power of two")
        self.size = size
        self.memory = memory
        isReadOnly = readOnly
        (self.store, self.stored) = (store, stored)
        table = FlashQuery(chipSize: Int(size) / Flash.chips, blockSize: Int(Flash.blockSize) / Flash.chips)
        region = try MemoryRegion.romDevice(name, size: size, handler: self)
        region.ramBlock?.load(contents, at: 0)
    }

    /// Power-on: the contents stay.
    public func reset() {
        status = Status.ready
        lockedBlocks = []
        enter(.array)
    }

    /// The contents are memory, and belong to the memory's part of a snapshot.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var mode = reading.rawValue
        visitor.field("reading", &mode)
        visitor.check("the reading mode is known", Reading(rawValue: mode) != nil)
        reading = Reading(rawValue: mode) ?? .array
        var (next, left) = expectation.numbers
        visitor.field("expectation", &next)
        visitor.field("left", &left)
        visitor.check("the expectation is known", Expectation(next, left) != nil)
        expectation = Expectation(next, left) ?? .command
        visitor.field("status", &status)
        var locked = lockedBlocks.sorted()
        visitor.field("lockedBlocks", &locked)
        lockedBlocks = Set(locked)
        visitor.field("bufferStart", &bufferStart)
        visitor.field("buffer", &buffer)
        visitor.check("the buffer lies in the bank", buffer.count <= Flash.bufferSize && bufferStart < size)
    }

    public func restored() {
        enter(reading, expecting: expectation)
        updateFile()
    }

    /// Brings the file to what the memory holds.
    private func updateFile() {
        guard !isReadOnly, let store, let stored, let ram = region.ramBlock else { return }
        for offset in stride(from: 0, to: size, by: Int(Flash.blockSize)) {
            let bytes = ram.bytes(at: offset, count: Int(Flash.blockSize))
            if stored(offset, bytes.count) == bytes || store(offset, bytes) { continue }
            return warn("the file of \(region.name) cannot be brought up to date")
        }
    }

    private func enter(_ mode: Reading, expecting next: Expectation = .command) {
        reading = mode
        expectation = next
        region.isROMMode = mode == .array && next == .command
    }

    // MARK: Reading

    public func read(_ offset: UInt64, size count: Int) -> (value: UInt64, result: AccessResult) {
        guard offset < size, size - offset >= UInt64(count) else { return (0, .accessError) }
        switch reading {
        case .array:
            let bytes = region.ramBlock?.bytes(at: offset, count: count) ?? []
            return (bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }, .ok)
        case .status: return (everyChip(UInt16(status), offset, count), .ok)
        case .identity: return (everyChip(identity(Int(offset) / 4 & 0xff), offset, count), .ok)
        case .query: return (everyChip(UInt16(table.byte(Int(offset) / 4)), offset, count), .ok)
        }
    }

    private func identity(_ index: Int) -> UInt16 {
        switch index {
        case 0: 0x89  // Intel
        case 1: 0x18
        default: 0
        }
    }

    /// What both chips say, as far as an access sees it.
    private func everyChip(_ value: UInt16, _ offset: UInt64, _ count: Int) -> UInt64 {
        let wide = UInt64(value) &* 0x0001_0001_0001_0001
        let shifted = wide >> (8 * (offset & 1))
        return count == 8 ? wide : shifted & ((1 << UInt64(8 * count)) - 1)
    }

    // MARK: Writing

    public func write(_ offset: UInt64, value: UInt64, size count: Int) -> AccessResult {
        guard offset < size, size - offset >= UInt64(count) else { return .accessError }
        let command = UInt8(truncatingIfNeeded: value)
        switch expectation {
        case .command: begin(command)
        case .data:
            program(offset, littleEndian(value, count))
            enter(.status)
        case .eraseConfirmation: if confirmed(command) { erase(offset & ~(Flash.blockSize - 1)) }
        case .blockOperation: changeLock(command, offset & ~(Flash.blockSize - 1))
        case .bufferCount: beginBuffer(Int(value & 0xffff) + 1)
        case .bufferData(let left): collect(offset, littleEndian(value, count), left)
        case .bufferConfirmation: if confirmed(command) { program(bufferStart, buffer) }
        }
        return .ok
    }

    private func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }

    private func begin(_ command: UInt8) {
        switch command {
        case Command.nothing, Command.readArray, Command.readArrayOld: enter(.array)
        case Command.program, Command.programOld: enter(.status, expecting: .data)
        case Command.erase: enter(.status, expecting: .eraseConfirmation)
        case Command.clearStatus:
            status = Status.ready
            enter(.array)
        case Command.block: enter(.status, expecting: .blockOperation)
        case Command.readStatus: enter(.status)
        case Command.identify: enter(.identity)
        case Command.query: enter(.query)
        case Command.buffer: enter(.status, expecting: .bufferCount)
        default: refuse(command)
        }
    }

    private func refuse(_ command: UInt8) {
        Log.write(.guestErrors, "\(region.name): flash command \(hex(command)) is not known here")
        enter(.array)
    }

    private func confirmed(_ command: UInt8) -> Bool {
        enter(.status)
        if command == Command.readArray { enter(.array) }
        if command != Command.confirm, command != Command.readArray {
            // The chip calls a wrong confirmation a command sequence error.
            status |= Status.eraseError | Status.programError
        }
        return command == Command.confirm
    }

    private func changeLock(_ command: UInt8, _ block: UInt64) {
        switch command {
        case Command.lock: lockedBlocks.insert(block)
        case Command.confirm: lockedBlocks = []
        case Command.readArray: return enter(.array)
        default: status |= Status.eraseError | Status.programError
        }
        enter(.status)
    }

    // MARK: The write buffer

    private func beginBuffer(_ words: Int) {
        buffer = []
        guard words * 2 * Flash.chips <= Flash.bufferSize else {
            status |= Status.eraseError | Status.programError
            return enter(.status)
        }
        enter(.status, expecting: .bufferData(left: words))
    }

    /// Takes a word of the buffered write; all of them lie in order, in one block.
    private func collect(_ offset: UInt64, _ bytes: [UInt8], _ left: Int) {
        if buffer.isEmpty { bufferStart = offset }
        let place = Int(offset) - Int(bufferStart)
        let sameBlock = offset / Flash.blockSize == bufferStart / Flash.blockSize
        guard sameBlock, place >= 0, place + bytes.count <= Flash.bufferSize else {
            status |= Status.programError
            return enter(.status)
        }
        if place + bytes.count > buffer.count { buffer += [UInt8](repeating: 0xff, count: place + bytes.count - buffer.count) }
        buffer.replaceSubrange(place..<place + bytes.count, with: bytes)
        enter(.status, expecting: left > 1 ? .bufferData(left: left - 1) : .bufferConfirmation)
    }

    // MARK: Changing the memory

    /// Programming takes bits from one to zero; only an erasure brings them back.
    private func program(_ offset: UInt64, _ bytes: [UInt8]) {
        guard mayChange(offset, error: Status.programError), let ram = region.ramBlock, UInt64(bytes.count) <= size - offset else { return }
        let old = ram.bytes(at: offset, count: bytes.count)
        change(offset, zip(old, bytes).map { $0 & $1 }, error: Status.programError)
    }

    private func erase(_ block: UInt64) {
        guard mayChange(block, error: Status.eraseError) else { return }
        change(block, [UInt8](repeating: 0xff, count: Int(Flash.blockSize)), error: Status.eraseError)
    }

    private func mayChange(_ offset: UInt64, error: UInt8) -> Bool {
        guard isReadOnly || lockedBlocks.contains(offset & ~(Flash.blockSize - 1)) else { return true }
        status |= error | Status.locked
        return false
    }

    private func change(_ offset: UInt64, _ bytes: [UInt8], error: UInt8) {
        guard let ram = region.ramBlock else { return }
        ram.load(bytes, at: offset)
        let last = offset + UInt64(bytes.count - 1)
        for page in Int(offset >> 12)...Int(last >> 12) { memory.noteWrite(ram, page: page) }
        if let store, !store(offset, bytes) { status |= error }
    }
}
