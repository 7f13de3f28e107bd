import AddressSpace
import ArmSystem
import CPUModel
import EventLoop
import GuestARM
import Snapshot
import Testing
import TranslatedExecution

/// A machine's element with some memory, for tests of what programs do not see. Its vectors lie 1 MiB behind its code.
final class SystemElement {
    static let base: UInt64 = 0x4000_0000
    static let vectors = base + 0x10_0000
    static let data = base + 0x20_0000
    static let memorySize: UInt64 = 8 << 20
    static let hvc: UInt32 = 0xe140_0070

    let memory: AddressSpace
    let cpu: ARMCPU

    init(cpu text: String = "cortex-a15") throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: SystemElement.memorySize), at: SystemElement.base)
        memory = AddressSpace("memory", root: root)
        cpu = ARMCPU(model: try ARMModel(text), index: 0, memory: memory, system: ARMSystem())
        cpu.start = ArmStart(pc: SystemElement.base)
        cpu.reset()
    }

    func set(_ register: String, _ value: UInt64) { #expect(cpu.setSystemRegister(register, value), "\(register)") }
    func get(_ register: String) -> UInt64? { cpu.systemRegister(register) }

    func write(_ address: UInt64, _ words: [UInt32]) { memory.write(address, words.flatMap(littleEndianBytes)) }

    /// Puts a handler behind the vectors and a branch to it into the one at `offset`.
    func handle(_ offset: UInt64, _ words: [UInt32]) {
        let place = 0x100 + 0x80 * (offset / 4)
        let distance = UInt32(truncatingIfNeeded: (place - offset - 8) / 4)
        write(SystemElement.vectors + offset, [0xea00_0000 | distance])
        write(SystemElement.vectors + place, words)
    }

    /// Runs code from the memory's beginning until it calls the firmware by hvc.
    func run(_ code: [UInt32], _ engine: ElementEngine) throws {
        write(SystemElement.base, code)
        if get("VBAR") != nil { set("VBAR", SystemElement.vectors) }
        let loop = try EventLoop()
        cpu.onFirmwareCall = { cpu, _ in
            cpu.switchOff()
            loop.stop(status: 0)
            return true
        }
        var options = engine.options
        options.codeMemorySize = 2 << 20
        let runner = try TranslationEngine(cpus: [cpu], loop: loop, options: options)
        let watchdog = LoopTimer(loop, .realtime) { [cpu] in
            Issue.record("\(engine.rawValue) did not come to the end:\n\(cpu.describeRegisters())")
            loop.stop(status: 1)
        }
        loop.lock.withLock { watchdog.arm(at: loop.now(.realtime) + 20_000_000_000) }
        try runner.start()
        _ = loop.run()
        runner.stop()
    }

    /// All of the element's state, as a snapshot has it.
    var snapshot: [UInt8] {
        var writer = SnapshotWriter()
        cpu.visit(&writer)
        return writer.bytes
    }
}
