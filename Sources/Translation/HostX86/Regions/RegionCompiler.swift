import HostCode
import IR
import Regions

/// Tier 2: from a block with loops to the machine code of a region.
extension X86CodeGenerator {
    enum RegionResult {
        case code(CompiledBlock)
        /// The code memory is full.
        case full
        /// It has something in it that regions do not know.
        case unknown
    }

    /// What a plan may cost, in percent of the work that it is for.
    private static let mostCost = 80

    /// Larger blocks, a plan of which takes ten milliseconds, get the plan that costs least for most loops.
    private static let mostInstructionsCompared = 800

    /// Room for an operation's code, and for what surrounds it.
    private static let bytesPerNode = 96
    private static let bytesAround = 16384

    func compileRegion(_ block: borrowing IRBlock) -> RegionResult {
        guard memoryMode != .translated, !countsInstructions, let (plan, carried) = bestPlan(block) else { return .unknown }
        if memory.size - memory.used < 2 * plan.region.nodes.count * X86CodeGenerator.bytesPerNode + X86CodeGenerator.bytesAround { return .full }
        let start = memory.used
        var emitter = emitter(plan, unsafe Assembler(base: memory.writable, capacity: memory.size, offset: start))
        emitter.emitCheckOfRequest()
        let wrong = emitter.emit(checks: plan.checks)
        var codes = [emitter.code]
        if !wrong.isEmpty {
            guard let cautious = RegionPlan(block, layout, registers, carried: carried, assumes: false) else { return .unknown }
            for place in wrong { emitter.a.patch(place, to: emitter.a.offset) }
            emitter = self.emitter(cautious, emitter.a)
            emitter.emitStart()
            _ = emitter.emit(checks: [])
            codes.append(emitter.code)
        }
        memory.commit(emitter.a.offset - start)
        for code in codes { note(code) }
        return .code(CompiledBlock(entry: codes[0].entry, size: emitter.a.offset - codes[0].entry, heads: codes.flatMap(\.heads)))
    }

    /// Of the plans that differ in what is kept at hand for recovery alone the one that costs least.
    private func bestPlan(_ block: borrowing IRBlock) -> (RegionPlan, Set<Int64>)? {
        let isLarge = block.instructions > X86CodeGenerator.mostInstructionsCompared
        var carried = isLarge ? CarriedFields.all(block) : []
        guard var best = RegionPlan(block, layout, registers, carried: carried, assumes: true) else { return nil }
        for candidate in isLarge ? [] : CarriedFields.candidates(best) {
            guard let plan = RegionPlan(block, layout, registers, carried: candidate, assumes: true), plan.cost < best.cost else { continue }
            (best, carried) = (plan, candidate)
        }
        // Fixed registers for guest state do better where values are too many.
        if best.cost * 100 > best.work * X86CodeGenerator.mostCost { return nil }
        return (best, carried)
    }

    private func emitter(_ plan: RegionPlan, _ assembler: Assembler) -> RegionEmitter {
        RegionEmitter(plan, registers, thunks, memoryMode: memoryMode, codeAlignmentBits: codeAlignmentBits, assembler)
    }
}

extension RegionCode {
    /// Makes guest state whole after a fault at an offset: from the host's registers as the context has them.
    func restore(_ offset: Int, register: (Register) -> UInt64) {
        guard let site = sites.last(where: { $0.offset <= offset }) else { return }
        let state = UInt(register(HostRegisters.state))
        let spills = state &+ UInt(bitPattern: CPUHeader.Offset.spills)
        func value(_ source: MoveSource) -> UInt64 {
            switch source {
            case .location(.register(let number)): register(number)
            case .location(.slot(let number)): unsafe UnsafePointer<UInt64>(bitPattern: spills &+ UInt(8 * number))?.pointee ?? 0
            case .constant(let constant): constant
            case .location(.none), .field, .word: preconditionFailure("what is restored is somewhere")
            }
        }
        for item in site.items {
            let bits = item.steps.reduce(value(item.source)) { $1.apply(to: $0, $1.operand.map(value) ?? 0) }
            let target = unsafe UnsafeMutableRawPointer(bitPattern: state &+ UInt(bitPattern: item.offset))
            if item.width == .b64 {
                unsafe target?.storeBytes(of: bits, as: UInt64.self)
            } else {
                unsafe target?.storeBytes(of: UInt32(truncatingIfNeeded: bits), as: UInt32.self)
            }
        }
    }
}

extension RestoredField.Step {
    /// What the step makes of a value and its operand.
    func apply(to value: UInt64, _ other: UInt64) -> UInt64 {
        let mask: UInt64 = width == .b64 ? .max : 0xffff_ffff
        let count = other & (width == .b64 ? 63 : 31)
        switch opcode {
        case .sext:
            let gap = UInt64(64 - 8 * from.bytes)
            return UInt64(bitPattern: Int64(bitPattern: value << gap) >> Int64(gap)) & mask
        case .zext: return from == .b64 ? value : value & (1 << UInt64(8 * from.bytes) - 1)
        case .not: return ~value & mask
        case .neg: return (0 &- value) & mask
        case .shl: return value << count & mask
        case .shrU: return (value & mask) >> count
        case .shrS:
            let whole = width == .b64 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
            return UInt64(bitPattern: whole >> Int64(count)) & mask
        case .add: return (value &+ other) & mask
        case .sub: return (value &- other) & mask
        case .and: return value & other & mask
        case .or: return (value | other) & mask
        case .xor: return (value ^ other) & mask
        case .trunc: return value
        default: preconditionFailure("\(opcode) is not done again")
        }
    }
}
