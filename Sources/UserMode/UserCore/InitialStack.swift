import CPUModel
import Glibc
import HostOS
import UserExecution

/// Where things are on a new program's stack, for `/proc/self`.
public struct WrittenStack: Sendable {
    public var pointer: UInt64 = 0
    /// The texts of arguments and environment: first byte, and behind the last.
    public var arguments: (start: UInt64, end: UInt64) = (0, 0), environment: (start: UInt64, end: UInt64) = (0, 0)
    /// The auxiliary vector as it was written.
    public var auxiliary: [UInt8] = []

    public init() {}

    init(pointer: UInt64, arguments: (start: UInt64, end: UInt64), environment: (start: UInt64, end: UInt64), auxiliary: [UInt8]) {
        self.pointer = pointer
        self.arguments = arguments
        self.environment = environment
        self.auxiliary = auxiliary
    }
}

/// The stack of a new program: arguments, environment and the auxiliary vector (System V ABI; fs/binfmt_elf.c).
public struct InitialStack {
    public let program: LoadedProgram
    public let arguments: [[UInt8]]
    public let environment: [[UInt8]]
    /// AT_EXECFN.
    public let path: [UInt8]
    public let capabilities: (UInt64, UInt64)
    public let platform: String?
    /// AT_MINSIGSTKSZ.
    public let smallestSignalStack: Int
    /// AT_SYSINFO_EHDR: where the vdso is.
    public let kernelObject: UInt64
    /// Bytes of a pointer.
    public let wordSize: Int

    public init(
        program: LoadedProgram, arguments: [[UInt8]], environment: [[UInt8]], path: [UInt8], capabilities: (UInt64, UInt64), platform: String?,
        smallestSignalStack: Int, kernelObject: UInt64, wordSize: Int = 8
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.path = path
        self.capabilities = capabilities
        self.platform = platform
        self.smallestSignalStack = smallestSignalStack
        self.kernelObject = kernelObject
        self.wordSize = wordSize
    }

    /// Writes it below `top`; nil if it does not fit.
    public func write(to memory: GuestMemory, below top: UInt64) -> WrittenStack? {
        var place = top - 16
        func push(_ bytes: [UInt8]) -> UInt64? {
            guard UInt64(bytes.count) < place, memory.write(bytes, at: place - UInt64(bytes.count)) else { return nil }
            place -= UInt64(bytes.count)
            return place
        }
        // What does not fit ends it: nothing is written behind the page below the stack.
        func pushAll(_ texts: [[UInt8]]) -> [UInt64]? {
            var places: [UInt64] = []
            for text in texts.reversed() {
                guard let place = push(text + [0]) else { return nil }
                places.append(place)
            }
            return places.reversed()
        }
        guard let name = push(path + [0]) else { return nil }
        let platformName = platform.flatMap { push(Array($0.utf8) + [0]) }
        guard let random = push(hostRandomBytes(16)), let environmentPlaces = pushAll(environment), let argumentPlaces = pushAll(arguments) else {
            return nil
        }
        var words = [UInt64(arguments.count)]
        words += argumentPlaces + [0] + environmentPlaces + [0]
        let vector = auxiliary(name: name, random: random, platform: platformName).flatMap { [$0.0, $0.1] }
        words += vector
        let size = UInt64(wordSize * words.count)
        guard size < place else { return nil }
        let pointer = (place - size) & ~15
        guard memory.write(bytes(words), at: pointer) else { return nil }
        let end = argumentPlaces.isEmpty ? random : argumentPlaces[0] + UInt64(arguments.reduce(0) { $0 + $1.count + 1 })
        return WrittenStack(
            pointer: pointer, arguments: (argumentPlaces.first ?? end, end),
            environment: (end, end + UInt64(environment.reduce(0) { $0 + $1.count + 1 })), auxiliary: bytes(vector))
    }

    private func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<wordSize).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
    }

    private func auxiliary(name: UInt64, random: UInt64, platform: UInt64?) -> [(UInt64, UInt64)] {
        var vector: [(UInt64, UInt64)] = [
            (3, program.headers), (4, UInt64(program.headerSize)), (5, UInt64(program.headerCount)), (6, 4096), (7, program.interpreterBase),
            (8, 0), (9, program.entry), (11, UInt64(getuid())), (12, UInt64(geteuid())), (13, UInt64(getgid())), (14, UInt64(getegid())),
            (16, capabilities.0), (17, UInt64(sysconf(Int32(_SC_CLK_TCK)))), (23, getuid() != geteuid() || getgid() != getegid() ? 1 : 0),
            (25, random), (26, capabilities.1),
            (31, name), (33, kernelObject), (51, UInt64(smallestSignalStack)),
        ]
        if let platform { vector.append((15, platform)) }
        vector.append((0, 0))
        return vector
    }
}
