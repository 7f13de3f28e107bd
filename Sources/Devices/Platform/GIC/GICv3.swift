import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// A GICv3 (Arm IHI 0069) with one security state (GICD_CTLR.DS = 1) and affinity routing: distributor, redistributors, and the CPU
/// interfaces that elements reach by system registers.
public final class GICv3: Device {
    public static let typeName = "arm-gicv3"

    public let cpus: Int
    public let irq: [OutputPin]
    public let fiq: [OutputPin]
    /// For the guests of a hypervisor, and what tells the hypervisor to see to its lists.
    public let virtualIRQ: [OutputPin]
    public let virtualFIQ: [OutputPin]
    public let maintenance: [OutputPin]
    var interrupts: GICInterrupts
    /// GICD_CTLR: EnableGrp0 and EnableGrp1.
    private var control: UInt32 = 0
    /// GICD_IROUTER of the shared interrupts.
    private var routes: [UInt64]
    /// GICR_WAKER.ProcessorSleep.
    private var sleeping: [Bool]
    var interfaces: [GICv3CPUInterface]
    var virtual: [GICv3VirtualInterface]
    var lpis: [GICv3LPIs]
    /// Where the tables of LPIs are; nil for a GIC without LPIs.
    let memory: AddressSpace?
    /// Aff3 to Aff0 of each CPU, as MPIDR_EL1 holds them.
    private let affinities: [UInt64]

    /// - Parameter memory: where the guest's tables of LPIs are; nil for a GIC without them.
    public init(affinities: [UInt64], memory: AddressSpace? = nil) {
        (self.affinities, self.memory) = (affinities, memory)
        lpis = affinities.map { _ in GICv3LPIs() }
        cpus = affinities.count
        irq = affinities.map { _ in OutputPin() }
        fiq = affinities.map { _ in OutputPin() }
        virtualIRQ = affinities.map { _ in OutputPin() }
        virtualFIQ = affinities.map { _ in OutputPin() }
        maintenance = affinities.map { _ in OutputPin() }
        interrupts = GICInterrupts(cpus: cpus)
        routes = [UInt64](repeating: 0, count: GICInterrupts.count)
        sleeping = affinities.map { _ in true }
        interfaces = affinities.map { _ in GICv3CPUInterface() }
        virtual = affinities.map { _ in GICv3VirtualInterface() }
    }

    public func reset() {
        interrupts.reset()
        control = 0
        for index in routes.indices { routes[index] = 0 }
        for cpu in 0..<cpus { (sleeping[cpu], interfaces[cpu], virtual[cpu], lpis[cpu]) = (true, .init(), .init(), .init()) }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("interrupts", &interrupts)
        visitor.field("control", &control)
        visitor.table("routes", &routes)
        visitor.table("sleeping", &sleeping)
        for cpu in 0..<cpus {
            visitor.part("interface\(cpu)", &interfaces[cpu])
            visitor.part("virtual\(cpu)", &virtual[cpu])
            visitor.part("lpis\(cpu)", &lpis[cpu])
        }
    }

    public func restored() { update() }

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

    /// Whether a shared interrupt goes to a CPU. One that may go to any of them goes to the first.
    private func isRouted(_ interrupt: Int, to cpu: Int) -> Bool {
        let route = routes[interrupt]
        return route.isAny ? cpu == 0 : route & GICv3.affinityMask == affinities[cpu]
    }

    /// Bits of the affinity fields in GICD_IROUTER and MPIDR_EL1.
    private static let affinityMask: UInt64 = 0xff_00ff_ffff

    /// The most urgent interrupt of a CPU's enabled groups.
    func best(_ cpu: Int) -> (interrupt: Int, priority: UInt8, isGroup1: Bool)? {
        let enables = control & interfaces[cpu].enables
        let best = interrupts.best(cpu) { interrupt, isGroup1 in
            enables & (isGroup1 ? 2 : 1) != 0 && (interrupt < 32 || isRouted(interrupt, to: cpu))
        }
        // LPIs are always of group 1.
        guard enables & 2 != 0, let lpi = lpis[cpu].best, lpi.priority < best?.priority ?? 255 else { return best }
        return (lpi.interrupt, lpi.priority, true)
    }

    /// The interrupt that a CPU would get now.
    func due(_ cpu: Int) -> (interrupt: Int, priority: UInt8, isGroup1: Bool)? {
        guard let best = best(cpu), interfaces[cpu].admits(best.priority, isGroup1: best.isGroup1) else { return nil }
        return best
    }

