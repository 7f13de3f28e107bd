import BlockCore
import HostOS
import Testing
import Virtio
import VirtioDevices

/// A disk that writes down what is asked of it.
private final class Recorder: BlockNode {
    let size: UInt64 = 1 << 20
    let isReadOnly: Bool
    var calls: [String] = []
    var result = BlockResult.ok
    var isSlow = false
    private var waiting: [() -> Void] = []

    init(isReadOnly: Bool = false) { self.isReadOnly = isReadOnly }

    private func note(_ call: String, _ done: @escaping (BlockResult) -> Void) {
        calls.append(call)
        if isSlow { waiting.append { [self] in done(result) } } else { done(result) }
    }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        for buffer in buffers { buffer.fill(from: [UInt8](repeating: 0x5a, count: buffer.count)[...]) }
        note("read \(offset)+\(buffers.reduce(0) { $0 + $1.count })", done)
    }

    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        note("write \(offset)+\(buffers.reduce(0) { $0 + $1.count })", done)
    }

    func flush(_ done: @escaping (BlockResult) -> Void) { note("flush", done) }

    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { note("discard \(offset)+\(count)", done) }

    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        note("zero \(offset)+\(count)\(mayUnmap ? " unmap" : "")", done)
    }

    func drain() {
        let all = waiting
        waiting = []
        for item in all { item() }
    }
}

/// A driver's requests to a disk, and what comes of those that make no sense.
@Suite struct VirtioBlockTests {
    private static let flush: UInt64 = 1 << 9, cacheControl: UInt64 = 1 << 11
    private static let ok: UInt8 = 0, ioError: UInt8 = 1, unsupported: UInt8 = 2

    private func make(_ node: Recorder, features: UInt64 = flush | cacheControl, _ change: (inout VirtioBlock.Options) -> Void = { _ in }) throws
        -> RingDriver
    {
        var options = VirtioBlock.Options()
        change(&options)
        return try RingDriver(VirtioBlock(node: node, options: options), features: features, queues: [0], legacy: false)
    }

