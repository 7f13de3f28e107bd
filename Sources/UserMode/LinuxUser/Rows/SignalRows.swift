extension SystemCall {
    static let signals: [SystemCall] = [
        .own("rt_sigaction", 134, .signal, .pointer, .pointer, .size, handler: SignalCalls.action),
        .own("rt_sigprocmask", 135, .named(.masking), .pointer, .pointer, .size, handler: SignalCalls.mask),
        .own("rt_sigreturn", 139, handler: SignalCalls.return),
        .own("rt_sigsuspend", 133, .pointer, .size, restart: .never, handler: SignalCalls.suspend),
        .pass("rt_sigpending", 136, 127, .written(8), .size),
        .pass("rt_sigtimedwait", 137, 128, .pointer, .written(128), .pointer, .size, restart: .never),
        .pass("rt_sigqueueinfo", 138, 129, .int, .signal, .pointer),
        .pass("rt_tgsigqueueinfo", 240, 297, .int, .int, .signal, .pointer),
        .own("sigaltstack", 132, .pointer, .pointer, handler: SignalCalls.alternateStack),
        .pass("kill", 129, 62, .int, .signal), .pass("tkill", 130, 200, .int, .signal), .pass("tgkill", 131, 234, .int, .int, .signal),
        .pass("restart_syscall", 128, 219),
    ]

    static let time: [SystemCall] = [
        .pass("nanosleep", 101, 35, .time, .written(16), restart: .never),
        .pass("clock_nanosleep", 115, 230, .named(.clock), .named(.absolute), .time, .written(16), restart: .never),
        .pass("clock_settime", 112, 227, .int, .pointer),
        .own("clock_gettime", 113, .named(.clock), .pointer, handler: SystemCalls.clockTime),
        .pass("clock_getres", 114, 229, .named(.clock), .written(16)), .pass("clock_adjtime", 266, 305, .int, .written(208)),
        .pass("gettimeofday", 169, 96, .written(16), .written(8)), .pass("settimeofday", 170, 164, .pointer, .pointer),
        .pass("adjtimex", 171, 159, .written(208)), .pass("times", 153, 100, .written(32)),
        .pass("getitimer", 102, 36, .int, .written(32)), .pass("setitimer", 103, 38, .int, .pointer, .written(32)),
        .pass("timer_create", 107, 222, .int, .pointer, .written(4)), .pass("timer_gettime", 108, 224, .int, .written(32)),
        .pass("timer_getoverrun", 109, 225, .int), .pass("timer_settime", 110, 223, .int, .int, .pointer, .written(32)),
        .pass("timer_delete", 111, 226, .int),
    ]

    private static let ringReason = "the kernel reads the requests' addresses by itself, and with -B or -R they are not the host's"

    static let events: [SystemCall] = [
        .pass("epoll_create1", 20, 291, .int),
        .own("epoll_ctl", 21, .fd, .named(.polling), .fd, .pointer, handler: EventCalls.epollControl),
        .own("epoll_pwait", 22, .fd, .pointer, .int, .int, .pointer, .size, restart: .never, handler: EventCalls.epollWait),
        .own("epoll_pwait2", 441, .fd, .pointer, .int, .pointer, .pointer, .size, restart: .never, handler: EventCalls.epollWait2),
        .own("pselect6", 72, .int, .pointer, .pointer, .pointer, .time, .pointer, restart: .never, handler: EventCalls.select),
        .own("ppoll", 73, .pointer, .int, .time, .pointer, .size, restart: .never, handler: EventCalls.poll),
        .direct("io_setup", 0, 206, ringReason, .int, .written(8)), .direct("io_destroy", 1, 207, ringReason, .long),
        .direct("io_submit", 2, 209, ringReason, .long, .long, .pointer),
        .direct("io_cancel", 3, 210, ringReason, .long, .pointer, .written(32)),
        .direct("io_getevents", 4, 208, ringReason, .long, .long, .long, .written(4096), .pointer, restart: .never),
        .direct("io_pgetevents", 292, 333, ringReason, .long, .long, .long, .written(4096), .pointer, .pointer, restart: .never),
        .own("io_uring_setup", 425, directly: ringReason, .int, .written(120), handler: RingCalls.setup),
        .own("io_uring_enter", 426, directly: ringReason, .fd, .int, .int, .int, .pointer, .size, restart: .never, handler: RingCalls.enter),
        .own("io_uring_register", 427, directly: ringReason, .fd, .int, .pointer, .int, handler: RingCalls.register),
    ]
}
