import AddressSpace
import Display
import ObjectModel
import Snapshot
import Testing
import Virtio
import VirtioDevices

@Suite struct VirtioGPUTests {
    private let device: VirtioGPU
    private let console: DisplayConsole
    private let driver: RingDriver
    /// Where a picture lies in the guest's memory.
    private static let picture: UInt64 = 0x8_0000

    init() throws {
        (device, driver) = try VirtioGPUTests.make()
        console = device.consoles[0]
    }

    private static func make() throws -> (VirtioGPU, RingDriver) {
        var values = PropertyValues(VirtioGPU.type)
        try values.set("max_hostmem", text: "1M")
        let device = VirtioGPU(values, consoles: [DisplayConsole(device: "gpu")])
        return (device, try RingDriver(device, features: 2, queues: [0, 1], legacy: false))
    }

    private func words(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    }
    private func word(_ bytes: [UInt8], _ index: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) } }

    private func command(_ number: UInt32, _ arguments: [UInt32], room: Int = 24) -> [UInt8] {
        driver.request(0, words([number, 1, 7, 0, 0, 0] + arguments), room: room) ?? []
    }

    /// What the command is answered with.
    private func answer(_ number: UInt32, _ arguments: [UInt32]) -> UInt32 { word(command(number, arguments), 0) }

    private func create(_ id: UInt32, format: UInt32 = 2, _ width: UInt32 = 64, _ height: UInt32 = 64) -> UInt32 {
        answer(0x101, [id, format, width, height])
    }

    /// A picture of 64×64 pixels in two pieces of memory, shown on the first output.
    private func showPicture() {
        #expect(create(1) == 0x1100)
        #expect(answer(0x106, [1, 2, UInt32(Self.picture), 0, 0x1000, 0, UInt32(Self.picture) + 0x2000, 0, 0x3000, 0]) == 0x1100)
        #expect(answer(0x103, [0, 0, 64, 64, 0, 1]) == 0x1100)
    }

    private func paint(_ x: Int, _ y: Int, _ pixel: UInt32) {
        let offset = UInt64(4 * (64 * y + x))
        driver.memory.store(Self.picture + (offset < 0x1000 ? offset : offset + 0x1000), pixel)
    }

    @Test func outputsAndMonitors() {
        let info = command(0x100, [], room: 408)
        #expect(word(info, 0) == 0x1101 && word(info, 1) == 1 && word(info, 2) == 7, "the fence comes back")
        #expect((8...10).map { word(info, $0) } == [1280, 800, 1] && word(info, 16) == 0)
        let edid = command(0x10a, [0, 0], room: 1056)
        #expect(word(edid, 0) == 0x1104 && word(edid, 6) == 128)
        #expect(Array(edid[32..<160]) == EDID.block(width: 1280, height: 800))
        #expect(answer(0x10a, [5, 0]) == 0x1202)
        #expect(device.configuration == words([0, 0, 1, 0]))
    }

    @Test func picturesAreShown() {
        showPicture()
        #expect(console.surface == PixelSurface(width: 64, height: 64))
        paint(3, 2, 0x1122_3344)
        paint(63, 63, 0xff55_6677)
        #expect(answer(0x105, [0, 0, 64, 64, 0, 0, 1, 0]) == 0x1100)
        #expect(console.surface.pixels[2 * 64 + 3] == 0, "it is not seen before it is flushed")
        #expect(answer(0x104, [0, 0, 64, 64, 1, 0]) == 0x1100)
        #expect(console.surface.pixels[2 * 64 + 3] == 0x22_3344 && console.surface.pixels[64 * 64 - 1] == 0x55_6677)
        paint(10, 20, 0x99)
        #expect(answer(0x105, [8, 16, 8, 8, UInt32(4 * (16 * 64 + 8)), 0, 1, 0]) == 0x1100)
        #expect(answer(0x104, [8, 16, 8, 8, 1, 0]) == 0x1100)
        #expect(console.surface.pixels[20 * 64 + 10] == 0x99 && console.surface.pixels[2 * 64 + 3] == 0x22_3344)
        #expect(answer(0x103, [16, 16, 32, 32, 0, 1]) == 0x1100)
        #expect(console.surface.width == 32 && console.surface.pixels[4 * 32 + 0] == 0)
        #expect(answer(0x102, [1, 0]) == 0x1100)
        #expect(console.surface.width == 640, "without its picture it is dark")
    }

    @Test func mistakesAreRefused() {
        #expect(create(0) == 0x1203 && create(1, format: 99) == 0x1205)
        #expect(create(1, 0, 5) == 0x1205 && create(1, 1 << 20, 1) == 0x1205)
        #expect(create(1, 1024, 1024) == 0x1201, "more than it may take")
        showPicture()
        #expect(create(1) == 0x1203, "there is one of that number")
        #expect(create(2, 512, 508) == 0x1201)
        #expect(answer(0x103, [0, 0, 64, 65, 0, 1]) == 0x1205 && answer(0x103, [0, 0, 8, 8, 0, 1]) == 0x1205)
        #expect(answer(0x103, [0, 0, 64, 64, 1, 1]) == 0x1202 && answer(0x103, [0, 0, 64, 64, 0, 9]) == 0x1203)
        #expect(answer(0x104, [60, 0, 5, 1, 1, 0]) == 0x1205 && answer(0x104, [~0, ~0, ~0, ~0, 1, 0]) == 0x1205)
        #expect(answer(0x105, [0, 0, 64, 65, 0, 0, 1, 0]) == 0x1205)
        #expect(answer(0x105, [0, 0, 64, 64, 4, 0, 1, 0]) == 0x1200, "four bytes lie behind its memory")
        #expect(answer(0x105, [0, 0, 64, 64, ~0, ~0, 1, 0]) == 0x1200)
        #expect(answer(0x106, [1, 1, 0, 0, 64, 0]) == 0x1200, "it has its memory")
        #expect(answer(0x106, [9, 1, 0, 0, 64, 0]) == 0x1203 && answer(0x102, [9, 0]) == 0x1203)
        #expect(answer(0x107, [1, 0]) == 0x1100 && answer(0x107, [1, 0]) == 0x1200)
        #expect(answer(0x106, [1, 2, 0, 0, 64, 0]) == 0x1200, "an entry is missing")
        #expect(answer(0x106, [1, ~0, 0, 0, 64, 0]) == 0x1200)
        #expect(answer(0x106, [1, 1, 0xffff_f000, ~0, ~0, 0]) == 0x1100)
        #expect(answer(0x105, [0, 0, 64, 64, 0, 0, 1, 0]) == 0x1200, "there is no memory")
        #expect(answer(0x999, []) == 0x1200)
        #expect(driver.request(0, [1, 2], room: 24)?.prefix(2) == [0, 0x12])
        #expect(driver.get(0x70) & 64 == 0, "the device goes on")
    }

    @Test func pointers() {
        #expect(create(3, format: 1) == 0x1100)
        #expect(driver.request(1, words([0x300, 0, 0, 0, 0, 0, 0, 5, 6, 0, 3, 1, 70, 0]), room: 24) != nil)
        #expect(console.pointer?.width == 64 && console.pointer?.hotX == 1 && console.pointer?.hotY == 63)
        #expect(driver.request(1, words([0x300, 0, 0, 0, 0, 0, 8, 5, 6, 0, 0, 0, 0, 0]), room: 24) != nil)
        #expect(console.pointer != nil, "there is no such output")
        #expect(driver.request(1, words([0x300, 0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0]), room: 24) != nil)
        #expect(console.pointer == nil)
    }

    @Test func viewersWishes() {
        console.wish?(1024, 768)
        console.wish?(5000, 5000)
        #expect(device.configuration.first == 1)
        let info = command(0x100, [], room: 408)
        #expect((8...9).map { word(info, $0) } == [1024, 768])
        _ = driver.transport.write(0x104, value: 1, size: 4)
        #expect(device.configuration.first == 0)
    }

    @Test func stateIsKept() throws {
        showPicture()
        paint(1, 1, 0xabcdef)
        _ = answer(0x105, [0, 0, 64, 64, 0, 0, 1, 0])
        _ = answer(0x104, [0, 0, 64, 64, 1, 0])
        var writer = SnapshotWriter()
        device.visit(&writer)
        let (other, _) = try VirtioGPUTests.make()
        var reader = try SnapshotReader(writer.bytes)
        other.visit(&reader)
        try reader.finish()
        other.restored(features: 0)
        #expect(other.consoles[0].surface == console.surface && console.surface.pixels[65] == 0xabcdef)
        device.reset()
        #expect(console.surface.width == 640)
    }
}
