import AddressSpace
import Bits
import CPUModel

/// MMU indices: whose rules an access follows.
enum MMUIndex {
    /// Values of DACR that have indices of their own.
    static let domainSets = 3
    static let count = 2 * domainSets

    static func of(domainSet: Int, isPrivileged: Bool) -> Int { 2 * domainSet + (isPrivileged ? 1 : 0) }
    static func isPrivileged(_ index: Int) -> Bool { index & 1 != 0 }
    static func domainSet(_ index: Int) -> Int { index >> 1 }
}

/// Where an address lies by the tables, before anybody asks who accesses it.
struct TableEntry {
    var physical: UInt64
    var pageBits: UInt8
    /// 1 for what the first table maps, 2 for what the second does; in the long format up to 3.
    let level: UInt32
    /// Rights of user mode and of the others.
    let user: AccessRights
    let privileged: AccessRights
    /// The domain, of the short format.
    var domain: UInt32 = 0
    /// Whether the access flag is set, or there is none.
    var isAccessed = true
}

struct AccessRights: OptionSet, Sendable {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue }
    static let read = AccessRights(rawValue: 1), write = AccessRights(rawValue: 2), execute = AccessRights(rawValue: 4)
}

/// What a walk of tables comes to.
enum WalkResult {
    case entry(TableEntry)
    /// An `ARMFaultStatus`, with the domain.
    case fault(UInt32)
}

extension ARMCPU {
    /// Whether tables have the long format (TTBCR.EAE).
    var usesLongFormat: Bool { self[.ttbcr] & TableControl.eae != 0 && model.features.contains(.lpae) }
    var domainSet: Int { Int(unsafe element.pointee.domainSet) }

    // MARK: Contexts

    /// Number of the address space for the engine: the ASID, of cores that have one.
    var contextNumber: UInt64 {
        guard usesLongFormat else { return model.features.contains(.v6) ? self[.contextidr].bits(0, 8) : 0 }
        return self[self[.ttbcr] & TableControl.a1 != 0 ? .ttbr1 : .ttbr0].bits(48, 8)
    }

    /// To be called when a register changes that `contextNumber` follows from.
    func updateContext() {
        let context = contextNumber
        guard context != currentContext else { return }
        currentContext = context
        services?.switchContext(to: context)
    }

    /// DACR takes effect without TLB maintenance, and Linux changes it whenever it enters or leaves the kernel: so each of a few values has MMU indices
    /// of its own. A value that finds no free ones takes those that the last change left, and what the TLBs knew under them is forgotten.
    func chooseDomainSet() {
        let value = self[.dacr], s = unsafe element
        for set in 0..<MMUIndex.domainSets where unsafe s.pointee.domainSets[set] == value {
            return unsafe s.pointee.domainSet = UInt64(set)
        }
        let set = (domainSet + 1) % MMUIndex.domainSets
        unsafe s.pointee.domainSets[set] = value
        unsafe s.pointee.domainSet = UInt64(set)
        services?.flushTLB(.all)
    }

    // MARK: Translation

    /// DDI 0406, TranslateAddressV. Addresses that a displacement has carried over 2^32 wrap round.
    func findMapping(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        let plain = address.bits(0, 32)
        let found = self[.sctlr] & Control.m == 0 ? direct(plain) : translate(plain, access, mmuIndex: mmuIndex)
        guard plain != address, case .mapped(var mapping) = found else { return found }
        // A flush by page would not find it.
        mapping.pageBits = 64
        return .mapped(mapping)
    }

    private func direct(_ address: UInt64) -> AddressTranslation {
        .mapped(Mapping(physical: address, pageBits: 12, readable: true, writable: true, executable: true))
    }

    private func translate(_ address: UInt64, _ access: AccessKind, mmuIndex: Int) -> AddressTranslation {
        switch walk(address) {
        case .fault(let code): return .fault(code)
        case .entry(let entry):
            if !entry.isAccessed { return .fault(.accessFlagBase, entry) }
            let domain = usesLongFormat ? 1 : domainAccess(entry.domain, MMUIndex.domainSet(mmuIndex))
            guard domain == 1 || domain == 3 else { return .fault(.domainBase, entry) }
            let rights: AccessRights =
                domain == 3 ? [.read, .write, .execute] : MMUIndex.isPrivileged(mmuIndex) ? entry.privileged : entry.user
            let mapping = Mapping(
                physical: entry.physical, pageBits: entry.pageBits, readable: rights.contains(.read), writable: rights.contains(.write),
                executable: rights.contains(.execute))
            return mapping.permits(access) ? .mapped(mapping) : .fault(.permissionBase, entry)
        }
    }

    /// What DACR says of a domain: 1 for a client, 3 for a manager, whom no rights bind.
    private func domainAccess(_ domain: UInt32, _ set: Int) -> UInt64 {
        unsafe element.pointee.domainSets[set].bits(2 * Int(domain), 2)
    }

    func walk(_ address: UInt64) -> WalkResult { usesLongFormat ? walkLong(address) : walkShort(address) }
}

extension AddressTranslation {
    /// A fault at an entry that was found.
    fileprivate static func fault(_ kind: FaultBase, _ entry: TableEntry) -> AddressTranslation {
        .fault(ARMFaultStatus.of(kind.rawValue + entry.level, domain: entry.domain))
    }

    fileprivate enum FaultBase: UInt32 {
        case accessFlagBase = 0x08, permissionBase = 0x0c, domainBase = 0x3c
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
