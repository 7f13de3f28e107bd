import AddressSpace
import Bits
import CPUModel
import IR

/// What a `sys` instruction does (DDI 0487, C5.3 to C5.5).
enum SystemOperation: Equatable {
    /// Cleaning and invalidating host caches that are coherent: an address is looked at, so that it faults where it should.
    case cacheByAddress(invalidates: Bool)
    case cacheBySet, instructionCache, instructionCacheByAddress, zero
    /// TLB maintenance: what goes, and of all elements or this one.
    case flush(Scope, broadcast: Bool)
    /// Address translation: the level whose regime is asked, whether as EL0, for a write, with stage 2, with PAN.
    case translate(level: Int, user: Bool, writes: Bool, both: Bool = false, guarded: Bool = false)

    enum Scope: Equatable { case all, page, context, stage2Page }
}

struct SystemOperationRow: Sendable {
    /// op1, CRn, CRm and op2, as `sys` holds them from bit 5 on.
    let encoding: Int
    let name: String
    let operation: SystemOperation
    let level: Int
    let features: Features

    init(_ name: String, _ op1: Int, _ crn: Int, _ crm: Int, _ op2: Int, _ operation: SystemOperation, _ features: Features = []) {
        encoding = op1 << 11 | crn << 7 | crm << 3 | op2
        self.name = name
        self.operation = operation
        level = [1, 1, 1, 0, 2, 2, 3, 1][op1]
        self.features = features
    }

    static let all: [SystemOperationRow] = cacheRows + translationRows + flushRows
    private static let byEncoding = Dictionary(uniqueKeysWithValues: all.map { ($0.encoding, $0) })
    static func find(_ encoding: Int) -> SystemOperationRow? { byEncoding[encoding] }

    private static let cacheRows: [SystemOperationRow] = [
        .init("ic ialluis", 0, 7, 1, 0, .instructionCache), .init("ic iallu", 0, 7, 5, 0, .instructionCache),
        .init("ic ivau", 3, 7, 5, 1, .instructionCacheByAddress),
        .init("dc ivac", 0, 7, 6, 1, .cacheByAddress(invalidates: true)),
        .init("dc isw", 0, 7, 6, 2, .cacheBySet), .init("dc csw", 0, 7, 10, 2, .cacheBySet), .init("dc cisw", 0, 7, 14, 2, .cacheBySet),
        .init("dc zva", 3, 7, 4, 1, .zero),
        .init("dc cvac", 3, 7, 10, 1, .cacheByAddress(invalidates: false)), .init("dc cvau", 3, 7, 11, 1, .cacheByAddress(invalidates: false)),
        .init("dc cvap", 3, 7, 12, 1, .cacheByAddress(invalidates: false), .dpb),
        .init("dc cvadp", 3, 7, 13, 1, .cacheByAddress(invalidates: false), .dpb2),
        .init("dc civac", 3, 7, 14, 1, .cacheByAddress(invalidates: false)),
    ]

    private static let translationRows: [SystemOperationRow] = [
        .init("at s1e1r", 0, 7, 8, 0, .translate(level: 1, user: false, writes: false)),
        .init("at s1e1w", 0, 7, 8, 1, .translate(level: 1, user: false, writes: true)),
        .init("at s1e0r", 0, 7, 8, 2, .translate(level: 1, user: true, writes: false)),
        .init("at s1e0w", 0, 7, 8, 3, .translate(level: 1, user: true, writes: true)),
        .init("at s1e1rp", 0, 7, 9, 0, .translate(level: 1, user: false, writes: false, guarded: true), .pan2),
        .init("at s1e1wp", 0, 7, 9, 1, .translate(level: 1, user: false, writes: true, guarded: true), .pan2),
        .init("at s1e2r", 4, 7, 8, 0, .translate(level: 2, user: false, writes: false)),
        .init("at s1e2w", 4, 7, 8, 1, .translate(level: 2, user: false, writes: true)),
        .init("at s12e1r", 4, 7, 8, 4, .translate(level: 1, user: false, writes: false, both: true)),
        .init("at s12e1w", 4, 7, 8, 5, .translate(level: 1, user: false, writes: true, both: true)),
        .init("at s12e0r", 4, 7, 8, 6, .translate(level: 1, user: true, writes: false, both: true)),
        .init("at s12e0w", 4, 7, 8, 7, .translate(level: 1, user: true, writes: true, both: true)),
        .init("at s1e3r", 6, 7, 8, 0, .translate(level: 3, user: false, writes: false)),
        .init("at s1e3w", 6, 7, 8, 1, .translate(level: 3, user: false, writes: true)),
    ]

