import BlockCore
import MachineModel
import StorageDevices

/// A board's slot for a memory card.
final class CardSlot: MediumSlot {
    private let node: any BlockNode
    private let put: (SDCard?) -> Void

    /// - Parameter put: a card comes, or goes (nil).
    init(_ node: any BlockNode, _ put: @escaping (SDCard?) -> Void) throws(MachineError) {
        (self.node, self.put) = (node, put)
        if node.hasMedium, complaint(node) != nil { throw .badCard(bytes: node.size, unit: SDCard.unit) }
        noteMedium(isIn: node.hasMedium)
    }

    var isTrayOpen: Bool? { nil }
    var isMediumLocked: Bool { false }
    var onTrayMoved: (Bool) -> Void {
        get { { _ in } }
        set {}
    }
    func askForMedium(force: Bool) {}

    func noteMedium(isIn: Bool) { put(isIn ? SDCard(node: node) : nil) }

    func complaint(_ medium: any BlockNode) -> String? {
        if medium.size > 0, medium.size % SDCard.unit == 0 { return nil }
        return "a memory card has a multiple of \(SDCard.unit) bytes, not \(medium.size)"
    }
}
