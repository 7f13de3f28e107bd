import UserCore

extension SystemCall {
    static let sockets: [SystemCall] = [
        .pass("socket", 198, 41, .named(.family), .named(.socketType), .int),
        .pass("socketpair", 199, 53, .named(.family), .named(.socketType), .int, .written(8)),
        .pass("bind", 200, 49, .fd, .socketAddress(size: 2), .int), .pass("listen", 201, 50, .fd, .int),
        .pass("accept", 202, 43, .fd, .written(128), .written(4)),
        .pass("accept4", 242, 288, .fd, .written(128), .written(4), .int), .pass("connect", 203, 42, .fd, .socketAddress(size: 2), .int),
        .pass("getsockname", 204, 51, .fd, .written(128), .written(4)), .pass("getpeername", 205, 52, .fd, .written(128), .written(4)),
        .pass("sendto", 206, 44, .fd, .bytes(size: 2), .size, .named(.message), .socketAddress(size: 5), .int),
        .pass("recvfrom", 207, 45, .fd, .buffer(size: 2), .size, .named(.message), .written(128), .written(4)),
        .own("setsockopt", 208, .fd, .named(.level), .int, .pointer, .int, handler: SocketCalls.setOption),
        .own("getsockopt", 209, .fd, .named(.level), .int, .pointer, .pointer, handler: SocketCalls.getOption),
        .pass("shutdown", 210, 48, .fd, .named(.shutdown)), .own("sendmsg", 211, .fd, .message, .named(.message), handler: SocketCalls.sendmsg),
        .own("recvmsg", 212, .fd, .message, .named(.message), handler: SocketCalls.recvmsg),
        .own("recvmmsg", .only64(243), .fd, .message, .int, .int, .changes(.timespec), handler: SocketCalls.recvmmsg(.timespec)),
        .own("recvmmsg_time64", .only32(417), .fd, .message, .int, .int, .changes(.timespec64), handler: SocketCalls.recvmmsg(.timespec64)),
        .own("sendmmsg", 269, .fd, .message, .int, .int, handler: SocketCalls.sendmmsg),
    ]

    static let ipc: [SystemCall] = [
        .pass("msgget", 186, 68, .int, .int), .own("msgctl", 187, .int, .int, .pointer, handler: IPCCalls.msgctl),
        .own("msgrcv", 188, .int, .buffer(size: 2), .size, .long, .int, restart: .never, handler: IPCCalls.msgrcv),
        .own("msgsnd", 189, .int, .pointer, .size, .int, restart: .never, handler: IPCCalls.msgsnd),
        .pass("semget", 190, 64, .int, .int, .int), .own("semctl", 191, .int, .int, .int, .pointer, handler: IPCCalls.semctl),
        .pass("semtimedop", .only64(192), 220, .int, .pointer, .size, .reads(.timespec), restart: .never),
        .pass("semtimedop_time64", .only32(420), 220, .int, .pointer, .size, .reads(.timespec64), restart: .never),
        .pass("semop", 193, 65, .int, .pointer, .size, restart: .never),
        .pass("shmget", 194, 29, .int, .size, .int), .own("shmctl", 195, .int, .int, .pointer, handler: IPCCalls.shmctl),
        .own("shmat", 196, .int, .pointer, .int, handler: IPCCalls.shmat), .own("shmdt", 197, .pointer, handler: IPCCalls.shmdt),
        .pass("mq_open", 180, 240, .string, .openFlags, .octal, .reads(.messageQueue)), .pass("mq_unlink", 181, 241, .string),
        .pass("mq_timedsend", .only64(182), 242, .fd, .bytes(size: 2), .size, .int, .reads(.timespec)),
        .pass("mq_timedreceive", .only64(183), 243, .fd, .buffer(size: 2), .size, .written(4), .reads(.timespec)),
        .pass("mq_timedsend_time64", .only32(418), 242, .fd, .bytes(size: 2), .size, .int, .reads(.timespec64)),
        .pass("mq_timedreceive_time64", .only32(419), 243, .fd, .buffer(size: 2), .size, .written(4), .reads(.timespec64)),
        .own("mq_notify", 184, .fd, .pointer, handler: IPCCalls.notify),
        .pass("mq_getsetattr", 185, 245, .fd, .reads(.messageQueue), .writes(.messageQueue)),
    ]
}
