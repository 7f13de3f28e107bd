import AddressSpace
import DeviceModel
import EventLoop
import PlatformDevices
import Testing

/// Devices of Arm's Versatile boards, by their manuals.
@Suite struct VersatileExpressTests {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        loop.setVirtualTime(1_000_000)
    }

    private func set(_ device: some MMIODevice, _ offset: UInt64, _ value: UInt64) { _ = device.write(offset, value: value, size: 4) }
    private func get(_ device: some MMIODevice, _ offset: UInt64) -> UInt64 { device.read(offset, size: 4).value }

    /// Lets virtual time pass, and what is due happen.
    private func pass(_ nanoseconds: Int64) {
        loop.setVirtualTime(loop.now(.virtual) + nanoseconds)
        loop.fireDueVirtualTimers()
    }

    // MARK: SP804

    /// Counts down a tick a microsecond, interrupts at zero, and goes on from the load register.
    @Test func periodicTimer() {
        let timer = SP804(loop: loop)
        timer.reset()
        set(timer, 0x00, 1000)
        set(timer, 0x08, 0xe2)
        pass(400_000)
        #expect(get(timer, 0x04) == 600 && !timer.interrupt.level)
        pass(600_000)
        #expect(timer.interrupt.level && get(timer, 0x10) == 1 && get(timer, 0x14) == 1)
        set(timer, 0x0c, 1)
        #expect(!timer.interrupt.level)
        pass(250_000)
        #expect(get(timer, 0x04) == 750)
        // BGLoad: the next round's.
        set(timer, 0x18, 10)
        #expect(get(timer, 0x04) == 750 && get(timer, 0x00) == 10)
        pass(755_000)
        #expect(get(timer, 0x04) == 5)
    }

    /// One shot stops at zero; the prescaler stretches ticks; without interrupt enable the status is raw alone. The second counter is the first's equal.
    @Test func oneShotOfTheSecondCounter() {
        let timer = SP804(loop: loop)
        timer.reset()
        set(timer, 0x28, 0x87)
        set(timer, 0x20, 100)
        pass(16 * 50_000)
        #expect(get(timer, 0x24) == 50)
        pass(16 * 60_000)
        #expect(get(timer, 0x24) == 0 && get(timer, 0x30) == 1 && get(timer, 0x34) == 0 && !timer.interrupt.level)
        pass(1_000_000_000)
        #expect(get(timer, 0x24) == 0)
        set(timer, 0x20, 100)
        pass(16 * 50_000)
        #expect(get(timer, 0x24) == 50, "a new value sets it going again")
        #expect((0..<8).map { get(timer, 0xfe0 + 4 * $0) } == [0x04, 0x18, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1])
    }

    // MARK: SP805

    /// The first time the watchdog comes to zero it interrupts, the second time it resets; a locked one cannot be fed.
    @Test func watchdog() {
        let watchdog = SP805(loop: loop, frequency: 1_000_000)
        var resets = 0
        watchdog.onReset = { resets += 1 }
        watchdog.reset()
        set(watchdog, 0xc00, 0x1acc_e551)
        set(watchdog, 0x00, 1000)
        set(watchdog, 0x08, 3)
        pass(1_000_000)
        #expect(watchdog.interrupt.level && resets == 0)
        set(watchdog, 0x0c, 1)
        #expect(!watchdog.interrupt.level)
        pass(1_000_000)
        set(watchdog, 0xc00, 0)
        set(watchdog, 0x0c, 1)
        #expect(watchdog.interrupt.level, "locked")
        pass(1_000_000)
        #expect(resets == 1)
    }

    // MARK: The Cortex-A9's own

    private func privateParts(_ cpus: Int) -> (AddressSpace, MPCorePrivate, unit: MPCoreWindow, global: MPCoreWindow, timers: MPCoreWindow) {
        let memory = AddressSpace("memory", root: MemoryRegion.container("root", size: .max))
        let device = MPCorePrivate(cpus: cpus, memory: memory, loop: loop)
        device.reset()
        return (memory, device, MPCoreWindow(device, .unit), MPCoreWindow(device, .global), MPCoreWindow(device, .private))
    }

    /// Each core has its own timer behind one address, 100 MHz by the prescaler; a counter that has stopped goes on when it gets a value.
    @Test func privateTimers() {
        let (memory, device, unit, _, timers) = privateParts(2)
        #expect(unit.read(4, size: 4).value == 0x31, "two cores, both coherent")
        memory.initiator = 1
        _ = timers.write(0x08, value: 5 | 9 << 8, size: 4)
        _ = timers.write(0x04, value: 1000, size: 4)
        memory.initiator = 0
        #expect(timers.read(0x04, size: 4).value == 0)
        pass(100_000)
        #expect(device.timers[1].level && !device.timers[0].level)
        memory.initiator = 1
        _ = timers.write(0x0c, value: 1, size: 4)
        #expect(!device.timers[1].level && timers.read(0x04, size: 4).value == 0)
        _ = timers.write(0x04, value: 10, size: 4)
        pass(500)
        #expect(timers.read(0x04, size: 4).value == 5)
        // With reload, period after period.
        _ = timers.write(0x08, value: 7, size: 4)
        _ = timers.write(0x00, value: 100, size: 4)
        for _ in 0..<3 {
            pass(1000)
            #expect(device.timers[1].level)
            _ = timers.write(0x0c, value: 1, size: 4)
        }
    }

    /// The global timer counts for all; each core's comparator goes on by its increment.
    @Test func globalTimer() {
        let (memory, device, _, global, _) = privateParts(2)
        memory.initiator = 0
        _ = global.write(0x08, value: 1, size: 4)
        memory.initiator = 1
        _ = global.write(0x10, value: 100, size: 4)
        _ = global.write(0x18, value: 50, size: 4)
        _ = global.write(0x08, value: 0xf, size: 4)
        pass(990)
        #expect(global.read(0x00, size: 4).value == 99 && !device.comparators[1].level)
        pass(10)
        #expect(device.comparators[1].level && !device.comparators[0].level)
        #expect(global.read(0x10, size: 4).value == 150)
        _ = global.write(0x0c, value: 1, size: 4)
        #expect(!device.comparators[1].level)
        pass(500)
        #expect(device.comparators[1].level)
    }

    // MARK: The motherboard

    /// Flags, the 24 MHz counter, oscillators by SYS_CFGCTRL, and the board's power.
    @Test func systemRegisters() {
        let system = VersatileExpressSystem(loop: loop, processor: 0x0c00_0191, daughterboard: [45_000_000], voltages: [1_000_000])
        var requests: [VersatileExpressSystem.Request] = []
        system.onRequest = { requests.append($0) }
        system.reset()
        #expect(get(system, 0x00) == 0x1190_f500 && get(system, 0x84) == 0x0c00_0191)
        set(system, 0x30, 0x4800_0000)
        set(system, 0x30, 1)
        set(system, 0x34, 0x4000_0000)
        #expect(get(system, 0x30) == 0x0800_0001)
        let before = get(system, 0x5c)
        pass(1000)
        #expect(get(system, 0x5c) == before + 24)
        // The daughterboard's first oscillator: read, changed, read; a tenth there is not.
        set(system, 0xa4, 1 << 31 | 1 << 20 | 1 << 16)
        #expect(get(system, 0xa8) == 1 && get(system, 0xa0) == 45_000_000)
        set(system, 0xa0, 50_000_000)
        set(system, 0xa4, 1 << 31 | 1 << 30 | 1 << 20 | 1 << 16)
        set(system, 0xa0, 0)
        set(system, 0xa4, 1 << 31 | 1 << 20 | 1 << 16)
        #expect(get(system, 0xa0) == 50_000_000)
        set(system, 0xa4, 1 << 31 | 1 << 20 | 1 << 16 | 9)
        #expect(get(system, 0xa8) == 3)
        set(system, 0xa4, 1 << 31 | 1 << 30 | 8 << 20)
        set(system, 0xa4, 1 << 31 | 1 << 30 | 9 << 20)
        #expect(requests == [.shutdown, .reboot])
    }

    /// PL110 and PL111 differ in where their control register is; a base update is told by an interrupt.
    @Test func displays() {
        let memory = AddressSpace("memory", root: MemoryRegion.container("root", size: .max))
        for (version, control, mask) in [(PL11x.Version.pl110, UInt64(0x1c), UInt64(0x18)), (.pl111, 0x18, 0x1c)] {
            let display = PL11x(version, memory: memory)
            display.reset()
            set(display, control, 0x0829)
            #expect(get(display, control) == 0x0829)
            set(display, mask, 4)
            set(display, 0x10, 0x1800_0000)
            #expect(display.interrupt.level && get(display, 0x24) == 4 && get(display, 0x2c) == 0x1800_0000)
            set(display, 0x28, 4)
            #expect(!display.interrupt.level)
            set(display, 0x204, 0x1234)
            #expect(get(display, 0x204) == 0x1234)
        }
    }

    /// What is sent to nobody leaves; the lines of a bus where nobody is are what software makes them.
    @Test func emptySockets() {
        let socket = PL050()
        socket.reset()
        set(socket, 0x00, 0xc)
        #expect(!socket.interrupt.level && get(socket, 0x04) & ~4 == 0x43, "but for the parity bit")
        set(socket, 0x08, 0xff)
        #expect(socket.interrupt.level && get(socket, 0x10) == 2)
        set(socket, 0x00, 4)
        #expect(!socket.interrupt.level)
        let lines = TwoWireLines()
        lines.reset()
        set(lines, 4, 2)
        #expect(get(lines, 0) == 1)
        set(lines, 0, 2)
        #expect(get(lines, 0) == 3)
    }

    /// Cache maintenance is done when it has been asked for.
    @Test func cacheController() {
        let cache = PL310()
        cache.reset()
        set(cache, 0x7fc, 0xffff)
        #expect(get(cache, 0x7fc) == 0 && get(cache, 0x730) == 0)
        set(cache, 0x100, 1)
        #expect(get(cache, 0x100) == 1 && get(cache, 0) == 0x4100_00c8)
    }

    /// A GIC-400's SGIs are enabled from the start and stay so.
    @Test func softwareInterruptsNeedNoEnabling() {
        let memory = AddressSpace("memory", root: MemoryRegion.container("root", size: .max))
        let gic = GIC400(cpus: 2, memory: memory)
        let distributor = GIC400Window(gic, .distributor), interface = GIC400Window(gic, .interface)
        gic.reset()
        memory.initiator = 1
        _ = interface.write(0, value: 1, size: 4)
        _ = interface.write(4, value: 0xff, size: 4)
        memory.initiator = 0
        _ = distributor.write(0, value: 1, size: 4)
        _ = distributor.write(0x180, value: 0xffff_ffff, size: 4)
        #expect(distributor.read(0x100, size: 4).value == 0xffff)
        _ = distributor.write(0xf00, value: 2 << 16 | 5, size: 4)
        #expect(gic.irq[1].level)
    }
}
