import CPUModel
import Diagnostics

/// What has come up at an instruction, whose address is `pc`.
public struct ARMException: Sendable {
    /// The exceptions of DDI 0406, B1.8, that a program meets.
    public enum Kind: UInt64, CaseIterable, Sendable {
        case undefined = 1, supervisorCall, prefetchAbort, dataAbort
        /// bkpt, which the architecture makes a prefetch abort.
        case breakpoint
        /// svc with a number of Linux's old ABI.
        case oldSupervisorCall
        case hypervisorCall, secureCall
    }

    public let kind: Kind
    /// Of aborts: the fault's status as the long format of DFSR and IFSR has it (DDI 0487, G8.2.40): see `ARMFaultStatus`.
    public let status: UInt32
    /// Of aborts in the short format: the domain that the address belongs to.
    let domain: UInt32
    /// Whether a data abort's access was a write.
    public let isWrite: Bool
    /// Of aborts: the address that DFAR or IFAR would show.
    public let address: UInt64

    /// Whether an access had an address that is no multiple of what it must be.
    public var isMisaligned: Bool { status == ARMFaultStatus.alignment }
    /// Whether the address is mapped and the access not allowed.
    public var isDenied: Bool { status >> 2 == 3 }
}

/// Fault status codes of the long format, and how `translateAddress` names them.
public enum ARMFaultStatus {
    public static let translation: UInt32 = 0x07, permission: UInt32 = 0x0f, external: UInt32 = 0x10, alignment: UInt32 = 0x21
    static let debug: UInt32 = 0x22
    static let writes: UInt64 = 1 << 11
    /// To which the level of the table that was looked at is added.
    static let addressSizeBase: UInt32 = 0x00, translationBase: UInt32 = 0x04, accessFlagBase: UInt32 = 0x08, permissionBase: UInt32 = 0x0c
    static let externalWalkBase: UInt32 = 0x14, domainBase: UInt32 = 0x3c

    /// Beside the code: the domain, for the short format.
    static func of(_ code: UInt32, domain: UInt32) -> UInt32 { code | domain << domainShift }
    static let domainShift: UInt32 = 16

    /// FS of the short format (DDI 0406, table B3-23); tables and sections are its first level, pages its second.
    static func short(_ code: UInt32) -> UInt32 {
        let isSecond = code & 3 >= 2
        switch code {
        case alignment: return 0x01
        case debug: return 0x02
        case external: return 0x08
        case translationBase..<accessFlagBase: return isSecond ? 0x07 : 0x05
        case accessFlagBase..<permissionBase: return isSecond ? 0x06 : 0x03
        case permissionBase..<external: return isSecond ? 0x0f : 0x0d
        case externalWalkBase...0x17: return isSecond ? 0x0e : 0x0c
        default: return isSecond ? 0x0b : 0x09
        }
    }
}

extension ARMCPU {
    /// Notes an exception at the current instruction; generated code leaves when it sees it.
    func raise(_ kind: ARMException.Kind, status: UInt32 = 0, isWrite: Bool = false, address: UInt64 = 0) {
        unsafe element.pointee.pendingKind = kind.rawValue
        unsafe element.pointee.pendingStatus = UInt64(status) | (isWrite ? ARMFaultStatus.writes : 0)
        unsafe element.pointee.pendingAddress = address
        header.exception = 1
    }

    func raiseAbort(status: UInt32, address: UInt64, _ access: AccessKind) {
        raise(access == .execute ? .prefetchAbort : .dataAbort, status: status, isWrite: access == .write, address: address)
    }

    func raiseUndefined(_ bits: UInt64) {
        Log.write(.unimplemented, "cpu \(index): undefined instruction \(hex(bits)) at \(hex(header.pc))")
        raise(.undefined)
    }

    /// The exception that has been noted, which then is no longer.
    public func takeException() -> ARMException {
        header.exception = 0
        header.linkedAddress = .max
        let (kind, status, address) = unsafe (element.pointee.pendingKind, element.pointee.pendingStatus, element.pointee.pendingAddress)
        return ARMException(
            kind: ARMException.Kind(rawValue: kind) ?? .undefined, status: UInt32(status & 63),
            domain: UInt32(status >> UInt64(ARMFaultStatus.domainShift) & 15), isWrite: status & ARMFaultStatus.writes != 0, address: address)
    }
}
