extension SystemCall {
    static let sockets: [SystemCall] = [
        .pass("socket", 198, 41, .named(.family), .named(.socketType), .int),
        .pass("socketpair", 199, 53, .named(.family), .named(.socketType), .int, .written(8)),
        .pass("bind", 200, 49, .fd, .socketAddress(size: 2), .int), .pass("listen", 201, 50, .fd, .int), .pass("accept", 202, 43, .fd, .written(128), .written(4)),
        .pass("accept4", 242, 288, .fd, .written(128), .written(4), .int), .pass("connect", 203, 42, .fd, .socketAddress(size: 2), .int),
        .pass("getsockname", 204, 51, .fd, .written(128), .written(4)), .pass("getpeername", 205, 52, .fd, .written(128), .written(4)),
        .pass("sendto", 206, 44, .fd, .bytes(size: 2), .size, .named(.message), .socketAddress(size: 5), .int),
        .pass("recvfrom", 207, 45, .fd, .buffer(size: 2), .size, .named(.message), .written(128), .written(4)),
        .own("setsockopt", 208, .fd, .named(.level), .int, .pointer, .int, handler: SocketCalls.setOption), .pass("getsockopt", 209, 55, .fd, .named(.level), .int, .written(512), .written(4)),
        .pass("shutdown", 210, 48, .fd, .named(.shutdown)), .own("sendmsg", 211, .fd, .message, .named(.message), handler: SocketCalls.sendmsg),
        .own("recvmsg", 212, .fd, .message, .named(.message), handler: SocketCalls.recvmsg),
        .own("recvmmsg", 243, .fd, .message, .int, .int, .pointer, handler: SocketCalls.recvmmsg),
        .own("sendmmsg", 269, .fd, .message, .int, .int, handler: SocketCalls.sendmmsg),
    ]

    static let ipc: [SystemCall] = [
        .pass("msgget", 186, 68, .int, .int), .pass("msgctl", 187, 71, .int, .int, .written(128)),
        .pass("msgrcv", 188, 70, .int, .buffer(size: 2), .size, .long, .int, restart: .never),
        .pass("msgsnd", 189, 69, .int, .pointer, .size, .int, restart: .never),
        .pass("semget", 190, 64, .int, .int, .int), .own("semctl", 191, .int, .int, .int, .pointer, handler: IPCCalls.semctl),
        .pass("semtimedop", 192, 220, .int, .pointer, .size, .pointer, restart: .never),
        .pass("semop", 193, 65, .int, .pointer, .size, restart: .never),
        .pass("shmget", 194, 29, .int, .size, .int), .pass("shmctl", 195, 31, .int, .int, .written(128)),
        .own("shmat", 196, .int, .pointer, .int, handler: IPCCalls.shmat), .own("shmdt", 197, .pointer, handler: IPCCalls.shmdt),
        .pass("mq_open", 180, 240, .string, .openFlags, .octal, .pointer), .pass("mq_unlink", 181, 241, .string),
        .pass("mq_timedsend", 182, 242, .fd, .bytes(size: 2), .size, .int, .pointer),
        .pass("mq_timedreceive", 183, 243, .fd, .buffer(size: 2), .size, .written(4), .pointer),
        .own("mq_notify", 184, .fd, .pointer, handler: IPCCalls.notify), .pass("mq_getsetattr", 185, 245, .fd, .pointer, .written(64)),
    ]
}