    func update() {
        for cpu in 0..<cpus {
            let due = due(cpu)
            irq[cpu].set(due?.isGroup1 == true)
            fiq[cpu].set(due?.isGroup1 == false)
            let signals = virtual[cpu].signals
            virtualIRQ[cpu].set(signals == true)
            virtualFIQ[cpu].set(signals == false)
            maintenance[cpu].set(virtual[cpu].needsAttention)
        }
    }

    /// ICC_SGI1R_EL1 and its like: makes an SGI pending at the CPUs of a target list, or at all but the sender.
    func send(_ value: UInt64, from sender: Int, group1: Bool) {
        let sgi = Int(value >> 24 & 15)
        for cpu in 0..<cpus where value.isAny40 ? cpu != sender : isTarget(value, affinities[cpu]) {
            let place = interrupts.place(0, cpu)
            // Of the group that the receiver has put it into.
            guard (interrupts.group[place] >> UInt32(sgi) & 1 != 0) == group1 else { continue }
            interrupts.latched[place] |= 1 << UInt32(sgi)
        }
        update()
    }

    private func isTarget(_ value: UInt64, _ affinity: UInt64) -> Bool {
        let cluster = (value >> 16 & 0xff) << 8 | (value >> 32 & 0xff) << 16 | (value >> 48 & 0xff) << 32
        let first = (value >> 44 & 15) << 4
        let number = affinity & 0xff
        return affinity & ~0xff == cluster && number & ~15 == first && value >> (number & 15) & 1 != 0
    }

    // MARK: Distributor

    func readDistributor(_ offset: UInt64) -> UInt64 {
        switch offset {
        // ARE, DS.
        case 0x0000: return UInt64(control | 1 << 4 | 1 << 6)
        // 16 bits of interrupt number.
        case 0x0004: return UInt64(GICInterrupts.wordCount - 1 | 15 << 19 | (memory == nil ? 0 : 1 << 17))
        case 0x0008: return 0x43b
        case 0x6000..<0x8000:
            let interrupt = Int(offset - 0x6000) / 8
            return interrupt >= 32 && interrupt < GICInterrupts.count ? routes[interrupt] >> (8 * (offset & 4)) : 0
        case 0xffd0...: return GICv3.identification(offset, part: 0x92)
        default: return isPrivate(offset) ? 0 : UInt64(interrupts.read(offset, 0) ?? 0)
        }
    }

    /// With affinity routing the private interrupts' registers are the redistributors'.
    private func isPrivate(_ offset: UInt64) -> Bool {
        switch offset {
        case 0x080..<0x400: offset & 0x7c == 0
        case 0x400..<0x420, 0xc00..<0xc08: true
        default: false
        }
    }

    /// Peripheral and component identification: an Arm GIC of architecture version 3.
    static func identification(_ offset: UInt64, part: UInt64) -> UInt64 {
        let bytes: [UInt64] = [0x44, 0, 0, 0, part, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1]
        return bytes[Int(offset - 0xffd0) / 4]
    }

    func writeDistributor(_ offset: UInt64, _ value: UInt64, mask: UInt64) {
        defer { update() }
        switch offset {
        case 0x0000: control = UInt32(truncatingIfNeeded: value) & 3
        // GICD_SETSPI_NSR and GICD_CLRSPI_NSR.
        case 0x0040, 0x0048:
            let interrupt = Int(value & 0x3ff)
            guard interrupt >= 32, interrupt < GICInterrupts.count else { return }
            let place = interrupts.place(interrupt >> 5, 0), bit: UInt32 = 1 << UInt32(interrupt & 31)
            if offset == 0x40 { interrupts.latched[place] |= bit } else { interrupts.latched[place] &= ~bit }
        case 0x6000..<0x8000:
            let interrupt = Int(offset - 0x6000) / 8, shift = 8 * (offset & 4)
            guard interrupt >= 32, interrupt < GICInterrupts.count else { return }
            let written = mask << shift
            routes[interrupt] = routes[interrupt] & ~written | value << shift & written & (GICv3.affinityMask | 1 << 31)
        default:
            if isPrivate(offset) { return }
            _ = interrupts.write(offset, UInt32(truncatingIfNeeded: value), mask: UInt32(truncatingIfNeeded: mask), 0)
        }
    }

    // MARK: Redistributors

