import CPUModel
import Glibc
import UserExecution

/// keyctl: which of its arguments are pointers depends on the operation (include/uapi/linux/keyctl.h).
enum KeyCalls {
    /// For each operation the indices of the arguments that are pointers; the others have none.
    private static let pointers: [Int: [Int]] = [
        1: [1], 2: [2], 6: [2], 10: [2, 3], 11: [2], 12: [2], 17: [2], 20: [2], 23: [1, 2, 4], 24: [3, 4], 25: [1, 2, 3, 4],
        26: [1, 2, 3, 4], 27: [1, 2, 3, 4], 28: [1, 2, 3, 4], 29: [2, 3], 31: [1],
    ]
    private enum Operation { static let instantiateVector = 20, computeDH = 23 }

    @Sendable static func keyctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let operation = Int(Int32(truncatingIfNeeded: call[0]))
        var words: InlineArray<6, Int> = [operation, 0, 0, 0, 0, 0]
        for index in 1..<5 { words[index] = Int(truncatingIfNeeded: call[index]) }
        for index in pointers[operation] ?? [] {
            guard let host = thread.hostWord(call[index]) else { return -Int64(EFAULT) }
            words[index] = host
        }
        // The hash's name lies behind another pointer.
        if operation == Operation.computeDH, thread.memory.base != 0, call[4] != 0 { return -Int64(EOPNOTSUPP) }
        var temporary = PassedArguments()
        if operation == Operation.instantiateVector {
            guard let vector = temporary.word(.vector(count: 3), 2, call, thread) else { return -Int64(EFAULT) }
            words[2] = vector
        }
        return withExtendedLifetime(temporary) { thread.hostCall(250, words) }
    }
}
