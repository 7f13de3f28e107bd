import CPUModel
import Glibc
import UserCore

extension LinuxThread {
    /// The host's number for the guest's open flags.
    func hostOpenFlags(_ flags: UInt64) -> UInt64 { translate(flags, from: abi.openFlags, to: .generic) }

    func guestOpenFlags(_ flags: UInt64) -> UInt64 { translate(flags, from: .generic, to: abi.openFlags) }

    private func translate(_ flags: UInt64, from: OpenFlags, to: OpenFlags) -> UInt64 {
        let pairs = [(from.directory, to.directory), (from.noFollow, to.noFollow), (from.direct, to.direct), (from.largeFile, to.largeFile)]
        let all = pairs.reduce(UInt64(0)) { $0 | $1.0 }
        return pairs.reduce(flags & ~all) { flags & $1.0 != 0 ? $0 | $1.1 : $0 }
    }

    /// Does a call with a path of the host's choosing.
    func with(path: String, _ body: (Int) -> Int64) -> Int64 { unsafe path.withCString { body(Int(bitPattern: $0)) } }
    func with(path: HostPath, _ body: (Int) -> Int64) -> Int64 { unsafe path.withCString { body(Int(bitPattern: $0)) } }

    /// Does a call with the guest's path: its own bytes, which need not be UTF-8, unless the file is in the guest's own folder.
    func with(path: String, at address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        let found = process.locate(path)
        guard found == path, let place = hostWord(address) else { return with(path: found, body) }
        return body(place)
    }
}

/// Files: what differs from the host, and `/proc` where it speaks of the process itself.
enum FileCalls {
    private static func fault() -> Int64 { -Int64(EFAULT) }

