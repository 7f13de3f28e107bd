/// Goes over the fields of a state, to write them down or to fill them in. A state names its fields once, in `visit`, for both ways.
///
/// A visitor that reads keeps its first complaint and leaves all further fields as they are; whoever runs it asks for it at the end.
public protocol FieldVisitor {
    mutating func field<Number: FixedWidthInteger>(_ name: String, _ value: inout Number)
    /// A list of any length.
    mutating func field<Number: FixedWidthInteger>(_ name: String, _ values: inout [Number])
    /// Fields up to `close` belong to a part of the state.
    mutating func open(_ name: String)
    mutating func close()
    /// What must hold of the fields that have been visited; only a reader looks, since what it reads may be damaged or hostile.
    mutating func check(_ rule: String, _ holds: @autoclosure () -> Bool)
    /// Whether fields are being filled in.
    var isReading: Bool { get }
    /// The version of what is being read; when writing, one above all.
    var version: Int { get }
}

/// A value whose fields a visitor can go over.
public protocol SnapshotState {
    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor)
}

extension FieldVisitor {
    public var version: Int { .max }

    /// A field that the state has had since a version; what is older leaves it as it is.
    public mutating func field<Number: FixedWidthInteger>(_ name: String, since first: Int, _ value: inout Number) {
        if version >= first { field(name, &value) }
    }

    public mutating func field(_ name: String, _ value: inout Bool) {
        var number: UInt8 = value ? 1 : 0
        field(name, &number)
        check("\(name) is 0 or 1", number < 2)
        value = number == 1
    }

    public mutating func field(_ name: String, _ value: inout Int64?) {
        var list = value.map { [$0] } ?? []
        field(name, &list)
        check("\(name) has at most one value", list.count < 2)
        value = list.first
    }

    /// A list whose length is the device's, not the snapshot's.
    public mutating func table<Number: FixedWidthInteger>(_ name: String, _ values: inout [Number]) {
        var list = values
        field(name, &list)
        check("\(name) has \(values.count) entries", list.count == values.count)
        if list.count == values.count { values = list }
    }

    public mutating func table(_ name: String, _ values: inout [Bool]) {
        var list = values.map { $0 ? 1 : 0 as UInt8 }
        table(name, &list)
        values = list.map { $0 != 0 }
    }

    public mutating func table<let count: Int, Number: FixedWidthInteger>(_ name: String, _ values: inout InlineArray<count, Number>) {
        var list = values.indices.map { values[$0] }
        table(name, &list)
        for index in values.indices { values[index] = list[index] }
    }

    /// Text that is as it is: a name, a model.
    public mutating func constant(_ name: String, _ text: String) {
        var bytes = Array(text.utf8)
        field(name, &bytes)
        check("\(name) is '\(String(decoding: bytes.prefix(200), as: UTF8.self))', and '\(text)' here", bytes.elementsEqual(text.utf8))
    }

    /// A part of the state.
    public mutating func part<Part: SnapshotState>(_ name: String, _ value: inout Part) { group(name) { value.visit(&$0) } }

    /// A part of the state that may be missing; `empty` is what it is filled into.
    public mutating func part<Part: SnapshotState>(_ name: String, _ value: inout Part?, empty: Part) {
        var exists = value != nil
        field(name + "?", &exists)
        guard exists else { return value = nil }
        var part = value ?? empty
        self.part(name, &part)
        value = part
    }

    /// Parts of which there may be any number up to a limit.
    public mutating func parts<Part: SnapshotState>(_ name: String, _ values: inout [Part], empty: Part, limit: Int) {
        var count = UInt32(values.count)
        field(name + "#", &count)
        guard count <= limit else { return check("\(name) has at most \(limit) parts", false) }
        if isReading { values = [Part](repeating: empty, count: Int(count)) }
        for index in values.indices { part("\(name)\(index)", &values[index]) }
    }

    public mutating func group(_ name: String, _ body: (inout Self) -> Void) {
        open(name)
        body(&self)
        close()
    }
}
