import CPUModel
import Glibc

/// riscv_hwprobe (Linux, arch/riscv/kernel/sys_hwprobe.c): pairs of a key and a value, 8 bytes each.
enum ProbeCalls {
    /// RISCV_HWPROBE_WHICH_CPUS: asks which processors have the values, instead of for the values.
    private static let whichProcessors: UInt64 = 1

    @Sendable static func probe(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        switch call[4] & 0xffff_ffff {
        case 0: values(thread, call)
        case whichProcessors: processors(thread, call)
        default: -Int64(EINVAL)
        }
    }

    /// All processors are alike, so the set only has to name one that there is.
    private static func values(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[2] != 0 || call[3] != 0 {
            guard let set = set(thread, call) else { return -Int64(EFAULT) }
            guard zip(set, online()).contains(where: { $0 & $1 != 0 }) else { return -Int64(EINVAL) }
        }
        for index in 0..<call[1] {
            let place = call[0] &+ 16 &* index
            guard let key = thread.memory.load(place, size: 8) else { return -Int64(EFAULT) }
            let answer = value(thread, key)
            guard thread.memory.store(place, answer == nil ? .max : key, size: 8), thread.memory.store(place &+ 8, answer?.word ?? 0, size: 8)
            else { return -Int64(EFAULT) }
        }
        return 0
    }

    /// An empty set stands for all; what is left of it are those with all the values.
    private static func processors(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[2] == 0 || call[3] == 0 { return -Int64(EINVAL) }
        guard var set = set(thread, call) else { return -Int64(EFAULT) }
        if !set.contains(where: { $0 != 0 }) { set = [UInt8](repeating: 0xff, count: set.count) }
        set = zip(set, online()).map { $0 & $1 }
        var isMatch = true
        for index in 0..<call[1] {
            let place = call[0] &+ 16 &* index
            guard let key = thread.memory.load(place, size: 8), let wanted = thread.memory.load(place &+ 8, size: 8) else { return -Int64(EFAULT) }
            if let answer = value(thread, key) {
                isMatch = isMatch && (answer.isBits ? answer.word & wanted == wanted : answer.word == wanted)
            } else {
                isMatch = false
                guard thread.memory.store(place, .max, size: 8), thread.memory.store(place &+ 8, 0, size: 8) else { return -Int64(EFAULT) }
            }
        }
        return thread.memory.write(isMatch ? set : [UInt8](repeating: 0, count: set.count), at: call[3]) ? 0 : -Int64(EFAULT)
    }

    private static func value(_ thread: LinuxThread, _ key: UInt64) -> (word: UInt64, isBits: Bool)? {
        switch thread.abi.hardwareProbe(thread.cpu, key: Int64(bitPattern: key)) {
        case .bits(let word): (word, true)
        case .value(let word): (word, false)
        case .highestAddress: (thread.memory.limit - 1, false)
        case nil: nil
        }
    }

    /// The set of processors that the program gave, as far as there can be processors.
    private static func set(_ thread: LinuxThread, _ call: SystemCallRegisters) -> [UInt8]? {
        thread.memory.bytes(at: call[3], count: Int(min(call[2], UInt64(online().count))))
    }

    /// The host's processors as `/proc/cpuinfo` counts them, one bit each.
    private static func online() -> [UInt8] {
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return (0..<128).map { byte in (0..<8).reduce(0) { 8 * byte + $1 < count ? $0 | 1 << UInt8($1) : $0 } }
    }
}
