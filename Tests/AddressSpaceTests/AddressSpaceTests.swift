import AddressSpace
import Testing

/// Remembers what it is asked and answers with the offset.
private final class Registers: IOHandler {
    private(set) var accesses: [String] = []
    var result = AccessResult.ok

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        accesses.append("r\(size)@\(offset)")
        return (0x0706_0504_0302_0100 &+ offset &* 0x0101_0101_0101_0101, result)
    }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        accesses.append("w\(size)@\(offset)=\(String(value, radix: 16))")
        return result
    }

    func take() -> [String] {
        defer { accesses = [] }
        return accesses
    }
}

@Suite struct AddressSpaceTests {
    private let root = MemoryRegion.container("system", size: .max)
    private let memory: AddressSpace

    init() { memory = AddressSpace("memory", root: root) }

    // MARK: The map

    @Test func holesAnswerWithErrors() throws {
        root.add(try MemoryRegion.ram("ram", size: 0x2000), at: 0x1000)
        #expect(memory.read(0, count: 1) == nil && memory.read(0xfff, count: 2) == nil && memory.read(0x2fff, count: 2) == nil)
        #expect(memory.read(0x1000, count: 0x2000)?.count == 0x2000)
        #expect(memory.write(0x2ffe, [1, 2, 3]) == .decodeError && memory.read(0x2ffe, count: 2) == [1, 2])
        #expect(memory.load(0x3000, as: UInt32.self) == nil && memory.store(0x3000, 1 as UInt32) == .decodeError)
        #expect(memory.read(.max, count: 2) == nil && memory.write(.max, [0, 0]) == .decodeError, "the space has an end")
        #expect(memory.map(0x2ff0, count: 0x20, writing: true) == nil)
        #expect(memory.section(at: 0).kind == .unassigned && memory.section(at: .max).kind == .unassigned)
    }

    @Test func thePriorityDecidesAndThenTheOrder() throws {
        func add(_ name: String, _ byte: UInt8, _ address: UInt64, _ size: UInt64, _ priority: Int) throws {
            let region = try MemoryRegion.ram(name, size: size)
            region.ramBlock?.load([UInt8](repeating: byte, count: Int(size)), at: 0)
            root.add(region, at: address, priority: priority)
        }
        try add("low", 1, 0, 0x4000, 0)
        try add("high", 2, 0x1000, 0x1000, 1)
        try add("later", 3, 0x1800, 0x1800, 0)
        #expect(memory.read(0xfff, count: 2) == [1, 2], "the higher priority shows")
        #expect(memory.read(0x1fff, count: 2) == [2, 3] && memory.read(0x2fff, count: 2) == [3, 1], "and among equals the later one")
    }

    @Test func regionsComeAndGo() throws {
        var changes = 0
        memory.onTopologyChange { changes += 1 }
        let below = try MemoryRegion.ram("below", size: 0x1000)
        let above = try MemoryRegion.ram("above", size: 0x1000)
        root.add(below, at: 0)
        root.add(above, at: 0, priority: 1)
        #expect(memory.section(at: 0).region === above)
        above.isEnabled = false
        #expect(memory.section(at: 0).region === below)
        above.isEnabled = true
        root.remove(above)
        #expect(memory.section(at: 0).region === below)
        #expect(changes == 5)
        above.isEnabled = false
        #expect(changes == 5, "a region outside the map is nobody's business")
    }

    // MARK: Aliases

    @Test func aliasesShowPartsOfOthers() throws {
        let ram = try MemoryRegion.ram("ram", size: 0x4000)
        root.add(ram, at: 0x10_0000)
        root.add(MemoryRegion.alias("window", of: ram, offset: 0x1000, size: 0x1000), at: 0x20_0000)
        memory.store(0x20_0010, 0x1122_3344 as UInt32)
        #expect(memory.load(0x10_1010, as: UInt32.self) == 0x1122_3344)
        #expect(memory.section(at: 0x20_0010).ram === ram.ramBlock && memory.section(at: 0x20_0010).page(0x20_0010) == 1)
        #expect(memory.section(at: 0x20_1000).kind == .unassigned, "a window has an end")
    }

