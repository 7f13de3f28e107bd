import BlockCore
import BlockFormats
import Diagnostics
import HostOS
import QAPI

/// An open image as the machine protocol knows it: a node's name, and what it stands on.
final class ImageNode {
    let graph: GraphNode
    var options: ImageOptions
    let engine: BlockSetup.EngineKind?
    /// What it stands on, if that has a node.
    var backing: ImageNode?
    /// The monitor has made it and takes it away. Others go when nothing stands on them any more.
    let isNamed: Bool
    /// `snapshot=on`.
    var isTemporary: Bool { graph.image is SnapshotOverlay }

    var name: String { graph.name }
    var image: any BlockNode { graph.image }
    var qcow2: QCOW2Image? { graph.image as? QCOW2Image }
    /// The file that it is in.
    var path: String { qcow2?.path ?? options.path }
    /// What that file holds.
    var format: ImageOptions.Format { qcow2 == nil ? .raw : .qcow2 }
    /// The image and what it stands on.
    var chain: [ImageNode] { [self] + (backing?.chain ?? []) }

    init(_ image: any BlockNode, name: String, options: ImageOptions, engine: BlockSetup.EngineKind?, backing: ImageNode?, isNamed: Bool) {
        graph = GraphNode(image, name: name)
        graph.zeroDetection = options.zeroDetection
        (self.options, self.engine, self.backing, self.isNamed) = (options, engine, backing, isNamed)
    }
}

/// What a device stands on: of `-drive`, or made when a device takes a node of `-blockdev`.
final class Drive {
    /// What devices call it: the id of `-drive`, or the node that a device has taken.
    let id: String
    /// Of `-drive`, not of `-blockdev`.
    private(set) var isNamed: Bool
    /// Counts requests; the image below changes when the graph does.
    let account: AccountedNode
    /// Nil for a drive without a medium.
    private(set) var node: ImageNode?
    /// What it stood on first, as the command line has it.
    let first: ImageNode?
    /// `media=cdrom`, or of a device for discs.
    var isDisc = false
    /// How media that come later are opened.
    var mediumOptions: ImageOptions?
    var reads = ErrorAction.report
    var writes = ErrorAction.enospc
    /// Deals with errors for the device that has it.
    var policy: ErrorPolicy?
    /// The device's id, or its path.
    var device: String?
    /// Where the device has its medium, if that can be exchanged.
    weak var slot: (any MediumSlot)?
    /// The device hears of another size.
    var sizeChanged: (() -> Void)?
    var isTaken: Bool { policy != nil }

    /// Another drive may have its id from now on.
    func loseName() { isNamed = false }

    /// What clients call it: "" for what `-blockdev` or a device has made.
    var publicName: String { isNamed ? id : "" }

    init(_ id: String, _ node: ImageNode?, isNamed: Bool, account: AccountedNode) {
        (self.id, self.node, self.isNamed, self.account, first) = (id, node, isNamed, account, node)
    }

    /// Stands on another image from now on, or has no medium. Nothing is under way.
    func stand(on node: ImageNode?) {
        self.node = node
        account.stand(on: node?.graph)
    }
}

/// Nodes and who stands on them.
extension BlockSetup {
    func node(_ name: String) -> ImageNode? { nodes.first { $0.name == name } }

    /// The nodes that stand on another one.
    func parents(of node: ImageNode) -> [ImageNode] { nodes.filter { $0.backing === node } }

    func drive(on node: ImageNode) -> Drive? { drives.first { $0.node === node } }

    /// The node of a drive, of a device or of a name, as commands' `device` means it.
    func device(_ name: String) throws(QAPIError) -> ImageNode {
        if let drive = drives.first(where: { $0.isNamed && $0.id == name || $0.device == name }) {
            guard let node = drive.node else { throw QAPIError(.generic, "Device '\(name)' has no medium") }
            return node
        }
        if let node = node(name) { return node }
        throw QAPIError(.generic, "Cannot find device='\(name)' nor node-name='\(name)'")
    }

    func existingNode(_ name: String) throws(QAPIError) -> ImageNode {
        guard let node = node(name) else { throw QAPIError(.generic, "Cannot find device='' nor node-name='\(name)'") }
        return node
    }

    /// Makes what is in a chain known, with names for what has none.
    func register(_ top: ImageNode) { for node in top.chain where !nodes.contains(where: { $0 === node }) { nodes.append(node) } }

    func nextName() -> String {
        defer { named += 1 }
        return "#block\(100 + named)"
    }

    /// Closes what nobody has named and nothing stands on any more.
    func dropUnused(_ chain: [ImageNode]) {
        for node in chain where !node.isNamed && parents(of: node).isEmpty && drive(on: node) == nil && nodes.contains(where: { $0 === node }) {
            nodes.removeAll { $0 === node }
            do { try close(node) } catch { warn("\(error)") }
        }
    }

    /// What a node has been given is on the disk, and others may have the file, when this returns.
    func close(_ node: ImageNode) throws(HostError) {
        if isInactive { return }
        if let image = node.qcow2 { try image.close() } else { try node.image.setActive(false) }
    }

    /// What has been written to a node is on stable storage when this returns.
    func settle(_ node: ImageNode) throws(HostError) {
        if node.graph.isReadOnly { return }
        try node.qcow2?.writeEverything()
        try node.graph.wait("flush '\(node.options.path)'", node.graph.flush)
    }
}
