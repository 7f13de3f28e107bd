import Bits
import Snapshot

/// The virtual CPU interface of one CPU (Arm IHI 0069, chapter 6 and 12.4): list registers that a hypervisor fills with interrupts for its guest, and
/// the interface that the guest sees.
struct GICv3VirtualInterface: SnapshotState {
    static let listCount = 4

    /// ICH_HCR_EL2.
    private enum Control {
        static let enable: UInt64 = 1, underflow: UInt64 = 1 << 1, noEntry: UInt64 = 1 << 2, nonePending: UInt64 = 1 << 3
        static let endCountShift = 27
    }
    /// Fields of a list register.
    private enum List {
        static let pending: UInt64 = 1 << 62, active: UInt64 = 1 << 63, hardware: UInt64 = 1 << 61, group1: UInt64 = 1 << 60
        static let maintenance: UInt64 = 1 << 41, state = pending | active
    }

    var control: UInt64 = 0
    /// What ICH_VMCR_EL2 holds: enables, EOI mode, binary points, mask.
    var interface = GICv3CPUInterface()
    var lists = [UInt64](repeating: 0, count: listCount)

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.part("interface", &interface)
        visitor.table("lists", &lists)
    }

    // MARK: What the hypervisor sees

    func read(_ register: GICv3Register) -> UInt64 {
        switch register {
        case .hypervisorControl: return control
        // Five bits of priority and of preemption, interrupt numbers of 16 bits, any Aff3, no direct injection.
        case .type: return 4 << 29 | 4 << 26 | 1 << 21 | 1 << 20 | UInt64(GICv3VirtualInterface.listCount - 1)
        case .maintenance: return maintenance
        case .ended: return ended
        case .empty: return bits { lists[$0] & List.state == 0 && !needsMaintenance(lists[$0]) }
        case .hypervisorAP0R0: return UInt64(interface.active0.bits)
        case .hypervisorAP1R0: return UInt64(interface.active1.bits)
        case .virtualControl: return machineControl
        case .list0, .list1, .list2, .list3: return lists[register.rawValue & 3]
        default: return 0
        }
    }

    mutating func write(_ register: GICv3Register, _ value: UInt64) {
        switch register {
        case .hypervisorControl: control = value & 0xf800_40ff
        case .hypervisorAP0R0: interface.active0.bits = UInt32(truncatingIfNeeded: value)
        case .hypervisorAP1R0: interface.active1.bits = UInt32(truncatingIfNeeded: value)
        case .virtualControl: machineControl = value
        case .list0, .list1, .list2, .list3: lists[register.rawValue & 3] = value
        default: break
        }
    }

    /// ICH_VMCR_EL2.
    private var machineControl: UInt64 {
        get {
            let points = UInt64(interface.binaryPoint1) << 18 | UInt64(interface.binaryPoint0) << 21
            let modes = UInt64(interface.control & 1) << 4 | UInt64(interface.control >> 1 & 1) << 9
            // VFIQEn: group 0 always comes as FIQ.
            return UInt64(interface.enables) | 8 | modes | points | UInt64(interface.mask) << 24
        }
        set {
            interface.enables = UInt32(newValue & 3)
            interface.control = UInt32(newValue >> 4 & 1 | newValue >> 8 & 2)
            interface.binaryPoint1 = max(3, UInt8(newValue >> 18 & 7))
            interface.binaryPoint0 = max(2, UInt8(newValue >> 21 & 7))
            interface.mask = UInt8(newValue >> 24 & 0xff) & GICInterrupts.priorityMask
        }
    }

    private func bits(_ holds: (Int) -> Bool) -> UInt64 { lists.indices.reduce(0) { holds($1) ? $0 | 1 << UInt64($1) : $0 } }

    /// An interrupt that asked for a maintenance interrupt when it ends.
    private func needsMaintenance(_ list: UInt64) -> Bool { list & List.hardware == 0 && list & List.maintenance != 0 }

    private var ended: UInt64 { bits { lists[$0] & List.state == 0 && needsMaintenance(lists[$0]) } }

    /// ICH_MISR_EL2.
    private var maintenance: UInt64 {
        let valid = lists.count { $0 & List.state != 0 }
        var reasons: UInt64 = ended != 0 ? 1 : 0
        if control & Control.underflow != 0, valid < 2 { reasons |= 2 }
        if control & Control.noEntry != 0, control >> UInt64(Control.endCountShift) != 0 { reasons |= 4 }
        if control & Control.nonePending != 0, !lists.contains(where: { $0 & List.state == List.pending }) { reasons |= 8 }
        for group in 0..<2 {
            let isEnabled = interface.enables >> UInt32(group) & 1 != 0
            let asks = control >> UInt64(4 + 2 * group) & 3
            if asks & 1 != 0, isEnabled { reasons |= 1 << UInt64(4 + 2 * group) }
            if asks & 2 != 0, !isEnabled { reasons |= 1 << UInt64(5 + 2 * group) }
        }
        return reasons
    }

    var needsAttention: Bool { control & Control.enable != 0 && maintenance != 0 }

    // MARK: What the guest sees

    /// The list register of the most urgent pending interrupt of the guest's enabled groups.
    private var best: Int? {
        guard control & Control.enable != 0 else { return nil }
        let candidates = lists.indices.filter { index in
            lists[index] & List.state == List.pending && interface.enables & (lists[index] & List.group1 != 0 ? 2 : 1) != 0
        }
        return candidates.min { priority($0) < priority($1) }
    }

    private func priority(_ index: Int) -> UInt8 { UInt8(lists[index] >> 48 & 0xff) }
    private func isGroup1(_ index: Int) -> Bool { lists[index] & List.group1 != 0 }

    private var dueList: Int? {
        guard let best, interface.admits(priority(best), isGroup1: isGroup1(best)) else { return nil }
        return best
    }

    /// Whether the guest is to get an interrupt of group 1 (true) or 0; nil if none.
    var signals: Bool? { dueList.map(isGroup1) }

    func highestPending(group1: Bool) -> UInt64 {
        guard let best, isGroup1(best) == group1 else { return UInt64(GICInterrupts.spurious) }
        return lists[best] & 0xffff_ffff
    }

    mutating func acknowledge(group1: Bool) -> UInt64 {
        guard let index = dueList, isGroup1(index) == group1 else { return UInt64(GICInterrupts.spurious) }
        lists[index] = lists[index] & ~List.pending | List.active
        let level = interface.groupPriority(priority(index), isGroup1: group1)
        if group1 { interface.active1.raise(level) } else { interface.active0.raise(level) }
        return lists[index] & 0xffff_ffff
    }

    /// Ends an interrupt; the number of the hardware interrupt that ends with it, if there is one.
    mutating func end(_ value: UInt64, group1: Bool) -> UInt64? {
        if group1 { interface.active1.drop() } else { interface.active0.drop() }
        return interface.control & 2 == 0 ? deactivate(value) : nil
    }

    mutating func deactivate(_ value: UInt64) -> UInt64? {
        let number = value & 0xff_ffff
        guard let index = lists.firstIndex(where: { $0 & 0xffff_ffff == number && $0 & List.active != 0 }) else {
            // It is in no list: the hypervisor sees to it (EOIcount).
            if number < 1020 { control = control.replacingBits(Control.endCountShift, 5, with: control.bits(Control.endCountShift, 5) &+ 1) }
            return nil
        }
        lists[index] &= ~List.active
        return lists[index] & List.hardware != 0 ? lists[index].bits(32, 13) : nil
    }
}

