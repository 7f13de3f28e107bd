/// A piece of ACPI Machine Language (ACPI 6.3, chapter 20): objects that systems interpret to learn what a board has.
public struct AML: Sendable {
    public let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private init(_ parts: [AML]) { bytes = parts.flatMap(\.bytes) }

    /// First bytes of what is built here (20.3, "AML Byte Stream Byte Values").
    private enum Op {
        static let zero: UInt8 = 0x00, one: UInt8 = 0x01, name: UInt8 = 0x08, byte: UInt8 = 0x0a, word: UInt8 = 0x0b, dword: UInt8 = 0x0c
        static let string: UInt8 = 0x0d, qword: UInt8 = 0x0e, scope: UInt8 = 0x10, buffer: UInt8 = 0x11, package: UInt8 = 0x12
        static let variablePackage: UInt8 = 0x13, method: UInt8 = 0x14, local0: UInt8 = 0x60, argument0: UInt8 = 0x68, store: UInt8 = 0x70
        static let and: UInt8 = 0x7b, or: UInt8 = 0x7d, notify: UInt8 = 0x86, doubleWordField: UInt8 = 0x8a, not: UInt8 = 0x92
        static let equal: UInt8 = 0x93, `if`: UInt8 = 0xa0, `else`: UInt8 = 0xa1, `return`: UInt8 = 0xa4
        /// In front of further ones.
        static let extended: UInt8 = 0x5b
        static let region: UInt8 = 0x80, field: UInt8 = 0x81, device: UInt8 = 0x82
    }

    // MARK: Encodings

    /// A package's length (20.2.4), which counts its own bytes, in front of what it holds.
    private static func sized(_ contents: [UInt8]) -> [UInt8] {
        for further in 0...3 {
            let total = contents.count + 1 + further
            if let length = length(total, further: further) { return length + contents }
        }
        preconditionFailure("a package of AML holds less than 256 MiB")
    }

    /// A length with so many bytes behind the first; nil if it has no room there.
    private static func length(_ value: Int, further: Int) -> [UInt8]? {
        if further == 0 { return value < 0x40 ? [UInt8(value)] : nil }
        guard value < 1 << (4 + 8 * further) else { return nil }
        return [UInt8(further << 6 | value & 0xf)] + (0..<further).map { UInt8(truncatingIfNeeded: value >> (4 + 8 * $0)) }
    }

    /// A field's bits, which are encoded as lengths are.
    private static func bits(_ count: Int) -> [UInt8] {
        (0...3).lazy.compactMap { length(count, further: $0) }.first ?? []
    }

    /// `NameString` (20.2.2) of a path such as `\_SB.PCI0`; segments are filled up with underscores.
    private static func path(_ text: String) -> [UInt8] {
        let isRooted = text.hasPrefix("\\")
        let segments = text.dropFirst(isRooted ? 1 : 0).split(separator: ".").map { segment in
            precondition((1...4).contains(segment.utf8.count), "a name's segment has up to four characters: \(text)")
            return Array(segment.utf8) + [UInt8](repeating: UInt8(ascii: "_"), count: 4 - segment.utf8.count)
        }
        let count: [UInt8] = segments.count == 1 ? [] : segments.count == 2 ? [0x2e] : [0x2f, UInt8(segments.count)]
        return (isRooted ? [UInt8(ascii: "\\")] : []) + count + segments.flatMap(\.self)
    }

    // MARK: Data

    /// A number, as short as it can be.
    public static func integer(_ value: UInt64) -> AML {
        switch value {
        case 0: AML([Op.zero])
        case 1: AML([Op.one])
        case ...0xff: AML([Op.byte] + littleEndian(UInt8(value)))
        case ...0xffff: AML([Op.word] + littleEndian(UInt16(value)))
        case ...0xffff_ffff: AML([Op.dword] + littleEndian(UInt32(value)))
        default: AML([Op.qword] + littleEndian(value))
        }
    }

    public static func string(_ text: String) -> AML { AML([Op.string] + Array(text.utf8) + [0]) }

    public static func buffer(_ bytes: [UInt8]) -> AML { AML([Op.buffer] + sized(integer(UInt64(bytes.count)).bytes + bytes)) }

    /// `Unicode()`: a string in UTF-16.
    public static func unicode(_ text: String) -> AML { buffer((Array(text.utf16) + [0]).flatMap { littleEndian($0) }) }

