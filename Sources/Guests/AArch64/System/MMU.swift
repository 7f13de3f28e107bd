import AddressSpace
import Bits
import CPUModel

/// MMU indices: whose rules an access follows.
enum MMUIndex {
    /// EL1&0: EL0's accesses, EL1's, and EL1's where PSTATE.PAN keeps it away from EL0's pages.
    static let user = 0, supervisor = 1, guardedSupervisor = 2
    static let hypervisor = 3, monitor = 4
    /// EL2&0: the accesses of a host's programs, and the host's with PAN.
    static let hostUser = 5, guardedHost = 6
    static let count = 7
}

/// A translation regime (DDI 0487, D5.1): where its registers are, and what its tables can say.
struct Regime {
    /// The level whose registers control it.
    let level: Int
    /// EL0 is part of it: there are two halves, and pages that are EL0's.
    let hasUser: Bool
    let isUser: Bool
    let isGuarded: Bool

    init(mmuIndex: Int, hostsAtEL2: Bool) {
        level = mmuIndex < MMUIndex.hypervisor ? 1 : mmuIndex == MMUIndex.monitor ? 3 : 2
        hasUser = level == 1 || (level == 2 && hostsAtEL2)
        isUser = mmuIndex == MMUIndex.user || mmuIndex == MMUIndex.hostUser
        isGuarded = mmuIndex == MMUIndex.guardedSupervisor || mmuIndex == MMUIndex.guardedHost
    }
}

/// Tables to walk: what TCR and TTBR say of one half of the address space.
struct TableWalk {
    /// Bits of the smallest page: 12, 14 or 16.
    let granule: Int
    /// Bits of an input address.
    let inputBits: Int
    let base: UInt64
    /// Bits of an output address.
    let outputBits: Int
    var updatesAccess = false
    var updatesDirty = false
    var ignoresHierarchy = false
    /// -1 where the size of the input says it.
    var startLevel = -1

    /// Bits of index a level.
    var stride: Int { granule - 3 }
    var firstLevel: Int { startLevel >= 0 ? startLevel : 4 - (inputBits - 4) / stride }
    func shift(_ level: Int) -> Int { granule + stride * (3 - level) }
}

extension AArch64CPU {
    /// The MMU index of accesses at a level, unprivileged ones (ldtr and sttr, and EL0's) or the level's own.
    func mmuIndex(level: Int, unprivileged: Bool = false) -> Int {
        let isGuarded = self[.pan] != 0
        switch level {
        case 0: return isHostApplication ? MMUIndex.hostUser : MMUIndex.user
        case 1: return unprivileged ? MMUIndex.user : isGuarded ? MMUIndex.guardedSupervisor : MMUIndex.supervisor
        case 2:
            if unprivileged, isHostApplication { return MMUIndex.hostUser }
            return isGuarded && hostsAtEL2 ? MMUIndex.guardedHost : MMUIndex.hypervisor
        default: return MMUIndex.monitor
        }
    }

    // MARK: Contexts

    /// Number of the address space for the engine: ASID, VMID, and whether it is secure or a host's at EL2.
    var contextNumber: UInt64 {
        let isHost = isHostApplication
        let control = self[isHost ? .tcr_el2 : .tcr_el1]
        let table = control & TranslationControl.a1 != 0 ? (isHost ? SystemRegister.ttbr1_el2 : .ttbr1_el1) : (isHost ? .ttbr0_el2 : .ttbr0_el1)
        let asid = self[table] >> 48 & (control & TranslationControl.as16 != 0 ? 0xffff : 0xff)
        let vmid = hypervisor & HypervisorControl.vm != 0 ? self[.vttbr_el2] >> 48 : 0
        let isSecureBelow = system?.hasEL3 == true && self[.scr_el3] & SecureControl.ns == 0
        return asid | vmid << 16 | (isHost ? 1 << 32 : 0) | (isSecureBelow ? 1 << 33 : 0)
    }

    /// To be called when a register changes that `contextNumber` follows from.
    func updateContext() {
        let context = contextNumber
        guard context != currentContext else { return }
        currentContext = context
        services?.switchContext(to: context)
    }

    // MARK: Stage 1

    /// DDI 0487, AArch64.TranslateAddress.
    func findMapping(_ address: UInt64, _ access: AccessKind, mmuIndex: Int, debug: Bool = false) -> AddressTranslation {
        let regime = Regime(mmuIndex: mmuIndex, hostsAtEL2: hostsAtEL2)
        let isUpper = regime.hasUser && address.bit(55)
        let isTagged = ignoresTop(regime, isUpper) && address != AArch64CPU.untagged(address)
        let plain = isTagged ? clean(address, regime) : address
        if isTagged, access == .execute, !debug { return .fault(FaultStatus.taggedPC) }
        let found = isTranslated(regime) ? translate(plain, access, regime, isUpper, debug) : direct(plain, access, regime)
        guard case .mapped(var mapping) = found else { return found }
        // A flush by page would not find an entry whose address has a tag.
        if isTagged { mapping.pageBits = 64 }
        return .mapped(mapping)
    }

