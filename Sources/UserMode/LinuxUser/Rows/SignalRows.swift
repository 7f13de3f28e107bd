import UserCore

extension SystemCall {
    static let signals: [SystemCall] = [
        .own("rt_sigaction", 134, .signal, .pointer, .pointer, .size, handler: SignalCalls.action),
        .own("rt_sigprocmask", 135, .named(.masking), .pointer, .pointer, .size, handler: SignalCalls.mask),
        .own("rt_sigreturn", 139, handler: SignalCalls.return),
        .own("rt_sigsuspend", 133, .pointer, .size, restart: .never, handler: SignalCalls.suspend),
        .pass("rt_sigpending", 136, 127, .written(8), .size),
        .own(
            "rt_sigtimedwait", .only64(137), .pointer, .pointer, .reads(.timespec), .size, restart: .never, handler: SignalCalls.timedWait(.timespec)),
        .own(
            "rt_sigtimedwait_time64", .only32(421), .pointer, .pointer, .reads(.timespec64), .size, restart: .never,
            handler: SignalCalls.timedWait(.timespec64)),
        .own("rt_sigqueueinfo", 138, .int, .signal, .pointer, handler: SignalCalls.queue),
        .own("rt_tgsigqueueinfo", 240, .int, .int, .signal, .pointer, handler: SignalCalls.queueToThread),
        .own("sigaltstack", 132, .pointer, .pointer, handler: SignalCalls.alternateStack),
        .pass("kill", 129, 62, .int, .signal), .pass("tkill", 130, 200, .int, .signal), .pass("tgkill", 131, 234, .int, .int, .signal),
        .pass("restart_syscall", 128, 219),
    ]

    static let time: [SystemCall] = [
        .pass("nanosleep", .only64(101), 35, .reads(.timespec), .writes(.timespec), restart: .never),
        .pass("clock_nanosleep", .only64(115), 230, .named(.clock), .named(.absolute), .reads(.timespec), .writes(.timespec), restart: .never),
        .pass("clock_settime", .only64(112), 227, .int, .reads(.timespec)),
        .own("clock_gettime", .only64(113), .named(.clock), .pointer, handler: SystemCalls.clockTime(seconds: nil)),
        .pass("clock_getres", .only64(114), 229, .named(.clock), .writes(.timespec)),
        .pass("clock_adjtime", .only64(266), 305, .int, .changes(.timex)),
        .pass("gettimeofday", .only64(169), 96, .writes(.timeval), .written(8)),
        .pass("settimeofday", .only64(170), 164, .reads(.timeval), .pointer),
        .pass("adjtimex", .only64(171), 159, .changes(.timex)), .pass("times", 153, 100, .writes(.tms)),
        .pass("getitimer", 102, 36, .int, .writes(.timevals)), .pass("setitimer", 103, 38, .int, .reads(.timevals), .writes(.timevals)),
        .pass("timer_create", 107, 222, .int, .reads(.sigevent), .written(4)),
        .pass("timer_gettime", .only64(108), 224, .int, .writes(.timespecs)),
        .pass("timer_getoverrun", 109, 225, .int),
        .pass("timer_settime", .only64(110), 223, .int, .int, .reads(.timespecs), .writes(.timespecs)),
        .pass("timer_delete", 111, 226, .int),
    ]

    /// The same for 32-bit guests, with 64 bits for the seconds (Linux 5.1).
    static let time64: [SystemCall] = [
        .own("clock_gettime64", .only32(403), .named(.clock), .pointer, handler: SystemCalls.clockTime(seconds: 8)),
        .pass("clock_settime64", .only32(404), 227, .int, .reads(.timespec64)),
        .pass("clock_adjtime64", .only32(405), 305, .int, .written(208)),
        .pass("clock_getres_time64", .only32(406), 229, .named(.clock), .writes(.timespec64)),
        .pass(
            "clock_nanosleep_time64", .only32(407), 230, .named(.clock), .named(.absolute), .reads(.timespec64),
            .writes(.timespec64), restart: .never),
        .pass("timer_gettime64", .only32(408), 224, .int, .writes(.timespecs64)),
        .pass("timer_settime64", .only32(409), 223, .int, .int, .reads(.timespecs64), .writes(.timespecs64)),
    ]

    private static let ringReason = "the kernel reads the requests' addresses by itself, and with -B or -R they are not the host's"

    static let events: [SystemCall] = [
        .pass("epoll_create1", 20, 291, .int),
        .own("epoll_ctl", 21, .fd, .named(.polling), .fd, .pointer, handler: EventCalls.epollControl),
        .own("epoll_pwait", 22, .fd, .pointer, .int, .int, .pointer, .size, restart: .never, handler: EventCalls.epollWait),
        .own("epoll_pwait2", 441, .fd, .pointer, .int, .reads(.timespec64), .pointer, .size, restart: .never, handler: EventCalls.epollWait2),
        .own(
            "pselect6", .only64(72), .int, .pointer, .pointer, .pointer, .changes(.timespec), .pointer, restart: .never,
            handler: EventCalls.select(.timespec)),
        .own("ppoll", .only64(73), .pointer, .int, .changes(.timespec), .pointer, .size, restart: .never, handler: EventCalls.poll(.timespec)),
        .own(
            "pselect6_time64", .only32(413), .int, .pointer, .pointer, .pointer, .changes(.timespec64), .pointer, restart: .never,
            handler: EventCalls.select(.timespec64)),
        .own(
            "ppoll_time64", .only32(414), .pointer, .int, .changes(.timespec64), .pointer, .size, restart: .never,
            handler: EventCalls.poll(.timespec64)),
        .direct("io_setup", 0, 206, ringReason, .int, .written(8)), .direct("io_destroy", 1, 207, ringReason, .long),
        .direct("io_submit", 2, 209, ringReason, .long, .long, .pointer),
        .direct("io_cancel", 3, 210, ringReason, .long, .pointer, .written(32)),
        .direct("io_getevents", .only64(4), 208, ringReason, .long, .long, .long, .written(4096), .pointer, restart: .never),
        .direct("io_pgetevents", .only64(292), 333, ringReason, .long, .long, .long, .written(4096), .pointer, .pointer, restart: .never),
        .direct("io_pgetevents_time64", .only32(416), 333, ringReason, .long, .long, .long, .written(4096), .pointer, .pointer, restart: .never),
        .own("io_uring_setup", 425, directly: ringReason, .int, .written(120), handler: RingCalls.setup),
        .own("io_uring_enter", 426, directly: ringReason, .fd, .int, .int, .int, .pointer, .size, restart: .never, handler: RingCalls.enter),
        .own("io_uring_register", 427, directly: ringReason, .fd, .int, .pointer, .int, handler: RingCalls.register),
    ]
}
