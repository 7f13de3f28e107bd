import HostCode
import IR

/// A piece of code that runs rarely and is put behind its block.
struct OutOfLine {
    enum Kind {
        /// The interrupt check failed, or the block was killed.
        case leaveAtEntry, leaveAtHead
        /// There is no room for another call that is under way.
        case emptyStack
        /// The instruction budget does not suffice.
        case outOfBudget
        /// The block has been run so often that its loop is worth more effort; it has gone round often enough for a trial.
        case hotLoop, hotLoopHead
        /// A chainable jump's way out; the same out of a block with pins of its own.
        case exit, leaveLoop
        /// A memory access that missed the TLB.
        case load, store, atomic, compareExchange
        /// A load that is not from where it was guessed to be.
        case plainLoad
        /// A float operation that the host cannot do.
        case float
        /// A vector operation with lanes that the host cannot do.
        case vector
        /// A result that is a NaN.
        case canonicalNaN
        /// A conversion to an integer that does not fit.
        case saturate
    }

    let kind: Kind
    /// Displacement that leads here.
    let jump: Int
    /// Offset to go back to.
    var back: Int
    let pc: UInt64
    var count = 0
    /// More displacements that lead here.
    var otherJump = -1
    /// Memory accesses: what holds the address xor the tag, and the TLB entry; and the operation.
    var address = Register.rax
    var entry = Register.rax
    /// Of an access to a page that was looked up before: what to add to the guest's base, which `address` holds.
    var displacement: Int32?
    /// Of a load that was guessed wrong: the place in host memory.
    var place: Memory?
    /// Of a load that looked at the page it found last.
    var recent: RecentPageUse?
    /// Whether the lookup was for writing, and whether later accesses count on it.
    var checksWrites = false
    var closesWindow = false
    var memory: UInt64 = 0
    /// What is stored: a register, a vector register or an immediate.
    var value = Register.rax
    var vector: Vector?
    var immediate: Int32?
    var writes = false
    /// Where the result goes.
    var destination = Register.rax
    var destinationVector: Vector?
    var type = IRType.i64
    /// Operands of a float operation.
    var operands: (Vector?, Vector?, Vector?)
    var integerOperand: Register?
    /// Conversions to integers: whether a NaN gives 0, not the largest one.
    var nanIsZero = false

    /// Of a memory access: whether the value's high half goes through a scratch field.
    var is16Bytes: Bool { memory & 7 == 4 }
}

