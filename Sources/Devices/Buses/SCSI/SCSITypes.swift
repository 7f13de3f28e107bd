/// How a command ended (SAM-5, section 5.3.1).
public enum SCSIStatus: UInt8, Sendable { case good = 0, checkCondition = 2 }

/// Why a command could not be done: sense key, additional code and its qualifier (SPC-4, section 4.5).
public struct SCSISense: Equatable, Sendable {
    public let key: UInt8, code: UInt8, qualifier: UInt8

    public init(_ key: UInt8, _ code: UInt8, _ qualifier: UInt8 = 0) { (self.key, self.code, self.qualifier) = (key, code, qualifier) }

    public static let none = SCSISense(0, 0), noMedium = SCSISense(2, 0x3a), unreadable = SCSISense(3, 0x11), hardwareFailure = SCSISense(4, 0x44)
    public static let invalidOpcode = SCSISense(5, 0x20), outOfRange = SCSISense(5, 0x21), invalidField = SCSISense(5, 0x24)
    public static let noSuchUnit = SCSISense(5, 0x25), invalidParameter = SCSISense(5, 0x26), powerOn = SCSISense(6, 0x29)
    public static let removalPrevented = SCSISense(5, 0x53, 0x02), removalPreventedEmpty = SCSISense(2, 0x53, 0x02)
    public static let mediumGone = SCSISense(6, 0x3a), mediumChanged = SCSISense(6, 0x28)
    public static let unitsChanged = SCSISense(6, 0x3f, 0x0e)
    public static let capacityChanged = SCSISense(6, 0x2a, 0x09), writeProtected = SCSISense(7, 0x27), writeError = SCSISense(3, 0x0c)

    /// In the fixed format, of which 18 bytes matter.
    public var fixedFormat: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 18)
        (bytes[0], bytes[2], bytes[7], bytes[12], bytes[13]) = (0x70, key, 10, code, qualifier)
        return bytes
    }
}

/// What has become of a command.
public struct SCSIResult: Sendable {
    public let status: SCSIStatus
    public let sense: SCSISense
    /// Bytes that were moved.
    public let count: Int

    public init(status: SCSIStatus, sense: SCSISense, count: Int) { (self.status, self.sense, self.count) = (status, sense, count) }

    static func good(_ count: Int = 0) -> SCSIResult { SCSIResult(status: .good, sense: .none, count: count) }
    static func failed(_ sense: SCSISense) -> SCSIResult { SCSIResult(status: .checkCondition, sense: sense, count: 0) }
}

extension Array where Element == UInt8 {
    /// A big-endian number of a command or its parameters; bytes beyond the end are zeros.
    func number(_ offset: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 << 8 | (offset + $1 < count ? UInt64(self[offset + $1]) : 0) }
    }

    mutating func put(_ value: UInt64, _ offset: Int, _ size: Int) {
        for index in 0..<size { self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - index))) }
    }

    mutating func put(_ text: String, _ offset: Int, _ size: Int) {
        let bytes = Array(text.utf8.prefix(size))
        for index in 0..<size { self[offset + index] = index < bytes.count ? bytes[index] : 0x20 }
    }
}