    private func clean(_ address: UInt64, _ regime: Regime) -> UInt64 {
        regime.hasUser ? AArch64CPU.untagged(address) : address.bits(0, 56)
    }

    /// An address as the current level's translation takes it.
    func untaggedHere(_ address: UInt64) -> UInt64 {
        let regime = Regime(mmuIndex: mmuIndex(level: level), hostsAtEL2: hostsAtEL2)
        return ignoresTop(regime, regime.hasUser && address.bit(55)) ? clean(address, regime) : address
    }

    /// Whether accesses ignore the top byte (TCR.TBI).
    func ignoresTop(_ regime: Regime, _ isUpper: Bool) -> Bool {
        self[.tcr(regime.level)].bit(regime.hasUser ? (isUpper ? 38 : 37) : 20)
    }

    func isTranslated(_ regime: Regime) -> Bool {
        if regime.level == 1, hypervisor & (HypervisorControl.dc | HypervisorControl.tge) != 0 { return false }
        return self[.sctlr(regime.level)] & Control.m != 0
    }

    /// Without stage 1: the address is the output, if it has no more bits than outputs have.
    private func direct(_ address: UInt64, _ access: AccessKind, _ regime: Regime) -> AddressTranslation {
        guard address >> UInt64(model.physicalBits) == 0 else { return .fault(FaultStatus.addressSizeBase) }
        let mapping = Mapping(physical: address, pageBits: 12, readable: true, writable: true, executable: true)
        return usesStage2(regime) ? stage2(mapping, access, isWalk: false) : .mapped(mapping)
    }

    func usesStage2(_ regime: Regime) -> Bool { regime.level == 1 && hypervisor & (HypervisorControl.vm | HypervisorControl.dc) != 0 }

    private func translate(_ address: UInt64, _ access: AccessKind, _ regime: Regime, _ isUpper: Bool, _ debug: Bool) -> AddressTranslation {
        guard let tables = tables(regime, isUpper), spans(tables, address, regime, isUpper) else { return .fault(FaultStatus.translationBase) }
        if tables.base >> UInt64(tables.outputBits) != 0 { return .fault(FaultStatus.addressSizeBase) }
        return walk(tables, address, access, regime, debug)
    }

    /// Whether the bits above the input's are all zeros, or ones in the upper half.
    private func spans(_ tables: TableWalk, _ address: UInt64, _ regime: Regime, _ isUpper: Bool) -> Bool {
        let top = address >> UInt64(tables.inputBits)
        return isUpper ? top == UInt64.max >> UInt64(tables.inputBits) : top == 0
    }

    func tables(_ regime: Regime, _ isUpper: Bool) -> TableWalk? {
        let control = self[.tcr(regime.level)]
        if regime.hasUser, control & (isUpper ? TranslationControl.epd1 : TranslationControl.epd0) != 0 { return nil }
        let granules = isUpper ? [0, 14, 12, 16] : [12, 16, 14, 0]
        var granule = granules[Int(control.bits(isUpper ? 30 : 14, 2))]
        if granule == 0 || (granule == 14 && !model.features.contains(.granule16)) { granule = 12 }
        let size = Int(control.bits(isUpper ? 16 : 0, 6))
        guard size >= 16, size <= (granule == 16 ? 47 : 48) else { return nil }
        let root =
            regime.level == 1 ? (isUpper ? SystemRegister.ttbr1_el1 : .ttbr0_el1) : regime.level == 3 ? .ttbr0_el3 : isUpper ? .ttbr1_el2 : .ttbr0_el2
        let hasFlags = regime.hasUser
        let updates = model.features.contains(.hafdbs)
        var walk = TableWalk(
            granule: granule, inputBits: 64 - size, base: self[root].bits(1, 47) << 1,
            outputBits: outputBits(Int(control.bits(hasFlags ? 32 : 16, 3))))
        walk.updatesAccess = updates && control.bit(hasFlags ? 39 : 21)
        walk.updatesDirty = walk.updatesAccess && control.bit(hasFlags ? 40 : 22)
        walk.ignoresHierarchy = model.features.contains(.hpds) && control.bit(hasFlags ? (isUpper ? 42 : 41) : 24)
        return walk
    }

    /// Bits of a physical address by the field IPS or PS, at most the element's.
    func outputBits(_ field: Int) -> Int { min([32, 36, 40, 42, 44, 48, 48, 48][field], model.physicalBits) }

    /// What the tables on the way forbid (bits 63 to 59 of a table descriptor).
    private struct Restrictions {
        var noUser = false, readOnly = false, neverUser = false, neverPrivileged = false

        mutating func add(_ table: UInt64) {
            noUser = noUser || table.bit(61)
            readOnly = readOnly || table.bit(62)
            neverUser = neverUser || table.bit(60)
            neverPrivileged = neverPrivileged || table.bit(59)
        }
    }

