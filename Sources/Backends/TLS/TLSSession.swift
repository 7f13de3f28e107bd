import CLibGnuTLS
import Glibc
import HostOS

/// One end of a TLS connection over a stream that does not block. Used by one thread at a time.
final class TLSSession {
    private let handle: gnutls_session_t?
    private let credentials: TLSCredentials
    /// The library reads it where it lies.
    private let hostName: UnsafeMutablePointer<CChar>?
    let stream: HostStream

    /// - Parameter hostName: whom a client has connected to.
    init(_ stream: HostStream, _ credentials: TLSCredentials, hostName: String?) throws(TLSError) {
        (self.stream, self.credentials, self.hostName) = (stream, credentials, hostName.map { strdup($0) })
        stream.setNonblocking()
        let flags = UInt32(credentials.endpoint == .server ? GNUTLS_SERVER : GNUTLS_CLIENT) | UInt32(GNUTLS_NONBLOCK.rawValue)
        var session: gnutls_session_t?
        let code = gnutls_init(&session, flags | UInt32(GNUTLS_NO_SIGNAL.rawValue))
        handle = session
        try TLSError.check("begin a TLS session", code)
        try TLSError.check("use the priorities '\(credentials.priorities)'", gnutls_priority_set_direct(session, credentials.priorities, nil))
        let keys = credentials.handle.map(UnsafeMutableRawPointer.init)
        try TLSError.check("use the credentials", gnutls_credentials_set(session, credentials.type, keys))
        if credentials.verifiesPeer {
            // Without a name any certificate of the authority would do.
            if credentials.endpoint == .client, hostName?.isEmpty ?? true { throw .untrusted("nobody has said what its name should be") }
            gnutls_session_set_verify_cert(session, credentials.endpoint == .client ? self.hostName : nil, 0)
            if credentials.endpoint == .server { gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE) }
        }
        if credentials.endpoint == .client, let hostName, !TLSSession.isNumeric(hostName) {
            try TLSError.check("name '\(hostName)'", gnutls_server_name_set(session, GNUTLS_NAME_DNS, hostName, hostName.utf8.count))
        }
        gnutls_transport_set_int2(session, stream.descriptor, stream.descriptor)
    }

    deinit {
        if let handle { gnutls_deinit(handle) }
        free(hostName)
    }

    /// Addresses are not sent as a server's name (RFC 6066, section 3).
    private static func isNumeric(_ host: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }

    /// Agrees on keys with the other end, and looks who that is: whoever is not accepted is told so. Waits.
    ///
    /// - Parameters:
    ///   - deadline: when to give up, in nanoseconds of the monotonic clock.
    ///   - isWanted: asked again and again.
    func shakeHands(until deadline: Int64, while isWanted: () -> Bool) throws(TLSError) {
        while true {
            let code = gnutls_handshake(handle)
            if code >= 0 { return }
            if code == GNUTLS_E_AGAIN {
                _ = stream.wait(writable: gnutls_record_get_direction(handle) == 1, milliseconds: 100)
            } else if gnutls_error_is_fatal(code) != 0 {
                throw failure(code)
            }
            if !isWanted() { throw .notWanted }
            if monotonicNanoseconds() > deadline { throw .handshakeTooSlow }
        }
    }

    private func failure(_ code: Int32) -> TLSError {
        switch code {
        case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
            gnutls_alert_send(handle, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE)
            return .untrusted(describe(gnutls_session_get_verify_cert_status(handle)))
        case GNUTLS_E_FATAL_ALERT_RECEIVED:
            return .refused(gnutls_alert_get_name(gnutls_alert_get(handle)).map { String(cString: $0) } ?? "no")
        default:
            gnutls_alert_send_appropriate(handle, code)
            return .library("agree on keys with the other end", code: code)
        }
    }

    // MARK: Bytes

    enum Transfer { case done(Int), later, ended }

    private func transfer(_ count: Int) -> Transfer {
        if count > 0 { return .done(count) }
        switch Int32(truncatingIfNeeded: count) {
        case GNUTLS_E_AGAIN: return .later
        case let code where code < 0 && gnutls_error_is_fatal(code) == 0: return .later
        default: return .ended
        }
    }

    /// Sends bytes of a buffer; after `later` the same ones have to be given again.
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer { transfer(gnutls_record_send(handle, bytes.baseAddress, bytes.count)) }

    func receive(into room: UnsafeMutableRawBufferPointer) -> Transfer { transfer(gnutls_record_recv(handle, room.baseAddress, room.count)) }

    /// Says that nothing more is sent (RFC 8446, section 6.1); false if that has to be tried again.
    func sayGoodbye() -> Bool { gnutls_bye(handle, GNUTLS_SHUT_WR) != GNUTLS_E_AGAIN }
}