    @Sendable static func openat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[1]) else { return fault() }
        let flags = Int(thread.hostOpenFlags(call[2] & 0xffff_ffff))
        if let result = ProcFiles.open(path, thread, flags: Int32(truncatingIfNeeded: flags)) { return result }
        let directory = thread.hostDescriptor(call[0])
        return withFile(thread, path, at: call[1]) { thread.hostCall(257, directory, $0, flags, Int(call[3] & 0o7777)) }
    }

    /// `struct open_how` begins with the flags.
    @Sendable static func openat2(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[1]) else { return fault() }
        let size = Int(truncatingIfNeeded: call[3])
        if size < 24 { return -Int64(EINVAL) }
        if size > 4096 { return -Int64(E2BIG) }
        guard var how = thread.memory.bytes(at: call[2], count: size) else { return fault() }
        how.put(thread.hostOpenFlags(how.word(at: 0)), at: 0)
        if let result = ProcFiles.open(path, thread, flags: Int32(truncatingIfNeeded: how.word(at: 0))) { return result }
        return unsafe how.withUnsafeBytes { how in
            withFile(thread, path, at: call[1]) {
                thread.hostCall(437, thread.hostDescriptor(call[0]), $0, Int(bitPattern: how.baseAddress), size)
            }
        }
    }

    @Sendable static func readlinkat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[1]) else { return fault() }
        if ProcFiles.isExecutable(path) {
            let size = Int32(truncatingIfNeeded: call[3])
            if size <= 0 { return -Int64(EINVAL) }
            let name = Array(thread.process.executable.bytes.prefix(Int(size)))
            return thread.memory.write(name, at: call[2]) ? Int64(name.count) : fault()
        }
        guard let buffer = thread.hostWord(call[2]) else { return fault() }
        thread.memory.prepareWrite(call[2], call[3])
        let directory = thread.hostDescriptor(call[0])
        return thread.with(path: path, at: call[1]) { thread.hostCall(267, directory, $0, buffer, Int(truncatingIfNeeded: call[3])) }
    }

    // MARK: Descriptors

    @Sendable static func close(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.hostCall(3, thread.hostDescriptor(call[0]))
    }

    @Sendable static func dup3(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.hostCall(292, thread.hostDescriptor(call[0]), thread.hostDescriptor(call[1]), Int(call[2] & 0xffff_ffff))
    }

    @Sendable static func closeRange(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let (first, last) = (Int(call[0] & 0xffff_ffff), Int(call[1] & 0xffff_ffff))
        let flags = Int(call[2] & 0xffff_ffff)
        var start = first
        // Around Apus's own.
        for own in thread.process.ownDescriptors where own >= start && own <= last {
            let result = own > start ? thread.hostCall(436, start, own - 1, flags) : 0
            if result < 0 { return result }
            start = own + 1
        }
        return start > last && first <= last ? 0 : thread.hostCall(436, start, last, flags)
    }

    @Sendable static func fcntl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let (descriptor, command) = (thread.hostDescriptor(call[0]), Int(Int32(truncatingIfNeeded: call[1])))
        switch Int32(command) {
        case F_GETFL:
            let flags = thread.hostCall(72, descriptor, command)
            return flags < 0 ? flags : Int64(thread.guestOpenFlags(UInt64(flags)))
        case F_SETFL: return thread.hostCall(72, descriptor, command, Int(truncatingIfNeeded: thread.hostOpenFlags(call[2])))
        // Locks, owners, owners' users and hints about lifetimes are structures; the lock's wait can be interrupted.
        case 5, 6, 7, 15, 16, 17, 36, 37, 38, 1035...1038:
            guard let place = thread.hostWord(call[2]) else { return fault() }
            return thread.hostCall(72, descriptor, command, place)
        default: return thread.hostCall(72, descriptor, command, Int(truncatingIfNeeded: call[2]))
        }
    }

    // MARK: stat

    /// `struct stat` of x86-64 (arch/x86/include/uapi/asm/stat.h).
    static let hostStat = StructLayout(
        [
            ("dev", .u64), ("ino", .u64), ("nlink", .u64), ("mode", .u32), ("uid", .u32), ("gid", .u32), ("pad", .u32), ("rdev", .u64),
            ("size", .i64), ("blksize", .i64), ("blocks", .i64), ("atime", .i64), ("atimensec", .u64), ("mtime", .i64), ("mtimensec", .u64),
            ("ctime", .i64), ("ctimensec", .u64),
        ], size: 144)

    /// `struct stat` of asm-generic with 64-bit longs.
    private static let generic64Stat = StructLayout([
        ("dev", .unsignedLong), ("ino", .unsignedLong), ("mode", .u32), ("nlink", .u32), ("uid", .u32), ("gid", .u32), ("rdev", .unsignedLong),
        ("pad1", .unsignedLong), ("size", .long), ("blksize", .i32), ("pad2", .i32), ("blocks", .long), ("atime", .long),
        ("atimensec", .unsignedLong), ("mtime", .long), ("mtimensec", .unsignedLong), ("ctime", .long), ("ctimensec", .unsignedLong),
        ("unused4", .u32), ("unused5", .u32),
    ])

    private static let statConversion = StructConversion(hostStat, generic64Stat)

    @Sendable static func newfstatat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[1]) else { return fault() }
        let directory = thread.hostDescriptor(call[0])
        return withStat(thread, call[2]) { place in
            withFile(thread, path, at: call[1], followsLink: call[3] & UInt64(AT_SYMLINK_NOFOLLOW) == 0) {
                thread.hostCall(262, directory, $0, place, Int(call[3] & 0xffff_ffff))
            }
        }
    }

    /// Does a call with the guest's path, or with the program's own file where the path is `/proc/self/exe` and the link is followed.
    static func withFile(
        _ thread: LinuxThread, _ path: String, at address: UInt64, followsLink: Bool = true, _ body: (Int) -> Int64
    ) -> Int64 {
        guard followsLink, ProcFiles.isExecutable(path) else { return thread.with(path: path, at: address, body) }
        return thread.with(path: thread.process.executable, body)
    }

    @Sendable static func statx(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[1]), let buffer = thread.hostWord(call[4]) else { return fault() }
        thread.memory.prepareWrite(call[4], 256)
        return withFile(thread, path, at: call[1], followsLink: call[2] & UInt64(AT_SYMLINK_NOFOLLOW) == 0) {
            thread.hostCall(332, thread.hostDescriptor(call[0]), $0, Int(call[2] & 0xffff_ffff), Int(call[3] & 0xffff_ffff), buffer)
        }
    }

    @Sendable static func fstat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withStat(thread, call[1]) { thread.hostCall(5, thread.hostDescriptor(call[0]), $0) }
    }

    private static func withStat(_ thread: LinuxThread, _ address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        var bytes = [UInt8](repeating: 0, count: hostStat.size)
        let result = unsafe bytes.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress)) }
        if result < 0 { return result }
        return thread.memory.write(statConversion.convert(bytes), at: address) ? 0 : fault()
    }
}
