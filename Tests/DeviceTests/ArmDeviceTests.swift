import AddressSpace
import Chardev
import DeviceModel
import EventLoop
import PlatformDevices
import Testing

/// A back end that keeps what it gets.
private final class Recorder: CharacterBackend {
    var written: [UInt8] = []
    override func write(_ bytes: [UInt8]) { written += bytes }
}

@Suite struct ArmDeviceTests {
    // MARK: GIC

    /// A GICv2 of two CPUs; `cpu` is who accesses it.
    private final class V2 {
        let gic: GIC400
        let memory: AddressSpace
        private let distributor: GIC400Window, interface: GIC400Window

        init(cpus: Int) {
            memory = AddressSpace("memory", root: MemoryRegion.container("root", size: .max))
            gic = GIC400(cpus: cpus, memory: memory)
            (distributor, interface) = (GIC400Window(gic, .distributor), GIC400Window(gic, .interface))
            gic.reset()
        }

        func setDistributor(_ offset: UInt64, _ value: UInt64, size: Int = 4) { _ = distributor.write(offset, value: value, size: size) }
        func distributor(_ offset: UInt64) -> UInt64 { distributor.read(offset, size: 4).value }
        func set(_ offset: UInt64, _ value: UInt64) { _ = interface.write(offset, value: value, size: 4) }
        func get(_ offset: UInt64) -> UInt64 { interface.read(offset, size: 4).value }

        /// Everything on, all priorities admitted, interrupt 40 for `target`.
        func enable(target: UInt64) {
            setDistributor(0, 1)
            setDistributor(0x104, 1 << 8)
            setDistributor(0x828, target, size: 1)
            for cpu in 0..<gic.cpus {
                memory.initiator = cpu
                set(0, 1)
                set(4, 0xf0)
            }
        }
    }

    @Test func sharedInterruptOfAGICv2() {
        let v2 = V2(cpus: 2)
        v2.enable(target: 2)
        v2.gic.input(40).set(true)
        #expect(!v2.gic.irq[0].level && v2.gic.irq[1].level)
        v2.memory.initiator = 0
        #expect(v2.get(0xc) == 1023)
        v2.memory.initiator = 1
        #expect(v2.get(0xc) == 40 && !v2.gic.irq[1].level, "active: not signalled again")
        v2.set(0x10, 40)
        #expect(v2.gic.irq[1].level, "its level is still high")
        #expect(v2.get(0xc) == 40)
        v2.gic.input(40).set(false)
        v2.set(0x10, 40)
        #expect(!v2.gic.irq[1].level && v2.get(0xc) == 1023)
    }

    @Test func softwareInterruptsTellTheirSenders() {
        let v2 = V2(cpus: 3)
        v2.enable(target: 1)
        for cpu in 0..<3 {
            v2.memory.initiator = cpu
            v2.setDistributor(0x100, 0xffff)
        }
        for sender in 1...2 {
            v2.memory.initiator = sender
            v2.setDistributor(0xf00, 1 << 16 | 5)
        }
        v2.memory.initiator = 0
        let taken = (0..<2).map { _ in
            let value = v2.get(0xc)
            v2.set(0x10, value)
            return value
        }
        #expect(taken == [1 << 10 | 5, 2 << 10 | 5] && v2.get(0xc) == 1023)
    }

    @Test func prioritiesPreemptAndMask() {
        let v2 = V2(cpus: 1)
        v2.enable(target: 1)
        v2.setDistributor(0x104, 3 << 8)
        v2.setDistributor(0x428, 0x4080)
        v2.gic.input(40).set(true)
        #expect(v2.get(0xc) == 40 && v2.get(0x14) == 0x80)
        v2.gic.input(41).set(true)
        #expect(v2.gic.irq[0].level && v2.get(0xc) == 41 && v2.get(0x14) == 0x40, "the more urgent one")
        v2.set(0x10, 41)
        #expect(v2.get(0x14) == 0x80)
        v2.set(0x10, 40)
        v2.set(4, 0x40)
        #expect(!v2.gic.irq[0].level, "priorities from the mask on are not signalled")
    }

    /// Encodings of ICC_PMR, ICC_IAR1, ICC_EOIR1, ICC_IGRPEN1, ICC_SGI1R, ICC_DIR, ICC_CTLR.
    private enum ICC {
        static let pmr = 0xc230, iar1 = 0xc660, eoir1 = 0xc661, igrpen1 = 0xc667, sgi1r = 0xc65d, dir = 0xc659, ctlr = 0xc664, rpr = 0xc65b
    }

