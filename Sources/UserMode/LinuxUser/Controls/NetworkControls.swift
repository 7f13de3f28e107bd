import UserCore

extension Control {
    /// `struct ifreq`, whose union may hold an address, and `struct arpreq`.
    private static let request = 40, arp = 68

    /// Requests about an interface: a name and a union, both ways.
    private static let interfaces: [(UInt32, String)] = [
        (0x8910, "SIOCGIFNAME"), (0x8913, "SIOCGIFFLAGS"), (0x8914, "SIOCSIFFLAGS"), (0x8915, "SIOCGIFADDR"), (0x8916, "SIOCSIFADDR"),
        (0x8917, "SIOCGIFDSTADDR"), (0x8918, "SIOCSIFDSTADDR"), (0x8919, "SIOCGIFBRDADDR"), (0x891a, "SIOCSIFBRDADDR"),
        (0x891b, "SIOCGIFNETMASK"), (0x891c, "SIOCSIFNETMASK"), (0x891d, "SIOCGIFMETRIC"), (0x891e, "SIOCSIFMETRIC"), (0x8921, "SIOCGIFMTU"),
        (0x8922, "SIOCSIFMTU"), (0x8923, "SIOCSIFNAME"), (0x8924, "SIOCSIFHWADDR"), (0x8927, "SIOCGIFHWADDR"), (0x8929, "SIOCGIFSLAVE"),
        (0x8930, "SIOCSIFSLAVE"), (0x8931, "SIOCADDMULTI"), (0x8932, "SIOCDELMULTI"), (0x8933, "SIOCGIFINDEX"), (0x8934, "SIOCSIFPFLAGS"),
        (0x8935, "SIOCGIFPFLAGS"), (0x8936, "SIOCDIFADDR"), (0x8937, "SIOCSIFHWBROADCAST"), (0x8938, "SIOCGIFCOUNT"),
        (0x8942, "SIOCGIFTXQLEN"), (0x8943, "SIOCSIFTXQLEN"), (0x8947, "SIOCGMIIPHY"), (0x8948, "SIOCGMIIREG"), (0x8949, "SIOCSMIIREG"),
        (0x89a2, "SIOCBRADDIF"), (0x89a3, "SIOCBRDELIF"),
    ]

    /// Sockets (include/uapi/linux/sockios.h).
    static let sockets: [Control] =
        interfaces.map { .init($0.0, $0.1, .changes(request)).narrow(.structure(.interface, pointers: [])) } + [
            .init(0x8901, "FIOSETOWN", .reads(4)), .init(0x8902, "SIOCSPGRP", .reads(4)), .init(0x8903, "FIOGETOWN", .writes(4)),
            .init(0x8904, "SIOCGPGRP", .writes(4)), .init(0x8905, "SIOCATMARK", .writes(4)),
            .init(0x8906, "SIOCGSTAMP", .writes(16)).narrow(.structure(.timeval, pointers: [])),
            .init(0x8907, "SIOCGSTAMPNS", .writes(16)).narrow(.structure(.timespec, pointers: [])), .ior(0x89, 6, 16, "SIOCGSTAMP_NEW"),
            .ior(0x89, 7, 16, "SIOCGSTAMPNS_NEW"),
            .init(0x890b, "SIOCADDRT", .reads(120), addresses: [88]).narrow(.structure(.route, pointers: ["device"])),
            .init(0x890c, "SIOCDELRT", .reads(120), addresses: [88]).narrow(.structure(.route, pointers: ["device"])),
            .init(0x8912, "SIOCGIFCONF", .changes(16), addresses: [8]),
            .init(0x8970, "SIOCGIFMAP", .changes(request)).narrow(.structure(.interfaceMap, pointers: [])),
            .init(0x8971, "SIOCSIFMAP", .changes(request)).narrow(.structure(.interfaceMap, pointers: [])),
            .init(0x8946, "SIOCETHTOOL", .changes(request), addresses: [16]).narrow(.structure(.interfaceData, pointers: ["data"])),
            .init(0x894b, "SIOCOUTQNSD", .writes(4)), .init(0x894c, "SIOCGSKNS"), .init(0x8953, "SIOCDARP", .reads(arp)),
            .init(0x8954, "SIOCGARP", .changes(arp)), .init(0x8955, "SIOCSARP", .reads(arp)), .init(0x89a0, "SIOCBRADDBR", .reads(16)),
            .init(0x89a1, "SIOCBRDELBR", .reads(16)),
            .init(0x89b0, "SIOCSHWTSTAMP", .changes(request), addresses: [16]).narrow(.structure(.interfaceData, pointers: ["data"])),
            .init(0x89b1, "SIOCGHWTSTAMP", .changes(request), addresses: [16]).narrow(.structure(.interfaceData, pointers: ["data"])),
            // include/uapi/linux/vm_sockets.h
            .io(7, 0xb9, "IOCTL_VM_SOCKETS_GET_LOCAL_CID", .writes(4)),
        ]

    private static let t: UInt32 = 0x54

    /// Tunnels (include/uapi/linux/if_tun.h); the sizes in the numbers are not those of the structures.
    static let tunnels: [Control] = [
        .iow(t, 202, 4, "TUNSETIFF", .changes(request)).narrow(.structure(.interface, pointers: [])), .iow(t, 203, 4, "TUNSETPERSIST", .value),
        .iow(t, 204, 4, "TUNSETOWNER", .value),
        .iow(t, 205, 4, "TUNSETLINK", .value), .iow(t, 206, 4, "TUNSETGROUP", .value), .ior(t, 207, 4, "TUNGETFEATURES"),
        .iow(t, 208, 4, "TUNSETOFFLOAD", .value), .iow(t, 209, 4, "TUNSETTXFILTER"),
        .ior(t, 210, 4, "TUNGETIFF", .writes(request)).narrow(.structure(.interface, pointers: [])),
        .ior(t, 211, 4, "TUNGETSNDBUF"), .iow(t, 212, 4, "TUNSETSNDBUF"),
        .iow(t, 213, 16, "TUNATTACHFILTER", addresses: [8]).narrow(.both(.filterProgram, pointers: ["filter"], size: 8)),
        .iow(t, 214, 16, "TUNDETACHFILTER", addresses: [8]).narrow(.both(.filterProgram, pointers: ["filter"], size: 8)),
        .ior(t, 215, 4, "TUNGETVNETHDRSZ"), .iow(t, 216, 4, "TUNSETVNETHDRSZ"),
        .iow(t, 217, 4, "TUNSETQUEUE", .reads(request)).narrow(.structure(.interface, pointers: [])), .iow(t, 218, 4, "TUNSETIFINDEX"),
        .iow(t, 220, 4, "TUNSETVNETLE"),
        .ior(t, 221, 4, "TUNGETVNETLE"),
    ]

    /// Namespaces and processes (include/uapi/linux/nsfs.h, pidfd.h).
    static let namespaces: [Control] =
        [
            .io(0xb7, 1, "NS_GET_USERNS"), .io(0xb7, 2, "NS_GET_PARENT"), .io(0xb7, 3, "NS_GET_NSTYPE"),
            .io(0xb7, 4, "NS_GET_OWNER_UID", .writes(4)), .ior(0xb7, 5, 8, "NS_GET_MNTNS_ID"),
        ]
        + ["CGROUP", "IPC", "MNT", "NET", "PID", "PID_FOR_CHILDREN", "TIME", "TIME_FOR_CHILDREN", "USER", "UTS"].enumerated().map {
            .io(0xff, UInt32($0.offset + 1), "PIDFD_GET_\($0.element)_NAMESPACE", .value)
        }
}
