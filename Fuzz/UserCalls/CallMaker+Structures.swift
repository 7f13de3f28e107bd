import LinuxUser
import UserCore
import UserExecution

/// Structures that are full of pointers, and calls whose arguments mean something together.
extension CallMaker {
    private var word: UInt64 { UInt64(arena.wordSize) }

    private mutating func put(_ values: [UInt64], at place: UInt64) {
        for (index, value) in values.enumerated() { arena.put(word: value, at: place &+ word * UInt64(index)) }
    }

    // MARK: Messages

    /// An array of `struct mmsghdr`, whose first member is a `struct msghdr`.
    mutating func message(_ count: UInt64) -> UInt64 {
        let stride = 8 * word
        let place = pointer(stride * count)
        for index in 0..<count {
            let start = place &+ stride * index
            let items = random.chance(16) ? random.nasty() : UInt64(random.below(4))
            let room = random.chance(12) ? arena.harmless(random.nasty()) : UInt64(random.below(200))
            // In a 64-bit guest ints have a word of padding each, or a half.
            put([pointer(128), UInt64(random.below(140)), vector(Int(items & 0xff)), items, control(), room, UInt64(random.below(256))], at: start)
        }
        return place
    }

    /// Control data: descriptors, credentials, or anything; lengths that are not always true.
    private mutating func control() -> UInt64 {
        if random.chance(4) { return 0 }
        let place = pointer(200)
        var next = place
        for _ in 0..<random.below(4) {
            let data = UInt64(random.below(24))
            let header = word + 8, length = random.chance(6) ? arena.harmless(random.nasty()) : header + data
            arena.put(word: length, at: next)
            arena.put([UInt8(random.chance(4) ? random.below(256) : 1), 0, 0, 0, UInt8(random.below(4)), 0, 0, 0], at: next &+ word)
            for item in 0..<data / 4 { arena.put([UInt8(descriptor() & 0xff), 0, 0, 0], at: next &+ header &+ 4 * item) }
            next = next &+ (header + data + word - 1) & ~(word - 1)
        }
        return place
    }

    // MARK: Calls

    /// Gives a call what its arguments together are for.
    mutating func special(_ name: String, _ words: inout [UInt64]) {
        switch name {
        case "execve": words = [text(), strings(), strings()] + words[3...]
        case "execveat": words = [words[0], text(), strings(), strings(), random.chance(2) ? 0x1000 : 0, 0]
        case "seccomp": words = [1, 0, filter(size: 8), 0, 0, 0]
        case "prctl": control(&words)
        case "setsockopt": option(&words)
        case "mmap", "mmap2": mapping(&words)
        case "mremap": words = [words[0], 4096 * UInt64(random.below(3)), 4096 * UInt64(random.below(4)), UInt64(random.below(8)), words[4], 0]
        case "clone3": words[1] = [64, 80, 88, 96][random.below(4)]
        case "rt_sigaction": words[3] = 8
        case "rt_sigprocmask", "rt_sigtimedwait", "rt_sigtimedwait_time64": words[3] = 8
        case "rt_sigsuspend", "rt_sigpending", "signalfd4": words[name == "signalfd4" ? 2 : 1] = 8
        case "set_robust_list": words[1] = 3 * word
        case "io_uring_setup": words = [UInt64(1 + random.below(16)), parameters(), 0, 0, 0, 0]
        case "io_uring_enter": words = [words[0], UInt64(random.below(5)), UInt64(random.below(2)), UInt64(random.below(4)), 0, 8]
        case "bind", "connect": words[2] = UInt64(random.below(30))
        case "statfs64", "fstatfs64": words[1] = 84 + 4 * UInt64(random.below(2))
        case "shmat": words[0] = UInt64(random.below(3))
        default: break
        }
    }

    private mutating func strings() -> UInt64 {
        let count = random.below(5)
        let list = pointer(word * UInt64(count + 1))
        put((0..<count).map { _ in text() } + [random.chance(20) ? number() : 0], at: list)
        return list
    }

    /// `struct sock_fprog` with instructions that filters have (linux/filter.h).
    private mutating func filter(size: UInt64) -> UInt64 {
        let codes: [UInt8] = [
            0x20, 0x20, 0x15, 0x25, 0x35, 0x45, 0x05, 0x06, 0x06, 0x16, 0x00, 0x01, 0x60, 0x61, 0x80, 0x02, 0x03, 0x07, 0x87, 0x04, 0x14, 0x24, 0x34,
        ]
        let count = random.chance(12) ? random.below(0x10000) : 1 + random.below(8)
        let place = pointer(2 * word), program = pointer(UInt64(8 * min(count, 100)))
        for index in 0..<min(count, 8) {
            let code = random.chance(12) ? UInt8(random.below(256)) : codes[random.below(codes.count)]
            let isLast = index == min(count, 8) - 1
            // A return that allows, or an errno: most of what follows is still to be done.
            let value = code == 0x20 ? UInt64(4 * random.below(17)) : code == 6 || isLast ? (random.chance(6) ? 0x5_0001 : 0x7fff_0000) : number()
            arena.put([isLast ? 6 : code, 0, UInt8(random.below(4)), UInt8(random.below(4))], at: program &+ 8 * UInt64(index))
            _ = arena.memory.store(program &+ 8 * UInt64(index) &+ 4, value, size: 4)
        }
        arena.put([UInt8(count & 0xff), UInt8(count >> 8), 0, 0, 0, 0, 0, 0], at: place)
        arena.put(word: program, at: place &+ word)
        return place
    }

    private mutating func control(_ words: inout [UInt64]) {
        words[0] = UInt64(random.below(72))
        // PR_SET_SECCOMP with a filter; a name, a death signal's place.
        if words[0] == 22, random.chance(6) { words = [22, 2, filter(size: 8), 0, 0, 0] }
        if [2, 15, 16, 37, 40].contains(words[0]) { words[1] = text() }
    }

    private mutating func option(_ words: inout [UInt64]) {
        switch random.below(4) {
        case 0: words = [words[0], 1, 26 + 25 * UInt64(random.below(2)), filter(size: 8), 2 * word, 0]
        case 1: words = [words[0], 1, 20 + UInt64(random.below(2)), words[3], 2 * word, 0]
        case 2: words = [words[0], 41 * UInt64(random.below(2)), 42 + UInt64(random.below(6)), words[3], random.chance(2) ? 132 : 260, 0]
        default: words = [words[0], 1, UInt64(random.below(80)), words[3], 4, 0]
        }
    }

    private mutating func mapping(_ words: inout [UInt64]) {
        let flags: [UInt64] = [0x22, 0x21, 0x32, 0x31, 0x100022, 0x100032, 0x02, 0x01, 0x12, 0x11]
        let offset: UInt64 = [0, 0, 4096, 0x1000_0000, 0x800_0000][random.below(5)]
        words = [
            words[0] & ~4095, 4096 * UInt64(1 + random.below(4)), UInt64(random.below(8)), flags[random.below(flags.count)], descriptor(), offset,
        ]
    }

    /// `struct io_uring_params`.
    private mutating func parameters() -> UInt64 {
        let place = pointer(120)
        arena.put([UInt8](repeating: 0, count: 120), at: place)
        _ = arena.memory.store(place &+ 8, random.chance(3) ? 1 << UInt64(random.below(18)) : 0, size: 4)
        return place
    }
}