    private func v3(_ affinities: [UInt64]) -> (GICv3, GICv3Window, GICv3Window) {
        let gic = GICv3(affinities: affinities)
        gic.reset()
        let distributor = GICv3Window(gic, .distributor), redistributors = GICv3Window(gic, .redistributors)
        _ = distributor.write(0, value: 3, size: 4)
        for cpu in affinities.indices {
            _ = redistributors.write(UInt64(cpu) * 0x20000 + 0x10080, value: 0xffff_ffff, size: 4)
            _ = redistributors.write(UInt64(cpu) * 0x20000 + 0x10100, value: 0xffff, size: 4)
            gic.writeInterface(ICC.pmr, cpu: cpu, isVirtual: false, 0xf0)
            gic.writeInterface(ICC.igrpen1, cpu: cpu, isVirtual: false, 1)
        }
        return (gic, distributor, redistributors)
    }

    @Test func softwareInterruptsOfAGICv3GoByAffinity() {
        let (gic, _, redistributors) = v3([0, 1, 0x100])
        #expect(redistributors.read(0x40008, size: 8).value == 0x100 << 32 | 2 << 8 | 1 << 4, "GICR_TYPER of the last")
        gic.writeInterface(ICC.sgi1r, cpu: 0, isVirtual: false, 1 << 16 | 7 << 24 | 1)
        #expect(gic.irq.map(\.level) == [false, false, true])
        #expect(gic.readInterface(ICC.iar1, cpu: 2, isVirtual: false) == 7)
        gic.writeInterface(ICC.eoir1, cpu: 2, isVirtual: false, 7)
        gic.writeInterface(ICC.sgi1r, cpu: 0, isVirtual: false, 1 << 40 | 3 << 24)
        #expect(gic.irq.map(\.level) == [false, true, true], "all but the sender")
    }

    @Test func endAndDeactivationOfAGICv3AreSplit() {
        let (gic, distributor, _) = v3([0, 1])
        _ = distributor.write(0x84, value: 0xffff_ffff, size: 4)
        _ = distributor.write(0x104, value: 1 << 8, size: 4)
        _ = distributor.write(0x6000 + 8 * 40, value: 1, size: 8)
        gic.writeInterface(ICC.ctlr, cpu: 1, isVirtual: false, 2)
        gic.input(40).set(true)
        #expect(gic.irq.map(\.level) == [false, true], "GICD_IROUTER")
        #expect(gic.readInterface(ICC.iar1, cpu: 1, isVirtual: false) == 40)
        gic.writeInterface(ICC.eoir1, cpu: 1, isVirtual: false, 40)
        #expect(gic.readInterface(ICC.rpr, cpu: 1, isVirtual: false) == 0xff && !gic.irq[1].level, "ended, and still active")
        gic.writeInterface(ICC.dir, cpu: 1, isVirtual: false, 40)
        #expect(gic.irq[1].level)
    }

    /// A hypervisor puts an interrupt into a list register; the guest takes and ends it, and the hardware's ends with it.
    @Test func listRegisters() {
        let (gic, _, redistributors) = v3([0])
        _ = redistributors.write(0x10100, value: 1 << 27, size: 4)
        gic.privateInput(27, cpu: 0).set(true)
        gic.writeInterface(ICC.ctlr, cpu: 0, isVirtual: false, 2)
        #expect(gic.readInterface(ICC.iar1, cpu: 0, isVirtual: false) == 27)
        gic.writeInterface(ICC.eoir1, cpu: 0, isVirtual: false, 27)
        // ICH_VMCR_EL2: group 1 on, everything admitted; ICH_HCR_EL2.En; ICH_LR0_EL2.
        gic.writeInterface(0xe65f, cpu: 0, isVirtual: false, 0xf0 << 24 | 2)
        gic.writeInterface(0xe658, cpu: 0, isVirtual: false, 1)
        gic.writeInterface(0xe660, cpu: 0, isVirtual: false, 1 << 62 | 1 << 61 | 1 << 60 | 0xa0 << 48 | 27 << 32 | 27)
        #expect(gic.virtualIRQ[0].level && !gic.irq[0].level)
        #expect(gic.readInterface(ICC.iar1, cpu: 0, isVirtual: true) == 27 && !gic.virtualIRQ[0].level)
        #expect(gic.readInterface(0xe65d, cpu: 0, isVirtual: false) == 0xe, "ICH_ELRSR_EL2: three are empty")
        gic.writeInterface(ICC.eoir1, cpu: 0, isVirtual: true, 27)
        #expect(gic.irq[0].level, "the hardware's interrupt is no longer active")
        // No entry left, and the hypervisor wants to know.
        gic.writeInterface(0xe658, cpu: 0, isVirtual: false, 1 | 1 << 1)
        #expect(gic.maintenance[0].level)
    }

