import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// An interrupt translation service of a GICv3 (Arm IHI 0069, chapter 5): what a device writes as its message becomes an LPI at a CPU, by tables that
/// the guest provides memory for.
///
/// All that the guest maps is in that memory: entries of 8 bytes in the tables of devices and collections and in each device's table of events.
public final class GICv3ITS: MMIODevice {
    public static let typeName = "arm-gicv3-its"
    /// The control registers' frame and the frame that devices write to.
    public static let windowSize: UInt64 = 0x2_0000
    public static let acceptedSizes = 4...8
    public static let implementedSizes = 4...8

    private let gic: GICv3
    private let memory: AddressSpace
    private var isEnabled = false
    private var commandBase: UInt64 = 0
    private var commandWrite: UInt64 = 0
    private var commandRead: UInt64 = 0
    private var devices = GICv3ITSTable(type: 1)
    private var collections = GICv3ITSTable(type: 4)

    private enum Register {
        static let control: UInt64 = 0x0, identification: UInt64 = 0x4, type: UInt64 = 0x8
        static let commandBase: UInt64 = 0x80, commandWrite: UInt64 = 0x88, commandRead: UInt64 = 0x90, base0: UInt64 = 0x100, base1: UInt64 = 0x108
    }
    private static let valid: UInt64 = 1 << 63
    private static let commandSize: UInt64 = 32
    /// Bits of device numbers, event numbers and collections.
    private static let bits: UInt64 = 16
    /// Where devices write their messages.
    public static let translater: UInt64 = 0x1_0040

    public init(_ gic: GICv3, memory: AddressSpace) { (self.gic, self.memory) = (gic, memory) }

    public func reset() {
        (isEnabled, commandBase, commandWrite, commandRead) = (false, 0, 0, 0)
        (devices, collections) = (GICv3ITSTable(type: 1), GICv3ITSTable(type: 4))
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("isEnabled", &isEnabled)
        visitor.field("commandBase", &commandBase)
        visitor.field("commandWrite", &commandWrite)
        visitor.field("commandRead", &commandRead)
        visitor.field("devices", &devices.base)
        visitor.field("collections", &collections.base)
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let word = register(offset & ~7)
        return (size == 8 ? word : word >> (8 * (offset & 4)) & 0xffff_ffff, .ok)
    }

