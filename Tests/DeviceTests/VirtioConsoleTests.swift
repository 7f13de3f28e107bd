import Chardev
import Testing
import Virtio
import VirtioDevices

/// A back end whose both sides the test sees.
private final class Line: CharacterBackend {
    var sent: [UInt8] = []
    var connected = false
    override var isOpen: Bool { connected }
    override func write(_ bytes: [UInt8]) { sent += bytes }
}

@Suite struct VirtioConsoleTests {
    private let line = Line()
    private let port = Line()
    private let device = VirtioConsole(maxPorts: 4)

    init() {
        device.add(VirtioConsolePort(number: 0, isConsole: true, name: "", backend: line))
        device.add(VirtioConsolePort(number: 2, isConsole: false, name: "org.example", backend: port))
    }

    private func message(_ number: UInt16, _ event: UInt16, _ value: UInt16, _ more: [UInt8] = []) -> [UInt8] {
        [number, 0, event, value].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } + more
    }

    @Test func portsAreNumbered() {
        #expect(device.freeNumber(isConsole: true) == 1 && device.freeNumber(isConsole: false) == 1)
        #expect(device.hasPort(2) && !device.hasPort(1))
        #expect(device.queueCount == 10)
        #expect(device.configuration[4] == 4)
    }

    @Test(arguments: [false, true]) func aConsoleWithoutControlMessages(_ legacy: Bool) throws {
        let driver = try RingDriver(device, features: 0, queues: [0, 1], legacy: legacy)
        driver.offer(1, Array("hello".utf8))
        #expect(line.sent == Array("hello".utf8))
        #expect(driver.taken(1).count == 1)
        #expect(line.frontEnd?.receivableBytes() == 0, "the driver has not made room yet")
        driver.offer(0)
        #expect(line.frontEnd?.receivableBytes() == 256)
        line.frontEnd?.receive(Array("typed".utf8))
        #expect(driver.taken(0) == [Array("typed".utf8)])
        #expect(driver.get(0x60) & 1 == 1)
        _ = driver.transport.write(0x108, value: 0x21, size: 4)
        #expect(line.sent.last == 0x21, "emergency writes need no queue")
    }

    @Test(arguments: [false, true]) func portsComeAndOpen(_ legacy: Bool) throws {
        let driver = try RingDriver(device, features: 2, queues: Array(0..<10), legacy: legacy)
        for _ in 0..<8 { driver.offer(2) }
        driver.offer(3, message(0, 0, 1))
        #expect(driver.taken(2) == [message(0, 1, 1), message(2, 1, 1)])
        driver.offer(3, message(0, 3, 1))
        #expect(driver.taken(2) == [message(0, 4, 1), message(0, 6, 1)])
        driver.offer(3, message(2, 3, 1))
        #expect(driver.taken(2) == [message(2, 7, 1, Array("org.example".utf8) + [0]), message(2, 6, 0)])
        port.connected = true
        port.frontEnd?.handle(.opened)
        #expect(driver.taken(2) == [message(2, 6, 1)])
        driver.offer(6)
        #expect(port.frontEnd?.receivableBytes() == 0, "nobody in the guest has the port open")
        driver.offer(3, message(2, 6, 1))
        #expect(port.frontEnd?.receivableBytes() == 256)
        port.frontEnd?.receive([1, 2, 3])
        #expect(driver.taken(6) == [[1, 2, 3]])
        driver.offer(7, [9, 8])
        #expect(port.sent == [9, 8])
        driver.offer(3, message(77, 3, 1))
        #expect(driver.get(0x70) & 64 == 0, "a message for a port that is not there is the driver's nonsense, and ignored")
    }

    @Test func messagesWaitForBuffers() throws {
        let driver = try RingDriver(device, features: 2, queues: Array(0..<10), legacy: false)
        driver.offer(3, message(0, 0, 1))
        #expect(driver.taken(2).isEmpty)
        driver.offer(2)
        #expect(driver.taken(2) == [message(0, 1, 1)])
        driver.offer(2)
        #expect(driver.taken(2) == [message(2, 1, 1)])
        driver.set(0x70, 0)
        #expect(line.frontEnd?.receivableBytes() == 0)
    }
}