    // MARK: PrimeCells

    @Test func uart() {
        let recorder = Recorder()
        let uart = PL011(backend: recorder)
        uart.reset()
        #expect((0..<8).map { uart.read(0xfe0 + 4 * $0, size: 4).value } == [0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 5, 0xb1])
        _ = uart.write(0x2c, value: 0x70, size: 4)
        _ = uart.write(0, value: 0x41, size: 1)
        #expect(recorder.written == [0x41] && uart.read(0x3c, size: 4).value == 0x20)
        _ = uart.write(0x38, value: 0x50, size: 4)
        #expect(!uart.interrupt.level)
        uart.receive([1, 2, 3])
        #expect(uart.interrupt.level && uart.read(0x40, size: 4).value == 0x40, "few: by the timeout")
        uart.receive([UInt8](repeating: 9, count: uart.receivableBytes()))
        #expect(uart.receivableBytes() == 0 && uart.read(0x40, size: 4).value == 0x50 && uart.read(0x18, size: 4).value == 0xc0)
        uart.receive([4])
        #expect(uart.read(0x3c, size: 4).value & 0x400 != 0, "overrun")
        #expect((0..<16).map { _ in uart.read(0, size: 4).value } == [1, 2, 3] + [UInt64](repeating: 9, count: 13))
        #expect(!uart.interrupt.level && uart.read(0x18, size: 4).value == 0x90)
    }

    @Test func clock() throws {
        let loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        let clock = PL031(loop: loop, clock: .virtual)
        clock.reset()
        _ = clock.write(8, value: 1_000_000, size: 4)
        #expect(clock.read(0, size: 4).value == 1_000_000)
        _ = clock.write(0x10, value: 1, size: 4)
        _ = clock.write(4, value: 1_000_000, size: 4)
        #expect(clock.interrupt.level && clock.read(0x14, size: 4).value == 1)
        _ = clock.write(0x1c, value: 1, size: 4)
        #expect(!clock.interrupt.level)
    }

    @Test func pins() {
        let gpio = PL061()
        gpio.reset()
        // Rising edges of pin 3.
        _ = gpio.write(0x40c, value: 8, size: 4)
        _ = gpio.write(0x410, value: 8, size: 4)
        gpio.input(3).set(true)
        #expect(gpio.interrupt.level && gpio.read(0x418, size: 4).value == 8 && gpio.read(0x3fc, size: 4).value == 8)
        _ = gpio.write(0x41c, value: 8, size: 4)
        gpio.input(3).set(false)
        #expect(!gpio.interrupt.level, "a falling edge is none of those")
        // The address masks what is read and written.
        _ = gpio.write(0x400, value: 0xf0, size: 4)
        _ = gpio.write(0x10 << 2, value: 0xff, size: 4)
        #expect(gpio.outputs.map(\.level) == [false, false, false, false, true, false, false, false])
        #expect(gpio.read(0x10 << 2, size: 4).value == 0x10 && gpio.read(0x20 << 2, size: 4).value == 0)
    }

    /// Events gather until they are read; each is an edge.
    @Test func events() throws {
        let device = GenericEventDevice()
        device.reset()
        var edges = 0
        device.interrupt.connect(InputPin { if $0 { edges += 1 } })
        #expect(device.read(0, size: 4).value == 0)
        device.signal(.powerButton)
        device.signal(.powerButton)
        #expect(edges == 2 && !device.interrupt.level)
        _ = device.write(0, value: 0xffff, size: 4)
        let saved = DeviceSnapshot.save([device])
        #expect(device.read(0, size: 4).value == 2 && device.read(0, size: 4).value == 0)
        try DeviceSnapshot.restore([device], from: saved)
        #expect(device.read(0, size: 4).value == 2 && edges == 2)
        device.signal(.powerButton)
        device.reset()
        #expect(device.read(0, size: 4).value == 0)
    }
}