    @Test func aliasesOfContainersShowWhatIsInThem() throws {
        let bus = MemoryRegion.container("bus", size: 0x1_0000)
        let registers = Registers()
        bus.add(MemoryRegion.io("device", size: 0x100, handler: registers), at: 0x8000)
        root.add(MemoryRegion.alias("bus window", of: bus, offset: 0x8000, size: 0x1000), at: 0x5000)
        #expect(memory.load(0x5004, as: UInt8.self) == 4 && registers.take() == ["r1@4"])
        #expect(memory.load(0x5100, as: UInt8.self) == nil)
        bus.add(try MemoryRegion.ram("late", size: 0x100), at: 0x8100)
        #expect(memory.load(0x5100, as: UInt8.self) == 0, "what is added later shows, too")
    }

    // MARK: Registers

    @Test func registerAccessesAreFitted() {
        let registers = Registers()
        root.add(MemoryRegion.io("device", size: 0x100, handler: registers, accepts: 1...8, implements: 2...4), at: 0)
        #expect(memory.load(0, as: UInt64.self) == 0x0706_0504_0302_0100 && registers.take() == ["r4@0", "r4@4"])
        #expect(memory.load(3, as: UInt8.self) == 3 && registers.take() == ["r2@2"])
        #expect(memory.store(8, 0x8877_6655_4433_2211 as UInt64) == .ok && registers.take() == ["w4@8=44332211", "w4@12=88776655"])
        registers.result = .accessError
        #expect(memory.store(8, 1 as UInt64) == .accessError && registers.take().count == 1, "an error ends it")
        #expect(memory.load(0, as: UInt16.self) == nil)
    }

    @Test func sizesThatADeviceDoesNotAcceptAreErrors() {
        let registers = Registers()
        root.add(MemoryRegion.io("device", size: 0x100, handler: registers, accepts: 4...4), at: 0)
        #expect(memory.load(0, as: UInt8.self) == nil && memory.store(0, 1 as UInt64) == .accessError && registers.take() == [])
        #expect(memory.load(4, as: UInt32.self) == 0x0706_0504)
    }

    @Test func romsAreReadAndFlashesSwitch() throws {
        let rom = try MemoryRegion.rom("rom", size: 0x1000)
        rom.ramBlock?.load([1, 2, 3, 4], at: 0)
        root.add(rom, at: 0)
        #expect(memory.load(0, as: UInt32.self) == 0x0403_0201 && memory.store(0, 9 as UInt32) != .ok)
        #expect(memory.load(0, as: UInt32.self) == 0x0403_0201)
        let registers = Registers()
        let flash = try MemoryRegion.romDevice("flash", size: 0x1000, handler: registers)
        root.add(flash, at: 0x1000)
        #expect(memory.load(0x1000, as: UInt8.self) == 0 && registers.take() == [])
        #expect(memory.store(0x1002, 0x40 as UInt8) == .ok && registers.take() == ["w1@2=40"])
        flash.isROMMode = false
        #expect(memory.load(0x1003, as: UInt8.self) == 3 && registers.take() == ["r1@3"])
    }

    // MARK: Writes that somebody wants to know of

    @Test func writtenPagesAreNoted() throws {
        let ram = try MemoryRegion.ram("ram", size: 0x4000)
        root.add(ram, at: 0x8000)
        let block = try #require(ram.ramBlock)
        func written() -> [Int] {
            var pages = block.takeWrittenPages()
            return (0..<pages.count).compactMap { _ in pages.takeFirst() }
        }
        memory.store(0x8000, 1 as UInt64)
        block.startLogging()
        #expect(written() == [], "nobody had asked")
        memory.store(0x9ff8, 1 as UInt64)
        #expect(written() == [1] && written() == [])
        memory.write(0xafff, [1, 2])
        #expect(written() == [2, 3])
        #expect(memory.compareExchange(0x8000, expected: 2 as UInt64, new: 3) == false && written() == [], "nothing was written")
        #expect(memory.compareExchange(0x8000, expected: 1 as UInt64, new: 3) && written() == [0])
        memory.noteDeviceWrite(0x9000, count: 0x1001)
        #expect(written() == [1, 2])
        block.load([1], at: 0x3fff)
        #expect(written() == [3])
        #expect(memory.load(0x8000, as: UInt64.self) == 3)
        block.stopLogging()
        #expect(block.takeWrittenPages().count == 4, "without logging any page may have been written")
        #expect(memory.ramBlocks.map(\.name) == ["ram"])
    }

