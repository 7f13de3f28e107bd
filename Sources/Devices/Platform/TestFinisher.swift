import AddressSpace
import DeviceModel
import Snapshot

/// SiFive's test finisher: the guest ends or resets the machine by writing a word.
public final class TestFinisher: MMIODevice {
    public static let typeName = "riscv.sifive.test"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 2...4
    public static let implementedSizes = 2...4

    public enum Request: Equatable, Sendable {
        case powerOff(status: Int32)
        case reset
    }

    private let request: (Request) -> Void

    public init(_ request: @escaping (Request) -> Void) { self.request = request }

    public func reset() {}

    /// It has no state.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (0, .ok) }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        guard offset == 0 else { return .ok }
        switch value & 0xffff {
        case 0x5555: request(.powerOff(status: 0))
        case 0x3333: request(.powerOff(status: Int32(value >> 16 & 0xffff)))
        case 0x7777: request(.reset)
        default: break
        }
        return .ok
    }
}