extension GICv3 {
    /// A register of the guest's interface; nil for those that are not virtual.
    func readVirtual(_ register: GICv3Register, _ cpu: Int) -> UInt64? {
        let interface = virtual[cpu].interface
        switch register {
        case .pmr: return UInt64(interface.mask)
        case .iar0, .iar1:
            defer { update() }
            return virtual[cpu].acknowledge(group1: register == .iar1)
        case .hppir0, .hppir1: return virtual[cpu].highestPending(group1: register == .hppir1)
        case .bpr0: return UInt64(interface.binaryPoint0)
        case .bpr1: return UInt64(interface.control & 1 != 0 ? min(interface.binaryPoint0 + 1, 7) : interface.binaryPoint1)
        case .ap0r0: return UInt64(interface.active0.bits)
        case .ap1r0: return UInt64(interface.active1.bits)
        case .rpr: return UInt64(interface.running)
        case .ctlr: return UInt64(interface.control) | 4 << 8 | 1 << 15
        case .igrpen0: return UInt64(interface.enables & 1)
        case .igrpen1: return UInt64(interface.enables >> 1)
        default: return nil
        }
    }

    /// False for registers that are not virtual.
    func writeVirtual(_ register: GICv3Register, _ cpu: Int, _ value: UInt64) -> Bool {
        let byte = UInt8(truncatingIfNeeded: value)
        switch register {
        case .pmr: virtual[cpu].interface.mask = byte & GICInterrupts.priorityMask
        case .eoir0, .eoir1: if let hardware = virtual[cpu].end(value, group1: register == .eoir1) { deactivate(cpu, hardware) }
        case .dir: if let hardware = virtual[cpu].deactivate(value) { deactivate(cpu, hardware) }
        case .bpr0: virtual[cpu].interface.binaryPoint0 = max(2, byte & 7)
        case .bpr1: virtual[cpu].interface.binaryPoint1 = max(3, byte & 7)
        case .ap0r0: virtual[cpu].interface.active0.bits = UInt32(truncatingIfNeeded: value)
        case .ap1r0: virtual[cpu].interface.active1.bits = UInt32(truncatingIfNeeded: value)
        case .ctlr: virtual[cpu].interface.control = UInt32(value & 3)
        case .igrpen0: virtual[cpu].interface.enables = virtual[cpu].interface.enables & 2 | UInt32(value & 1)
        case .igrpen1: virtual[cpu].interface.enables = virtual[cpu].interface.enables & 1 | UInt32(value & 1) << 1
        default: return false
        }
        return true
    }
}
