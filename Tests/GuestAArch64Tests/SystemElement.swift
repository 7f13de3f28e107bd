import AddressSpace
import ArmSystem
import CPUModel
import EventLoop
import GuestAArch64
import RandomIR
import Testing
import TranslatedExecution

/// A machine's element with some memory, for tests of what programs do not see.
final class SystemElement {
    static let base: UInt64 = 0x4000_0000
    static let memorySize: UInt64 = 8 << 20

    let memory: AddressSpace
    let cpu: AArch64CPU

    init(cpu text: String = "max", hasEL2: Bool = false, hasEL3: Bool = false, level: Int = 1) throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: SystemElement.memorySize), at: SystemElement.base)
        memory = AddressSpace("memory", root: root)
        var system = AArch64System()
        (system.hasEL2, system.hasEL3, system.hasInterruptRegisters) = (hasEL2, hasEL3, true)
        var random = SplitMix(1)
        cpu = AArch64CPU(model: try AArch64Model(text), index: 0, memory: memory, system: system) { random.next() }
        cpu.start = ArmStart(pc: SystemElement.base, level: level)
        cpu.reset()
    }

    func set(_ register: String, _ value: UInt64) { #expect(cpu.setSystemRegister(register, value), "\(register)") }

    func get(_ register: String) -> UInt64? { cpu.systemRegister(register) }

    /// Runs code from the memory's beginning until it calls the firmware (hvc, or smc where EL2 is the element's).
    func run(_ code: [UInt32], _ engine: ElementEngine) throws {
        let bytes = code.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
        memory.write(SystemElement.base, bytes)
        let loop = try EventLoop()
        cpu.onFirmwareCall = { cpu, _ in
            cpu.switchOff()
            loop.stop(status: 0)
            return true
        }
        let runner = try TranslationEngine(cpus: [cpu], loop: loop, options: engine.options)
        let watchdog = LoopTimer(loop, .realtime) { [cpu] in
            Issue.record("\(engine.rawValue) did not come to the end:\n\(cpu.describeRegisters())")
            loop.stop(status: 1)
        }
        loop.lock.withLock { watchdog.arm(at: loop.now(.realtime) + 20_000_000_000) }
        try runner.start()
        _ = loop.run()
        runner.stop()
    }
}

/// A64 instructions of the tests' own programs.
enum Code {
    static func mrs(_ t: UInt32, _ encoding: Int) -> UInt32 { 0xd520_0000 | UInt32(encoding) << 5 | t }
    static func msr(_ encoding: Int, _ t: UInt32) -> UInt32 { 0xd500_0000 | UInt32(encoding) << 5 | t }
    static func sys(_ encoding: Int, _ t: UInt32) -> UInt32 { 0xd508_0000 | UInt32(encoding) << 5 | t }
    static func moveWide(_ d: UInt32, _ value: UInt16, shift: UInt32 = 0) -> UInt32 { 0xd280_0000 | (shift / 16) << 21 | UInt32(value) << 5 | d }
    static func moveKeep(_ d: UInt32, _ value: UInt16, shift: UInt32) -> UInt32 { 0xf280_0000 | (shift / 16) << 21 | UInt32(value) << 5 | d }
    static func shiftRight(_ d: UInt32, _ n: UInt32, _ count: UInt32) -> UInt32 { 0xd340_fc00 | count << 16 | n << 5 | d }
    static func or(_ d: UInt32, _ n: UInt32, _ m: UInt32) -> UInt32 { 0xaa00_0000 | m << 16 | n << 5 | d }
    static func add(_ d: UInt32, _ n: UInt32, _ value: UInt32) -> UInt32 { 0x9100_0000 | value << 10 | n << 5 | d }
    /// str of X`t` behind the address in X`n`, which goes on by 8.
    static func push(_ t: UInt32, _ n: UInt32) -> UInt32 { 0xf800_8400 | n << 5 | t }
    static let eret: UInt32 = 0xd69f_03e0, hvc: UInt32 = 0xd400_0002, smc: UInt32 = 0xd400_0003, nop: UInt32 = 0xd503_201f, isb: UInt32 = 0xd503_3fdf
    static func branch(_ words: Int) -> UInt32 { 0x1400_0000 | UInt32(bitPattern: Int32(words)) & 0x3ff_ffff }
    static func svc(_ number: UInt32) -> UInt32 { 0xd400_0001 | number << 5 }
}
