import EventLoop
import ObjectModel
import Testing
import Virtio
import VirtioDevices

/// `virtio-rng`, and what all virtio devices take beside their own properties.
struct VirtioEntropyTests {
    private static func values(_ given: [String: String]) throws -> PropertyValues {
        var values = PropertyValues(VirtioEntropy.type)
        for (name, text) in given { try values.set(name, text: text) }
        return values
    }

    @Test func aPeriodGivesItsBytesAndTheNextOneMore() throws {
        let loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        let limit = VirtioEntropy.Limit(try VirtioEntropyTests.values(["max-bytes": "600", "period": "1000"]))
        let device = VirtioEntropy(source: { [UInt8](repeating: 7, count: $0) }, limit: limit, loop: loop)
        let driver = try RingDriver(device, features: 0, queues: [0], legacy: false)
        func counts(after offers: Int) -> [Int] {
            for _ in 0..<offers { driver.offer(0) }
            return driver.taken(0).map(\.count)
        }
        func pass(milliseconds: Int64) {
            loop.setVirtualTime(loop.now(.virtual) + milliseconds * 1_000_000)
            loop.fireDueVirtualTimers()
        }
        // Buffers of 256 bytes: the third gets what is left.
        #expect(counts(after: 4) == [256, 256, 88])
        pass(milliseconds: 990)
        #expect(counts(after: 0) == [])
        pass(milliseconds: 20)
        #expect(counts(after: 0) == [256])
        #expect(counts(after: 1) == [256])
    }

    @Test func withoutALimitAllIsGiven() throws {
        let device = VirtioEntropy(source: { [UInt8](repeating: 7, count: $0) }, limit: VirtioEntropy.Limit(try VirtioEntropyTests.values([:])))
        let driver = try RingDriver(device, features: 0, queues: [0], legacy: false)
        for _ in 0..<100 {
            driver.offer(0)
            #expect(driver.taken(0).map(\.count) == [256])
        }
    }

    @Test(arguments: [("indirect_desc", 28), ("event_idx", 29), ("packed", 34)])
    func anAbilityOfQueuesThatIsOffIsNotOffered(name: String, bit: Int) throws {
        for isOn in [true, false] {
            let features = VirtioRingProperties.features(try VirtioEntropyTests.values([name: isOn ? "on" : "off"]))
            let device = VirtioEntropy(source: { _ in [] })
            let driver = try RingDriver(device, features: 0, queues: [], legacy: false, ringFeatures: features)
            driver.set(0x14, UInt32(bit / 32))
            #expect((driver.get(0x10) >> UInt32(bit % 32) & 1 == 1) == isOn)
            // The others are as ever: version 1 among them.
            driver.set(0x14, 1)
            #expect(driver.get(0x10) & 1 == 1)
        }
    }
}
