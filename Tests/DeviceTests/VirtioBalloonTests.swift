import EventLoop
import ObjectModel
import Testing
import Virtio
import VirtioDevices

@Suite struct VirtioBalloonTests {
    private let loop: EventLoop
    private let balloon: VirtioBalloon
    private let driver: RingDriver
    private static let memory: UInt64 = 1 << 20

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        var values = PropertyValues(VirtioBalloon.type)
        try values.set("free-page-reporting", text: "on")
        balloon = VirtioBalloon(values, memorySize: VirtioBalloonTests.memory, loop: loop)
        driver = try RingDriver(balloon, features: 0x22, queues: [0, 1, 2, 3], legacy: false)
    }

    private func words(_ values: UInt32...) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) } }
    }

    private func figure(_ number: UInt16, _ value: UInt64) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    @Test func whatIsLentIsTheHosts() {
        for page: UInt64 in 0x80...0x83 { driver.memory.write(page << 12, [7, 7]) }
        driver.offer(0, words(0x80, 0x82))
        #expect(driver.taken(0).count == 1)
        let first = (0x80...0x83).map { driver.memory.read($0 << 12, count: 2) }
        #expect(first == [[0, 0], [7, 7], [0, 0], [7, 7]])
        driver.offer(3, at: 0x83 << 12, readable: false)
        driver.offer(1, words(0x80, 0x82))
        #expect(driver.taken(1).count == 1, "taking back is seen to")
    }

    @Test func pagesElsewhereAreLeftAlone() {
        driver.offer(0, words(0xffff_ffff, 0x100, 0x80))
        #expect(driver.taken(0).count == 1 && driver.get(0x70) & 64 == 0)
    }

    @Test func sizesAreAskedForAndTold() {
        var told: [UInt64] = []
        balloon.onChange = { told.append($0) }
        #expect(balloon.size == VirtioBalloonTests.memory && balloon.configuration == words(0, 0))
        balloon.resize(VirtioBalloonTests.memory - (5 << 12))
        #expect(balloon.configuration == words(5, 0) && driver.get(0x60) & 2 != 0, "the driver hears of it")
        driver.set(0x104, 3)
        driver.set(0x104, 3)
        #expect(told == [VirtioBalloonTests.memory - (3 << 12)] && balloon.size == told[0])
        balloon.resize(2 * VirtioBalloonTests.memory)
        #expect(balloon.configuration == words(0, 3))
        driver.set(0x104, 0xffff_ffff)
        #expect(balloon.size == 0)
    }

    @Test func figuresAreKeptAndAskedForAgain() {
        #expect(balloon.statistics.seconds == 0 && balloon.statistics.figures.allSatisfy { $0.value == .max })
        driver.offer(2, figure(4, 1 << 30) + figure(2, 9) + figure(77, 1))
        let figures = Dictionary(uniqueKeysWithValues: balloon.statistics.figures.map { ($0.name, $0.value) })
        #expect(figures["stat-free-memory"] == 1 << 30 && figures["stat-major-faults"] == 9 && figures["stat-swap-in"] == .max)
        #expect(balloon.statistics.seconds > 1_000_000_000)
        #expect(driver.taken(2).isEmpty, "the buffer is kept until figures are wanted")
        balloon.poll(every: 10)
        #expect(balloon.interval == 10 && driver.taken(2).count == 1)
        balloon.poll(every: 10)
        #expect(driver.taken(2).isEmpty, "there is none to be filled")
    }

    @Test func aBufferThatIsTooShortTellsNothing() {
        driver.offer(2, [4, 0, 1])
        #expect(balloon.statistics.figures.allSatisfy { $0.value == .max })
    }
}
