import Bits
import CPUModel
import Diagnostics

/// A syndrome as ESR_EL1 holds it (DDI 0487, D17.2.37): class in bits 31 to 26, IL in bit 25, what the class says below.
public struct Syndrome: RawRepresentable, Equatable, Sendable {
    public var rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The classes that EL0 can raise.
    public enum Class: UInt64, CaseIterable, Sendable {
        case unknown = 0x00, branchTarget = 0x0d, supervisorCall = 0x15, hypervisorCall = 0x16, secureCall = 0x17, pointerAuthentication = 0x1c
        case instructionAbort = 0x20, pcAlignment = 0x22, dataAbort = 0x24, spAlignment = 0x26, breakpoint = 0x3c
    }

    public init(_ kind: Class, _ specific: UInt64 = 0) { rawValue = kind.rawValue << 26 | 1 << 25 | specific }

    /// nil for a class that EL0 does not raise.
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
}

/// What has come up at an instruction.
public struct AArch64Exception: Sendable {
    public let syndrome: Syndrome
    /// The address that FAR_EL1 would show, for aborts and alignment faults.
    public let address: UInt64
}

extension AArch64CPU {
    /// Notes an exception at the current instruction; generated code leaves when it sees it.
    func raise(_ syndrome: Syndrome, address: UInt64 = 0) {
        unsafe element.pointee.pendingSyndrome = syndrome.rawValue
        unsafe element.pointee.pendingAddress = address
        header.exception = 1
    }

    func raiseAbort(status: UInt32, address: UInt64, _ access: AccessKind) {
        let kind: Syndrome.Class = access == .execute ? .instructionAbort : .dataAbort
        raise(Syndrome(kind, UInt64(status) | (access == .write ? 64 : 0)), address: address)
    }

    func raiseUndefined(_ bits: UInt64) {
        Log.write(.unimplemented, "cpu \(index): undefined instruction \(hex(bits)) at \(hex(header.pc))")
        raise(Syndrome(.unknown))
    }
}