    /// Those of the inner shareable domain have CRm = 3, the others 7.
    private static let flushRows: [SystemOperationRow] =
        [3, 7].flatMap { crm -> [SystemOperationRow] in
            let broadcast = crm == 3
            let suffix = broadcast ? "is" : ""
            func row(_ name: String, _ op1: Int, _ op2: Int, _ scope: SystemOperation.Scope) -> SystemOperationRow {
                SystemOperationRow("tlbi \(name)\(suffix)", op1, 8, crm, op2, .flush(scope, broadcast: broadcast))
            }
            return [
                row("vmalle1", 0, 0, .all), row("vae1", 0, 1, .page), row("aside1", 0, 2, .context), row("vaae1", 0, 3, .page),
                row("vale1", 0, 5, .page), row("vaale1", 0, 7, .page), row("alle2", 4, 0, .all), row("vae2", 4, 1, .page), row("alle1", 4, 4, .all),
                row("vale2", 4, 5, .page), row("vmalls12e1", 4, 6, .all), row("alle3", 6, 0, .all), row("vae3", 6, 1, .page),
                row("vale3", 6, 5, .page),
            ]
        } + [
            .init("tlbi ipas2e1is", 4, 8, 0, 1, .flush(.stage2Page, broadcast: true)),
            .init("tlbi ipas2le1is", 4, 8, 0, 5, .flush(.stage2Page, broadcast: true)),
            .init("tlbi ipas2e1", 4, 8, 4, 1, .flush(.stage2Page, broadcast: false)),
            .init("tlbi ipas2le1", 4, 8, 4, 5, .flush(.stage2Page, broadcast: false)),
        ]
}

extension AArch64CPU {
    // MARK: TLB maintenance

    func flush(_ scope: SystemOperation.Scope, broadcast: Bool, _ operand: UInt64) {
        let what: TLBFlush
        switch scope {
        // Entries hold both stages' result and do not say where it came from.
        case .all, .stage2Page: what = .all
        case .page: what = .page((operand << 12).bits(0, 56).signExtended(from: 56))
        case .context: what = .context(contextNumber & ~0xffff | operand >> 48)
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

    /// at: PAR_EL1 tells where an address lies or why it lies nowhere.
    func translateToRegister(level: Int, user: Bool, writes: Bool, both: Bool, guarded: Bool, _ address: UInt64) {
        var index = level == 1 ? (user ? MMUIndex.user : MMUIndex.supervisor) : level == 2 ? MMUIndex.hypervisor : MMUIndex.monitor
        if level == 1, hostsAtEL2, self.level == 2, hypervisor & HypervisorControl.tge != 0 {
            index = user ? MMUIndex.hostUser : MMUIndex.hypervisor
        }
        if guarded, self[.pan] != 0 { index = index == MMUIndex.hypervisor ? MMUIndex.guardedHost : MMUIndex.guardedSupervisor }
        let saved = self[.hcr_el2]
        // From EL1 and by s1e* stage 1 alone answers.
        if !both { self[.hcr_el2] = saved & ~HypervisorControl.vm }
        let found = findMapping(address, writes ? .write : .read, mmuIndex: index)
        self[.hcr_el2] = saved
        switch found {
        case .mapped(let mapping): self[.par_el1] = mapping.physical.bits(12, 40) << 12 | 1 << 11 | 0x380 | 0xff << 56
        case .fault(let code):
            let stage2: UInt64 = code & FaultStatus.stage2 != 0 ? 1 << 9 : 0
            let walk: UInt64 = code & FaultStatus.walk != 0 ? 1 << 8 : 0
            self[.par_el1] = 1 | UInt64(code & 63) << 1 | stage2 | walk | 1 << 11
        }
    }

    /// The fault that cache maintenance by address meets, if any; it counts as a write's (ISS.CM and WnR).
    func maintainCache(_ address: UInt64, invalidates: Bool) {
        let index = mmuIndex(level: level)
        guard case .fault(let code) = findMapping(address, invalidates ? .write : .read, mmuIndex: index) else { return }
        raiseAbort(status: code, address: address, .write)
        unsafe element.pointee.pendingSyndrome |= 1 << 8
    }
}
