/// The architecture's features that an element may have, one bit each, by the names of the Arm ARM (DDI 0487, chapter A2) without FEAT_.
public struct Features: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    private static func bit(_ index: Int) -> Features { .init(rawValue: 1 << UInt64(index)) }
    public static let aes = bit(0), pmull = bit(1), sha1 = bit(2), sha256 = bit(3), sha512 = bit(4), sha3 = bit(5), sm3 = bit(6), sm4 = bit(7)
    public static let crc32 = bit(8), lse = bit(9), lse2 = bit(10), rdm = bit(11), fp16 = bit(12), dotprod = bit(13), fcma = bit(14)
    public static let jscvt = bit(15), lrcpc = bit(16), lrcpc2 = bit(17), i8mm = bit(18), bf16 = bit(19), flagm = bit(20), flagm2 = bit(21)
    public static let frintts = bit(22), pauth = bit(23), bti = bit(24), rng = bit(25), dpb = bit(26), dpb2 = bit(27), sb = bit(28)
    public static let ssbs = bit(29), dit = bit(30), lor = bit(31), fhm = bit(32)
    public static let pan = bit(33), uao = bit(34), vhe = bit(35), hafdbs = bit(36), hpds = bit(37), granule16 = bit(38)
    public static let csv3 = bit(39), pan2 = bit(41)
    /// Not of the core but of its surroundings: the interrupt controller's system registers.
    public static let gic = bit(40)
}
