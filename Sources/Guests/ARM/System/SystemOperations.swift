import AddressSpace
import Bits
import CPUModel
import IR

/// What a write to a place of coprocessor 15 does that is no register (DDI 0406, B4.2).
enum SystemOperation: Equatable {
    /// Host caches are coherent: nothing to do.
    case cache
    /// A cleaned or invalidated address is looked at, so that it faults where it should.
    case cacheByAddress(invalidates: Bool)
    case instructionCache
    case barrier, synchronize, waitForInterrupt
    /// TLB maintenance: what goes, and of all elements or this one.
    case flush(Scope, broadcast: Bool)
    case translate(user: Bool, writes: Bool)

    enum Scope: Equatable { case all, page, context }

    /// Whether user mode may do it: the barriers from before there were instructions for them.
    var isUsers: Bool { self == .barrier || self == .synchronize }

    /// The operation of a place; nil if a model has none there.
    static func find(_ place: CoprocessorPlace, _ features: ARMFeatures) -> SystemOperation? {
        guard !place.isWide, place.op1 == 0 else { return nil }
        switch place.crn {
        case 7: return cacheOperation(place.crm, place.op2, features)
        case 8: return flushOperation(place.crm, place.op2, features)
        default: return nil
        }
    }

    private static func cacheOperation(_ crm: Int, _ op2: Int, _ features: ARMFeatures) -> SystemOperation? {
        let isV7 = features.contains(.v7)
        switch (crm, op2) {
        case (0, 4): return isV7 ? nil : .waitForInterrupt
        case (1, 0), (5, 0), (5, 1), (5, 6), (5, 7): return .instructionCache
        // BPIALLIS, branch predictors.
        case (1, 6): return .cache
        case (5, 4): return .synchronize
        case (10, 4), (10, 5): return .barrier
        case (6, 1): return .cacheByAddress(invalidates: true)
        case (10, 1), (11, 1), (14, 1): return .cacheByAddress(invalidates: false)
        case (6, 2), (10, 2), (14, 2): return .cache
        case (8, 0...3): return features.contains(.v6k) ? .translate(user: op2 >= 2, writes: op2 & 1 != 0) : nil
        // By set or whole, both caches at once, prefetches: gone in v7.
        case (5, 2), (6, 0), (7, 0), (7, 1), (7, 2), (10, 0), (10, 3), (13, 1), (14, 0), (14, 3), (15, 0), (15, 1), (15, 2):
            return isV7 ? nil : .cache
        default: return nil
        }
    }

    /// TLBs of instructions (c5), data (c6) and both (c7), and of all elements (c3).
    private static func flushOperation(_ crm: Int, _ op2: Int, _ features: ARMFeatures) -> SystemOperation? {
        let broadcast = crm == 3
        guard (5...7).contains(crm) || broadcast && features.contains(.multiprocessing) else { return nil }
        switch op2 {
        case 0: return .flush(.all, broadcast: broadcast)
        case 1: return .flush(.page, broadcast: broadcast)
        case 2: return features.contains(.v6) ? .flush(.context, broadcast: broadcast) : nil
        case 3: return features.contains(.v6k) ? .flush(.page, broadcast: broadcast) : nil
        default: return nil
        }
    }
}

extension ARMCPU {
    /// Does what a write to a place asks for, if it is no register's.
    func performOperation(_ operation: SystemOperation, _ operand: UInt64) {
        switch operation {
        case .flush(let scope, let broadcast): flush(scope, broadcast: broadcast, operand)
        case .translate(let user, let writes): translateToRegister(operand, user: user, writes: writes)
        case .cacheByAddress(let invalidates): maintainCache(operand, invalidates: invalidates)
        case .instructionCache, .synchronize: services?.synchronizeCode()
        case .cache, .barrier, .waitForInterrupt: break
        }
    }

    // MARK: TLB maintenance

    private func flush(_ scope: SystemOperation.Scope, broadcast: Bool, _ operand: UInt64) {
        let what: TLBFlush
        switch scope {
        case .all: what = .all
        case .page: what = .page(operand & 0xffff_f000)
        case .context: what = .context(operand & 0xff)
        }
        services?.flushTLB(what)
        guard broadcast else { return }
        services?.flushOtherTLBs(what)
        unsafe element.pointee.broadcasts = 1
    }

    /// dsb: others have done what was asked of them before execution goes on.
    func waitForBroadcasts() {
        guard unsafe element.pointee.broadcasts != 0 else { return }
        unsafe element.pointee.broadcasts = 0
        services?.awaitOtherTLBs()
    }

    // MARK: Address translation

    /// ATS1C*: PAR tells where an address lies or why it lies nowhere (DDI 0406, B4.1.112).
    private func translateToRegister(_ address: UInt64, user: Bool, writes: Bool) {
        let found = findMapping(address.bits(0, 32), writes ? .write : .read, mmuIndex: MMUIndex.of(domainSet: domainSet, isPrivileged: !user))
        switch found {
        case .mapped(let mapping) where usesLongFormat: self[.par] = mapping.physical.bits(12, 28) << 12 | 1 << 11 | 1 << 9 | 0xff << 56
        case .fault(let code) where usesLongFormat: self[.par] = UInt64(code & 63) << 1 | 1 << 11 | 1 << 9 | 1
        case .mapped(let mapping) where mapping.pageBits == 24:
            self[.par] = mapping.physical.bits(24, 8) << 24 | mapping.physical.bits(32, 8) << 16 | 2
        case .mapped(let mapping): self[.par] = mapping.physical.bits(12, 20) << 12
        case .fault(let code): self[.par] = UInt64(ARMFaultStatus.short(code & 63)) << 1 | 1
        }
    }

    /// The fault that cache maintenance by address meets, if any. Only translation faults are told on v7 and before it; permissions as of a read.
    private func maintainCache(_ address: UInt64, invalidates: Bool) {
        let index = MMUIndex.of(domainSet: domainSet, isPrivileged: isPrivileged)
        guard model.features.contains(.v7), case .fault(let code) = findMapping(address.bits(0, 32), .read, mmuIndex: index) else { return }
        raiseAbort(status: code, address: address.bits(0, 32), .write)
    }
}
