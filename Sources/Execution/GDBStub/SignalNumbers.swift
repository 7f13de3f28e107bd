/// gdb has numbers of its own for signals (include/gdb/signals.def in its sources); Linux's are those of asm-generic.
public enum SignalNumbers {
    /// By Linux's number. 16, SIGSTKFLT, is unknown to gdb.
    private static let first: [UInt8] = [
        0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, unknown, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
    ]
    private static let unknown: UInt8 = 143

    public static func gdb(_ signal: Int32) -> UInt8 {
        switch signal {
        case 0..<32: first[Int(signal)]
        case 32: 77
        case 33..<64: UInt8(signal - 33 + 45)
        case 64: 78
        default: unknown
        }
    }

    /// Nil for signals that Linux does not have.
    public static func linux(_ number: UInt64) -> Int32? {
        (0...64).first { $0 != 16 && UInt64(gdb($0)) == number }
    }
}
