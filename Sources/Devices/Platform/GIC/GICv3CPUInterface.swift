import Snapshot

/// The registers of one CPU interface (Arm IHI 0069, chapter 12.2).
struct GICv3CPUInterface: SnapshotState {
    var mask: UInt8 = 0
    /// ICC_IGRPEN0_EL1 and ICC_IGRPEN1_EL1.
    var enables: UInt32 = 0
    /// ICC_CTLR_EL1: CBPR in bit 0, EOImode in bit 1.
    var control: UInt32 = 0
    var binaryPoint0: UInt8 = 2, binaryPoint1: UInt8 = 3
    var active0 = ActivePriorities(), active1 = ActivePriorities()

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("mask", &mask)
        visitor.field("enables", &enables)
        visitor.field("control", &control)
        visitor.field("binaryPoint0", &binaryPoint0)
        visitor.field("binaryPoint1", &binaryPoint1)
        visitor.field("active0", &active0.bits)
        visitor.field("active1", &active1.bits)
        visitor.check("binary points are below 8", binaryPoint0 < 8 && binaryPoint1 < 8)
    }

    var running: UInt8 { min(active0.running, active1.running) }

    /// The part of a priority that decides on preemption. Group 1's binary point is one more for the same split.
    func groupPriority(_ priority: UInt8, isGroup1: Bool) -> UInt8 {
        let point = isGroup1 && control & 1 == 0 ? binaryPoint1 - 1 : binaryPoint0
        return priority & UInt8(truncatingIfNeeded: 0xfe << UInt32(point))
    }

    /// Whether an interrupt of a priority may interrupt what runs.
    func admits(_ priority: UInt8, isGroup1: Bool) -> Bool { priority < mask && groupPriority(priority, isGroup1: isGroup1) < running }
}

/// The registers of the interface by their encodings as system registers: op0, op1, CRn, CRm and op2 (Arm IHI 0069, chapter 12.1.1).
enum GICv3Register: Int {
    case pmr = 0xc230, iar0 = 0xc640, eoir0 = 0xc641, hppir0 = 0xc642, bpr0 = 0xc643, ap0r0 = 0xc644, ap1r0 = 0xc648, dir = 0xc659, rpr = 0xc65b
    case sgi1r = 0xc65d, asgi1r = 0xc65e, sgi0r = 0xc65f, iar1 = 0xc660, eoir1 = 0xc661, hppir1 = 0xc662, bpr1 = 0xc663, ctlr = 0xc664
    case sre = 0xc665, igrpen0 = 0xc666, igrpen1 = 0xc667, sreEL2 = 0xe64d, ctlrEL3 = 0xf664, sreEL3 = 0xf665, igrpen1EL3 = 0xf667
    // Of a hypervisor: ICH_*.
    case hypervisorAP0R0 = 0xe640, hypervisorAP1R0 = 0xe648, hypervisorControl = 0xe658, type = 0xe659, maintenance = 0xe65a, ended = 0xe65b
    case empty = 0xe65d, virtualControl = 0xe65f, list0 = 0xe660, list1 = 0xe661, list2 = 0xe662, list3 = 0xe663
}

extension GICv3 {
    /// Reads a register of a CPU's interface. With the machine lock held.
    ///
    /// - Parameter isVirtual: the interface that a hypervisor shows its guest (ICV_*) rather than the real one.
    public func readInterface(_ encoding: Int, cpu: Int, isVirtual: Bool) -> UInt64 {
        guard let register = GICv3Register(rawValue: encoding) else { return 0 }
        if isVirtual, let value = readVirtual(register, cpu) { return value }
        let interface = interfaces[cpu]
        switch register {
        case .pmr: return UInt64(interface.mask)
        case .iar0: return acknowledge(cpu, group1: false)
        case .iar1: return acknowledge(cpu, group1: true)
        case .hppir0: return highestPending(cpu, group1: false)
        case .hppir1: return highestPending(cpu, group1: true)
        case .bpr0: return UInt64(interface.binaryPoint0)
        case .bpr1: return UInt64(interface.control & 1 != 0 ? min(interface.binaryPoint0 + 1, 7) : interface.binaryPoint1)
        case .ap0r0: return UInt64(interface.active0.bits)
        case .ap1r0: return UInt64(interface.active1.bits)
        case .rpr: return UInt64(interface.running)
        // Five bits of priority, interrupt numbers of 16 bits, any Aff3.
        case .ctlr, .ctlrEL3: return UInt64(interface.control) | 4 << 8 | 1 << 15
        // The interface by system registers is the only one.
        case .sre: return 7
        case .sreEL2, .sreEL3: return 0xf
        case .igrpen0: return UInt64(interface.enables & 1)
        case .igrpen1: return UInt64(interface.enables >> 1)
        case .igrpen1EL3: return UInt64(interface.enables >> 1) * 3
        case .eoir0, .eoir1, .dir, .sgi0r, .sgi1r, .asgi1r: return 0
        default: return virtual[cpu].read(register)
        }
    }

