import HostCode

/// Code that leaves its process, and comes to another one.
extension X86CodeGenerator {
    /// What the block that has been compiled last, for the guest address `pc`, is to another process. `keepsPortable` must have been set.
    public func portable(_ code: CompiledBlock, pc: UInt64) -> PortableCode? {
        guard keepsPortable, code.entry == lastEntry, code.heads.isEmpty else { return nil }
        let start = lastStart
        let size = code.entry + code.size - start
        var result = unsafe PortableCode(
            bytes: Array(UnsafeBufferPointer(start: memory.writable + start, count: size)), entry: code.entry - start, loopHead: code.loopHead,
            relocations: [], faultSites: [])
        for place in lastDisplacements {
            let displacement = Int(unsafe UnsafeRawPointer(memory.writable + place).loadUnaligned(as: Int32.self))
            // What is inside the block stays as it is.
            if place + 4 + displacement >= start { continue }
            result.relocations.append(.init(place: place - start, kind: .outward))
            result.shift(place - start, by: start)
        }
        for place in lastOffsets {
            result.relocations.append(.init(place: place - start, kind: .offset))
            result.shift(place - start, by: -start)
        }
        for site in faultSites(from: start) {
            guard let distance = Int32(exactly: Int64(bitPattern: site.pc &- pc)) else { return nil }
            result.faultSites.append(.init(place: site.offset - start, distance: distance))
        }
        return result
    }

    /// Puts code that `portable` made into the code memory; nil if that is full or the code is not sound.
    public func adopt(_ code: PortableCode.View, pc: UInt64) -> CompiledBlock? {
        let start = memory.used, size = unsafe code.bytes.count
        // An entry has a comparison and a jump, which `kill` overwrites.
        guard size + Assembler.slack < memory.free, code.entry >= 0, code.entry + 13 <= size, let source = unsafe code.bytes.baseAddress else {
            return nil
        }
        guard unsafe areSound(code.faultSites, size) else { return nil }
        let base = unsafe UnsafeMutableRawPointer(memory.writable + start)
        unsafe base.copyMemory(from: source, byteCount: size)
        for index in stride(from: 0, to: unsafe code.relocations.count, by: 4) {
            let relocation = unsafe code.relocations.loadUnaligned(fromByteOffset: index, as: UInt32.self)
            let place = Int(relocation >> 1)
            guard place + 4 <= size else { return nil }
            let value = Int(unsafe base.loadUnaligned(fromByteOffset: place, as: Int32.self))
            let isOutward = relocation & 1 == PortableCode.Relocation.Kind.outward.rawValue
            unsafe base.storeBytes(of: Int32(truncatingIfNeeded: value + (isOutward ? -start : start)), toByteOffset: place, as: Int32.self)
        }
        for index in stride(from: 0, to: unsafe code.faultSites.count, by: 8) {
            let place = unsafe X86CodeGenerator.place(code.faultSites, index)
            let distance = unsafe code.faultSites.loadUnaligned(fromByteOffset: index + 4, as: Int32.self)
            noteFault(offset: start + place, pc: pc &+ UInt64(bitPattern: Int64(distance)))
        }
        memory.commit(size)
        return CompiledBlock(entry: start + code.entry, size: size - code.entry, loopHead: code.loopHead)
    }
}

extension X86CodeGenerator {
    private static func place(_ sites: UnsafeRawBufferPointer, _ index: Int) -> Int {
        Int(unsafe sites.loadUnaligned(fromByteOffset: index, as: UInt32.self))
    }

    /// Whether fault sites lie inside the code, in order: they are looked up by halves.
    private func areSound(_ sites: UnsafeRawBufferPointer, _ size: Int) -> Bool {
        var last = -1
        for index in stride(from: 0, to: unsafe sites.count, by: 8) {
            let place = unsafe X86CodeGenerator.place(sites, index)
            guard place > last, place <= size else { return false }
            last = place
        }
        return true
    }
}

extension PortableCode {
    /// Adds to the number at a place.
    fileprivate mutating func shift(_ place: Int, by amount: Int) {
        bytes.withUnsafeMutableBytes {
            let old = Int(unsafe $0.loadUnaligned(fromByteOffset: place, as: Int32.self))
            unsafe $0.storeBytes(of: Int32(truncatingIfNeeded: old + amount), toByteOffset: place, as: Int32.self)
        }
    }
}