    private func register(_ offset: UInt64) -> UInt64 {
        switch offset {
        // GITS_CTLR, always quiescent; GITS_IIDR.
        case Register.control: return (isEnabled ? 1 : 0) | 1 << 31 | 0x43b << 32
        case Register.type:
            // Physical LPIs; entries of 8 bytes; redistributors by their numbers.
            return 1 | 7 << 4 | (GICv3ITS.bits - 1) << 8 | (GICv3ITS.bits - 1) << 13 | 1 << 36 | (GICv3ITS.bits - 1) << 32
        case Register.commandBase: return commandBase
        case Register.commandWrite: return commandWrite
        case Register.commandRead: return commandRead
        case Register.base0: return devices.base
        case Register.base1: return collections.base
        case 0xffd0..<0x1_0000: return GICv3.identification(offset, part: 0x94) | GICv3.identification(offset + 4, part: 0x94) << 32
        default: return 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let shift = size == 8 ? 0 : 8 * (offset & 4)
        let mask: UInt64 = size == 8 ? .max : 0xffff_ffff << shift
        let value = value << shift & mask
        func merged(_ old: UInt64) -> UInt64 { old & ~mask | value }
        switch offset & ~7 {
        case Register.control where mask & 1 != 0:
            isEnabled = value & 1 != 0
            execute()
        case Register.commandBase where !isEnabled:
            commandBase = merged(commandBase)
            (commandWrite, commandRead) = (0, 0)
        case Register.commandWrite:
            commandWrite = merged(commandWrite) & 0xf_ffe0
            execute()
        case Register.base0 where !isEnabled: devices.write(merged(devices.base))
        case Register.base1 where !isEnabled: collections.write(merged(collections.base))
        default: break
        }
        return .ok
    }

    // MARK: Messages

    /// A device has written the number of an event to `translater`.
    public func translate(device: UInt32, event: UInt32) {
        guard isEnabled else { return }
        guard let entry = self.event(device, event), let cpu = cpu(entry.collection) else {
            return Log.write(.guestErrors, "ITS: device \(hex(UInt64(device))) sends event \(event), which is not mapped")
        }
        gic.setLPI(entry.interrupt, cpu: cpu, pending: true)
    }

    // MARK: Tables

    /// An event's mapping: the LPI and the collection that it belongs to.
    private struct Event {
        var interrupt: UInt32
        var collection: UInt32

        init(interrupt: UInt32, collection: UInt32) { (self.interrupt, self.collection) = (interrupt, collection) }

        init?(_ word: UInt64) {
            guard word & 1 != 0 else { return nil }
            (interrupt, collection) = (UInt32(word >> 1 & 0xff_ffff), UInt32(word >> 25 & 0xffff))
        }

        var word: UInt64 { 1 | UInt64(interrupt & 0xff_ffff) << 1 | UInt64(collection & 0xffff) << 25 }
    }

    /// Where an event's entry is; nil if the device is not mapped or has no such event.
    private func eventAddress(_ device: UInt32, _ event: UInt32) -> UInt64? {
        guard let address = devices.address(of: device, memory), let word: UInt64 = memory.load(address), word & 1 != 0 else { return nil }
        guard UInt64(event) < 1 << (word >> 1 & 0x1f + 1) else { return nil }
        return (word & ~0x3f) << 2 &+ 8 &* UInt64(event)
    }

    private func event(_ device: UInt32, _ event: UInt32) -> Event? {
        guard let address = eventAddress(device, event), let word: UInt64 = memory.load(address) else { return nil }
        return Event(word)
    }

    /// The CPU that a collection goes to.
    private func cpu(_ collection: UInt32) -> Int? {
        guard let address = collections.address(of: collection, memory), let word: UInt64 = memory.load(address), word & 1 != 0 else { return nil }
        let cpu = Int(word >> 1 & 0xffff)
        return cpu < gic.cpus ? cpu : nil
    }

    // MARK: Commands

    /// Carries out what is in the queue.
    private func execute() {
        guard isEnabled, commandBase & GICv3ITS.valid != 0 else { return }
        let base = commandBase & 0xf_ffff_ffff_f000, size = ((commandBase & 0xff) + 1) << 12
        guard commandWrite < size else { return }
        // The guest cannot add to the queue meanwhile: it would have to wait for the machine's lock.
        for _ in 0..<size / GICv3ITS.commandSize where commandRead != commandWrite {
            let words = (0..<4).map { memory.load(base &+ commandRead &+ 8 * UInt64($0), as: UInt64.self) ?? 0 }
            if !execute(words) { Log.write(.guestErrors, "ITS: command \(hex(words[0])) \(hex(words[1])) \(hex(words[2])) has no effect") }
            commandRead = (commandRead + GICv3ITS.commandSize) % size
        }
    }

    /// One command (chapter 5.3); false if it makes no sense.
    private func execute(_ words: [UInt64]) -> Bool {
        let device = UInt32(words[0] >> 32), event = UInt32(truncatingIfNeeded: words[1]), collection = UInt32(words[2] & 0xffff)
        switch words[0] & 0xff {
        case 0x08: return mapDevice(device, size: words[1] & 0x1f, words[2])
        case 0x09: return mapCollection(collection, words[2])
        case 0x0a: return map(device, event, Event(interrupt: UInt32(words[1] >> 32), collection: collection))
        case 0x0b: return map(device, event, Event(interrupt: event, collection: collection))
        case 0x01: return move(device, event, to: collection)
        case 0x0f: return discard(device, event)
        case 0x03: return set(device, event, pending: true)
        case 0x04: return set(device, event, pending: false)
        case 0x0c: return reload(device, event)
        case 0x0d:
            guard let cpu = cpu(collection) else { return false }
            gic.reloadLPIs(nil, cpu: cpu)
        case 0x0e: gic.moveLPIs(nil, from: GICv3ITS.redistributor(words[2]), to: GICv3ITS.redistributor(words[3]))
        case 0x05: break  // SYNC: everything is done at once
        default: return false
        }
        return true
    }

    private static func redistributor(_ word: UInt64) -> Int { Int(word >> 16 & 0xffff) }

    private func mapDevice(_ device: UInt32, size: UInt64, _ word: UInt64) -> Bool {
        guard size < GICv3ITS.bits, let address = devices.address(of: device, memory) else { return false }
        let table = word & 0xf_ffff_ffff_ff00
        return memory.store(address, word & GICv3ITS.valid == 0 ? 0 : 1 | size << 1 | table >> 2) == .ok
    }

    private func mapCollection(_ collection: UInt32, _ word: UInt64) -> Bool {
        let cpu = GICv3ITS.redistributor(word), isValid = word & GICv3ITS.valid != 0
        guard let address = collections.address(of: collection, memory), !isValid || cpu < gic.cpus else { return false }
        return memory.store(address, isValid ? 1 | UInt64(cpu) << 1 : 0) == .ok
    }

    private func map(_ device: UInt32, _ event: UInt32, _ entry: Event) -> Bool {
        guard (GICv3LPIs.first..<GICv3LPIs.end).contains(entry.interrupt), let address = eventAddress(device, event) else { return false }
        return memory.store(address, entry.word) == .ok
    }

    private func move(_ device: UInt32, _ event: UInt32, to collection: UInt32) -> Bool {
        guard let address = eventAddress(device, event), var entry = self.event(device, event) else { return false }
        guard let old = cpu(entry.collection), let new = cpu(collection) else { return false }
        entry.collection = collection
        gic.moveLPIs(entry.interrupt, from: old, to: new)
        return memory.store(address, entry.word) == .ok
    }

    private func discard(_ device: UInt32, _ event: UInt32) -> Bool {
        guard let address = eventAddress(device, event), let entry = self.event(device, event) else { return false }
        if let cpu = cpu(entry.collection) { gic.setLPI(entry.interrupt, cpu: cpu, pending: false) }
        return memory.store(address, 0 as UInt64) == .ok
    }

    private func set(_ device: UInt32, _ event: UInt32, pending: Bool) -> Bool {
        guard let entry = self.event(device, event), let cpu = cpu(entry.collection) else { return false }
        gic.setLPI(entry.interrupt, cpu: cpu, pending: pending)
        return true
    }

    private func reload(_ device: UInt32, _ event: UInt32) -> Bool {
        guard let entry = self.event(device, event), let cpu = cpu(entry.collection) else { return false }
        gic.reloadLPIs(entry.interrupt, cpu: cpu)
        return true
    }
}

/// A table that the guest provides memory for, by its GITS_BASER register.
struct GICv3ITSTable {
    /// The register: valid, two levels, type, size of an entry, address, size of a page, number of pages.
    var base: UInt64
    private static let valid: UInt64 = 1 << 63, indirect: UInt64 = 1 << 62, fixed: UInt64 = 0x071f << 48
    private static let entrySize: UInt64 = 8

