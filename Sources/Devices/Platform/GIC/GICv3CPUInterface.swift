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

extension GICv3 {
    /// Reads a register of a CPU's interface by its name. With the machine lock held.
    public func readInterface(_ register: String, cpu: Int) -> UInt64 {
        let interface = interfaces[cpu]
        switch register {
        case "ICC_PMR_EL1": return UInt64(interface.mask)
        case "ICC_IAR0_EL1": return acknowledge(cpu, group1: false)
        case "ICC_IAR1_EL1": return acknowledge(cpu, group1: true)
        case "ICC_HPPIR0_EL1": return highestPending(cpu, group1: false)
        case "ICC_HPPIR1_EL1": return highestPending(cpu, group1: true)
        case "ICC_BPR0_EL1": return UInt64(interface.binaryPoint0)
        case "ICC_BPR1_EL1": return UInt64(interface.control & 1 != 0 ? min(interface.binaryPoint0 + 1, 7) : interface.binaryPoint1)
        case "ICC_AP0R0_EL1": return UInt64(interface.active0.bits)
        case "ICC_AP1R0_EL1": return UInt64(interface.active1.bits)
        case "ICC_RPR_EL1": return UInt64(interface.running)
        // Five bits of priority, interrupt numbers of 16 bits, any Aff3.
        case "ICC_CTLR_EL1", "ICC_CTLR_EL3": return UInt64(interface.control) | 4 << 8 | 1 << 15
        // The interface by system registers is the only one.
        case "ICC_SRE_EL1": return 7
        case "ICC_SRE_EL2", "ICC_SRE_EL3": return 0xf
        case "ICC_IGRPEN0_EL1": return UInt64(interface.enables & 1)
        case "ICC_IGRPEN1_EL1": return UInt64(interface.enables >> 1)
        case "ICC_IGRPEN1_EL3": return UInt64(interface.enables >> 1) * 3
        default: return 0
        }
    }

    public func writeInterface(_ register: String, cpu: Int, _ value: UInt64) {
        let byte = UInt8(truncatingIfNeeded: value)
        switch register {
        case "ICC_PMR_EL1": interfaces[cpu].mask = byte & GICInterrupts.priorityMask
        case "ICC_EOIR0_EL1": end(cpu, value, group1: false)
        case "ICC_EOIR1_EL1": end(cpu, value, group1: true)
        case "ICC_DIR_EL1": deactivate(cpu, value)
        case "ICC_BPR0_EL1": interfaces[cpu].binaryPoint0 = max(2, byte & 7)
        case "ICC_BPR1_EL1": if interfaces[cpu].control & 1 == 0 { interfaces[cpu].binaryPoint1 = max(3, byte & 7) }
        case "ICC_AP0R0_EL1": interfaces[cpu].active0.bits = UInt32(truncatingIfNeeded: value)
        case "ICC_AP1R0_EL1": interfaces[cpu].active1.bits = UInt32(truncatingIfNeeded: value)
        case "ICC_CTLR_EL1", "ICC_CTLR_EL3": interfaces[cpu].control = UInt32(value & 3)
        case "ICC_IGRPEN0_EL1": enable(cpu, 1, value & 1 != 0)
        case "ICC_IGRPEN1_EL1": enable(cpu, 2, value & 1 != 0)
        case "ICC_IGRPEN1_EL3": enable(cpu, 2, value & 3 != 0)
        case "ICC_SGI0R_EL1": return send(value, from: cpu, group1: false)
        case "ICC_SGI1R_EL1", "ICC_ASGI1R_EL1": return send(value, from: cpu, group1: true)
        default: break
        }
        update()
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
        interrupts.acknowledge(due.interrupt, cpu)
        let priority = interfaces[cpu].groupPriority(due.priority, isGroup1: group1)
        if group1 { interfaces[cpu].active1.raise(priority) } else { interfaces[cpu].active0.raise(priority) }
        update()
        return UInt64(due.interrupt)
    }

    private func end(_ cpu: Int, _ value: UInt64, group1: Bool) {
        guard value & 0xff_ffff < GICInterrupts.count else { return }
        if group1 { interfaces[cpu].active1.drop() } else { interfaces[cpu].active0.drop() }
        if interfaces[cpu].control & 2 == 0 { deactivate(cpu, value) }
    }

    private func deactivate(_ cpu: Int, _ value: UInt64) {
        guard value & 0xff_ffff < GICInterrupts.count else { return }
        interrupts.deactivate(Int(value & 0xff_ffff), cpu)
    }
}
