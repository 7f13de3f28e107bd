import CPUModel
import LinuxUser
import UserCore
import UserExecution

/// Makes calls whose arguments make some sense: what each is for is known from the call's row.
struct CallMaker {
    var random: RandomSource
    let arena: GuestArena
    let rows: [(number: Int, call: SystemCall)]
    let controls: [UInt32]
    /// Addresses that the guest has been given by calls.
    var given: [UInt64] = []

    /// Calls that end the process, which is no mistake of theirs. What comes to nothing because the host's call is denied (fork, execve) is made.
    static let leftOut: Set<String> = ["exit", "exit_group"]

    /// Calls after which little else can be done: they close what is open, or most calls are answered by a filter or a signal.
    private static let rare: Set<String> = ["close_range", "seccomp", "rt_sigreturn", "sigreturn", "breakpoint", "chdir", "fchdir", "setrlimit"]

    init(_ random: RandomSource, _ arena: GuestArena, _ table: CallTable) {
        self.random = random
        self.arena = arena
        rows = table.numbered.filter { !CallMaker.leftOut.contains($0.call.name) }
        controls = ControlTable.numbers(wordSize: arena.wordSize)
    }

    /// The index of a row, nil for none; number and arguments of the call.
    mutating func next() -> (row: Int?, registers: SystemCallRegisters) {
        if random.chance(200) {
            return (
                nil,
                SystemCallRegisters(number: random.nasty() & arena.mask, arguments: [number(), number(), number(), number(), number(), number()])
            )
        }
        var row = random.below(rows.count)
        if CallMaker.rare.contains(rows[row].call.name), !random.chance(12) { row = random.below(rows.count) }
        return (row, registers(rows[row].number, rows[row].call))
    }

    private mutating func registers(_ number: Int, _ call: SystemCall) -> SystemCallRegisters {
        var words = [UInt64](repeating: 0, count: 6)
        let kinds = call.arguments
        // Sizes and counts come first: buffers are made to fit.
        for (index, kind) in kinds.enumerated() where index < 6 && !kind.isMemory { words[index] = plain(kind, call.name) }
        for (index, kind) in kinds.enumerated() where index < 6 && kind.isMemory { words[index] = place(kind, words, call.name, index) }
        if random.chance(3) { special(call.name, &words) }
        if random.chance(24) { words[random.below(6)] = self.number() }
        if arena.wordSize == 4 { spread(call, &words) }
        return SystemCallRegisters(
            number: UInt64(number), arguments: [words[0], words[1], words[2], words[3], words[4], words[5]])
    }

    /// A row counts a number of 64 bits once; a 32-bit guest has it in two registers.
    private mutating func spread(_ call: SystemCall, _ words: inout [UInt64]) {
        var registers: [UInt64] = []
        for (index, kind) in call.arguments.enumerated() where index < 6 {
            registers.append(words[index] & 0xffff_ffff)
            if case .wide = kind {
                if registers.count % 2 == 0, arena.pairsAreAligned { registers.insert(0, at: registers.count - 1) }
                registers.append(words[index] >> 32)
            }
        }
        while registers.count < 6 { registers.append(number() & 0xffff_ffff) }
        words = Array(registers.prefix(6))
    }

    // MARK: Numbers

    /// A number of any kind, which may be an address.
    mutating func number() -> UInt64 {
        switch random.below(6) {
        case 0: UInt64(random.below(4))
        case 1: UInt64(random.below(300))
        case 2: arena.harmless(random.nasty())
        case 3: 1 << UInt64(random.below(8 * arena.wordSize))
        case 4: UInt64(bitPattern: Int64(-1 - random.below(3))) & arena.mask
        default: pointer(64)
        }
    }

    mutating func descriptor() -> UInt64 {
        switch random.below(16) {
        case 0: UInt64(bitPattern: -1) & arena.mask
        case 1: UInt64(bitPattern: -100) & arena.mask
        case 2: UInt64(random.below(120))
        case 3: random.nasty() & arena.mask
        default: UInt64(RoundWorld.descriptors.lowerBound + random.below(RoundWorld.descriptors.count))
        }
    }

