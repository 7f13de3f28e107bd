import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// Arm's CoreLink GIC-400 (DDI 0471, architecture GICv2: IHI 0048), without the security extensions: the distributor, and a CPU interface for each of up
/// to eight CPUs. Both have one address for all; who accesses them is told by `AddressSpace.initiator`.
public final class GIC400: Device {
    public static let typeName = "arm_gic"
    public static let maxCPUs = 8

    private let memory: AddressSpace
    public let cpus: Int
    public let irq: [OutputPin]
    public let fiq: [OutputPin]
    var interrupts: GICInterrupts
    /// GICD_CTLR: EnableGrp0 and EnableGrp1.
    private var control: UInt32 = 0
    /// CPUs that an interrupt goes to, a bit each.
    private var targets: [UInt8]
    /// Of each CPU's 16 SGIs the CPUs that have sent it and wait, a bit each.
    private var senders: [UInt8]
    private var interfaces: [Interface]

    /// GICC registers of one CPU.
    private struct Interface: SnapshotState {
        var control: UInt32 = 0
        var mask: UInt8 = 0
        var binaryPoint: UInt32 = 2, aliasedBinaryPoint: UInt32 = 3
        var active = ActivePriorities()

        var splitsEnd: Bool { control & 1 << 9 != 0 }
        func groupPriority(_ priority: UInt8) -> UInt8 { priority & UInt8(truncatingIfNeeded: 0xfe << binaryPoint) }

        mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("control", &control)
            visitor.field("mask", &mask)
            visitor.field("binaryPoint", &binaryPoint)
            visitor.field("aliasedBinaryPoint", &aliasedBinaryPoint)
            visitor.field("active", &active.bits)
            visitor.check("binary points are below 8", binaryPoint < 8 && aliasedBinaryPoint < 8)
        }
    }

    public init(cpus: Int, memory: AddressSpace) {
        precondition((1...GIC400.maxCPUs).contains(cpus))
        self.cpus = cpus
        self.memory = memory
        irq = (0..<cpus).map { _ in OutputPin() }
        fiq = (0..<cpus).map { _ in OutputPin() }
        // SGIs are always enabled (DDI 0471, table 3-2): a core that waits for its first one has had no chance to enable it.
        interrupts = GICInterrupts(cpus: cpus, alwaysEnabled: 0xffff)
        targets = [UInt8](repeating: 0, count: GICInterrupts.count)
        senders = [UInt8](repeating: 0, count: cpus * GICInterrupts.sgiCount)
        interfaces = (0..<cpus).map { _ in Interface() }
    }

    public func reset() {
        interrupts.reset()
        control = 0
        for index in targets.indices { targets[index] = 0 }
        for index in senders.indices { senders[index] = 0 }
        for cpu in interfaces.indices { interfaces[cpu] = Interface() }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("interrupts", &interrupts)
        visitor.field("control", &control)
        visitor.table("targets", &targets)
        visitor.table("senders", &senders)
        for cpu in interfaces.indices { visitor.part("interface\(cpu)", &interfaces[cpu]) }
    }

    public func restored() { update() }

    // MARK: Wires

    /// The wire of a shared interrupt, counted from 32 on as the architecture does.
    public func input(_ interrupt: Int) -> InputPin { pin(interrupt, 0) }

    /// The wire of a CPU's private interrupt, 16 to 31.
    public func privateInput(_ interrupt: Int, cpu: Int) -> InputPin { pin(interrupt, cpu) }

    private func pin(_ interrupt: Int, _ cpu: Int) -> InputPin {
        precondition((GICInterrupts.sgiCount..<GICInterrupts.count).contains(interrupt))
        return InputPin { [weak self] level in
            self?.interrupts.setLevel(interrupt, cpu, level)
            self?.update()
        }
    }

    // MARK: Signalling

    private func best(_ cpu: Int) -> (interrupt: Int, priority: UInt8, isGroup1: Bool)? {
        let mine: UInt8 = 1 << UInt8(cpu)
        let enables = control & interfaces[cpu].control
        return interrupts.best(cpu) { interrupt, isGroup1 in
            (interrupt < 32 || cpus == 1 || targets[interrupt] & mine != 0) && enables & (isGroup1 ? 2 : 1) != 0
        }
    }

    /// The interrupt that a CPU would get now.
    private func due(_ cpu: Int) -> (interrupt: Int, priority: UInt8, isGroup1: Bool)? {
        guard let best = best(cpu), best.priority < interfaces[cpu].mask else { return nil }
        return interfaces[cpu].groupPriority(best.priority) < interfaces[cpu].active.running ? best : nil
    }

    private func update() {
        for cpu in 0..<cpus {
            let due = due(cpu)
            let isFast = due?.isGroup1 == false && interfaces[cpu].control & 8 != 0
            irq[cpu].set(due != nil && !isFast)
            fiq[cpu].set(isFast)
        }
    }

    private func acknowledge(_ cpu: Int) -> UInt32 {
        guard let due = due(cpu) else { return GICInterrupts.spurious }
        // Of group 1 only where group 0 has none, or AckCtl says so.
        if due.isGroup1, interfaces[cpu].control & 4 == 0 { return 1022 }
        return take(due, cpu)
    }

    private func acknowledgeGroup1(_ cpu: Int) -> UInt32 {
        guard let due = due(cpu), due.isGroup1 else { return GICInterrupts.spurious }
        return take(due, cpu)
    }

    private func take(_ due: (interrupt: Int, priority: UInt8, isGroup1: Bool), _ cpu: Int) -> UInt32 {
        interrupts.acknowledge(due.interrupt, cpu)
        interfaces[cpu].active.raise(interfaces[cpu].groupPriority(due.priority))
        defer { update() }
        guard due.interrupt < GICInterrupts.sgiCount else { return UInt32(due.interrupt) }
        let place = cpu * GICInterrupts.sgiCount + due.interrupt
        let sender = senders[place] == 0 ? 0 : senders[place].trailingZeroBitCount
        senders[place] &= senders[place] &- 1
        if senders[place] != 0 { interrupts.latched[interrupts.place(0, cpu)] |= 1 << UInt32(due.interrupt) }
        return UInt32(sender << 10 | due.interrupt)
    }

    private func end(_ value: UInt32, _ cpu: Int) {
        let interrupt = Int(value & 0x3ff)
        guard interrupt < GICInterrupts.count else { return }
        interfaces[cpu].active.drop()
        if !interfaces[cpu].splitsEnd { interrupts.deactivate(interrupt, cpu) }
        update()
    }

    private func send(_ value: UInt32, from cpu: Int) {
        let all: UInt32 = 1 << UInt32(cpus) - 1
        let receivers: UInt32
        switch value >> 24 & 3 {
        case 0: receivers = value >> 16 & 0xff & all
        case 1: receivers = all & ~(1 << UInt32(cpu))
        case 2: receivers = 1 << UInt32(cpu)
        default: return
        }
        for receiver in 0..<cpus where receivers >> UInt32(receiver) & 1 != 0 { latch(Int(value & 15), receiver, from: 1 << UInt8(cpu)) }
    }

    private func latch(_ sgi: Int, _ cpu: Int, from sender: UInt8) {
        senders[cpu * GICInterrupts.sgiCount + sgi] |= sender
        interrupts.latched[interrupts.place(0, cpu)] |= 1 << UInt32(sgi)
    }

    // MARK: Distributor

    func readDistributor(_ offset: UInt64) -> UInt32 {
        let cpu = memory.initiator
        if let value = interrupts.read(offset, cpu) { return value }
        switch offset & ~3 {
        case 0x000: return control
        case 0x004: return UInt32(GICInterrupts.wordCount - 1 | (cpus - 1) << 5)
        // GICD_IIDR of the GIC-400's r0p0: Arm.
        case 0x008: return 0x0200_043b
        case 0x800..<0xc00: return readTargets(Int(offset - 0x800) & ~3, cpu)
        case 0xf10..<0xf30:
            let first = cpu * GICInterrupts.sgiCount + Int(offset & 0xc)
            return interrupts.joined { senders[first + $0] }
        case 0xfd0: return 4
        // Peripheral and component identification, ArchRev = 2.
        case 0xfe0...: return [0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1][Int(offset - 0xfe0) / 4]
        default: return 0
        }
    }

    /// Private interrupts go to whom they belong; with one CPU there are no targets to choose.
    private func readTargets(_ first: Int, _ cpu: Int) -> UInt32 {
        guard first < GICInterrupts.count, cpus > 1 else { return 0 }
        return interrupts.joined { first < 32 ? 1 << UInt8(cpu) : targets[first + $0] }
    }

    func writeDistributor(_ offset: UInt64, _ value: UInt32, mask: UInt32) {
        let cpu = memory.initiator
        defer { update() }
        if interrupts.write(offset, value, mask: mask, cpu) { return seeToSenders(cpu) }
        switch offset & ~3 {
        case 0x000: control = value & 3
        case 0x820..<0xc00:
            let first = Int(offset - 0x800) & ~3
            guard first < GICInterrupts.count else { return }
            let all = UInt8(truncatingIfNeeded: 1 << cpus - 1)
            for byte in 0..<4 where mask >> UInt32(8 * byte) & 0xff != 0 {
                targets[first + byte] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte)) & all
            }
        case 0xf00: send(value, from: cpu)
        case 0xf10..<0xf20: changeSenders(offset, value, cpu, sets: false)
        case 0xf20..<0xf30: changeSenders(offset, value, cpu, sets: true)
        default: Log.write(.guestErrors, "gicd: write of \(hex(UInt64(value))) to \(hex(offset))")
        }
    }

    private func changeSenders(_ offset: UInt64, _ value: UInt32, _ cpu: Int, sets: Bool) {
        for byte in 0..<4 {
            let sgi = Int(offset & 0xc) + byte, place = cpu * GICInterrupts.sgiCount + sgi
            let bits = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))
            if sets, bits != 0 { latch(sgi, cpu, from: bits) }
            if !sets { senders[place] &= ~bits }
            if senders[place] == 0 { interrupts.latched[interrupts.place(0, cpu)] &= ~(1 << UInt32(sgi)) }
        }
    }

    /// An SGI whose pending state software has cleared has no senders.
    private func seeToSenders(_ cpu: Int) {
        for sgi in 0..<GICInterrupts.sgiCount where interrupts.latched[interrupts.place(0, cpu)] >> UInt32(sgi) & 1 == 0 {
            senders[cpu * GICInterrupts.sgiCount + sgi] = 0
        }
    }

    // MARK: CPU interface

    func readInterface(_ offset: UInt64) -> UInt32 {
        let cpu = memory.initiator
        let interface = interfaces[cpu]
        switch offset & ~3 {
        case 0x00: return interface.control
        case 0x04: return UInt32(interface.mask)
        case 0x08: return interface.binaryPoint
        case 0x0c: return acknowledge(cpu)
        case 0x14: return UInt32(interface.active.running)
        case 0x18: return UInt32(due(cpu)?.interrupt ?? Int(GICInterrupts.spurious))
        case 0x1c: return interface.aliasedBinaryPoint
        case 0x20: return acknowledgeGroup1(cpu)
        case 0x28:
            guard let due = due(cpu), due.isGroup1 else { return GICInterrupts.spurious }
            return UInt32(due.interrupt)
        case 0xd0: return interface.active.bits
        // GICC_IIDR: the GIC-400's r0p1.
        case 0xfc: return 0x0202_143b
        default: return 0
        }
    }

    func writeInterface(_ offset: UInt64, _ value: UInt32) {
        let cpu = memory.initiator
        switch offset & ~3 {
        case 0x00: interfaces[cpu].control = value & 0x21f
        case 0x04: interfaces[cpu].mask = UInt8(truncatingIfNeeded: value) & GICInterrupts.priorityMask
        case 0x08: interfaces[cpu].binaryPoint = max(2, value & 7)
        case 0x1c: interfaces[cpu].aliasedBinaryPoint = max(3, value & 7)
        case 0x10, 0x24: end(value, cpu)
        case 0xd0: interfaces[cpu].active.bits = value
        case 0x1000:
            let interrupt = Int(value & 0x3ff)
            if interrupt < GICInterrupts.count { interrupts.deactivate(interrupt, cpu) }
        // GICC_APR1 to 3, of which 32 levels of priority need none.
        case 0xd4..<0xe0: break
        default: Log.write(.guestErrors, "gicc: write of \(hex(UInt64(value))) to \(hex(offset))")
        }
        update()
    }
}

