import BlockCore
import PlatformDevices
import StorageDevices

/// The slot for a memory card on a Versatile Express motherboard, of which SYS_MCI tells whether it has one.
final class CardSlot: MediumSlot {
    private let node: any BlockNode
    private let controller: PL180
    private let system: VersatileExpressSystem

    init(_ node: any BlockNode, _ controller: PL180, _ system: VersatileExpressSystem) {
        (self.node, self.controller, self.system) = (node, controller, system)
    }

    var isTrayOpen: Bool? { nil }
    var isMediumLocked: Bool { false }
    var onTrayMoved: (Bool) -> Void {
        get { { _ in } }
        set {}
    }
    func askForMedium(force: Bool) {}

    func noteMedium(isIn: Bool) {
        controller.insert(isIn ? SDCard(node: node) : nil)
        (system.hasCard, system.cardIsReadOnly) = (isIn, isIn && node.isReadOnly)
    }

    func complaint(_ medium: any BlockNode) -> String? { CardSlot.complaint(medium) }

    static func complaint(_ medium: any BlockNode) -> String? {
        if medium.size > 0, medium.size % SDCard.unit == 0 { return nil }
        return "a memory card has a multiple of \(SDCard.unit) bytes, not \(medium.size)"
    }
}
