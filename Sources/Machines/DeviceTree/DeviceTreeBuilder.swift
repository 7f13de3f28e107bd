import CLibFDT
import Diagnostics

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
        var blob = [UInt8](repeating: 0, count: DeviceTreeNode.maxBytes)
        let size = unsafe blob.withUnsafeMutableBytes { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            guard unsafe fdt_create(base, Int32(buffer.count)) == 0, unsafe fdt_finish_reservemap(base) == 0 else { return nil }
            guard unsafe write(base), unsafe fdt_finish(base) == 0 else { return nil }
            // Byte 4 on holds the total size.
            return unsafe Int(UInt32(bigEndian: base.load(fromByteOffset: 4, as: UInt32.self)))
        }
        guard let size else { throw .tooLarge }
        return Array(blob.prefix(size))
    }

    private func write(_ blob: UnsafeMutableRawPointer) -> Bool {
        guard unsafe fdt_begin_node(blob, name) == 0 else { return false }
        for property in properties {
            guard unsafe fdt_property(blob, property.name, property.value, Int32(property.value.count)) == 0 else { return false }
        }
        for child in children {
            guard unsafe child.write(blob) else { return false }
        }
        return unsafe fdt_end_node(blob) == 0
    }
}
