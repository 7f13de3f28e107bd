import AddressSpace
import BlockCore
import HostOS
import SCSI
import Testing

/// A disk of a few blocks that remembers what was asked of it; requests end at once.
private final class Blocks: BlockNode {
    let size: UInt64
    var isReadOnly = false
    var log: [String] = []

    init(size: UInt64) { self.size = size }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        log.append("read \(offset) \(buffers.reduce(0) { $0 + $1.count })")
        done(.ok)
    }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        log.append("write \(offset) \(buffers.reduce(0) { $0 + $1.count })")
        done(.ok)
    }
    func flush(_ done: @escaping (BlockResult) -> Void) {
        log.append("flush")
        done(.ok)
    }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        log.append("discard \(offset) \(count)")
        done(.ok)
    }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        log.append("zero \(offset) \(count) \(mayUnmap)")
        done(.ok)
    }
    func drain() {}
}

@Suite struct SCSITests {
    private let memory: AddressSpace
    private let buffer: GuestBuffer

    init() throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 16), at: 0)
        memory = AddressSpace("memory", root: root)
        buffer = try #require(memory.map(0, count: 1 << 16, writing: true)?.first)
    }

    /// Result and answer of a command with room for an answer, or with data.
    private func run(_ disk: SCSIDisk, _ command: [UInt8], room: Int = 4096, data: [UInt8]? = nil) throws -> (result: SCSIResult, answer: [UInt8]) {
        if let data { buffer.fill(from: data[...]) }
        var result: SCSIResult?
        let output = data.map { [buffer.prefix($0.count)] } ?? []
        disk.execute(command + [UInt8](repeating: 0, count: 16 - command.count), output: output, input: data == nil ? [buffer.prefix(room)] : []) {
            result = $0
        }
        let found = try #require(result)
        return (found, data == nil ? Array(buffer.prefix(found.count).bytes()) : [])
    }

    /// A drive whose disc can be exchanged.
    private final class Drive: BlockNode {
        var medium: Blocks?
        var size: UInt64 { medium?.size ?? 0 }
        var isReadOnly: Bool { true }
        var hasMedium: Bool { medium != nil }
        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { done(.failed(errno: 30)) }
        func flush(_ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func drain() {}
    }

    @Test func traysAndMedia() throws {
        let drive = Drive()
        let unit = SCSIDisk(node: drive, options: SCSIDisk.Options(.cd))
        var moves: [Bool] = []
        unit.onTrayMoved = { moves.append($0) }
        func sense(_ command: [UInt8]) throws -> SCSISense { try run(unit, command).result.sense }
        func event() throws -> [UInt8] { Array(try run(unit, [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8]).answer[4..<6]) }
        #expect(try sense([0]) == .powerOn)
        #expect(try sense([0]) == .noMedium)
        #expect(try event() == [0, 0])
        // A disc is put in: what was there has gone, something else has come, and then it can be read.
        unit.noteMedium(isIn: false)
        drive.medium = Blocks(size: 1 << 20)
        #expect(unit.isTrayOpen == true)
        unit.noteMedium(isIn: true)
        #expect(try event() == [2, 2])
        #expect(try event() == [0, 2])
        #expect(try sense([0]) == .mediumGone)
        #expect(try sense([0]) == .mediumChanged)
        #expect(try sense([0]) == .none)
        #expect(try run(unit, [0x25]).answer == [0, 0, 1, 0xff, 0, 0, 8, 0])
        // PREVENT ALLOW MEDIUM REMOVAL holds against START STOP UNIT, and whoever presses the button is told of.
        #expect(try sense([0x1e, 0, 0, 0, 1]) == .none)
        #expect(unit.isMediumLocked)
        #expect(try sense([0x1b, 0, 0, 0, 2]) == .removalPrevented)
        unit.askForMedium(force: false)
        #expect(try event() == [1, 2])
        #expect(try event() == [0, 2])
        #expect(try sense([0x1e]) == .none)
        #expect(try sense([0x1b, 0, 0, 0, 2]) == .none)
        #expect(unit.isTrayOpen == true)
        #expect(try event() == [0, 1])
        #expect(try sense([0]) == .noMedium)
        #expect(try sense([0x28, 0, 0, 0, 0, 0, 0, 0, 1]) == .noMedium)
        #expect(try sense([0x1b, 0, 0, 0, 3]) == .none)
        #expect(moves == [true, false])
        #expect(try sense([0]) == .none)
        // Force, a power condition that moves nothing, and a reset that closes the tray and unlocks it.
        #expect(try sense([0x1e, 0, 0, 0, 1]) == .none)
        unit.askForMedium(force: true)
        #expect(!unit.isMediumLocked)
        #expect(try sense([0x1b, 0, 0, 0, 0x12]) == .none)
        #expect(unit.isTrayOpen == false)
        #expect(try sense([0x1e, 0, 0, 0, 1]) == .none)
        unit.noteMedium(isIn: false)
        unit.reset()
        #expect(unit.isTrayOpen == false && !unit.isMediumLocked)
        // A disk that cannot be taken out has no tray that moves.
        let (fixed, _) = try disk()
        #expect(try run(fixed, [0x1e, 0, 0, 0, 1]).result.sense == .none)
        #expect(try run(fixed, [0x1b, 0, 0, 0, 2]).result.sense == .none)
        #expect(!fixed.isMediumLocked && fixed.isTrayOpen == false)
    }

    private func disk(_ kind: SCSIDisk.Kind = .disk, size: UInt64 = 1 << 20) throws -> (SCSIDisk, Blocks) {
        let blocks = Blocks(size: size)
        var options = SCSIDisk.Options(kind)
        options.serial = "S123"
        let disk = SCSIDisk(node: blocks, options: options)
        #expect(try run(disk, [0]).result.sense == .powerOn, "the first command hears of the reset")
        #expect(try run(disk, [0]).result.status == .good)
        return (disk, blocks)
    }

    @Test func inquiries() throws {
        let (disk, _) = try disk()
        let standard = try run(disk, [0x12, 0, 0, 0, 36]).answer
        #expect(standard.count == 36 && standard[0] == 0 && String(decoding: standard[8..<12], as: UTF8.self) == "APUS")
        #expect(try run(disk, [0x12, 0, 0, 0, 5]).answer.count == 5)
        #expect(try run(disk, [0x12, 1, 0x80, 0, 255]).answer.suffix(4) == Array("S123".utf8)[...])
        let pages = try run(disk, [0x12, 1, 0, 0, 255]).answer
        for page in pages.dropFirst(4) { #expect(try run(disk, [0x12, 1, page, 0, 255]).result.status == .good) }
        #expect(try run(disk, [0x12, 1, 0x77, 0, 255]).result.sense == .invalidField)
    }

    @Test func capacities() throws {
        let (disk, _) = try disk()
        #expect(try run(disk, [0x25]).answer == [0, 0, 7, 0xff, 0, 0, 2, 0])
        #expect(try run(disk, [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32]).answer.prefix(12) == [0, 0, 0, 0, 0, 0, 7, 0xff, 0, 0, 2, 0])
        disk.noteCapacity()
        #expect(try run(disk, [0x25]).result.sense == .capacityChanged)
    }

    @Test func readsAndWrites() throws {
        let (disk, blocks) = try disk()
        #expect(try run(disk, [0x08, 0, 0, 3, 2], room: 1024).result.count == 1024)
        #expect(try run(disk, [0x28, 0, 0, 0, 0, 5, 0, 0, 1], room: 512).result.status == .good)
        #expect(try run(disk, [0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], data: [UInt8](repeating: 1, count: 512)).result.status == .good)
        #expect(try run(disk, [0xaa, 0, 0, 0, 0, 2, 0, 0, 0, 1], data: [UInt8](repeating: 1, count: 512)).result.status == .good)
        #expect(try run(disk, [0x35]).result.status == .good)
        #expect(blocks.log == ["read 1536 1024", "read 2560 512", "write 4608 512", "flush", "write 1024 512", "flush"])
        #expect(try run(disk, [0x28, 0, 0, 0, 8, 0, 0, 0, 1]).result.sense == .outOfRange)
        #expect(try run(disk, [0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]).result.sense == .outOfRange)
        #expect(try run(disk, [0x28, 0, 0, 0, 0, 0, 0, 0, 9], room: 512).result.sense == .invalidField, "less memory than data")
        blocks.isReadOnly = true
        #expect(try run(disk, [0x2a, 0, 0, 0, 0, 0, 0, 0, 1], data: [UInt8](repeating: 1, count: 512)).result.sense == .writeProtected)
        #expect(try run(disk, [0x03, 0, 0, 0, 18]).answer[2] == 7, "and it can be asked for")
    }

    @Test func rangesAreGivenBack() throws {
        let (disk, blocks) = try disk()
        var list: [UInt8] = [0, 38, 0, 32, 0, 0, 0, 0]
        for (block, count) in [(4, 2), (9, 1)] as [(UInt8, UInt8)] { list += [0, 0, 0, 0, 0, 0, 0, block, 0, 0, 0, count, 0, 0, 0, 0] }
        #expect(try run(disk, [0x42, 0, 0, 0, 0, 0, 0, 0, 40], data: list).result.status == .good)
        #expect(try run(disk, [0x93, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3], data: [UInt8](repeating: 0, count: 512)).result.status == .good)
        #expect(blocks.log == ["discard 2048 1024", "discard 4608 512", "zero 512 1536 true"])
        #expect(try run(disk, [0x93, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3], data: [UInt8](repeating: 1, count: 512)).result.sense == .invalidField)
        list[15] = 200
        list[14] = 8
        #expect(try run(disk, [0x42, 0, 0, 0, 0, 0, 0, 0, 40], data: list).result.sense == .outOfRange)
    }

    @Test func discs() throws {
        let (disc, _) = try disk(.cd)
        #expect(try run(disc, [0x25]).answer == [0, 0, 1, 0xff, 0, 0, 8, 0])
        #expect(try run(disc, [0x43, 0, 0, 0, 0, 0, 0, 255, 255]).answer.suffix(8) == [0, 0x14, 0xaa, 0, 0, 0, 2, 0])
        #expect(try run(disc, [0x43, 2, 0, 0, 0, 0, 0, 255, 255]).answer.suffix(4) == [0, 0, 8, 62])
        #expect(try run(disc, [0x2a, 0, 0, 0, 0, 0, 0, 0, 1], data: [0]).result.sense == .writeProtected)
        let empty = SCSIDisk(node: nil, options: SCSIDisk.Options(.cd))
        _ = try run(empty, [0])
        for command in [[0], [0x25], [0x28], [0x43]] as [[UInt8]] { #expect(try run(empty, command).result.sense == .noMedium) }
    }

    @Test func unitsOfATarget() throws {
        let bus = SCSIBus()
        let (first, _) = try disk(), (second, _) = try disk(.cd)
        bus.add(first, at: .init(target: 2, unit: 1))
        bus.add(second, at: .init(target: 2, unit: 300))
        var result: SCSIResult?
        #expect(!bus.execute(.init(target: 0, unit: 0), [0x12, 0, 0, 0, 36], output: [], input: [buffer]) { result = $0 })
        #expect(bus.execute(.init(target: 2, unit: 0), [0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0], output: [], input: [buffer]) { result = $0 })
        #expect(result?.count == 32)
        let bytes = buffer.prefix(32).bytes()
        #expect(bytes[3] == 24 && bytes[8] == 0 && bytes[17] == 1 && bytes[24] == 0x41 && bytes[25] == 0x2c)
        #expect(bus.execute(.init(target: 2, unit: 0), [0x12, 0, 0, 0, 36], output: [], input: [buffer]) { result = $0 })
        #expect(buffer.prefix(1).bytes() == [0x7f])
        #expect(bus.execute(.init(target: 2, unit: 5), [0], output: [], input: []) { result = $0 } && result?.sense == .noSuchUnit)
    }

    @Test func nonsense() throws {
        var random: UInt64 = 4
        for kind in [SCSIDisk.Kind.disk, .cd] {
            let (disk, _) = try disk(kind)
            for _ in 0..<20000 {
                let command = (0..<16).map { _ -> UInt8 in
                    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: random >> 40) >> UInt8(random >> 61)
                }
                _ = try run(disk, command, room: Int(command[15]) * 8, data: command[14] & 1 == 0 ? nil : command)
            }
        }
    }
}