    /// How much a buffer holds, or is said to hold.
    mutating func size() -> UInt64 {
        switch random.below(12) {
        case 0: 0
        case 1: arena.harmless(random.nasty())
        case 2: 4096
        case 3: 8
        case 4: 0x2000 + UInt64(random.below(4))
        default: UInt64(random.below(random.chance(2) ? 128 : 3000))
        }
    }

    private mutating func named(_ names: ValueNames) -> UInt64 {
        let (values, flags) = names.choices
        var value = values.isEmpty ? 0 : values[random.below(values.count)]
        for flag in flags where random.chance(1 + flags.count / 2) { value |= flag }
        return random.chance(16) ? random.nasty() & arena.mask : value
    }

    private mutating func plain(_ kind: Argument, _ name: String) -> UInt64 {
        switch kind {
        case .fd: descriptor()
        case .size: ["prctl", "keyctl", "mmap", "mremap", "munmap", "mprotect"].contains(name) ? mixed() : size()
        case .long, .wide, .lowHalf, .highHalf: random.chance(3) ? arena.harmless(random.nasty()) : UInt64(random.below(9000))
        case .octal: UInt64(random.below(0o10000))
        case .signal: random.chance(8) ? random.nasty() & arena.mask : UInt64(random.below(66))
        case .openFlags: UInt64(random.below(4)) | 1 << UInt64(random.below(24)) | (random.chance(2) ? 0o100 : 0)
        case .named(let names): named(names)
        case .control: random.chance(20) ? random.nasty() & arena.mask : UInt64(controls[random.below(controls.count)])
        default: random.chance(2) ? UInt64(random.below(10)) : number()
        }
    }

    /// A small number, pages, or an address.
    private mutating func mixed() -> UInt64 {
        switch random.below(4) {
        case 0: UInt64(random.below(80))
        case 1: 4096 * UInt64(random.below(6))
        case 2: number()
        default: pointer(256)
        }
    }

    // MARK: Addresses

    /// An address with so many bytes of room, most of the time; else one where they are not, or not all.
    mutating func pointer(_ size: UInt64) -> UInt64 {
        let room = arena.rooms[random.below(arena.rooms.count)], end = room + GuestArena.roomSize
        let size = min(size, GuestArena.roomSize)
        switch random.below(100) {
        case 0..<60: return room + UInt64(random.below(Int(GuestArena.roomSize - size + 1))) & ~7
        case 60..<72: return end - size
        case 72..<80: return end - UInt64(random.below(Int(size) + 1))
        case 80..<84: return arena.readOnly + UInt64(random.below(4096)) & ~7
        case 84..<88: return arena.hole
        case 88..<91: return 0
        case 91..<94: return (arena.memory.limit &- UInt64(random.below(64))) & arena.mask
        case 94..<97: return arena.harmless(random.nasty())
        default: return given.isEmpty ? room : given[random.below(given.count)]
        }
    }

    /// The address of a page.
    private mutating func page() -> UInt64 {
        let place = pointer(4096)
        return random.chance(12) ? place : place & ~4095
    }

    private mutating func place(_ kind: Argument, _ words: [UInt64], _ name: String, _ index: Int) -> UInt64 {
        switch kind {
        case .path, .newPath, .string: return text()
        case .buffer(let size): return pointer(words[size])
        case .bytes(let size):
            let place = pointer(words[size])
            scribble(place, 64)
            return place
        case .written(let size): return pointer(UInt64(min(size, 4096)))
        case .vector(let count), .remoteVector(let count): return vector(Int(truncatingIfNeeded: words[count] & 0x7ff))
        case .message: return message(random.chance(2) ? 1 : 3)
        case .structure(let structure, _): return structured(structure)
        case .socketAddress(let size): return socketAddress(words[size])
        case .place, .mapping: return page()
        default:
            if ["munmap", "mprotect", "madvise", "mseal", "shmdt", "shmat"].contains(name) { return page() }
            let place = pointer(128)
            scribble(place, 192)
            return place
        }
    }

