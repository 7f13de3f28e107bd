import AddressSpace
import CHost
import CPUModel
import Diagnostics
import IR

/// Where an access ends up.
enum Place {
    case memory(UnsafeMutableRawPointer)
    case device(Section, physical: UInt64)
    /// The exception has been noted.
    case fault
}

/// Memory accesses that miss the TLB's fast half.
extension CPURunner {
    @inline(__always) private func table(_ mmuIndex: Int) -> UnsafeMutablePointer<SoftTLB> { unsafe context.pointee.table(mmuIndex) }

    /// Finds the physical page of a virtual address, walking the guest's tables if need be; nil with the exception noted on a fault.
    func physicalPage(_ address: UInt64, _ access: AccessKind, _ mmuIndex: Int) -> UInt64? {
        let needed = SoftTLB.Permission.bit(access)
        if let known = unsafe table(mmuIndex).pointee.find(address), known & needed != 0 { return known & ~0xfff }
        let translation = cpu.translateAddress(address, access, mmuIndex: mmuIndex)
        Log.write(.mmu, "CPU \(cpu.index) \(access) of \(hex(address)), mmu_idx \(mmuIndex): \(translation)")
        switch translation {
        case .fault(let code):
            cpu.raise(translationFault: code, address: address, access)
            return nil
        case .mapped(let mapping):
            let page = mapping.physical & ~0xfff
            if mapping.pageBits >= 12 { remember(address, mapping, mmuIndex) }
            return page
        }
    }

    private func remember(_ address: UInt64, _ mapping: Mapping, _ mmuIndex: Int) {
        var bits: UInt64 = mapping.readable ? SoftTLB.Permission.read : 0
        if mapping.writable { bits |= SoftTLB.Permission.write }
        if mapping.executable { bits |= SoftTLB.Permission.execute }
        let entry = mapping.physical & ~0xfff | bits
        let table = unsafe table(mmuIndex)
        if unsafe table.pointee.insert(address, physical: entry, pageBits: Int(mapping.pageBits)), unsafe table.pointee.grow() {
            publishTables()
            _ = unsafe table.pointee.insert(address, physical: entry, pageBits: Int(mapping.pageBits))
        }
        unsafe open(address, mapping, table)
    }

    /// Opens the fast half for plain memory. Flash is not: between two reads it may turn from memory into registers.
    private func open(_ address: UInt64, _ mapping: Mapping, _ table: UnsafeMutablePointer<SoftTLB>) {
        let page = mapping.physical & ~0xfff
        let section = cpu.memory.section(at: page)
        if engine.hasWatchpoints, engine.debugPoints.watchesPage(cpu.withoutTag(address)) { return }
        guard section.kind == .ram || section.kind == .rom, section.start <= page, section.last >= page | 0xfff,
            let host = unsafe section.host(page), let flags = unsafe section.pageFlags(page)
        else { return }
        let mayWrite = mapping.writable && section.kind == .ram
        unsafe table.pointee.open(address, host: host, reads: mapping.readable, writes: false)
        guard mayWrite else { return }
        // First announce, then look: whoever makes the page special meanwhile either sees the announcement or is seen.
        let watched = RAMBlock.PageFlag.code | RAMBlock.PageFlag.logged
        if unsafe apus_atomic_or_u8(flags, RAMBlock.PageFlag.writtenDirectly) & watched != 0 { return }
        unsafe table.pointee.open(address, host: host, reads: mapping.readable, writes: true)
        if unsafe apus_atomic_load_u8(flags) & watched != 0 { unsafe table.pointee.revokeWrites(address) }
    }

    /// Resolves an access that lies within one page.
    func place(_ address: UInt64, _ access: AccessKind, _ mmuIndex: Int) -> Place {
        guard let page = physicalPage(address, access, mmuIndex) else { return .fault }
        let physical = page | address & 0xfff
        let section = cpu.memory.section(at: physical)
        switch section.kind {
        case .ram:
            guard let host = unsafe section.host(physical) else { return .fault }
            if access == .write { noteWrite(section, physical, address, mmuIndex) }
            return .memory(host)
        case .rom, .romDevice:
            if access == .write { return section.kind == .rom ? refused(address, access) : .device(section, physical: physical) }
            guard let host = unsafe section.host(physical) else { return .fault }
            return .memory(host)
        case .io: return .device(section, physical: physical)
        case .unassigned: return refused(address, access)
        }
    }

    private func refused(_ address: UInt64, _ access: AccessKind) -> Place {
        cpu.raise(.access, address: address, access)
        return .fault
    }

    /// A write goes to RAM by the slow path: the page holds code, is logged, or was merely not in the TLB.
    private func noteWrite(_ section: Section, _ physical: UInt64, _ address: UInt64, _ mmuIndex: Int) {
        let watched = RAMBlock.PageFlag.code | RAMBlock.PageFlag.logged
        guard let flags = unsafe section.pageFlags(physical), unsafe apus_atomic_load_u8(flags) & watched != 0, let ram = section.ram
        else { return }
        cpu.memory.noteWrite(ram, page: section.page(physical))
        // Once nothing watches the page any more, later writes need not come here.
        if unsafe apus_atomic_load_u8(flags) & watched == 0 { unsafe table(mmuIndex).pointee.drop(address) }
    }

    // MARK: Loads and stores