    public func writeInterface(_ encoding: Int, cpu: Int, isVirtual: Bool, _ value: UInt64) {
        defer { update() }
        guard let register = GICv3Register(rawValue: encoding) else { return }
        if isVirtual, writeVirtual(register, cpu, value) { return }
        let byte = UInt8(truncatingIfNeeded: value)
        switch register {
        case .pmr: interfaces[cpu].mask = byte & GICInterrupts.priorityMask
        case .eoir0: end(cpu, value, group1: false)
        case .eoir1: end(cpu, value, group1: true)
        case .dir: deactivate(cpu, value)
        case .bpr0: interfaces[cpu].binaryPoint0 = max(2, byte & 7)
        case .bpr1: if interfaces[cpu].control & 1 == 0 { interfaces[cpu].binaryPoint1 = max(3, byte & 7) }
        case .ap0r0: interfaces[cpu].active0.bits = UInt32(truncatingIfNeeded: value)
        case .ap1r0: interfaces[cpu].active1.bits = UInt32(truncatingIfNeeded: value)
        case .ctlr, .ctlrEL3: interfaces[cpu].control = UInt32(value & 3)
        case .igrpen0: enable(cpu, 1, value & 1 != 0)
        case .igrpen1: enable(cpu, 2, value & 1 != 0)
        case .igrpen1EL3: enable(cpu, 2, value & 3 != 0)
        case .sgi0r: send(value, from: cpu, group1: false)
        case .sgi1r, .asgi1r: send(value, from: cpu, group1: true)
        case .iar0, .iar1, .hppir0, .hppir1, .rpr, .sre, .sreEL2, .sreEL3: break
        default: virtual[cpu].write(register, value)
        }
    }

    private func enable(_ cpu: Int, _ bit: UInt32, _ on: Bool) {
        if on { interfaces[cpu].enables |= bit } else { interfaces[cpu].enables &= ~bit }
    }

    private func highestPending(_ cpu: Int, group1: Bool) -> UInt64 {
        guard let best = best(cpu), best.isGroup1 == group1 else { return UInt64(GICInterrupts.spurious) }
        return UInt64(best.interrupt)
    }

    private func acknowledge(_ cpu: Int, group1: Bool) -> UInt64 {
        guard let due = due(cpu), due.isGroup1 == group1 else { return UInt64(GICInterrupts.spurious) }
        // An LPI is never active: it is not pending any more, and that is all.
        if due.interrupt < GICInterrupts.count {
            interrupts.acknowledge(due.interrupt, cpu)
        } else if let memory {
            lpis[cpu].set(UInt32(due.interrupt), pending: false, memory)
        }
        let priority = interfaces[cpu].groupPriority(due.priority, isGroup1: group1)
        if group1 { interfaces[cpu].active1.raise(priority) } else { interfaces[cpu].active0.raise(priority) }
        update()
        return UInt64(due.interrupt)
    }

    private func end(_ cpu: Int, _ value: UInt64, group1: Bool) {
        let isLPI = memory != nil && (UInt64(GICv3LPIs.first)..<UInt64(GICv3LPIs.end)).contains(value & 0xff_ffff)
        guard value & 0xff_ffff < GICInterrupts.count || isLPI else { return }
        if group1 { interfaces[cpu].active1.drop() } else { interfaces[cpu].active0.drop() }
        if interfaces[cpu].control & 2 == 0 { deactivate(cpu, value) }
    }

    func deactivate(_ cpu: Int, _ value: UInt64) {
        guard value & 0xff_ffff < GICInterrupts.count else { return }
        interrupts.deactivate(Int(value & 0xff_ffff), cpu)
    }
}
