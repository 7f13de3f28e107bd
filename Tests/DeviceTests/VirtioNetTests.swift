import DeviceModel
import NetBackends
import Testing
import Virtio
import VirtioDevices

/// A network whose both sides the test sees.
private final class Wire: NetworkBackend {
    var sent: [[UInt8]] = []
    var isOpen = true
    override var hasRoom: Bool { isOpen }
    override func send(_ frame: [UInt8]) { sent.append(frame) }
    override var makesGoodChecksums: Bool { true }
}

private enum Feature {
    static let checksum: UInt64 = 1, guestChecksum: UInt64 = 2, tcp4: UInt64 = 1 << 11, tcp6: UInt64 = 1 << 12, merging: UInt64 = 1 << 15
    static let control: UInt64 = 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20 | 1 << 23
}

private let own: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]

private func frame(to target: [UInt8] = own, type: [UInt8] = [0x12, 0x34], count: Int = 60) -> [UInt8] {
    let start = target + [2, 0, 0, 0, 0, 9] + type
    return start + (0..<max(0, count - start.count)).map { UInt8(truncatingIfNeeded: $0 * 7) }
}

@Suite struct VirtioNetTests {
    private let wire = Wire()
    private let card: VirtioNet

    init() throws { card = VirtioNet(address: try #require(MACAddress("52:54:00:12:34:56")), backend: wire, mtu: 1400) }

    private func driver(_ features: UInt64, legacy: Bool = false) throws -> RingDriver {
        try RingDriver(card, features: features, queues: [0, 1, 2], legacy: legacy)
    }

    @Test func theConfigurationSaysWhatThereIs() {
        #expect(card.configuration == own + [1, 0, 1, 0, 0x78, 0x05])
        #expect(card.features & (1 << 3) != 0)
        let alone = VirtioNet(address: card.permanentAddress, backend: nil, features: .all.subtracting(.all))
        #expect(alone.configuration[6] == 0, "no network, no link")
        #expect(alone.features == 1 << 5)
    }

    @Test func featuresThatNeedOthersGoWithThem() {
        func offered(without names: String...) -> UInt64 {
            let lacking = NetFeatures.switches.filter { names.contains($0.name) }.map(\.feature)
            return VirtioNet(address: card.permanentAddress, backend: nil, features: NetFeatures.all.subtracting(NetFeatures(lacking))).features
        }
        #expect(offered(without: "csum") & (1 << 11 | 1 << 12 | 1 << 13) == 0)
        #expect(offered(without: "ctrl_vq") & (1 << 18 | 1 << 19 | 1 << 20 | 1 << 23) == 0)
        #expect(offered(without: "host_tso4") & (1 << 13) != 0)
        #expect(offered(without: "host_tso4", "host_tso6") & (1 << 13) == 0)
    }

    @Test(arguments: [(0 as UInt64, true, 10), (Feature.merging, true, 12), (0, false, 12), (Feature.merging, false, 12)])
    func headersHaveTheirSizes(_ features: UInt64, _ legacy: Bool, _ size: Int) throws {
        let driver = try driver(features | Feature.guestChecksum, legacy: legacy)
        driver.offer(0)
        wire.deliver(frame())
        let header: [UInt8] = [2] + [UInt8](repeating: 0, count: 9) + (size == 12 ? [1, 0] : [])
        #expect(driver.taken(0) == [header + frame()])
        driver.offer(1, [UInt8](repeating: 0, count: size) + frame())
        #expect(wire.sent == [frame()])
        #expect(driver.taken(1).count == 1)
    }

    @Test func oneFrameInSeveralBuffers() throws {
        let driver = try driver(Feature.merging)
        for _ in 0..<2 { driver.offer(0) }
        wire.deliver(frame(count: 600))
        #expect(driver.taken(0).isEmpty, "two buffers of 256 bytes are not enough")
        driver.offer(0)
        let parts = driver.taken(0)
        #expect(parts.map(\.count) == [256, 256, 100])
        #expect(parts.joined().prefix(12).elementsEqual([UInt8](repeating: 0, count: 10) + [3, 0]))
        #expect(parts.joined().dropFirst(12).elementsEqual(frame(count: 600)))
    }

    @Test func aFrameThatFitsNoBufferIsLostAndTheNextIsNot() throws {
        let driver = try driver(0)
        driver.offer(0)
        wire.deliver(frame(count: 600))
        #expect(driver.taken(0).isEmpty)
        wire.deliver(frame(count: 64))
        #expect(driver.taken(0).map { Array($0.dropFirst(12)) } == [frame(count: 64)])
    }

    @Test func framesWaitForBuffersInOrderAndNotWithoutEnd() throws {
        let driver = try driver(Feature.merging)
        for number in 0..<2000 { wire.deliver(own + own + [0x12, 0x34, UInt8(truncatingIfNeeded: number), UInt8(number >> 8)]) }
        #expect(wire.isBehind)
        var numbers: [Int] = []
        for _ in 0..<2000 {
            driver.offer(0)
            numbers += driver.taken(0).map { Int($0[26]) | Int($0[27]) << 8 }
        }
        #expect(numbers == Array(0..<1024))
        #expect(!wire.isBehind)
    }

    @Test func withoutADriverFramesAreLost() throws {
        wire.deliver(frame())
        #expect(!wire.isBehind)
    }

    @Test func theNetworkCanHoldTheDriverUp() throws {
        let driver = try driver(0)
        wire.isOpen = false
        driver.offer(1, [UInt8](repeating: 0, count: 12) + frame())
        #expect(wire.sent.isEmpty && driver.taken(1).isEmpty)
        wire.isOpen = true
        wire.frontEnd?.backendHasRoom()
        #expect(wire.sent.count == 1 && driver.taken(1).count == 1)
    }

    // MARK: Filter and control queue

    @Test func theFilterLetsThroughWhatTheDriverAskedFor() throws {
        let driver = try driver(Feature.control)
        let other: [UInt8] = [0x52, 0x54, 0, 1, 2, 3], group: [UInt8] = [0x33, 0x33, 0, 0, 0, 1], all = [UInt8](repeating: 0xff, count: 6)
        func mode(_ number: UInt8, _ isOn: Bool) { #expect(driver.command(2, [0, number, isOn ? 1 : 0]) == 0) }
        for _ in 0..<4 { driver.offer(0) }
        #expect(delivered(frame(to: other), driver), "everything until the driver says otherwise")
        mode(0, false)
        #expect(delivered(frame(), driver) && delivered(frame(to: all), driver))
        #expect(!delivered(frame(to: other), driver) && !delivered(frame(to: group), driver))
        #expect(driver.command(2, [1, 0, 1, 0, 0, 0] + other + [1, 0, 0, 0] + group) == 0)
        for (target, number) in [(other, 4), (group, 3), (all, 5)] as [([UInt8], UInt8)] {
            #expect(delivered(frame(to: target), driver))
            mode(number, true)
            #expect(!delivered(frame(to: target), driver))
            mode(number, false)
        }
        #expect(driver.command(2, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == 0)
        for (target, number) in [(other, 2), (group, 1)] as [([UInt8], UInt8)] {
            #expect(!delivered(frame(to: target), driver))
            mode(number, true)
            #expect(delivered(frame(to: target), driver))
        }
    }

    /// Whether a frame reaches the driver; buffers lie ready.
    private func delivered(_ frame: [UInt8], _ driver: RingDriver) -> Bool {
        wire.deliver(frame)
        let count = driver.taken(0).count
        if count > 0 { driver.offer(0) }
        return count == 1
    }

    @Test func vlansPassWhenTheyAreAdded() throws {
        let driver = try driver(Feature.control)
        let tagged = frame(type: [0x81, 0, 0x20, 0x05, 8, 0])
        for _ in 0..<4 { driver.offer(0) }
        #expect(driver.command(2, [0, 0, 0]) == 0)
        #expect(!delivered(tagged, driver))
        #expect(driver.command(2, [2, 0, 5, 0]) == 0)
        #expect(delivered(tagged, driver))
        #expect(driver.command(2, [2, 1, 5, 0]) == 0)
        #expect(!delivered(tagged, driver))
    }

    @Test func moreAddressesThanThereIsRoomForOpenTheFilter() throws {
        let driver = try driver(Feature.control)
        for _ in 0..<4 { driver.offer(0) }
        #expect(driver.command(2, [0, 0, 0]) == 0)
        var state = NetControlTable(unicast: 70).bytes
        #expect(driver.command(2, state) == 0)
        #expect(delivered(frame(to: [2, 9, 9, 9, 9, 9]), driver))
        state = NetControlTable(unicast: 3).bytes
        #expect(driver.command(2, state) == 0)
        #expect(!delivered(frame(to: [2, 9, 9, 9, 9, 9]), driver))
        #expect(delivered(frame(to: [2, 0, 0, 0, 0, 2]), driver))
    }

    private struct NetControlTable {
        let unicast: Int
        var bytes: [UInt8] {
            [1, 0, UInt8(unicast), 0, 0, 0] + (0..<unicast).flatMap { [2, 0, 0, 0, 0, UInt8($0)] } + [0, 0, 0, 0]
        }
    }

    @Test(
        arguments: [
            [], [0], [0, 0], [0, 6, 1], [0, 0, 1, 1], [1, 0, 1, 0, 0, 0], [1, 0, 255, 255, 255, 255, 1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], [1, 1, 1, 2, 3], [1, 2, 0], [2, 0, 5], [2, 0, 0, 16], [2, 2, 5, 0], [3, 0], [4, 0, 1, 0], [77, 1, 2],
        ] as [[UInt8]]) func wrongCommandsAreRefused(_ command: [UInt8]) throws
    {
        let driver = try driver(Feature.control)
        #expect(driver.command(2, command) == 1)
        #expect(driver.get(0x70) & 64 == 0)
        #expect(try self.driver(1 << 17).command(2, [0, 0, 0]) == 1, "a feature that was not accepted")
    }

    @Test func theAddressChangesAndAResetBringsItBack() throws {
        let modern = try driver(Feature.control)
        #expect(modern.command(2, [1, 1, 2, 3, 4, 5, 6, 7]) == 0)
        #expect(card.configuration.prefix(6) == [2, 3, 4, 5, 6, 7])
        _ = modern.transport.write(0x100, value: 0x99, size: 1)
        #expect(card.configuration[0] == 2, "modern drivers cannot write it there")
        modern.set(0x70, 0)
        #expect(card.configuration.prefix(6).elementsEqual(own))
        let legacy = try driver(0, legacy: true)
        _ = legacy.transport.write(0x101, value: 0x77, size: 1)
        #expect(card.configuration[1] == 0x77)
        _ = legacy.transport.write(0x104, value: 0x7777_7777, size: 4)
        #expect(card.configuration[4] == own[4], "a write beyond the address")
    }

    // MARK: Nonsense

    @Test(arguments: ["short header", "nothing to write", "no status", "outside", "outside receiving"])
    func nonsenseStopsTheCard(_ kind: String) throws {
        let driver = try driver(Feature.control | Feature.merging)
        switch kind {
        case "short header": driver.offer(1, [1, 2, 3])
        case "nothing to write":
            driver.offer(0, [1])
            wire.deliver(frame())
        case "no status": driver.offer(2, [0, 0, 1])
        case "outside": driver.offer(1, at: 0xffff_ffff_ffff_ff00, readable: true)
        default:
            driver.offer(0, at: 0x4000_0000, readable: false)
            wire.deliver(frame())
        }
        #expect(driver.get(0x70) & 64 != 0)
        #expect(wire.sent.isEmpty)
        driver.set(0x70, 0)
        #expect(driver.get(0x70) == 0)
    }

    @Test func wrongPacketsAreNotSent() throws {
        let driver = try driver(Feature.checksum | Feature.tcp4 | Feature.tcp6)
        let plain = [UInt8](repeating: 0, count: 12)
        driver.offer(1, plain + [1, 2, 3])
        driver.offer(1, [1, 0, 0, 0, 0, 0, 58, 0, 6, 0, 0, 0] + frame())  // a checksum at the frame's end
        driver.offer(1, [1, 3, 0, 0, 100, 0, 34, 0, 16, 0, 0, 0] + frame())  // UDP segments, not offered
        driver.offer(1, [1, 1, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0] + frame())  // segments of no bytes
        driver.offer(1, [1, 1, 0, 0, 9, 0, 34, 0, 16, 0, 0, 0] + frame())  // not IP at all
        #expect(wire.sent.isEmpty)
        #expect(driver.taken(1).count == 5 && driver.get(0x70) == 15)
    }

    /// A card that holds buffers of the driver's fills them after a move.
    @Test func buffersMoveWithTheCard() throws {
        let driver = try driver(Feature.merging | Feature.control)
        driver.offer(0)
        wire.deliver(frame(count: 500))
        #expect(driver.command(2, [0, 0, 0]) == 0)
        let (secondWire, saved) = (Wire(), DeviceSnapshot.save([driver.transport]))
        let second = VirtioNet(address: card.permanentAddress, backend: secondWire, mtu: 1400)
        let transport = VirtioMMIO(memory: driver.memory, device: second, legacy: false)
        try DeviceSnapshot.restore([transport], from: saved)
        secondWire.deliver(frame(to: [2, 2, 2, 2, 2, 2]))
        secondWire.deliver(frame(count: 200))
        #expect(driver.taken(0).map { Array($0.dropFirst(12)) } == [frame(count: 200)])
    }
}
