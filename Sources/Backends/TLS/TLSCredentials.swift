import CLibGnuTLS
import HostOS

/// What one end of TLS connections proves itself by, and what it asks of the other end: `-object tls-creds-…`. Files have the names that QEMU gives them.
public final class TLSCredentials: @unchecked Sendable {
    public enum Endpoint: String, Sendable { case server, client }

    public enum Kind: Sendable {
        /// Secret, but nobody knows with whom. TLS 1.2 at most (RFC 8446 has nothing like it).
        case anonymous
        /// Keys that both ends know; a client gives its name.
        case preSharedKey(user: String)
        /// Certificates; the private key may be encrypted.
        case certificates(password: String?, checksOwn: Bool)
    }

    public let kind: Kind
    public let endpoint: Endpoint
    /// Whether the other end must have a certificate that the authority has signed.
    public let verifiesPeer: Bool
    let priorities: String
    let type: gnutls_credentials_type_t
    private let folder: String
    /// One of the library's four types of credentials.
    private(set) var handle: OpaquePointer?

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - folder: holds `ca-cert.pem`, `ca-crl.pem`, `server-cert.pem`, `server-key.pem`, `client-cert.pem`, `client-key.pem`, or `keys.psk`.
    ///   - priorities: the library's words for which algorithms are taken; nil for its own choice.
    public init(_ kind: Kind, _ endpoint: Endpoint, folder: String?, verifiesPeer: Bool, priorities: String?) throws(TLSError) {
        (self.kind, self.endpoint, self.folder) = (kind, endpoint, folder ?? "")
        switch kind {
        case .anonymous: (type, self.verifiesPeer) = (GNUTLS_CRD_ANON, false)
        case .preSharedKey: (type, self.verifiesPeer) = (GNUTLS_CRD_PSK, false)
        case .certificates: (type, self.verifiesPeer) = (GNUTLS_CRD_CERTIFICATE, verifiesPeer)
        }
        let own = priorities ?? "NORMAL"
        switch kind {
        case .anonymous: self.priorities = own + ":-VERS-TLS1.3:+ANON-ECDH:+ANON-DH"
        case .preSharedKey: self.priorities = own + ":+ECDHE-PSK:+DHE-PSK:+PSK"
        case .certificates: self.priorities = own
        }
        try checkPriorities()
        switch kind {
        case .anonymous: try makeAnonymous()
        case .preSharedKey(let user): try makePreSharedKey(user)
        case .certificates(let password, let checksOwn): try makeCertificates(password, checksOwn)
        }
    }

    deinit {
        guard let handle else { return }
        switch (kind, endpoint) {
        case (.anonymous, .server): gnutls_anon_free_server_credentials(handle)
        case (.anonymous, .client): gnutls_anon_free_client_credentials(handle)
        case (.preSharedKey, .server): gnutls_psk_free_server_credentials(handle)
        case (.preSharedKey, .client): gnutls_psk_free_client_credentials(handle)
        case (.certificates, _): gnutls_certificate_free_credentials(handle)
        }
    }

    private func checkPriorities() throws(TLSError) {
        var list: gnutls_priority_t?
        try TLSError.check("use the priorities '\(priorities)'", gnutls_priority_init(&list, priorities, nil))
        gnutls_priority_deinit(list)
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func contents(_ name: String) throws(TLSError) -> [UInt8] {
        do { return try HostFile.contents(path(name)) } catch { throw .host(error) }
    }

    /// Whether a file is there that need not be; one that cannot be read is an error.
    private func exists(_ name: String) throws(TLSError) -> Bool {
        do { _ = try contents(name) } catch {
            if case .host(let reason) = error, reason.isAbsence { return false }
            throw error
        }
        return true
    }

    private func makeAnonymous() throws(TLSError) {
        switch endpoint {
        case .server:
            try TLSError.check("make credentials", gnutls_anon_allocate_server_credentials(&handle))
            try TLSError.check("choose a group", gnutls_anon_set_server_known_dh_params(handle, GNUTLS_SEC_PARAM_MEDIUM))
        case .client: try TLSError.check("make credentials", gnutls_anon_allocate_client_credentials(&handle))
        }
    }

    // MARK: Keys that both ends know

    private func makePreSharedKey(_ user: String) throws(TLSError) {
        let file = String(decoding: try contents("keys.psk"), as: UTF8.self)
        if endpoint == .server {
            try TLSError.check("make credentials", gnutls_psk_allocate_server_credentials(&handle))
            try TLSError.check("choose a group", gnutls_psk_set_server_known_dh_params(handle, GNUTLS_SEC_PARAM_MEDIUM))
            return try TLSError.check("use '\(path("keys.psk"))'", gnutls_psk_set_server_credentials_file(handle, path("keys.psk")))
        }
        try TLSError.check("make credentials", gnutls_psk_allocate_client_credentials(&handle))
        let lines = file.split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.hasPrefix(user + ":") }) else {
            throw .file(path("keys.psk"), "has no line '\(user):KEY'")
        }
        var key = Array(line.utf8.dropFirst(user.utf8.count + 1))
        let code = key.withUnsafeMutableBufferPointer { bytes in
            var datum = gnutls_datum_t(data: bytes.baseAddress, size: UInt32(bytes.count))
            return gnutls_psk_set_client_credentials(handle, user, &datum, GNUTLS_PSK_KEY_HEX)
        }
        try TLSError.check("use the key of '\(user)'", code)
    }

    // MARK: Certificates

    private func makeCertificates(_ password: String?, _ checksOwn: Bool) throws(TLSError) {
        try TLSError.check("make credentials", gnutls_certificate_allocate_credentials(&handle))
        let authority = try contents("ca-cert.pem")
        guard gnutls_certificate_set_x509_trust_file(handle, path("ca-cert.pem"), GNUTLS_X509_FMT_PEM) > 0 else {
            throw .file(path("ca-cert.pem"), "holds no certificate")
        }
        if try exists("ca-crl.pem") {
            try TLSError.check(
                "use '\(path("ca-crl.pem"))'", gnutls_certificate_set_x509_crl_file(handle, path("ca-crl.pem"), GNUTLS_X509_FMT_PEM))
        }
        let (certificate, key) = ("\(endpoint.rawValue)-cert.pem", "\(endpoint.rawValue)-key.pem")
        // A client need not have one of its own.
        if endpoint == .client, try !exists(certificate), try !exists(key) { return }
        let own = try contents(certificate)
        if checksOwn { try CertificateCheck(authority, path("ca-cert.pem"), own, path(certificate)).run(isServer: endpoint == .server) }
        try TLSError.check(
            "use '\(path(certificate))' with '\(path(key))'",
            gnutls_certificate_set_x509_key_file2(handle, path(certificate), path(key), GNUTLS_X509_FMT_PEM, password, 0))
        if endpoint == .server { gnutls_certificate_set_known_dh_params(handle, GNUTLS_SEC_PARAM_MEDIUM) }
    }
}
