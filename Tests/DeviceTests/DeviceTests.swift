import AddressSpace
import Chardev
import DeviceModel
import EventLoop
import HostOS
import PlatformDevices
import Testing
import Virtio
import VirtioDevices

@Suite struct DeviceTests {
    private func devices() throws -> [any MMIODevice] {
        let loop = try EventLoop()
        let memory = AddressSpace("memory", root: MemoryRegion.container("system", size: .max))
        return [
            UART16550A(backend: NullBackend(), loop: loop), ACLINT(harts: 4, loop: loop), PLIC(harts: 4), TestFinisher { _ in },
            GoldfishRTC(loop: loop), VirtioMMIO(memory: memory, device: VirtioEntropy(loop: loop), legacy: false),
            VirtioMMIO(memory: memory, device: VirtioEntropy(loop: loop), legacy: true), VirtioMMIO(memory: memory, device: nil, legacy: false),
            FirmwareConfiguration(memory: memory),
        ]
    }

    /// No register traffic, however wild, stops a device, and a reset brings it back to where it was.
    @Test func wildTrafficDoesNoHarm() throws {
        var state: UInt64 = 42
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 11
        }
        for device in try devices() {
            device.reset()
            let root = MemoryRegion.container("root", size: .max)
            root.add(device.makeRegion(), at: 0)
            let space = AddressSpace("space", root: root)
            let section = space.section(at: 0)
            let window = type(of: device).windowSize
            for _ in 0..<20_000 {
                let size = 1 << Int(random() % 4)
                let offset = random() % window
                if random() % 2 == 0 {
                    _ = space.readRegister(section, offset, size: size)
                } else {
                    _ = space.writeRegister(section, offset, value: random() << (random() % 40), size: size)
                }
            }
            device.reset()
        }
    }

    @Test func interruptsGoThroughThePLIC() {
        let plic = PLIC(harts: 1)
        var level = false
        plic.outputs[1].connect(InputPin { level = $0 })
        _ = plic.write(4 * 10, value: 1, size: 4)
        _ = plic.write(0x2080, value: 1 << 10, size: 4)
        plic.input(10).set(true)
        #expect(level)
        #expect(plic.read(0x201004, size: 4).value == 10)
        #expect(!level)
        #expect(plic.read(0x201004, size: 4).value == 0)
        _ = plic.write(0x201004, value: 10, size: 4)
        #expect(level, "a level that is still high comes again")
        plic.input(10).set(false)
        #expect(!level)
    }

    @Test func theUARTReceivesAndSends() throws {
        final class Line: CharacterBackend {
            var sent: [UInt8] = []
            override func write(_ bytes: [UInt8]) { sent += bytes }
        }
        let line = Line()
        let uart = UART16550A(backend: line, loop: try EventLoop())
        var level = false
        uart.interrupt.connect(InputPin { level = $0 })
        _ = uart.write(1, value: 1, size: 1)
        #expect(uart.read(5, size: 1).value == 0x60)
        uart.receive([65])
        #expect(level)
        #expect(uart.read(2, size: 1).value & 15 == 4)
        #expect(uart.read(0, size: 1).value == 65)
        #expect(!level)
        _ = uart.write(0, value: 66, size: 1)
        #expect(line.sent == [66])
        _ = uart.write(4, value: 16, size: 1)
        _ = uart.write(0, value: 67, size: 1)
        #expect(line.sent == [66])
        #expect(uart.read(0, size: 1).value == 67)
    }
}
