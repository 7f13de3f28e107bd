import Diagnostics
import FlatTree

/// A node of a device tree (Devicetree Specification v0.4, chapter 2).
public struct DeviceTreeNode: Sendable {
    public var name: String
    public private(set) var properties: [(name: String, value: [UInt8])] = []
    public var children: [DeviceTreeNode] = []

    public init(_ name: String) { self.name = name }

    public mutating func set(_ property: String, bytes: [UInt8] = []) {
        if let index = properties.firstIndex(where: { $0.name == property }) {
            properties[index].value = bytes
        } else {
            properties.append((property, bytes))
        }
    }

    /// 32-bit cells.
    public mutating func set(_ property: String, cells: [UInt32]) { set(property, bytes: cells.flatMap(DeviceTreeNode.bigEndian)) }

    /// Pairs of 32-bit cells.
    public mutating func set(_ property: String, wideCells: [UInt64]) {
        set(property, cells: wideCells.flatMap { [UInt32($0 >> 32), UInt32(truncatingIfNeeded: $0)] })
    }

    /// One or several zero-terminated strings.
    public mutating func set(_ property: String, strings: String...) { set(property, bytes: strings.flatMap { Array($0.utf8) + [0] }) }

    /// Changes the node at a path below this one; what is missing on the way is made.
    public mutating func set(_ path: ArraySlice<String>, _ change: (inout DeviceTreeNode) -> Void) {
        guard let name = path.first else { return change(&self) }
        let index = children.firstIndex { $0.name == name } ?? children.endIndex
        if index == children.endIndex { children.append(DeviceTreeNode(name)) }
        children[index].set(path.dropFirst(), change)
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
}

public enum DeviceTreeError: ExplainedError {
    case tooLarge
    case broken(String)

    public var cause: String {
        switch self {
        case .tooLarge: "the device tree does not fit in \(DeviceTreeNode.maxBytes >> 20) MiB"
        case .broken(let reason): "the device tree is broken: \(reason)"
        }
    }
    public var remedy: String? {
        switch self {
        case .tooLarge: nil
        case .broken: "give a blob that dtc has made (dtc -O dtb)"
        }
    }
}

extension DeviceTreeNode {
    static let maxBytes = 2 << 20

    /// The tree with this node as its root, as a blob.
    public func flattened() throws(DeviceTreeError) -> [UInt8] {
        do {
            var writer = try FlatTreeWriter(capacity: DeviceTreeNode.maxBytes)
            try write(to: &writer)
            return try writer.finish()
        } catch { throw .tooLarge }
    }

    private func write(to writer: inout FlatTreeWriter) throws(FlatTreeError) {
        try writer.beginNode(name)
        for property in properties { try writer.property(property.name, property.value) }
        for child in children { try child.write(to: &writer) }
        try writer.endNode()
    }
}