    init(type: UInt64) { base = type << 56 | (GICv3ITSTable.entrySize - 1) << 48 }

    /// Type and size of an entry stay.
    mutating func write(_ value: UInt64) { base = base & GICv3ITSTable.fixed | value & ~GICv3ITSTable.fixed }

    private var pageSize: UInt64 { [0x1000, 0x4000, 0x1_0000, 0x1_0000][Int(base >> 8 & 3)] }

    private var address: UInt64 {
        let low = base & 0xffff_ffff_f000
        // With pages of 64 KiB the low bits are the address's high ones.
        return pageSize == 0x1_0000 ? low & ~0xf000 | (low >> 12 & 0xf) << 48 : low
    }

    /// Where an entry is; nil if the table has no room for it.
    func address(of index: UInt32, _ memory: AddressSpace) -> UInt64? {
        guard base & GICv3ITSTable.valid != 0, index < 1 << 16 else { return nil }
        let size = ((base & 0xff) + 1) * pageSize, place = UInt64(index) * GICv3ITSTable.entrySize
        guard base & GICv3ITSTable.indirect != 0 else { return place < size ? address + place : nil }
        let first = place / pageSize * 8
        guard first < size, let entry: UInt64 = memory.load(address + first), entry & GICv3ITSTable.valid != 0 else { return nil }
        return entry & 0xf_ffff_ffff_f000 + place % pageSize
    }
}
