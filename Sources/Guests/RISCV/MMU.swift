import AddressSpace
import Bits
import CPUModel

/// Page-table entry bits (Volume II, section 12.3 to 12.6).
enum PTE {
    static let v: UInt64 = 1, r: UInt64 = 2, w: UInt64 = 4, x: UInt64 = 8, u: UInt64 = 16, g: UInt64 = 32, a: UInt64 = 64, d: UInt64 = 128
    static let pbmt: UInt64 = 3 << 61, n: UInt64 = 1 << 63
    static let reserved: UInt64 = 0x7f << 54
}

extension RISCVCPU {
    /// Shape of the page tables that satp selects: levels, bits of index a level, bytes of an entry.
    struct Tables {
        let levels: Int, indexBits: Int, entryBytes: Int
        let root: UInt64
    }

    var tables: Tables? {
        let satp = unsafe hart.pointee.satp
        if !model.rv64 {
            return satp.bit(31) ? Tables(levels: 2, indexBits: 10, entryBytes: 4, root: satp.bits(0, 22) << 12) : nil
        }
        let mode = satp >> 60
        guard mode >= 8 else { return nil }
        return Tables(levels: 3 + Int(mode - 8), indexBits: 9, entryBytes: 8, root: satp.bits(0, 44) << 12)
    }

    /// Volume II, section 12.3.2; machine mode and bare mode only meet physical memory protection.
    func findMapping(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        guard mmuIndex != 3, let tables else { return protect(address, access, min(mmuIndex, mmuIndex == 2 ? 1 : mmuIndex), nil) }
        return walk(tables, address, access, mmuIndex, debug: false)
    }

    func findPhysical(_ address: UInt64) -> UInt64? {
        guard mode != 3, let tables else { return address }
        if case .mapped(let mapping) = walk(tables, address, .read, mode, debug: true) { return mapping.physical }
        return nil
    }

    private func pageFault(_ access: AccessKind) -> AddressTranslation {
        switch access {
        case .read: .fault(UInt32(ExceptionCode.loadPage))
        case .write: .fault(UInt32(ExceptionCode.storePage))
        case .execute: .fault(UInt32(ExceptionCode.fetchPage))
        }
    }

    private func accessFault(_ access: AccessKind) -> AddressTranslation {
        switch access {
        case .read: .fault(UInt32(ExceptionCode.loadAccess))
        case .write: .fault(UInt32(ExceptionCode.storeAccess))
        case .execute: .fault(UInt32(ExceptionCode.fetchAccess))
        }
    }

    private func walk(_ tables: Tables, _ address: UInt64, _ access: AccessKind, _ mmuIndex: Int, debug: Bool) -> AddressTranslation {
        let addressBits = 12 + tables.levels * tables.indexBits
        if tables.entryBytes == 8, address.signExtended(from: addressBits) != address { return pageFault(access) }
        var table = tables.root
        var level = tables.levels - 1
        while level >= 0 {
            let shift = 12 + level * tables.indexBits
            let slot = table &+ address.bits(shift, tables.indexBits) &* UInt64(tables.entryBytes)
            guard pmp.allows(slot, 8, .read, mode: 1), let entry = memory.loadEntry(slot, bytes: tables.entryBytes) else {
                return accessFault(access)
            }
            guard isSound(entry) else { return pageFault(access) }
            if entry & (PTE.r | PTE.x) != 0 { return leaf(entry, slot, tables, level, address, access, mmuIndex, debug) }
            guard entry & (PTE.a | PTE.d | PTE.u | PTE.n | PTE.pbmt) == 0 else { return pageFault(access) }
            table = entry.bits(10, 44) << 12
            level -= 1
        }
        return pageFault(access)
    }

    /// Whether an entry is valid and uses no encoding that is reserved.
    private func isSound(_ entry: UInt64) -> Bool {
        guard entry & PTE.v != 0, entry & (PTE.r | PTE.w) != PTE.w, entry & PTE.reserved == 0 else { return false }
        if entry & PTE.n != 0, !model.extensions.contains(.svnapot) { return false }
        let memoryType = entry & PTE.pbmt
        let typed = unsafe model.extensions.contains(.svpbmt) && hart.pointee.menvcfg.bit(62)
        return memoryType == 0 || (typed && memoryType != PTE.pbmt)
    }