    private func walk(_ tables: TableWalk, _ address: UInt64, _ access: AccessKind, _ regime: Regime, _ debug: Bool) -> AddressTranslation {
        var level = tables.firstLevel
        let firstBits = tables.inputBits - tables.shift(level)
        var table = tables.base & ~((1 << UInt64(firstBits + 3)) - 1)
        var indexBits = firstBits
        var restrictions = Restrictions()
        while true {
            let slot = table | address.bits(tables.shift(level), indexBits) << 3
            var place = slot
            if usesStage2(regime) {
                switch stage2(Mapping(physical: slot, pageBits: 12, readable: true, writable: true, executable: true), .read, isWalk: true) {
                case .mapped(let mapping): place = mapping.physical
                case .fault(let code): return .fault(code)
                }
            }
            guard let entry = memory.loadEntry(place, bytes: 8) else { return .fault(FaultStatus.externalWalkBase + UInt32(level)) }
            let isTable = level < 3 && entry & 3 == 3
            let isLeaf = entry & 3 == (level == 3 ? 3 : 1) && allowsBlock(tables, level)
            guard isTable || isLeaf else { return .fault(FaultStatus.translationBase + UInt32(level)) }
            let output = entry.bits(tables.granule, 48 - tables.granule) << UInt64(tables.granule)
            if output >> UInt64(tables.outputBits) != 0 { return .fault(FaultStatus.addressSizeBase + UInt32(level)) }
            if isLeaf { return leaf(entry, place, tables, level, address, access, regime, restrictions, debug) }
            if !tables.ignoresHierarchy { restrictions.add(entry) }
            table = output
            level += 1
            indexBits = tables.stride
        }
    }

    /// Whether a descriptor of a level may be a block; those of level 3 are pages.
    func allowsBlock(_ tables: TableWalk, _ level: Int) -> Bool { level == 3 || level == 2 || (level == 1 && tables.granule == 12) }

    private func leaf(
        _ entry: UInt64, _ place: UInt64, _ tables: TableWalk, _ level: Int, _ address: UInt64, _ access: AccessKind, _ regime: Regime,
        _ restrictions: Restrictions, _ debug: Bool
    ) -> AddressTranslation {
        let shift = tables.shift(level)
        let output = entry.bits(shift, 48 - shift) << UInt64(shift) | address.bits(0, shift)
        var mapping = Mapping(physical: output, pageBits: UInt8(shift), readable: true, writable: true, executable: true)
        if debug { return usesStage2(regime) ? stage2(mapping, .read, isWalk: false, debug: true) : .mapped(mapping) }
        var wanted = entry
        if !entry.bit(10) {
            guard tables.updatesAccess else { return .fault(FaultStatus.accessFlagBase + UInt32(level)) }
            wanted |= 1 << 10
        }
        // DBM: a page that is read-only is so only until it is written.
        let isClean = tables.updatesDirty && entry.bit(51) && entry.bit(7)
        permit(&mapping, isClean ? entry & ~(1 << 7) : entry, regime, restrictions)
        guard mapping.permits(access) else { return .fault(FaultStatus.permissionBase + UInt32(level)) }
        if isClean {
            if access == .write { wanted &= ~(1 << 7) } else { mapping.writable = false }
        }
        // Another element may have changed the entry: then the access begins anew, by a fault that is spurious.
        if wanted != entry, !memory.compareExchange(place, expected: entry, new: wanted) { return retry(address, access, regime) }
        return usesStage2(regime) ? stage2(mapping, access, isWalk: false) : .mapped(mapping)
    }

    private func retry(_ address: UInt64, _ access: AccessKind, _ regime: Regime) -> AddressTranslation {
        translate(address, access, regime, regime.hasUser && address.bit(55), false)
    }

    /// Applies AP, UXN, PXN, WXN and PAN (DDI 0487, D5.4).
    private func permit(_ mapping: inout Mapping, _ entry: UInt64, _ regime: Regime, _ restrictions: Restrictions) {
        let isReadOnly = entry.bit(7) || restrictions.readOnly
        let forcesNever = self[.sctlr(regime.level)] & Control.wxn != 0
        guard regime.hasUser else {
            mapping.writable = !isReadOnly
            mapping.executable = !entry.bit(54) && !restrictions.neverUser && !(forcesNever && mapping.writable)
            return
        }
        let isUserPage = entry.bit(6) && !restrictions.noUser
        let userWrites = isUserPage && !isReadOnly
        if regime.isUser {
            mapping.readable = isUserPage
            mapping.writable = userWrites
            mapping.executable = !entry.bit(54) && !restrictions.neverUser && !(forcesNever && userWrites)
        } else {
            mapping.executable = !entry.bit(53) && !restrictions.neverPrivileged && !userWrites && !(forcesNever && !isReadOnly)
            mapping.readable = !(regime.isGuarded && isUserPage)
            mapping.writable = mapping.readable && !isReadOnly
        }
    }
}

extension Mapping {
    func permits(_ access: AccessKind) -> Bool {
        switch access {
        case .read: readable
        case .write: writable
        case .execute: executable
        }
    }
}