    private func bytes(_ value: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
    private func header(_ kind: UInt64, _ sector: UInt64 = 0) -> [UInt8] { bytes(kind, 4) + bytes(0, 4) + bytes(sector, 8) }
    private func segment(_ sector: UInt64, _ sectors: UInt64, flags: UInt64 = 0) -> [UInt8] { bytes(sector, 8) + bytes(sectors, 4) + bytes(flags, 4) }
    private func data(_ count: Int) -> [UInt8] { [UInt8](repeating: 1, count: count) }

    @Test func transfers() throws {
        let node = Recorder()
        let driver = try make(node)
        #expect(driver.request(0, header(0, 3), room: 1025) == [UInt8](repeating: 0x5a, count: 1024) + [VirtioBlockTests.ok])
        #expect(driver.request(0, header(1, 2) + data(512), room: 1) == [VirtioBlockTests.ok])
        #expect(driver.request(0, header(4), room: 1) == [VirtioBlockTests.ok])
        #expect(node.calls == ["read 1536+1024", "write 1024+512", "flush"])
        node.result = .failed(errno: 5)
        #expect(driver.request(0, header(0), room: 513)?.last == VirtioBlockTests.ioError)
    }

    @Test func whatLiesNotOnTheDiskIsRefused() throws {
        let node = Recorder()
        let driver = try make(node)
        for sector in [2048, 2047, UInt64.max, UInt64.max / 512, UInt64.max / 512 + 1] as [UInt64] {
            #expect(driver.request(0, header(0, sector), room: 1025)?.last == VirtioBlockTests.ioError)
            #expect(driver.request(0, header(1, sector) + data(1024), room: 1) == [VirtioBlockTests.ioError])
            #expect(driver.request(0, header(11) + segment(sector, 2), room: 1) == [VirtioBlockTests.ioError])
            #expect(driver.request(0, header(13) + segment(sector, 2), room: 1) == [VirtioBlockTests.ioError])
        }
        #expect(driver.request(0, header(0), room: 500)?.last == VirtioBlockTests.ioError)
        #expect(driver.request(0, header(1) + data(100), room: 1) == [VirtioBlockTests.ioError])
        #expect(driver.request(0, header(2), room: 1) == [VirtioBlockTests.unsupported])
        #expect(node.calls.isEmpty)
    }

    @Test func discardsAndZeroes() throws {
        let node = Recorder()
        let driver = try make(node)
        #expect(driver.request(0, header(11) + segment(8, 16), room: 1) == [VirtioBlockTests.ok])
        #expect(driver.request(0, header(13) + segment(8, 16), room: 1) == [VirtioBlockTests.ok])
        #expect(driver.request(0, header(13) + segment(8, 16, flags: 1), room: 1) == [VirtioBlockTests.ok])
        #expect(node.calls == ["discard 4096+8192", "zero 4096+8192", "zero 4096+8192 unmap"])
        #expect(driver.request(0, header(11) + segment(8, 16, flags: 1), room: 1) == [VirtioBlockTests.unsupported])
        #expect(driver.request(0, header(13) + segment(8, 16, flags: 2), room: 1) == [VirtioBlockTests.unsupported])
        #expect(driver.request(0, header(11) + segment(0, 1) + segment(1, 1), room: 1) == [VirtioBlockTests.ioError])
        #expect(driver.request(0, header(11) + data(8), room: 1) == [VirtioBlockTests.ioError])
        #expect(driver.request(0, header(11) + segment(0, 0xffff_ffff), room: 1) == [VirtioBlockTests.ioError])
        #expect(node.calls.count == 3)
    }

    @Test func namesItself() throws {
        let driver = try make(Recorder()) { $0.serial = "disk-1" }
        let name = Array("disk-1".utf8) + [UInt8](repeating: 0, count: 14)
        #expect(driver.request(0, header(8), room: 21) == name + [VirtioBlockTests.ok])
        #expect(driver.request(0, header(8), room: 5) == Array("disk".utf8) + [VirtioBlockTests.ok])
    }

    @Test func nothingChangesAReadOnlyDisk() throws {
        let node = Recorder(isReadOnly: true)
        let driver = try make(node)
        #expect(driver.request(0, header(1) + data(512), room: 1) == [VirtioBlockTests.ioError])
        #expect(driver.request(0, header(11) + segment(0, 1), room: 1) == [VirtioBlockTests.ioError])
        #expect(driver.request(0, header(13) + segment(0, 1), room: 1) == [VirtioBlockTests.ioError])
        #expect(node.calls.isEmpty)
    }

    /// Where the guest sees no cache, a write that is done is durable.
    @Test func writesThroughUnlessTheGuestFlushes() throws {
        func calls(features: UInt64, switchOff: Bool = false, _ change: (inout VirtioBlock.Options) -> Void = { _ in }) throws -> [String] {
            let node = Recorder()
            let driver = try make(node, features: features, change)
            if switchOff { _ = driver.transport.write(0x100 + 32, value: 0, size: 1) }
            #expect(driver.request(0, header(1) + data(512), room: 1) == [VirtioBlockTests.ok])
            return node.calls
        }
        let both = VirtioBlockTests.flush | VirtioBlockTests.cacheControl
        #expect(try calls(features: both) == ["write 0+512"])
        #expect(try calls(features: both, switchOff: true) == ["write 0+512", "flush"])
        #expect(try calls(features: VirtioBlockTests.flush, switchOff: true) == ["write 0+512"])
        #expect(try calls(features: 0) == ["write 0+512", "flush"])
        #expect(try calls(features: both) { $0.hasWriteCache = false } == ["write 0+512", "flush"])
        #expect(try calls(features: 0) { $0.nodeHasCache = false } == ["write 0+512"])
    }

    @Test func aResetEndsWhatIsUnderWay() throws {
        let node = Recorder()
        node.isSlow = true
        let driver = try make(node)
        #expect(driver.request(0, header(0), room: 513) == nil)
        driver.set(0x70, 0)
        let used: UInt16? = driver.memory.load(0x1_1002)
        #expect(used == 0, "the ring is the driver's again")
        node.drain()
        #expect(node.calls.count == 1)
    }

    @Test func theConfigurationTellsBlockSizes() throws {
        let driver = try make(Recorder()) { ($0.logicalBlockSize, $0.physicalBlockSize, $0.queues) = (1024, 4096, 3) }
        func field(_ offset: UInt64, _ size: Int) -> UInt64 { driver.transport.read(0x100 + offset, size: size).value }
        #expect(field(0, 4) == 2048)
        #expect(field(12, 4) == 254)
        #expect(field(20, 4) == 1024)
        #expect(field(24, 1) == 2)
        #expect(field(32, 1) == 1)
        #expect(field(34, 2) == 3)
        #expect(field(40, 4) == 1)
        #expect(field(44, 4) == 2)
        #expect(field(56, 1) == 1)
    }
}
