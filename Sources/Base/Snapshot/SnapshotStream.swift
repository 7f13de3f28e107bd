import Diagnostics

public enum SnapshotError: ExplainedError, Equatable {
    case cutOff
    case notASnapshot
    case newer(version: Int, known: Int)
    case missing(String)
    case wrongType(String)
    case broken(rule: String)
    case leftOver(String)

    public var cause: String {
        switch self {
        case .cutOff: "the snapshot is cut off"
        case .notASnapshot: "this is no snapshot"
        case .newer(let version, let known): "the snapshot has version \(version), and versions up to \(known) are known"
        case .missing(let field): "the snapshot has no field '\(field)'"
        case .wrongType(let field): "the snapshot's field '\(field)' has another type"
        case .broken(let rule): "the snapshot breaks a rule: \(rule)"
        case .leftOver(let field): "the snapshot has a field '\(field)' that nothing here knows"
        }
    }
    public var remedy: String? { nil }
}

/// Bytes of a snapshot: "APUS", a version, then fields. Each has a name (length and bytes), the width of its numbers in bytes with the top
/// bit set for signed ones, how many there are, and the numbers, little-endian. A single number is a list of one.
private enum Stream {
    static let magic = Array("APUS".utf8)
    static let version = 1
    static let signed: UInt8 = 0x80

    static func tag<Number: FixedWidthInteger>(_ type: Number.Type) -> UInt8 { UInt8(Number.bitWidth / 8) | (Number.isSigned ? signed : 0) }
}

/// Writes fields down.
public struct SnapshotWriter: FieldVisitor {
    public private(set) var bytes: [UInt8]
    private var path: [String] = []
    public let isReading = false

    public init() { bytes = Stream.magic + [UInt8(Stream.version)] }

    private mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        for index in 0..<Number.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> Number(8 * index))) }
    }

    public mutating func field<Number: FixedWidthInteger>(_ name: String, _ values: inout [Number]) {
        let name = Array((path + [name]).joined(separator: ".").utf8)
        append(UInt16(name.count))
        bytes += name
        bytes.append(Stream.tag(Number.self))
        append(UInt32(values.count))
        for value in values { append(value) }
    }

    public mutating func field<Number: FixedWidthInteger>(_ name: String, _ value: inout Number) {
        var list = [value]
        field(name, &list)
    }

    public mutating func open(_ name: String) { path.append(name) }
    public mutating func close() { path.removeLast() }
    public mutating func check(_ rule: String, _ holds: @autoclosure () -> Bool) {}
}

/// Fills fields in from a snapshot's bytes, which may be damaged: every length is checked.
public struct SnapshotReader: FieldVisitor {
    private struct Entry {
        let tag: UInt8
        let count: Int
        /// Where its numbers begin.
        let start: Int
    }

    private let bytes: [UInt8]
    private var entries: [String: Entry] = [:]
    private var path: [String] = []
    private var error: SnapshotError?
    public let isReading = true
    public let version: Int

    /// - Parameter version: that of the state which has been written down.
    public init(_ bytes: [UInt8], version: Int = .max) throws(SnapshotError) {
        self.bytes = bytes
        self.version = version
        guard bytes.starts(with: Stream.magic) else { throw .notASnapshot }
        var position = Stream.magic.count
        let format = Int(try number(&position, UInt8.self))
        guard format <= Stream.version else { throw .newer(version: format, known: Stream.version) }
        while position < bytes.count {
            let length = Int(try number(&position, UInt16.self))
            guard bytes.count - position >= length else { throw .cutOff }
            let name = String(decoding: bytes[position..<position + length], as: UTF8.self)
            position += length
            let tag = try number(&position, UInt8.self)
            let count = Int(try number(&position, UInt32.self))
            let width = Int(tag & ~Stream.signed)
            guard (1...8).contains(width) else { throw .wrongType(name) }
            guard count <= (bytes.count - position) / width else { throw .cutOff }
            entries[name] = Entry(tag: tag, count: count, start: position)
            position += count * width
        }
    }

    private func number<Number: FixedWidthInteger>(_ position: inout Int, _ type: Number.Type) throws(SnapshotError) -> Number {
        let width = Number.bitWidth / 8
        guard bytes.count - position >= width else { throw .cutOff }
        defer { position += width }
        return (0..<width).reduce(0) { $0 | Number(truncatingIfNeeded: bytes[position + $1]) << Number(8 * $1) }
    }

    public mutating func field<Number: FixedWidthInteger>(_ name: String, _ values: inout [Number]) {
        guard error == nil else { return }
        let name = (path + [name]).joined(separator: ".")
        guard let entry = entries.removeValue(forKey: name) else { return error = .missing(name) }
        guard entry.tag == Stream.tag(Number.self) else { return error = .wrongType(name) }
        var position = entry.start
        var list: [Number] = []
        for _ in 0..<entry.count {
            do { list.append(try number(&position, Number.self)) } catch { return self.error = error }
        }
        values = list
    }

    public mutating func field<Number: FixedWidthInteger>(_ name: String, _ value: inout Number) {
        var list = [value]
        field(name, &list)
        check("\(name) is one number", list.count == 1)
        if let first = list.first { value = first }
    }

    public mutating func open(_ name: String) { path.append(name) }
    public mutating func close() { path.removeLast() }

    public mutating func check(_ rule: String, _ holds: @autoclosure () -> Bool) {
        if error == nil, !holds() { error = .broken(rule: (path + [rule]).joined(separator: ": ")) }
    }

    /// Complains about what went wrong, and about fields that nobody asked for.
    public func finish() throws(SnapshotError) {
        if let error { throw error }
        if let name = entries.keys.min() { throw .leftOver(name) }
    }
}
