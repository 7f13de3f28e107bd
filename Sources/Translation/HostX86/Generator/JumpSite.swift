/// What generated code leaves in `CPUHeader.exitSite`: the jump that can be chained, and whether it leads forward in the guest's code.
///
/// A forward jump goes past the check for interrupts at the entry of the block that it is chained to. Every loop holds a jump that leads backward or
/// an indirect one, and those do not.
struct JumpSite {
    let rawValue: Int
    private static let forward = 1 << 30

    /// - Parameter place: offset of the displacement in the code memory, which has less than 1 GiB.
    init(_ place: Int, isForward: Bool) { rawValue = isForward ? place | JumpSite.forward : place }
    init(rawValue: Int) { self.rawValue = rawValue }

    var place: Int { rawValue & ~JumpSite.forward }
    var isForward: Bool { rawValue & JumpSite.forward != 0 }

    /// Bytes of the check at a block's entry: a comparison and a jump.
    static let checkBytes = 13
}
