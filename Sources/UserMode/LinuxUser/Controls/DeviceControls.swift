import UserCore

extension Control {
    private static let d: UInt32 = 0x64, e: UInt32 = 0x45, p: UInt32 = 0x70, r: UInt32 = 0x52, w: UInt32 = 0x57, fault: UInt32 = 0xaa

    /// Graphics: what all drivers have of mode setting and dumb buffers (include/uapi/drm/drm.h, drm_mode.h).
    static let graphics: [Control] = [
        .iowr(d, 0x00, 64, "DRM_IOCTL_VERSION", addresses: [24, 40, 56]).narrow(
            .both(.graphicsVersion, pointers: ["name", "date", "desc"], size: 36)),
        .iowr(d, 0x01, 16, "DRM_IOCTL_GET_UNIQUE", addresses: [8]).narrow(.both(.graphicsName, pointers: ["name"], size: 8)),
        .ior(d, 0x02, 4, "DRM_IOCTL_GET_MAGIC"), .iow(d, 0x11, 4, "DRM_IOCTL_AUTH_MAGIC"), .iow(d, 0x09, 8, "DRM_IOCTL_GEM_CLOSE"),
        .iowr(d, 0x0c, 16, "DRM_IOCTL_GET_CAP"), .iow(d, 0x0d, 16, "DRM_IOCTL_SET_CLIENT_CAP"), .io(d, 0x1e, "DRM_IOCTL_SET_MASTER"),
        .io(d, 0x1f, "DRM_IOCTL_DROP_MASTER"), .iowr(d, 0x2d, 12, "DRM_IOCTL_PRIME_HANDLE_TO_FD"),
        .iowr(d, 0x2e, 12, "DRM_IOCTL_PRIME_FD_TO_HANDLE"), .iowr(d, 0xa0, 64, "DRM_IOCTL_MODE_GETRESOURCES", addresses: [0, 8, 16, 24]),
        .iowr(d, 0xa1, 104, "DRM_IOCTL_MODE_GETCRTC", addresses: [0]), .iowr(d, 0xa2, 104, "DRM_IOCTL_MODE_SETCRTC", addresses: [0]),
        .iowr(d, 0xa3, 28, "DRM_IOCTL_MODE_CURSOR"), .iowr(d, 0xa6, 20, "DRM_IOCTL_MODE_GETENCODER"),
        .iowr(d, 0xa7, 80, "DRM_IOCTL_MODE_GETCONNECTOR", addresses: [0, 8, 16, 24]),
        .iowr(d, 0xaa, 64, "DRM_IOCTL_MODE_GETPROPERTY", addresses: [0, 8]), .iowr(d, 0xab, 16, "DRM_IOCTL_MODE_SETPROPERTY"),
        .iowr(d, 0xac, 16, "DRM_IOCTL_MODE_GETPROPBLOB", addresses: [8]), .iowr(d, 0xad, 28, "DRM_IOCTL_MODE_GETFB"),
        .iowr(d, 0xae, 28, "DRM_IOCTL_MODE_ADDFB"), .iowr(d, 0xaf, 4, "DRM_IOCTL_MODE_RMFB"), .iowr(d, 0xb0, 24, "DRM_IOCTL_MODE_PAGE_FLIP"),
        .iowr(d, 0xb1, 24, "DRM_IOCTL_MODE_DIRTYFB", addresses: [16]), .iowr(d, 0xb2, 32, "DRM_IOCTL_MODE_CREATE_DUMB"),
        .iowr(d, 0xb3, 16, "DRM_IOCTL_MODE_MAP_DUMB"), .iowr(d, 0xb4, 4, "DRM_IOCTL_MODE_DESTROY_DUMB"),
        .iowr(d, 0xb5, 16, "DRM_IOCTL_MODE_GETPLANERESOURCES", addresses: [0]), .iowr(d, 0xb6, 32, "DRM_IOCTL_MODE_GETPLANE", addresses: [24]),
        .iowr(d, 0xb8, 104, "DRM_IOCTL_MODE_ADDFB2"), .iowr(d, 0xb9, 32, "DRM_IOCTL_MODE_OBJ_GETPROPERTIES", addresses: [0, 8]),
        .iowr(d, 0xbc, 56, "DRM_IOCTL_MODE_ATOMIC", addresses: [8, 16, 24, 32]), .iowr(d, 0xbd, 16, "DRM_IOCTL_MODE_CREATEPROPBLOB", addresses: [0]),
        .iowr(d, 0xbe, 4, "DRM_IOCTL_MODE_DESTROYPROPBLOB"),
    ]