    // MARK: What lies there

    /// Words of every kind, as far as there is room.
    mutating func scribble(_ address: UInt64, _ count: UInt64) {
        for offset in stride(from: 0, to: count, by: arena.wordSize) {
            if random.chance(3) { continue }
            arena.put(word: random.chance(3) ? 0 : number(), at: address &+ offset)
        }
    }

    /// Fields with small numbers: times that are soon over, most of them.
    private mutating func structured(_ structure: SharedStructure) -> UInt64 {
        let size = structure.size(wordSize: arena.wordSize)
        let place = pointer(UInt64(size))
        var bytes = [UInt8](repeating: 0, count: size)
        let fields = arena.wordSize == 8 ? structure.host.fields : structure.narrow.fields
        for field in fields where field.size <= 8 {
            let value = random.chance(8) ? number() : random.chance(2) ? 0 : UInt64(random.below(1000))
            for index in 0..<field.size { bytes[field.offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        arena.put(bytes, at: place)
        return place
    }

    mutating func vector(_ count: Int) -> UInt64 {
        let shown = UInt64(min(count, 12)), step = 2 * UInt64(arena.wordSize)
        let place = pointer(step * UInt64(count))
        for item in 0..<shown {
            let size = random.chance(10) ? arena.harmless(random.nasty()) : UInt64(random.below(600))
            arena.put(word: pointer(size), at: place &+ step * item)
            arena.put(word: size, at: place &+ step * item &+ step / 2)
        }
        return place
    }

    private static let texts = [
        "file", "dir", "dir/inner", "link", "loop", "fifo", "script", "script2", "program", "new", "new2", ".", "..", "/", "", "dir/../file",
        "absent/x",
        "/proc/self/maps", "/proc/self/exe", "/proc/self/stat", "/proc/self/smaps", "/proc/self/pagemap", "/proc/self/cmdline", "/proc/self/auxv",
        "/proc/cpuinfo", "/proc/self/comm", "/proc/self/status", "/proc/1/maps", "/proc/thread-self/maps", "/proc/self/task/1/stat",
        "/proc/self/fd/3",
        "/proc/self/fd/99", "/proc/self/task/../exe", "/proc//self/./maps", "/dev/null", "/dev/zero", "/dev/full", "/dev/ptmx", "/dev/pts/0",
        "user.name",
        "user", "tmpfs", "keyring", "/queue", "eth0", "lo",
    ]

    /// The address of a string: a path, bytes that are no text, or more than any path has.
    mutating func text() -> UInt64 {
        var bytes = Array(CallMaker.texts[random.below(CallMaker.texts.count)].utf8)
        if random.chance(20) { bytes = (0..<random.below(40)).map { _ in UInt8(1 + random.below(255)) } }
        if random.chance(40) { bytes = [UInt8](repeating: 0x2f, count: 4090 + random.below(12)) }
        let place = pointer(UInt64(bytes.count + 1))
        arena.put(bytes + [0], at: place)
        return place
    }

    private mutating func socketAddress(_ size: UInt64) -> UInt64 {
        let families: [UInt8] = [1, 1, 2, 10, 16, 17, 0]
        let place = pointer(min(size, 128))
        let name: [UInt8] = random.chance(2) ? [0, 120, 121] : Array("socket\0".utf8)
        let port: [UInt8] = [0x1f, UInt8(random.below(256)), 127, 0, 0, 1, 0, 0]
        let family = families[random.below(families.count)]
        arena.put([family, 0] + (family == 1 ? name : port), at: place)
        return place
    }
}

extension Argument {
    /// Whether it is the address of something that is there.
    fileprivate var isMemory: Bool {
        switch self {
        case .path, .newPath, .string, .pointer, .written, .buffer, .bytes, .vector, .remoteVector, .message, .structure, .socketAddress, .place,
            .mapping:
            true
        case .fd, .int, .long, .size, .octal, .signal, .openFlags, .wide, .lowHalf, .highHalf, .named, .control: false
        }
    }
}