    func load(_ address: UInt64, _ memory: MemoryOperation) -> UInt64 {
        let size = memory.size
        if size == 16 { return loadPair(address, memory) }
        if memory.alignment == .fault, address & UInt64(size - 1) != 0 { return misaligned(address, .read) }
        // Behind what faults, which is no access.
        if isWatched(address, memory, reads: true, writes: false) { return 0 }
        if address & 0xfff > 4096 - UInt64(size) { return loadAcross(address, memory, size) }
        switch place(address, .read, memory.mmuIndex) {
        case .memory(let host): return unsafe memory.extended(CPURunner.read(host, size))
        case .device(let section, let physical): return memory.extended(readDevice(section, physical, size, address))
        case .fault: return 0
        }
    }

    func store(_ address: UInt64, _ value: UInt64, _ memory: MemoryOperation) {
        let size = memory.size
        if size == 16 { return storePair(address, value, memory) }
        if memory.alignment == .fault, address & UInt64(size - 1) != 0 {
            _ = misaligned(address, .write)
            return
        }
        if isWatched(address, memory, reads: false, writes: true) { return }
        if address & 0xfff > 4096 - UInt64(size) { return storeAcross(address, value, memory, size) }
        let ordered = memory.ordered(value)
        switch place(address, .write, memory.mmuIndex) {
        case .memory(let host): unsafe CPURunner.write(host, ordered, size)
        case .device(let section, let physical): writeDevice(section, physical, ordered, size, address)
        case .fault: break
        }
    }

    /// 16 bytes: the low half is the result, the high half goes to its scratch field.
    private func loadPair(_ address: UInt64, _ memory: MemoryOperation) -> UInt64 {
        if memory.alignment == .fault, address & 15 != 0 { return misaligned(address, .read) }
        let half = MemoryOperation(8, bigEndian: memory.isBigEndian, mmuIndex: memory.mmuIndex)
        let first = load(address, half)
        if cpu.header.exception != 0 { return 0 }
        let second = load(address &+ 8, half)
        cpu.header.setScratch(RuntimeFunctions.Scratch.high, memory.isBigEndian ? first : second)
        return memory.isBigEndian ? second : first
    }

    /// The high half comes from its scratch field. Both pages are checked before anything is written.
    private func storePair(_ address: UInt64, _ low: UInt64, _ memory: MemoryOperation) {
        if memory.alignment == .fault, address & 15 != 0 {
            _ = misaligned(address, .write)
            return
        }
        if isWatched(address, memory, reads: false, writes: true) { return }
        let high = cpu.header.scratch(RuntimeFunctions.Scratch.high)
        let half = MemoryOperation(8, bigEndian: memory.isBigEndian, mmuIndex: memory.mmuIndex)
        guard address & 0xfff <= 4080 || physicalPage(address &+ 15, .write, memory.mmuIndex) != nil else { return }
        store(address, memory.isBigEndian ? high : low, half)
        if cpu.header.exception == 0 { store(address &+ 8, memory.isBigEndian ? low : high, half) }
    }

    private func misaligned(_ address: UInt64, _ access: AccessKind) -> UInt64 {
        cpu.raise(.misaligned, address: address, access)
        return 0
    }

    /// An access over a page's end: byte by byte, both pages checked before the first byte is written.
    private func loadAcross(_ address: UInt64, _ memory: MemoryOperation, _ size: Int) -> UInt64 {
        var raw: UInt64 = 0
        let byte = MemoryOperation(1, mmuIndex: memory.mmuIndex)
        for index in 0..<UInt64(size) {
            raw |= load(address &+ index, byte) << (8 * index)
            if cpu.header.exception != 0 { return 0 }
        }
        return memory.extended(raw)
    }

    private func storeAcross(_ address: UInt64, _ value: UInt64, _ memory: MemoryOperation, _ size: Int) {
        let ordered = memory.ordered(value)
        let byte = MemoryOperation(1, mmuIndex: memory.mmuIndex)
        let last = address &+ UInt64(size - 1)
        guard physicalPage(address, .write, memory.mmuIndex) != nil, physicalPage(last, .write, memory.mmuIndex) != nil else { return }
        for index in 0..<UInt64(size) {
            store(address &+ index, ordered >> (8 * index) & 0xff, byte)
            if cpu.header.exception != 0 { return }
        }
    }

    static func read(_ host: UnsafeMutableRawPointer, _ size: Int) -> UInt64 {
        switch size {
        case 1: unsafe UInt64(host.load(as: UInt8.self))
        case 2: unsafe UInt64(host.loadUnaligned(as: UInt16.self))
        case 4: unsafe UInt64(host.loadUnaligned(as: UInt32.self))
        default: unsafe host.loadUnaligned(as: UInt64.self)
        }
    }

    static func write(_ host: UnsafeMutableRawPointer, _ value: UInt64, _ size: Int) {
        switch size {
        case 1: unsafe host.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: unsafe host.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 4: unsafe host.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        default: unsafe host.storeBytes(of: value, as: UInt64.self)
        }
    }

    // MARK: Devices

    private func readDevice(_ section: Section, _ physical: UInt64, _ size: Int, _ address: UInt64) -> UInt64 {
        let (value, result) = engine.withMachineLock {
            cpu.memory.initiator = cpu.index
            return cpu.memory.readRegister(section, physical, size: size)
        }
        if result != .ok { cpu.raise(.access, address: address, .read) }
        return value
    }

    private func writeDevice(_ section: Section, _ physical: UInt64, _ value: UInt64, _ size: Int, _ address: UInt64) {
        let result = engine.withMachineLock {
            cpu.memory.initiator = cpu.index
            return cpu.memory.writeRegister(section, physical, value: value, size: size)
        }
        if result != .ok { cpu.raise(.access, address: address, .write) }
    }
}
