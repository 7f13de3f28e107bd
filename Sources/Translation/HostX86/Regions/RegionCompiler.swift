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

    /// Room for an operation's code, and for what surrounds it.
    private static let bytesPerNode = 96
    private static let bytesAround = 16384

    func compileRegion(_ block: borrowing IRBlock) -> RegionResult {
        guard memoryMode != .translated, !countsInstructions, let region = RegionBuilder.build(block, layout) else { return .unknown }
        if memory.size - memory.used < 2 * region.nodes.count * X86CodeGenerator.bytesPerNode + X86CodeGenerator.bytesAround { return .full }
        let start = memory.used
        var assembler = unsafe Assembler(base: memory.writable, capacity: memory.size, offset: start)
        _ = RegionOptimizer.run(region, assumes: true)
        AddressSelection.run(region)
        let carried = CarriedFields.choose(region)
        guard let region = RegionBuilder.build(block, layout, carried: carried) else { return .unknown }
        let checks = RegionOptimizer.run(region, assumes: true)
        AddressSelection.run(region)
        guard var first = emitter(region, assembler) else { return .unknown }
        if dumpsRegions { print(region, first.recovery.writes, first.recovery.atHead) }
        first.emitCheckOfRequest()
        let wrong = first.emit(checks: checks)
        var codes = [first.code]
        assembler = first.a
        if !wrong.isEmpty {
            guard let cautious = RegionBuilder.build(block, layout, carried: carried) else { return .unknown }
            _ = RegionOptimizer.run(cautious, assumes: false)
            AddressSelection.run(cautious)
            guard var second = emitter(cautious, assembler) else { return .unknown }
            for place in wrong { assembler.patch(place, to: assembler.offset) }
            second.emitStart()
            _ = second.emit(checks: [])
            codes.append(second.code)
            assembler = second.a
        }
        memory.commit(assembler.offset - start)
        for code in codes { note(code) }
        return .code(CompiledBlock(
            entry: first.code.entry, size: assembler.offset - first.code.entry, heads: codes.flatMap(\.heads), loopHead: countsLoops ? block.pc : nil))
    }

    private func emitter(_ region: Region, _ assembler: Assembler) -> RegionEmitter? {
        RegionEmitter(
            region, registers, thunks, memoryMode: memoryMode, codeAlignmentBits: codeAlignmentBits, counts: countsLoops, assembler)
    }
}

extension RegionCode {
    /// Makes guest state whole after a fault at an offset: from the host's registers as the context has them.
    func restore(_ offset: Int, register: (Register) -> UInt64) {
        guard let site = sites.last(where: { $0.offset <= offset }) else { return }
        let state = UInt(register(HostRegisters.state)), stack = UInt(register(.rsp))
        func value(_ place: ValueLocation) -> UInt64 {
            switch place {
            case .register(let number): register(number)
            case .slot(let number): unsafe UnsafePointer<UInt64>(bitPattern: stack + UInt(8 * number))?.pointee ?? 0
            case .none: 0
            }
        }
        for item in site.items {
            let bits: UInt64
            switch item.source {
            case .location(let place): bits = value(place)
            case .signedWord(let place): bits = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value(place))))
            case .unsignedWord(let place): bits = value(place) & 0xffff_ffff
            case .constant(let constant): bits = constant
            case .field, .word: continue
            }
            let target = unsafe UnsafeMutableRawPointer(bitPattern: state &+ UInt(bitPattern: item.offset))
            if item.width == .b64 {
                unsafe target?.storeBytes(of: bits, as: UInt64.self)
            } else {
                unsafe target?.storeBytes(of: UInt32(truncatingIfNeeded: bits), as: UInt32.self)
            }
        }
    }
}
