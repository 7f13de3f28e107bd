import Diagnostics
import HostOS

/// Where a source comes again when the connection by which a machine's memory comes has broken.
final class Rendezvous: @unchecked Sendable {
    private let place: SocketAddress
    private let security: ((HostStream) throws(MigrationError) -> HostStream)?

    /// - Parameter security: makes a connection secret; nil for one that is not to be.
    init(_ place: SocketAddress, _ security: ((HostStream) throws(MigrationError) -> HostStream)?) {
        (self.place, self.security) = (place, security)
    }

    /// Waits for connections there; nil, with a warning, if that is not possible.
    func listen() -> ListeningSocket? {
        // The system chose the port, and would choose another.
        if case .tcp(_, "0") = place { return nil }
        do { return try ListeningSocket(place) } catch {
            warn("the rest of the machine's memory cannot come by \(place): \(error)")
            return nil
        }
    }

    func secure(_ stream: HostStream) throws(MigrationError) -> HostStream { try security?(stream) ?? stream }
}

/// Why a machine is not wanted, as the other side hears it.
enum MachineRefusal {
    static func section(_ error: MigrationError) -> [UInt8] {
        var section = SectionWriter(.refusal)
        section.add(text: error.description)
        return section.finish()
    }
}
