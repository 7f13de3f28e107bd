import Bits
import CPUModel
import Diagnostics

/// A syndrome as ESR_EL1 holds it (DDI 0487, D17.2.37): class in bits 31 to 26, IL in bit 25, what the class says below.
public struct Syndrome: RawRepresentable, Equatable, Sendable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The classes that elements raise; those of which there are two are the ones from a lower level, one less than from the same one.
    public enum Class: UInt64, CaseIterable, Sendable {
        case unknown = 0x00, wait = 0x01, floatAccess = 0x07, pointerAuthenticationTrap = 0x09, branchTarget = 0x0d, illegalState = 0x0e
        case supervisorCall = 0x15, hypervisorCall = 0x16, secureCall = 0x17, systemAccess = 0x18, pointerAuthentication = 0x1c
        case instructionAbort = 0x20, pcAlignment = 0x22, dataAbort = 0x24, spAlignment = 0x26, softwareStep = 0x32, breakpoint = 0x3c

        /// Whether the class says if the exception came from a lower level.
        var tellsOrigin: Bool { [.instructionAbort, .dataAbort, .softwareStep].contains(self) }
        /// Whether the exception returns behind the instruction.
        var returnsBehind: Bool { [.supervisorCall, .hypervisorCall, .secureCall].contains(self) }
    }

    public init(_ kind: Class, _ specific: UInt64 = 0) { rawValue = kind.rawValue << 26 | 1 << 25 | specific }

    /// nil for a class that is none of these.
    public var kind: Class? { Class(rawValue: rawValue >> 26) }
    /// The immediate of svc, brk and their like.
    public var immediate: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
    /// Of aborts: the fault's status code (0x04–0x07 translation, 0x0c–0x0f permission, 0x10 external, 0x21 alignment).
    public var faultStatus: UInt8 { UInt8(rawValue & 63) }
    /// Of data aborts: whether the access was a write.
    public var isWrite: Bool { rawValue & 64 != 0 }
}

/// Fault status codes of aborts (DDI 0487, table D17-12), and how `translateAddress` names them.
public enum FaultStatus {
    public static let translation: UInt32 = 0x07, permission: UInt32 = 0x0f, external: UInt32 = 0x10, alignment: UInt32 = 0x21
    /// To which the level of the table that was looked at is added.
    static let addressSizeBase: UInt32 = 0x00, translationBase: UInt32 = 0x04, accessFlagBase: UInt32 = 0x08, permissionBase: UInt32 = 0x0c
    static let externalWalkBase: UInt32 = 0x14
    /// Beside the code: the fault is one of stage 2, and then maybe of a stage 1 walk (S1PTW).
    static let stage2: UInt32 = 1 << 8, walk: UInt32 = 1 << 9
    /// No fault: the address of an instruction has a tag, which is to be left away.
    static let taggedPC: UInt32 = 1 << 10
}

/// What has come up at an instruction.
public struct AArch64Exception: Sendable {
    public let syndrome: Syndrome
    /// The address that FAR_EL1 would show, for aborts and alignment faults.
    public let address: UInt64
}

extension AArch64CPU {
    /// Notes an exception at the current instruction; generated code leaves when it sees it.
    ///
    /// - Parameter level: the exception level that takes it; 0 for the usual one.
    func raise(_ syndrome: Syndrome, address: UInt64 = 0, to level: Int = 0) {
        unsafe element.pointee.pendingSyndrome = syndrome.rawValue
        unsafe element.pointee.pendingAddress = address
        unsafe element.pointee.pendingLevel = UInt64(level)
        header.exception = 1
    }

    func raiseAbort(status: UInt32, address: UInt64, _ access: AccessKind) {
        if status == FaultStatus.taggedPC { return header.pc = AArch64CPU.untagged(header.pc) }
        let kind: Syndrome.Class = access == .execute ? .instructionAbort : .dataAbort
        let walk: UInt64 = status & FaultStatus.walk != 0 ? 1 << 7 : 0
        let specific = UInt64(status & 63) | walk | (access == .write ? 64 : 0)
        raise(Syndrome(kind, specific), address: address, to: status & FaultStatus.stage2 != 0 ? 2 : 0)
    }

    func raiseUndefined(_ bits: UInt64) {
        Log.write(.unimplemented, "cpu \(index): undefined instruction \(hex(bits)) at \(hex(header.pc))")
        raise(Syndrome(.unknown))
    }
}
