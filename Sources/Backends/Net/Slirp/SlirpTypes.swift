import CLibSlirp
import EventLoop
import Glibc

extension PollEvents {
    private static let pairs: [(slirp: Int32, own: PollEvents)] = [(1, .readable), (2, .writable), (4, .urgent), (8, .failed), (16, .hungUp)]

    /// libslirp's SLIRP_POLL_ bits.
    init(slirp bits: Int32) { self = PollEvents.pairs.reduce([]) { bits & $1.slirp == 0 ? $0 : $0.union($1.own) } }

    var slirp: Int32 { PollEvents.pairs.reduce(0) { contains($1.own) ? $0 | $1.slirp : $0 } }
}

extension in_addr {
    init(_ address: IPv4Address) { self.init(s_addr: address.value.bigEndian) }
}

extension in6_addr {
    init(_ address: IPv6Address) {
        self.init()
        unsafe withUnsafeMutableBytes(of: &self) { unsafe $0.copyBytes(from: address.bytes) }
    }
}

/// Strings that C code looks at until `free`.
struct CStrings {
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var lists: [UnsafeMutablePointer<UnsafePointer<CChar>?>] = []

    mutating func make(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text, let copy = unsafe strdup(text) else { return nil }
        unsafe strings.append(copy)
        return unsafe UnsafePointer(copy)
    }

    /// A list that ends with a null pointer; nil if it would be empty.
    mutating func make(_ texts: [String]) -> UnsafeMutablePointer<UnsafePointer<CChar>?>? {
        guard !texts.isEmpty else { return nil }
        let list = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { unsafe (list + index).initialize(to: make(text)) }
        unsafe (list + texts.count).initialize(to: nil)
        unsafe lists.append(list)
        return unsafe list
    }

    mutating func free() {
        for string in unsafe strings { unsafe Glibc.free(string) }
        for list in lists { unsafe list.deallocate() }
        unsafe (strings, lists) = ([], [])
    }
}

extension UserNetwork {
    /// The settings as libslirp takes them; it copies the strings.
    func configuration(_ strings: inout CStrings) -> SlirpConfig {
        var result = unsafe SlirpConfig()
        unsafe result.version = 1
        unsafe result.restricted = isRestricted ? 1 : 0
        unsafe result.in_enabled = hasIPv4
        unsafe result.vnetwork = in_addr(network)
        unsafe result.vnetmask = in_addr(IPv4Address(mask))
        unsafe result.vhost = in_addr(host)
        unsafe result.in6_enabled = hasIPv6
        unsafe result.vprefix_addr6 = in6_addr(prefix)
        unsafe result.vprefix_len = UInt8(prefixLength)
        unsafe result.vhost6 = in6_addr(host6)
        unsafe result.vhostname = strings.make(hostName)
        unsafe result.tftp_server_name = strings.make(tftpServerName)
        unsafe result.tftp_path = strings.make(tftpFolder)
        unsafe result.bootfile = strings.make(bootFile)
        unsafe result.vdhcp_start = in_addr(leases)
        unsafe result.vnameserver = in_addr(nameServer)
        unsafe result.vnameserver6 = in6_addr(nameServer6)
        unsafe result.vdnssearch = strings.make(searchDomains)
        unsafe result.vdomainname = strings.make(domainName)
        return unsafe result
    }
}