/// One of the GIC's register windows.
public final class GIC400Window: IOHandler {
    public enum Kind { case distributor, interface }

    private let gic: GIC400
    private let kind: Kind

    public init(_ gic: GIC400, _ kind: Kind) { (self.gic, self.kind) = (gic, kind) }

    /// The window as a region to put into a memory map.
    public func makeRegion(size: UInt64) -> MemoryRegion {
        MemoryRegion.io(kind == .distributor ? "gic_dist" : "gic_cpu", size: size, handler: self, accepts: 1...4, implements: 1...4)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let word = kind == .distributor ? gic.readDistributor(offset & 0xfff) : gic.readInterface(offset & 0x1fff)
        return (UInt64(word >> UInt32(8 * (offset & 3))) & GIC400Window.mask(size), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let shift = UInt32(8 * (offset & 3))
        let mask = UInt32(GIC400Window.mask(size)) << shift
        let word = UInt32(truncatingIfNeeded: value) << shift
        if kind == .distributor { gic.writeDistributor(offset & 0xffc, word, mask: mask) } else { gic.writeInterface(offset & 0x1ffc, word) }
        return .ok
    }

    private static func mask(_ size: Int) -> UInt64 { size >= 4 ? 0xffff_ffff : 1 << UInt64(8 * size) - 1 }
}