extension BlockEmitter {
    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }

    /// Emits everything that was put off; false if there is no room.
    func emitOutOfLine() -> Bool {
        for item in outOfLine {
            if a.isNearlyFull { return false }
            if item.kind == .exit { a.note(jump: item.jump) }
            if item.jump >= 0 { a.patch(item.jump, to: a.offset) }
            if item.otherJump >= 0 { a.patch(item.otherJump, to: a.offset) }
            emit(item)
        }
        return true
    }

    private func emit(_ item: OutOfLine) {
        pc = item.pc
        switch item.kind {
        case .leaveAtEntry:
            leave(by: 0, to: item.pc, usualThunks)
        case .emptyStack:
            a.emptyStack()
            a.jmp(to: item.back)
        case .leaveAtHead:
            leave(by: 0, to: item.pc, thunks)
        case .outOfBudget:
            a.alu(.add, .b64, field(CPUHeader.Offset.budget), Int32(item.count))
            a.storePC(item.pc)
            leave(.budget)
        case .exit: leave(by: a.offset, to: item.pc, usualThunks)
        case .hotLoop: leave(by: Int(CPUHeader.hotLoop), to: item.pc, usualThunks)
        case .hotLoopHead: leave(by: Int(CPUHeader.hotLoop), to: item.pc, thunks)
        case .leaveLoop:
            loop?.leave(&a)
            emitExit(to: item.pc)
        case .load, .store, .atomic, .compareExchange: emitAccess(item)
        case .plainLoad:
            guard let place = item.place else { preconditionFailure("a load that was guessed wrong has a place") }
            if memoryMode != .translated { faultSites.append(offset: a.offset, pc: pc) }
            load(IROp(.load, item.type, attribute: UInt16(item.memory)), item.destination, place)
            a.jmp(to: item.back)
        case .float: emitFallback(item)
        case .vector: emitVectorFallback(item)
        case .canonicalNaN:
            guard let vector = item.destinationVector else { return }
            let constant = item.type == .f16 ? thunks.canonical16 : item.type == .f32 ? thunks.canonical32 : thunks.canonical64
            a.vmovsd(vector, Memory(target: constant))
            a.jmp(to: item.back)
        case .saturate: emitSaturation(item)
        }
    }

    /// Leaves for an address by a site: the offset of the way out of a jump that can be chained, `CPUHeader.hotLoop`, or 0 for
    /// nothing to chain.
    private func leave(by site: Int, to target: UInt64, _ thunks: Thunks) {
        a.mov(.b64, field(CPUHeader.Offset.exitSite), Int32(site))
        if site > 0, site != Int(CPUHeader.hotLoop) { a.noteCodeOffset() }
        a.storePC(target)
        a.jmp(to: thunks.exitUnresolved)
    }

    /// A jump that can be chained, and its way out right behind it.
    private func emitExit(to target: UInt64) {
        a.alignDisplacement(behind: 1)
        let jump = a.jmp()
        a.note(jump: jump)
        a.patch(jump, to: a.offset)
        leave(by: a.offset, to: target, usualThunks)
    }

    func leave(_ reason: ExitReason) {
        a.mov(.rax, Thunks.ExitCode.reason + UInt64(reason.rawValue))
        a.jmp(to: thunks.exit)
    }

    private func emitAccess(_ item: OutOfLine) {
        if let recent = item.recent { emitRefill(item, recent) }
        if item.displacement == nil, item.entry != item.address {
            let tag = MemoryLayout<TLBEntry>.offset(of: item.checksWrites ? \TLBEntry.writeTag : \TLBEntry.readTag) ?? 0
            a.alu(.xor, .b64, item.address, Memory(item.entry, tag))
        }
        a.mov(.b64, field(CPUHeader.Offset.accessAddress), item.address)
        if let displacement = item.displacement, displacement != 0 {
            a.alu(.add, .b64, field(CPUHeader.Offset.accessAddress), displacement)
        }
        if item.writes { storeValue(item) }
        a.mov(.b64, field(CPUHeader.Offset.accessKind), Int32(truncatingIfNeeded: item.memory))
        a.storePC(item.pc)
        let callee: Thunks.Callee =
            switch item.kind {
            case .load: .load
            case .store: .store
            case .atomic: .atomic
            default: .compareExchange
            }
        refund(item.count)
        a.call(to: thunks[callee])
        charge(item.count)
        if item.kind != .store { fetchResult(item) }
        if item.closesWindow { a.mov(item.address, PageWindow.closed) }
        a.jmp(to: item.back)
    }

    private func storeValue(_ item: OutOfLine) {
        let place = field(CPUHeader.Offset.accessValue)
        if let vector = item.vector {
            a.vmovsd(place, vector)
            if item.is16Bytes { a.vmovhps(field(CPUHeader.Offset.scratch + 8 * RuntimeFunctions.Scratch.high), vector) }
        } else if let immediate = item.immediate {
            a.mov(.b64, place, immediate)
        } else {
            a.mov(.b64, place, item.value)
        }
    }

    private func fetchResult(_ item: OutOfLine) {
        let result = field(CPUHeader.Offset.accessResult)
        if let vector = item.destinationVector {
            load(vector, item.type == .v128 ? .f64 : item.type, result)
            let high = field(CPUHeader.Offset.scratch + 8 * RuntimeFunctions.Scratch.high)
            return item.type == .v128 ? a.vmovhps(vector, vector, high) : ()
        }
        switch item.type {
        case .i8: a.movzx(item.destination, .b8, result)
        case .i16: a.movzx(item.destination, .b16, result)
        case .i32: a.mov(.b32, item.destination, result)
        case .i128:
            a.mov(.b64, item.destination, result)
            a.mov(.b64, .rdx, field(CPUHeader.Offset.scratch + 8 * RuntimeFunctions.Scratch.high))
        default: a.mov(.b64, item.destination, result)
        }
    }

    /// Lets the runtime compute a float operation.
    private func emitFallback(_ item: OutOfLine) {
        if let first = item.operands.0 { a.vmovsd(field(CPUHeader.Offset.accessAddress), first) }
        if let integer = item.integerOperand { a.mov(.b64, field(CPUHeader.Offset.accessAddress), integer) }
        if let second = item.operands.1 { a.vmovsd(field(CPUHeader.Offset.accessValue), second) }
        if let third = item.operands.2 { a.vmovsd(field(CPUHeader.Offset.accessExtra), third) }
        a.mov(.b32, field(CPUHeader.Offset.accessKind), Int32(truncatingIfNeeded: item.memory))
        a.mov(.b32, field(CPUHeader.Offset.accessKind + 4), Int32(truncatingIfNeeded: item.memory >> 32))
        a.call(to: thunks[.float])
        fetchResult(item)
        a.jmp(to: item.back)
    }

    /// The host gave the "integer indefinite" and raised invalid: right for what is too small, else the largest integer is wanted.
    private func emitSaturation(_ item: OutOfLine) {
        guard let source = item.operands.0 else { return }
        let isSingle = item.memory != 0
        a.vucomis(single: isSingle, source, source)
        let isNaN = a.jcc(.p)
        // Only the sign is left to look at: the flags of a comparison with zero, which the integer register can provide.
        if isSingle { a.vmovd(item.destination, source) } else { a.vmovq(item.destination, source) }
        a.test(isSingle ? .b32 : .b64, item.destination, item.destination)
        let isNegative = a.jcc(.s)
        if !item.nanIsZero { a.patch(isNaN, to: a.offset) }
        a.mov(item.destination, item.type == .i32 ? 0x7fff_ffff : 0x7fff_ffff_ffff_ffff)
        a.jmp(to: item.back)
        if item.nanIsZero {
            a.patch(isNaN, to: a.offset)
            a.mov(item.destination, 0)
            a.jmp(to: item.back)
        }
        a.patch(isNegative, to: a.offset)
        a.mov(item.destination, item.type == .i32 ? 0x8000_0000 : 0x8000_0000_0000_0000)
        a.jmp(to: item.back)
    }
}
