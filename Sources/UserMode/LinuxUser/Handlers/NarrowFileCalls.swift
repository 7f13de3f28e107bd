import CPUModel
import Glibc
import UserCore
import UserExecution

/// Calls on files as 32-bit guests have them: offsets and sizes in longs, or in structures of their own.
enum NarrowFileCalls {
    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }
    private static func fault() -> Int64 { -Int64(EFAULT) }

    // MARK: Offsets

    @Sendable static func llseek(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let offset = Int(truncatingIfNeeded: (call[1] & 0xffff_ffff) << 32 | call[2] & 0xffff_ffff)
        let result = thread.hostCall(8, thread.hostDescriptor(call[0]), offset, int(call[4]))
        if result < 0 { return result }
        return thread.memory.store(call[3], UInt64(bitPattern: result), size: 8) ? 0 : fault()
    }

    /// An offset that does not fit in a long is an error, but the file is there all the same.
    @Sendable static func lseek(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let result = thread.hostCall(8, thread.hostDescriptor(call[0]), int(call[1]), int(call[2]))
        return result > Int64(Int32.max) ? -Int64(EOVERFLOW) : result
    }

    /// Descriptor and advice, then two pairs.
    @Sendable static func advise(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.hostCall(221, thread.hostDescriptor(call[0]), Int(truncatingIfNeeded: call[2]), Int(truncatingIfNeeded: call[3]), int(call[1]))
    }

    @Sendable static func synchronizeRange(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.hostCall(277, thread.hostDescriptor(call[0]), Int(truncatingIfNeeded: call[2]), Int(truncatingIfNeeded: call[3]), int(call[1]))
    }

    // MARK: fcntl

    /// Commands that have a lock: with offsets in longs, and (F_GETLK64, F_SETLK64, F_SETLKW64 and those of open files) in 64 bits as the host's.
    private enum Lock { static let narrow = 5...7, wide = 12...14, ofFile = 36...38 }

    @Sendable static func fcntl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let (descriptor, command) = (thread.hostDescriptor(call[0]), int(call[1]))
        switch command {
        case Lock.narrow: return narrowLock(thread, descriptor, command, call[2])
        case Lock.wide, Lock.ofFile:
            guard let place = thread.hostWord(call[2]) else { return fault() }
            return thread.hostCall(72, descriptor, Lock.wide.contains(command) ? command - 7 : command, place)
        // F_SETOWN's number may be a group's, below 0.
        case 8: return thread.hostCall(72, descriptor, command, int(call[2]))
        default: return FileCalls.fcntl(thread, call)
        }
    }

    /// A lock that is found but does not fit is told as an error.
    private static func narrowLock(_ thread: LinuxThread, _ descriptor: Int, _ command: Int, _ address: UInt64) -> Int64 {
        guard let bytes = thread.memory.bytes(at: address, count: SharedStructure.flock.narrow.size) else { return fault() }
        let copy = HostCopy(SharedStructure.flock.hostBytes(of: bytes))
        let result = thread.hostCall(72, descriptor, command, copy.address)
        guard result >= 0, command == 5 else { return result }
        let found = copy.bytes
        // To the end of the file is 0, which may come as the largest offset.
        let (start, length) = (found.get(Int64.self, at: 8), found.get(Int64.self, at: 16))
        if start > Int64(Int32.max) || length > Int64(Int32.max) { return -Int64(EOVERFLOW) }
        return thread.memory.write(SharedStructure.flock.narrowBytes(of: found), at: address) ? result : fault()
    }

    // MARK: stat

    /// `struct stat64` and `struct stat` of Arm (arch/arm/include/uapi/asm/stat.h).
    private static let wide = StructLayout(
        [
            ("dev", .u64), ("pad0", .u32), ("shortIno", .u32), ("mode", .u32), ("nlink", .u32), ("uid", .u32), ("gid", .u32), ("rdev", .u64),
            ("pad3", .u32), ("size", .i64), ("blksize", .u32), ("blocks", .u64), ("atime", .u32), ("atimensec", .u32), ("mtime", .u32),
            ("mtimensec", .u32), ("ctime", .u32), ("ctimensec", .u32), ("ino", .u64),
        ], wordSize: 4)
    private static let old = StructLayout(
        [
            ("dev", .u32), ("ino", .u32), ("mode", .u16), ("nlink", .u16), ("uid", .u16), ("gid", .u16), ("rdev", .u32), ("size", .u32),
            ("blksize", .u32), ("blocks", .u32), ("atime", .u32), ("atimensec", .u32), ("mtime", .u32), ("mtimensec", .u32), ("ctime", .u32),
            ("ctimensec", .u32), ("unused4", .u32), ("unused5", .u32),
        ], wordSize: 4)
    private static let toWide = StructConversion(FileCalls.hostStat, wide), toOld = StructConversion(FileCalls.hostStat, old)

    private static func write(_ thread: LinuxThread, _ address: UInt64, isWide: Bool, _ body: (Int) -> Int64) -> Int64 {
        let copy = HostCopy([UInt8](repeating: 0, count: FileCalls.hostStat.size))
        let result = body(copy.address)
        if result < 0 { return result }
        let host = copy.bytes
        guard isWide else {
            let size = host.get(Int64.self, at: 48), inode = host.word(at: 8), links = host.word(at: 16)
            if size > Int64(Int32.max) || inode > UInt64(UInt32.max) || links > UInt64(UInt16.max) { return -Int64(EOVERFLOW) }
            var bytes = toOld.convert(host)
            // A user and a group that 16 bits do not hold are shown as nobody's.
            for (from, to) in [(28, 12), (32, 14)] { bytes.put(UInt16(SystemCall.narrowed(Int64(host.get(UInt32.self, at: from)))), at: to) }
            return thread.memory.write(bytes, at: address) ? 0 : fault()
        }
        var bytes = toWide.convert(host)
        bytes.put(UInt32(truncatingIfNeeded: host.word(at: 8)), at: 12)
        return thread.memory.write(bytes, at: address) ? 0 : fault()
    }

    private static func status(_ thread: LinuxThread, _ directory: Int, _ path: UInt64, _ buffer: UInt64, _ flags: Int, isWide: Bool) -> Int64 {
        guard let text = thread.path(path) else { return fault() }
        return write(thread, buffer, isWide: isWide) { place in
            FileCalls.withFile(thread, text, at: path, followsLink: flags & Int(AT_SYMLINK_NOFOLLOW) == 0) {
                thread.hostCall(262, directory, $0, place, flags)
            }
        }
    }

    @Sendable static func fstatat64(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        status(thread, thread.hostDescriptor(call[0]), call[1], call[2], int(call[3]), isWide: true)
    }

    /// stat and lstat, with the one structure or the other.
    static func status(isWide: Bool, followsLink: Bool) -> SystemCall.Handler {
        { thread, call in
            status(thread, Int(AT_FDCWD), call[0], call[1], followsLink ? 0 : Int(AT_SYMLINK_NOFOLLOW), isWide: isWide)
        }
    }

    static func fstat(isWide: Bool) -> SystemCall.Handler {
        { thread, call in write(thread, call[1], isWide: isWide) { thread.hostCall(5, thread.hostDescriptor(call[0]), $0) } }
    }

    // MARK: statfs

    /// The size is that of the structure, which Arm packs.
    private static func write64(_ thread: LinuxThread, _ size: UInt64, _ address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        guard [84, 88].contains(size & 0xffff_ffff) else { return -Int64(EINVAL) }
        let copy = HostCopy([UInt8](repeating: 0, count: SharedStructure.statfs64.host.size))
        let result = body(copy.address)
        if result < 0 { return result }
        let count = thread.abi.family == .arm ? 84 : Int(size & 0xffff_ffff)
        return thread.memory.write(Array(SharedStructure.statfs64.narrowBytes(of: copy.bytes).prefix(count)), at: address) ? 0 : fault()
    }

    @Sendable static func statfs64(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[0]) else { return fault() }
        return write64(thread, call[1], call[2]) { place in thread.with(path: path, at: call[0]) { thread.hostCall(137, $0, place) } }
    }

    @Sendable static func fstatfs64(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        write64(thread, call[1], call[2]) { thread.hostCall(138, thread.hostDescriptor(call[0]), $0) }
    }

    /// Counts that do not fit in a long are an error; of files -1 says that nobody knows.
    private static func writeOld(_ thread: LinuxThread, _ address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        let copy = HostCopy([UInt8](repeating: 0, count: SharedStructure.statfs.host.size))
        let result = body(copy.address)
        if result < 0 { return result }
        let host = copy.bytes
        if (1..<5).contains(where: { host.word(at: 8 * $0) > UInt64(UInt32.max) }) { return -Int64(EOVERFLOW) }
        if (5..<7).contains(where: { host.word(at: 8 * $0) != .max && host.word(at: 8 * $0) > UInt64(UInt32.max) }) { return -Int64(EOVERFLOW) }
        return thread.memory.write(SharedStructure.statfs.narrowBytes(of: host), at: address) ? 0 : fault()
    }

    @Sendable static func statfs(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.path(call[0]) else { return fault() }
        return writeOld(thread, call[1]) { place in thread.with(path: path, at: call[0]) { thread.hostCall(137, $0, place) } }
    }

    @Sendable static func fstatfs(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        writeOld(thread, call[1]) { thread.hostCall(138, thread.hostDescriptor(call[0]), $0) }
    }

    // MARK: getdents

    /// `struct linux_dirent`: inode, offset, length of the entry, name; the type in its last byte. The host's has longs of 64 bits, so that its
    /// entries are never shorter.
    @Sendable static func getdents(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let size = int(call[2])
        guard size > 0 else { return -Int64(EINVAL) }
        let copy = HostCopy([UInt8](repeating: 0, count: min(size, 1 << 20)))
        let result = thread.hostCall(78, thread.hostDescriptor(call[0]), copy.address, min(size, 1 << 20))
        if result <= 0 { return result }
        let host = copy.bytes
        var entries: [UInt8] = []
        var place = 0
        // Where the directory goes on behind the entries.
        var next: UInt64?
        while place < Int(result) {
            let length = Int(host.get(UInt16.self, at: place + 16))
            guard length >= 20, place + length <= Int(result) else { break }
            if host.word(at: place) > UInt64(UInt32.max) {
                // The next call begins at this entry and fails.
                guard let next else { return -Int64(EOVERFLOW) }
                _ = thread.hostCall(8, thread.hostDescriptor(call[0]), Int(truncatingIfNeeded: next), Int(SEEK_SET))
                break
            }
            next = host.word(at: place + 8)
            let name = host[(place + 18)..<(place + length - 1)].prefix { $0 != 0 }
            var entry = [UInt8](repeating: 0, count: (10 + name.count + 2 + 3) & ~3)
            entry.put(UInt32(truncatingIfNeeded: host.word(at: place)), at: 0)
            entry.put(UInt32(truncatingIfNeeded: host.word(at: place + 8)), at: 4)
            entry.put(UInt16(entry.count), at: 8)
            entry.replaceSubrange(10..<10 + name.count, with: name)
            entry[entry.count - 1] = host[place + length - 1]
            entries += entry
            place += length
        }
        return thread.memory.write(entries, at: call[1]) ? Int64(entries.count) : fault()
    }
}