    func readRedistributor(_ cpu: Int, _ offset: UInt64) -> UInt64 {
        switch offset {
        case 0x0000: return lpis[cpu].isEnabled ? 1 : 0
        case 0x0004: return 0x43b
        case 0x0070, 0x0074: return lpis[cpu].properties >> (8 * (offset & 4)) & 0xffff_ffff
        case 0x0078, 0x007c: return lpis[cpu].shownPendingTable >> (8 * (offset & 4)) & 0xffff_ffff
        case 0x0008: return typer(cpu) & 0xffff_ffff
        case 0x000c: return typer(cpu) >> 32
        // ChildrenAsleep follows ProcessorSleep at once.
        case 0x0014: return sleeping[cpu] ? 6 : 0
        case 0xffd0..<0x10000: return GICv3.identification(offset, part: 0x93)
        case 0x10080..<0x20000 where offset & 0xfff < 0x400 && offset & 0x7c != 0: return 0
        case 0x10080..<0x11000: return UInt64(interrupts.read(offset & 0xfff, cpu) ?? 0)
        default: return 0
        }
    }

    /// GICR_TYPER: affinity, number, and which one is the last.
    private func typer(_ cpu: Int) -> UInt64 {
        let affinity = affinities[cpu]
        let fields = (affinity & 0xff_ffff) << 32 | (affinity >> 32 & 0xff) << 56
        return fields | UInt64(cpu) << 8 | (cpu == cpus - 1 ? 1 << 4 : 0) | (memory == nil ? 0 : 1)
    }

    func writeRedistributor(_ cpu: Int, _ offset: UInt64, _ value: UInt64, mask: UInt64) {
        switch offset {
        case 0x0000: if let memory { lpis[cpu].write(control: UInt32(truncatingIfNeeded: value), memory) }
        case 0x0014: sleeping[cpu] = value & 2 != 0
        case 0x0070, 0x0074:
            let shift = 8 * (offset & 4)
            if memory != nil { lpis[cpu].write(properties: value << shift, mask: mask << shift) }
        case 0x0078, 0x007c:
            let shift = 8 * (offset & 4)
            if memory != nil { lpis[cpu].write(pendingTable: value << shift, mask: mask << shift) }
        case 0x10080..<0x11000:
            let register = offset & 0xfff
            let isShared = (0x080..<0x400).contains(register) ? register & 0x7c != 0 : register >= 0x420 && !(0xc00..<0xc08).contains(register)
            if !isShared { _ = interrupts.write(register, UInt32(truncatingIfNeeded: value), mask: UInt32(truncatingIfNeeded: mask), cpu) }
        default: break
        }
        update()
    }
}

extension UInt64 {
    /// GICD_IROUTER.Interrupt_Routing_Mode, ICC_SGI1R_EL1.IRM.
    fileprivate var isAny: Bool { self >> 31 & 1 != 0 }
    fileprivate var isAny40: Bool { self >> 40 & 1 != 0 }
}

/// One of the GIC's register windows.
public final class GICv3Window: IOHandler {
    public enum Kind { case distributor, redistributors }

    /// Bytes of a redistributor's two frames.
    public static let redistributorSize: UInt64 = 0x20000

    private let gic: GICv3
    private let kind: Kind

    public init(_ gic: GICv3, _ kind: Kind) { (self.gic, self.kind) = (gic, kind) }

    /// The window as a region to put into a memory map.
    public func makeRegion() -> MemoryRegion {
        let size = kind == .distributor ? 0x10000 : GICv3Window.redistributorSize * UInt64(gic.cpus)
        return MemoryRegion.io(kind == .distributor ? "gicv3_dist" : "gicv3_redist", size: size, handler: self, accepts: 1...8, implements: 1...8)
    }

    private func word(_ offset: UInt64) -> UInt64 {
        switch kind {
        case .distributor: gic.readDistributor(offset)
        case .redistributors: gic.readRedistributor(Int(offset / GICv3Window.redistributorSize), offset % GICv3Window.redistributorSize)
        }
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let start = offset & ~3
        if size == 8 { return (word(start) & 0xffff_ffff | word(start + 4) << 32, .ok) }
        return (word(start) >> (8 * (offset & 3)) & GICv3Window.mask(size), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if size == 8 {
            _ = write(offset & ~3, value: value & 0xffff_ffff, size: 4)
            return write((offset & ~3) + 4, value: value >> 32, size: 4)
        }
        let shift = 8 * (offset & 3), start = offset & ~3
        let mask = GICv3Window.mask(size) << shift
        switch kind {
        case .distributor: gic.writeDistributor(start, value << shift, mask: mask)
        case .redistributors:
            let cpu = Int(offset / GICv3Window.redistributorSize)
            gic.writeRedistributor(cpu, start % GICv3Window.redistributorSize, value << shift, mask: mask)
        }
        return .ok
    }

    private static func mask(_ size: Int) -> UInt64 { size >= 4 ? 0xffff_ffff : 1 << UInt64(8 * size) - 1 }
}
