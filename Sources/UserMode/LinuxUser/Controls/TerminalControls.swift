import UserCore

extension Control {
    private static let settings = 36, settings2 = 44, oldSettings = 18, window = 8, serial = 72
    private static let t: UInt32 = 0x54

    /// Terminals, and what every descriptor knows (include/uapi/asm-generic/ioctls.h).
    static let terminals: [Control] = [
        .init(0x5401, "TCGETS", .writes(settings)), .init(0x5402, "TCSETS", .reads(settings)), .init(0x5403, "TCSETSW", .reads(settings)),
        .init(0x5404, "TCSETSF", .reads(settings)), .init(0x5405, "TCGETA", .writes(oldSettings)), .init(0x5406, "TCSETA", .reads(oldSettings)),
        .init(0x5407, "TCSETAW", .reads(oldSettings)), .init(0x5408, "TCSETAF", .reads(oldSettings)), .init(0x5409, "TCSBRK", .value),
        .init(0x540a, "TCXONC", .value), .init(0x540b, "TCFLSH", .value), .init(0x540c, "TIOCEXCL"), .init(0x540d, "TIOCNXCL"),
        .init(0x540e, "TIOCSCTTY", .value), .init(0x540f, "TIOCGPGRP", .writes(4)), .init(0x5410, "TIOCSPGRP", .reads(4)),
        .init(0x5411, "TIOCOUTQ", .writes(4)), .init(0x5412, "TIOCSTI", .reads(1)), .init(0x5413, "TIOCGWINSZ", .writes(window)),
        .init(0x5414, "TIOCSWINSZ", .reads(window)), .init(0x5415, "TIOCMGET", .writes(4)), .init(0x5416, "TIOCMBIS", .reads(4)),
        .init(0x5417, "TIOCMBIC", .reads(4)), .init(0x5418, "TIOCMSET", .reads(4)), .init(0x5419, "TIOCGSOFTCAR", .writes(4)),
        .init(0x541a, "TIOCSSOFTCAR", .reads(4)), .init(0x541b, "FIONREAD", .writes(4)), .init(0x541c, "TIOCLINUX", .changes(16)),
        .init(0x541d, "TIOCCONS"), .init(0x541e, "TIOCGSERIAL", .writes(serial)).narrow(.structure(.serial, pointers: [])),
        .init(0x541f, "TIOCSSERIAL", .reads(serial)).narrow(.structure(.serial, pointers: [])),
        .init(0x5420, "TIOCPKT", .reads(4)), .init(0x5421, "FIONBIO", .reads(4)), .init(0x5422, "TIOCNOTTY"), .init(0x5423, "TIOCSETD", .reads(4)),
        .init(0x5424, "TIOCGETD", .writes(4)), .init(0x5425, "TCSBRKP", .value), .init(0x5427, "TIOCSBRK"), .init(0x5428, "TIOCCBRK"),
        .init(0x5429, "TIOCGSID", .writes(4)), .ior(t, 0x2a, settings2, "TCGETS2"), .iow(t, 0x2b, settings2, "TCSETS2"),
        .iow(t, 0x2c, settings2, "TCSETSW2"), .iow(t, 0x2d, settings2, "TCSETSF2"), .init(0x542e, "TIOCGRS485", .writes(32)),
        .init(0x542f, "TIOCSRS485", .changes(32)), .ior(t, 0x30, 4, "TIOCGPTN"), .iow(t, 0x31, 4, "TIOCSPTLCK"), .ior(t, 0x32, 4, "TIOCGDEV"),
        .init(0x5432, "TCGETX", .writes(16)), .init(0x5433, "TCSETX", .reads(16)), .init(0x5434, "TCSETXF", .reads(16)),
        .init(0x5435, "TCSETXW", .reads(16)), .iow(t, 0x36, 4, "TIOCSIG", .value), .init(0x5437, "TIOCVHANGUP"), .ior(t, 0x38, 4, "TIOCGPKT"),
        .ior(t, 0x39, 4, "TIOCGPTLCK"), .ior(t, 0x40, 4, "TIOCGEXCL"), .io(t, 0x41, "TIOCGPTPEER", .value), .init(0x5450, "FIONCLEX"),
        .init(0x5451, "FIOCLEX"), .init(0x5452, "FIOASYNC", .reads(4)), .init(0x5456, "TIOCGLCKTRMIOS", .writes(settings)),
        .init(0x5457, "TIOCSLCKTRMIOS", .reads(settings)), .init(0x5459, "TIOCSERGETLSR", .writes(4)),
        .init(0x545c, "TIOCMIWAIT", .value), .init(0x545d, "TIOCGICOUNT", .writes(80)), .init(0x5460, "FIOQSIZE", .writes(8)),
    ]

    /// Virtual consoles (include/uapi/linux/kd.h, vt.h).
    static let consoles: [Control] = [
        .init(0x4b2f, "KIOCSOUND", .value), .init(0x4b30, "KDMKTONE", .value), .init(0x4b31, "KDGETLED", .writes(1)),
        .init(0x4b32, "KDSETLED", .value), .init(0x4b33, "KDGKBTYPE", .writes(1)), .init(0x4b3a, "KDSETMODE", .value),
        .init(0x4b3b, "KDGETMODE", .writes(4)), .init(0x4b44, "KDGKBMODE", .writes(4)), .init(0x4b45, "KDSKBMODE", .value),
        .init(0x5600, "VT_OPENQRY", .writes(4)), .init(0x5601, "VT_GETMODE", .writes(8)), .init(0x5602, "VT_SETMODE", .reads(8)),
        .init(0x5603, "VT_GETSTATE", .writes(6)), .init(0x5605, "VT_RELDISP", .value), .init(0x5606, "VT_ACTIVATE", .value),
        .init(0x5607, "VT_WAITACTIVE", .value), .init(0x5608, "VT_DISALLOCATE", .value),
    ]
}