    @Test func pagesAreMovedAsWholes() throws {
        let block = try #require(try MemoryRegion.ram("ram", size: 0x4000).ramBlock)
        #expect((0..<4).allSatisfy(block.isZero))
        for place in [0, 1, 2047, 2048, 4095] {
            block.load([1], at: UInt64(0x1000 + place))
            #expect(!block.isZero(page: 1) && block.isZero(page: 0) && block.isZero(page: 2), "\(place)")
            block.clear(page: 1)
            #expect(block.isZero(page: 1))
        }
        block.load([7, 8], at: 0x2ffe)
        var bytes: [UInt8] = [9]
        block.append(page: 2, to: &bytes)
        #expect(bytes.count == 4097 && bytes[4095] == 7)
        block.replace(page: 3, from: bytes, at: 1)
        #expect(block.bytes(at: 0x3ffe, count: 2) == [7, 8])
    }

    @Test func setsOfPagesCount() {
        var pages = PageSet(pages: 130, all: true)
        #expect(pages.count == 130 && pages.contains(129))
        #expect(pages.takeFirst(from: 64) == 64 && pages.takeFirst(from: 64) == 65 && pages.takeFirst() == 0 && pages.count == 127)
        pages.insert(65)
        pages.insert(65)
        pages.remove(3)
        pages.remove(3)
        #expect(pages.count == 127 && pages.takeFirst(from: 128) == 128 && pages.takeFirst(from: 128) == 129 && pages.takeFirst(from: 128) == nil)
        var other = PageSet(pages: 130)
        #expect(other.isEmpty && other.takeFirst() == nil)
        other.insert(3)
        other.insert(129)
        pages.formUnion(other)
        #expect(pages.contains(3) && pages.contains(129) && pages.count == 127)
    }

    @Test func writesToCodeAreReported() throws {
        let ram = try MemoryRegion.ram("ram", size: 0x4000)
        root.add(MemoryRegion.alias("window", of: ram, offset: 0x1000, size: 0x2000), at: 0)
        let block = try #require(ram.ramBlock)
        var pages: [Int] = []
        memory.onCodeWrite { written, page in if written === block { pages.append(page) } }
        block.set(RAMBlock.PageFlag.code, page: 2)
        memory.store(0x0ff8, 1 as UInt64)
        #expect(pages == [])
        memory.store(0x1000, 1 as UInt64)
        #expect(pages == [2])
        memory.forgetObservers()
        memory.store(0x1000, 2 as UInt64)
        #expect(pages == [2])
    }

    // MARK: Words and spans

    @Test func wordsMayLieAcross() throws {
        let first = try MemoryRegion.ram("first", size: 0x1000)
        let second = try MemoryRegion.ram("second", size: 0x1000)
        root.add(first, at: 0)
        root.add(second, at: 0x1000)
        #expect(memory.store(0xffe, 0x0807_0605_0403_0201 as UInt64) == .ok)
        #expect(memory.load(0xffe, as: UInt64.self) == 0x0807_0605_0403_0201)
        #expect(first.ramBlock?.bytes(at: 0xffe, count: 2) == [1, 2] && second.ramBlock?.bytes(at: 0, count: 6) == [3, 4, 5, 6, 7, 8])
        #expect(memory.map(0xff0, count: 0x20, writing: true)?.map(\.count) == [0x10, 0x10])
        #expect(memory.compareExchange(0xffe, expected: 0 as UInt32, new: 1) == false, "not aligned")
    }
}
