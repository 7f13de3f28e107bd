import ObjectModel

/// Types of `-object`.
public enum BackEndTypes {
    private static let memory = [
        Property("size", .size, range: 1...UInt64.max >> 1, required: true, "bytes"),
        Property("share", .bool, default: false, "let others that map the same file see writes"),
        Property("prealloc", .bool, default: false, "take the host's pages at once"),
        Property("dump", .bool, default: true, "be part of the emulator's core dumps"),
        Property(
            "policy", .choice("HostMemPolicy", ["default", "preferred", "bind", "interleave"]), default: "default",
            "which of the host's nodes have it"),
        Property("host-nodes", .unsignedList(bits: 16), "the host's nodes that the policy is about"),
    ]

    public static let all = [
        ObjectType("memory-backend-ram", parent: "memory-backend", help: "memory", memory),
        ObjectType("memory-backend-memfd", parent: "memory-backend", help: "a file without a name, in memory", memory),
        ObjectType(
            "memory-backend-file", parent: "memory-backend", help: "a file", memory + [Property("mem-path", .string, required: true, "the file")]),
        ObjectType("rng-builtin", parent: "rng-backend", help: "the host's randomness"),
        ObjectType(
            "rng-random", parent: "rng-backend", help: "a file of random bytes",
            [Property("filename", .string, default: "/dev/urandom", "the file")]),
        ObjectType("secret_common", parent: "object", abstract: true),
        ObjectType(
            "secret", parent: "secret_common", help: "a password or a key",
            [
                Property("data", .string, "the secret itself"), Property("file", .string, "a file that holds it"),
                Property("format", .choice("QCryptoSecretFormat", ["raw", "base64"]), default: "raw", "how it is written"),
            ]),
        ObjectType("tls-creds", parent: "object", abstract: true),
        ObjectType("tls-creds-anon", parent: "tls-creds", help: "TLS with whoever it is", tls),
        ObjectType(
            "tls-creds-psk", parent: "tls-creds", help: "TLS with keys that both ends know",
            tls + [Property("username", .string, default: "qemu", "whose key a client takes")]),
        ObjectType(
            "tls-creds-x509", parent: "tls-creds", help: "TLS with certificates",
            tls + [
                Property("passwordid", .string, "the secret that the private key is encrypted with"),
                Property("sanity-check", .bool, default: true, "look whether the certificates can serve"),
            ]),
    ]

    private static let tls = [
        Property("dir", .string, "the folder of the files"),
        Property("endpoint", .choice("QCryptoTLSCredsEndpoint", ["client", "server"]), default: "client", "which end it is"),
        Property("verify-peer", .bool, default: true, "ask for a certificate that the authority has signed"),
        Property("priority", .string, "which algorithms are taken, in GnuTLS's words"),
    ]

    /// QEMU 7.2's other types.
    static let unsupported: Set = [
        "authz-list", "authz-listfile", "authz-pam", "authz-simple", "can-bus", "can-host-socketcan", "colo-compare", "cryptodev-backend",
        "cryptodev-backend-builtin", "cryptodev-backend-lkcf", "cryptodev-vhost-user", "dbus-vmstate", "filter-buffer", "filter-dump",
        "filter-mirror",
        "filter-redirector", "filter-replay", "filter-rewriter", "input-barrier", "input-linux", "iothread", "main-loop", "memory-backend-epc",
        "pef-guest", "pr-manager-helper", "qtest", "rng-egd", "secret_keyring", "sev-guest", "thread-context", "s390-pv-guest", "throttle-group",
        "tls-cipher-suites", "x-remote-object", "x-vfio-user-server",
    ]
}
