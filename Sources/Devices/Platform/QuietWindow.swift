import AddressSpace
import Diagnostics

/// Addresses of a board that answer though Apus has nothing there: reads give zero, writes go nowhere, both are told with `-d unimp`.
public final class QuietWindow: IOHandler {
    private let name: String

    public init(_ name: String) { self.name = name }

    /// Behind everything else that lies there.
    public func add(to container: MemoryRegion, at address: UInt64, size: UInt64) {
        container.add(.io(name, size: size, handler: self), at: address, priority: -1)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        Log.write(.unimplemented, "\(name): a read of \(size) bytes at \(hex(offset))")
        return (0, .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        Log.write(.unimplemented, "\(name): a write of \(size) bytes at \(hex(offset)), \(hex(value))")
        return .ok
    }
}