    private func leaf(
        _ entry: UInt64, _ slot: UInt64, _ tables: Tables, _ level: Int, _ address: UInt64, _ access: AccessKind, _ mmuIndex: Int,
        _ debug: Bool
    ) -> AddressTranslation {
        let shift = 12 + level * tables.indexBits
        var frame = entry.bits(10, tables.entryBytes == 8 ? 44 : 22)
        guard frame.bits(0, level * tables.indexBits) == 0 else { return pageFault(access) }
        if entry & PTE.n != 0 {
            guard level == 0, frame.bits(0, 4) == 8 else { return pageFault(access) }
            frame = frame & ~15 | address.bits(12, 4)
        }
        let allowed = permissions(entry, mmuIndex)
        guard debug || allowed.permit(access) else { return pageFault(access) }
        guard debug || update(entry, slot, tables.entryBytes, access) else { return pageFault(access) }
        let low = address & ((1 << UInt64(shift)) - 1)
        let physical = (frame << 12) & ~((1 << UInt64(shift)) - 1) | low
        var mapping = Mapping(
            physical: physical, pageBits: UInt8(shift), readable: allowed.read, writable: allowed.write, executable: allowed.execute)
        if access != .write, entry & PTE.d == 0 { mapping.writable = false }
        if debug { return .mapped(mapping) }
        return protect(physical, access, mmuIndex == 0 ? 0 : 1, mapping)
    }

    private struct Permissions {
        var read: Bool, write: Bool, execute: Bool
        func permit(_ access: AccessKind) -> Bool {
            switch access {
            case .read: read
            case .write: write
            case .execute: execute
            }
        }
    }

    private func permissions(_ entry: UInt64, _ mmuIndex: Int) -> Permissions {
        let isUser = entry & PTE.u != 0
        let readsExecutable = unsafe hart.pointee.mstatus & MStatus.mxr != 0
        let data = mmuIndex == 0 ? isUser : (!isUser || mmuIndex == 2)
        let code = (mmuIndex == 0) == isUser
        return Permissions(
            read: data && (entry & PTE.r != 0 || (readsExecutable && entry & PTE.x != 0)), write: data && entry & PTE.w != 0,
            execute: code && entry & PTE.x != 0)
    }

    /// Sets the accessed bit, and the dirty bit for a write; false if that is software's task and not done.
    private func update(_ entry: UInt64, _ slot: UInt64, _ bytes: Int, _ access: AccessKind) -> Bool {
        let wanted = entry | PTE.a | (access == .write ? PTE.d : 0)
        if wanted == entry { return true }
        guard unsafe hart.pointee.menvcfg.bit(61) || !model.extensions.contains(.svadu) else { return false }
        if bytes == 8 { return memory.compareExchange(slot, expected: entry, new: wanted) || retryUpdate(entry, slot, bytes, access) }
        return memory.compareExchange(slot, expected: UInt32(truncatingIfNeeded: entry), new: UInt32(truncatingIfNeeded: wanted))
            || retryUpdate(entry, slot, bytes, access)
    }

    /// Another hart changed the entry meanwhile: good if only its accessed and dirty bits differ, else the guest sees a spurious fault,
    /// which the architecture allows.
    private func retryUpdate(_ entry: UInt64, _ slot: UInt64, _ bytes: Int, _ access: AccessKind) -> Bool {
        guard let now = memory.loadEntry(slot, bytes: bytes), (now ^ entry) & ~(PTE.a | PTE.d) == 0, now != entry else { return false }
        return update(now, slot, bytes, access)
    }

    /// Applies physical memory protection to an access and to the mapping that is to be cached for it.
    private func protect(_ physical: UInt64, _ access: AccessKind, _ privilege: Int, _ mapping: Mapping?) -> AddressTranslation {
        let address = model.rv64 || mapping != nil ? physical : physical & 0xffff_ffff
        guard pmp.allows(address, 1, access, mode: privilege) else { return accessFault(access) }
        var result = mapping ?? Mapping(physical: address, pageBits: 12, readable: true, writable: true, executable: true)
        result.physical = address
        guard pmp.isActive || privilege != 3 else { return .mapped(result) }
        let page = address & ~0xfff
        result.readable = result.readable && pmp.allows(page, 4096, .read, mode: privilege)
        result.writable = result.writable && pmp.allows(page, 4096, .write, mode: privilege)
        result.executable = result.executable && pmp.allows(page, 4096, .execute, mode: privilege)
        if !pmp.isUniform(page, mode: privilege) { result.pageBits = 0 }
        return .mapped(result)
    }
}