    /// `ToUUID()`: the first three groups of a number in hexadecimal lie the other way round.
    public static func uuid(_ text: String) -> AML { buffer(UUIDText.mixedEndian(text)) }

    public static func package(_ elements: [AML]) -> AML {
        AML([Op.package] + sized([UInt8(elements.count)] + AML(elements).bytes))
    }

    /// A package whose count is a number, and may be above 255.
    public static func variablePackage(_ elements: [AML]) -> AML {
        AML([Op.variablePackage] + sized(integer(UInt64(elements.count)).bytes + AML(elements).bytes))
    }

    public static func resources(_ descriptors: [ResourceDescriptor]) -> AML { buffer(ResourceDescriptor.template(descriptors)) }

    // MARK: Names

    /// What a path names.
    public static func reference(_ path: String) -> AML { AML(AML.path(path)) }

    public static func name(_ name: String, _ value: AML) -> AML { AML([Op.name] + path(name) + value.bytes) }

    public static func scope(_ path: String, _ contents: [AML]) -> AML { AML([Op.scope] + sized(AML.path(path) + AML(contents).bytes)) }

    public static func device(_ path: String, _ contents: [AML]) -> AML {
        AML([Op.extended, Op.device] + sized(AML.path(path) + AML(contents).bytes))
    }

    /// - Parameter isSerialized: whether one call has to end before the next begins.
    public static func method(_ name: String, arguments: Int, isSerialized: Bool = false, _ body: [AML]) -> AML {
        precondition((0...7).contains(arguments))
        return AML([Op.method] + sized(path(name) + [UInt8(arguments) | (isSerialized ? 8 : 0)] + AML(body).bytes))
    }

    /// `OperationRegion` in the system's memory.
    public static func memoryRegion(_ name: String, at address: UInt64, size: UInt64) -> AML {
        AML([Op.extended, Op.region] + path(name) + [0] + integer(address).bytes + integer(size).bytes)
    }

    /// `Field` of double words that are written with zeros around what is meant.
    public static func field(_ region: String, _ units: [(name: String, bits: Int)]) -> AML {
        let doubleWords: UInt8 = 3, writeAsZeros: UInt8 = 2 << 5
        return AML([Op.extended, Op.field] + sized(path(region) + [doubleWords | writeAsZeros] + units.flatMap { path($0.name) + bits($0.bits) }))
    }

    // MARK: Code

    public static func argument(_ number: Int) -> AML { AML([Op.argument0 + UInt8(number)]) }
    public static func local(_ number: Int) -> AML { AML([Op.local0 + UInt8(number)]) }
    public static func store(_ value: AML, to target: AML) -> AML { AML([Op.store] + value.bytes + target.bytes) }
    /// - Parameter target: where the result goes beside being the value; nil for nowhere.
    public static func and(_ one: AML, _ other: AML, to target: AML? = nil) -> AML {
        AML([Op.and] + one.bytes + other.bytes + (target?.bytes ?? [Op.zero]))
    }
    public static func or(_ one: AML, _ other: AML, to target: AML? = nil) -> AML {
        AML([Op.or] + one.bytes + other.bytes + (target?.bytes ?? [Op.zero]))
    }
    public static func equal(_ one: AML, _ other: AML) -> AML { AML([Op.equal] + one.bytes + other.bytes) }
    public static func not(_ value: AML) -> AML { AML([Op.not] + value.bytes) }
    public static func `if`(_ condition: AML, _ body: [AML]) -> AML { AML([Op.if] + sized(condition.bytes + AML(body).bytes)) }
    public static func `else`(_ body: [AML]) -> AML { AML([Op.else] + sized(AML(body).bytes)) }
    public static func `return`(_ value: AML) -> AML { AML([Op.return] + value.bytes) }
    public static func notify(_ object: String, _ value: UInt64) -> AML { AML([Op.notify] + path(object) + integer(value).bytes) }

    /// `CreateDWordField`: a name for four bytes of a buffer.
    public static func doubleWordField(_ source: AML, at offset: UInt64, _ name: String) -> AML {
        AML([Op.doubleWordField] + source.bytes + integer(offset).bytes + path(name))
    }
}

/// A number's bytes, the lowest first.
func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
}