    /// Input devices (include/uapi/linux/input.h).
    static let input: [Control] =
        [
            .ior(e, 0x01, 4, "EVIOCGVERSION"), .ior(e, 0x02, 8, "EVIOCGID"), .ior(e, 0x03, 8, "EVIOCGREP"), .iow(e, 0x03, 8, "EVIOCSREP"),
            .ior(e, 0x04, 8, "EVIOCGKEYCODE", .changes(8)), .iow(e, 0x04, 8, "EVIOCSKEYCODE"), .ior(e, 0x04, 40, "EVIOCGKEYCODE_V2", .changes(40)),
            .iow(e, 0x04, 40, "EVIOCSKEYCODE_V2"), .buffer(e, 0x06, "EVIOCGNAME"), .buffer(e, 0x07, "EVIOCGPHYS"), .buffer(e, 0x08, "EVIOCGUNIQ"),
            .buffer(e, 0x09, "EVIOCGPROP"), .buffer(e, 0x0a, "EVIOCGMTSLOTS"), .buffer(e, 0x18, "EVIOCGKEY"), .buffer(e, 0x19, "EVIOCGLED"),
            .buffer(e, 0x1a, "EVIOCGSND"), .buffer(e, 0x1b, "EVIOCGSW"), .iow(e, 0x80, 48, "EVIOCSFF", .changes(48), addresses: [40]).narrow(.none),
            .iow(e, 0x81, 4, "EVIOCRMFF", .value), .ior(e, 0x84, 4, "EVIOCGEFFECTS"), .iow(e, 0x90, 4, "EVIOCGRAB", .value),
            .iow(e, 0x91, 4, "EVIOCREVOKE", .value), .iow(e, 0xa0, 4, "EVIOCSCLOCKID"),
        ] + (0..<32).map { .buffer(e, 0x20 + $0, "EVIOCGBIT") } + (0..<64).map { .ior(e, 0x40 + $0, 24, "EVIOCGABS") }
        + (0..<64).map { .iow(e, 0xc0 + $0, 24, "EVIOCSABS") }

    /// Clocks, watchdogs, randomness (include/uapi/linux/rtc.h, watchdog.h, random.h).
    static let clocks: [Control] = [
        .io(p, 0x01, "RTC_AIE_ON"), .io(p, 0x02, "RTC_AIE_OFF"), .io(p, 0x03, "RTC_UIE_ON"), .io(p, 0x04, "RTC_UIE_OFF"),
        .io(p, 0x05, "RTC_PIE_ON"), .io(p, 0x06, "RTC_PIE_OFF"), .io(p, 0x0f, "RTC_WIE_ON"), .io(p, 0x10, "RTC_WIE_OFF"),
        .iow(p, 0x07, 36, "RTC_ALM_SET"), .ior(p, 0x08, 36, "RTC_ALM_READ"), .ior(p, 0x09, 36, "RTC_RD_TIME"), .iow(p, 0x0a, 36, "RTC_SET_TIME"),
        .ior(p, 0x0b, 8, "RTC_IRQP_READ").narrow(.both(.unsignedLong, pointers: [], size: 4)),
        .iow(p, 0x0c, 8, "RTC_IRQP_SET", .value).narrow(.number(size: 4)),
        .ior(p, 0x0d, 8, "RTC_EPOCH_READ").narrow(.both(.unsignedLong, pointers: [], size: 4)),
        .iow(p, 0x0e, 8, "RTC_EPOCH_SET", .value).narrow(.number(size: 4)), .iow(p, 0x0f, 40, "RTC_WKALM_SET"), .ior(p, 0x10, 40, "RTC_WKALM_RD"),
        .ior(p, 0x13, 4, "RTC_VL_READ"), .io(p, 0x14, "RTC_VL_CLR"), .ior(w, 0, 40, "WDIOC_GETSUPPORT"), .ior(w, 1, 4, "WDIOC_GETSTATUS"),
        .ior(w, 2, 4, "WDIOC_GETBOOTSTATUS"), .ior(w, 3, 4, "WDIOC_GETTEMP"), .ior(w, 4, 4, "WDIOC_SETOPTIONS", .reads(4)),
        .ior(w, 5, 4, "WDIOC_KEEPALIVE", .value), .iowr(w, 6, 4, "WDIOC_SETTIMEOUT"), .ior(w, 7, 4, "WDIOC_GETTIMEOUT"),
        .ior(r, 0, 4, "RNDGETENTCNT"), .iow(r, 1, 4, "RNDADDTOENTCNT"), .iow(r, 3, 8, "RNDADDENTROPY"), .io(r, 4, "RNDZAPENTCNT"),
        .io(r, 6, "RNDCLEARPOOL"), .io(r, 7, "RNDRESEEDCRNG"),
    ]

    /// Faults handled by the program (include/uapi/linux/userfaultfd.h), which is there only where addresses are the host's.
    static let faults: [Control] = [
        .io(fault, 0x00, "USERFAULTFD_IOC_NEW", .value), .iowr(fault, 0x3f, 24, "UFFDIO_API"), .iowr(fault, 0x00, 32, "UFFDIO_REGISTER"),
        .ior(fault, 0x01, 16, "UFFDIO_UNREGISTER", .reads(16)), .ior(fault, 0x02, 16, "UFFDIO_WAKE", .reads(16)),
        .iowr(fault, 0x03, 40, "UFFDIO_COPY"), .iowr(fault, 0x04, 32, "UFFDIO_ZEROPAGE"), .iowr(fault, 0x05, 40, "UFFDIO_MOVE"),
        .iowr(fault, 0x06, 24, "UFFDIO_WRITEPROTECT"), .iowr(fault, 0x07, 32, "UFFDIO_CONTINUE"), .iowr(fault, 0x08, 32, "UFFDIO_POISON"),
    ]
}
