import CLibGnuTLS
import Glibc

/// Whether certificates can serve, looked at when they are loaded: what is wrong with them is said there, not to whoever connects months later.
struct CertificateCheck {
    private let authority: (bytes: [UInt8], path: String)
    private let own: (bytes: [UInt8], path: String)

    init(_ authority: [UInt8], _ authorityPath: String, _ own: [UInt8], _ ownPath: String) {
        (self.authority, self.own) = ((authority, authorityPath), (own, ownPath))
    }

    func run(isServer: Bool) throws(TLSError) {
        let authorities = try Certificates(authority.bytes, authority.path), owns = try Certificates(own.bytes, own.path)
        for one in authorities.all {
            try checkTime(one, authority.path)
            guard gnutls_x509_crt_get_ca_status(one, nil) > 0 else {
                throw .file(authority.path, "is not the certificate of an authority (basic constraints)")
            }
        }
        for one in owns.all { try checkTime(one, own.path) }
        try checkPurpose(owns.all[0], isServer: isServer)
        try checkSignature(owns, authorities)
    }

    private func checkTime(_ certificate: gnutls_x509_crt_t?, _ path: String) throws(TLSError) {
        let now = time(nil)
        if gnutls_x509_crt_get_expiration_time(certificate) < now { throw .file(path, "has expired") }
        if gnutls_x509_crt_get_activation_time(certificate) > now { throw .file(path, "is not valid yet") }
    }

    /// Extended key usage (RFC 5280, section 4.2.1.12), where a certificate has it.
    private func checkPurpose(_ certificate: gnutls_x509_crt_t?, isServer: Bool) throws(TLSError) {
        let wanted = isServer ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2", any = "2.5.29.37.0"
        var names: [String] = []
        while true {
            var (buffer, size) = ([CChar](repeating: 0, count: 128), 128)
            guard gnutls_x509_crt_get_key_purpose_oid(certificate, UInt32(names.count), &buffer, &size, nil) >= 0 else { break }
            names.append(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        if !names.isEmpty, !names.contains(wanted), !names.contains(any) {
            throw .file(own.path, "may not be used as a \(isServer ? "server" : "client") (extended key usage)")
        }
    }

    private func checkSignature(_ owns: Certificates, _ authorities: Certificates) throws(TLSError) {
        var status: UInt32 = 0
        let code = owns.withList { list, count in
            authorities.withList { gnutls_x509_crt_list_verify(list, count, $0, $1, nil, 0, 0, &status) }
        }
        try TLSError.check("look at '\(own.path)'", code)
        if status != 0 { throw .file(own.path, "is not accepted with '\(authority.path)': \(describe(status))") }
    }
}

/// What the library says of a certificate that it does not accept.
func describe(_ status: UInt32) -> String {
    var text = gnutls_datum_t()
    let code = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0)
    guard code == 0, let bytes = text.data else { return "status \(status)" }
    defer { free(text.data) }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(text.size)), as: UTF8.self).split(separator: " ").joined(separator: " ")
}

/// The certificates of a file.
private final class Certificates {
    private(set) var all: [gnutls_x509_crt_t?] = []

    init(_ bytes: [UInt8], _ path: String) throws(TLSError) {
        var list: UnsafeMutablePointer<gnutls_x509_crt_t?>?
        var (count, bytes): (UInt32, [UInt8]) = (0, bytes)
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            var datum = gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            return gnutls_x509_crt_list_import2(&list, &count, &datum, GNUTLS_X509_FMT_PEM, 0)
        }
        guard code >= 0, count > 0, let list else { throw .file(path, "holds no certificate: \(String(cString: gnutls_strerror(code)))") }
        all = Array(UnsafeBufferPointer(start: list, count: Int(count)))
        free(list)
    }

    deinit { for one in all { gnutls_x509_crt_deinit(one) } }

    func withList<Result>(_ body: (UnsafePointer<gnutls_x509_crt_t?>?, UInt32) -> Result) -> Result {
        all.withUnsafeBufferPointer { body($0.baseAddress, UInt32($0.count)) }
    }
}
