import CPUModel
import Glibc

/// Users and groups of 16 bits: what does not fit is shown as 65534, and 65535 stands for none (include/linux/highuid.h, kernel/uid16.c).
extension SystemCall {
    private static let overflow: Int64 = 65534

    static func narrowed(_ value: Int64) -> Int64 { value > 65535 ? overflow : value }

    /// An argument as the host's: -1 for 65535.
    private static func wide(_ value: UInt64) -> Int { value & 0xffff == 0xffff ? -1 : Int(value & 0xffff) }

    private static func asking(_ number: Int) -> Handler { { thread, _ in narrowed(thread.hostCall(number)) } }

    private static func setting(_ number: Int) -> Handler {
        { thread, call in narrowed(thread.hostCall(number, wide(call[0]), wide(call[1]), wide(call[2]))) }
    }

    /// Three words, each to an address of its own.
    private static func three(_ number: Int) -> Handler {
        { thread, call in
            var words: [UInt32] = [0, 0, 0]
            let result = unsafe words.withUnsafeMutableBytes { buffer in
                let place = Int(bitPattern: buffer.baseAddress)
                return thread.hostCall(number, place, place + 4, place + 8)
            }
            if result < 0 { return result }
            let isWritten = (0..<3).allSatisfy { thread.memory.store(call[$0], UInt64(narrowed(Int64(words[$0]))), size: 2) }
            return isWritten ? 0 : -Int64(EFAULT)
        }
    }

    private static func owner(_ number: Int) -> Handler {
        { thread, call in
            guard let path = thread.path(call[0]) else { return -Int64(EFAULT) }
            return thread.with(path: path, at: call[0]) { thread.hostCall(number, $0, wide(call[1]), wide(call[2])) }
        }
    }

    private static let descriptorOwner: Handler = { thread, call in
        thread.hostCall(93, thread.hostDescriptor(call[0]), wide(call[1]), wide(call[2]))
    }

    private static let groups: Handler = { thread, call in
        var list = [UInt32](repeating: 0, count: 65536)
        let count = Int(Int32(truncatingIfNeeded: call[0]))
        let result = unsafe list.withUnsafeMutableBytes { thread.hostCall(115, min(count, 65536), Int(bitPattern: $0.baseAddress)) }
        if result <= 0 || count == 0 { return result }
        var bytes = [UInt8](repeating: 0, count: 2 * Int(result))
        for index in 0..<Int(result) { bytes.put(UInt16(truncatingIfNeeded: narrowed(Int64(list[index]))), at: 2 * index) }
        return thread.memory.write(bytes, at: call[1]) ? result : -Int64(EFAULT)
    }

    private static let setGroups: Handler = { thread, call in
        let count = Int(call[0] & 0xffff_ffff)
        if count > 65536 { return -Int64(EINVAL) }
        guard let bytes = thread.memory.bytes(at: call[1], count: 2 * count) else { return -Int64(EFAULT) }
        let list = (0..<count).map { UInt32(truncatingIfNeeded: wide(UInt64(bytes.get(UInt16.self, at: 2 * $0)))) }
        return unsafe list.withUnsafeBytes { thread.hostCall(116, count, Int(bitPattern: $0.baseAddress)) }
    }

    static let narrowIdentity: [SystemCall] = [
        .own("getuid16", .none, handler: asking(102)), .own("getgid16", .none, handler: asking(104)), .own("geteuid16", .none, handler: asking(107)),
        .own("getegid16", .none, handler: asking(108)), .own("setuid16", .none, .int, handler: setting(105)),
        .own("setgid16", .none, .int, handler: setting(106)), .own("setreuid16", .none, .int, .int, handler: setting(113)),
        .own("setregid16", .none, .int, .int, handler: setting(114)), .own("setresuid16", .none, .int, .int, .int, handler: setting(117)),
        .own("setresgid16", .none, .int, .int, .int, handler: setting(119)),
        .own("getresuid16", .none, .pointer, .pointer, .pointer, handler: three(118)),
        .own("getresgid16", .none, .pointer, .pointer, .pointer, handler: three(120)), .own("setfsuid16", .none, .int, handler: setting(122)),
        .own("setfsgid16", .none, .int, handler: setting(123)), .own("getgroups16", .none, .int, .pointer, handler: groups),
        .own("setgroups16", .none, .int, .pointer, handler: setGroups), .own("chown16", .none, .path, .int, .int, handler: owner(92)),
        .own("lchown16", .none, .path, .int, .int, handler: owner(94)), .own("fchown16", .none, .fd, .int, .int, handler: descriptorOwner),
    ]
}
