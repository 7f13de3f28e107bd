import Diagnostics
import UserCore

/// An ioctl, declared once: number, name, what its argument is. The numbers are asm-generic's, which are x86's too.
struct Control: Sendable {
    enum Argument: Sendable {
        case none
        /// A number, or a pointer that the kernel only keeps.
        case value
        /// A structure of that many bytes that the kernel reads, writes, or both; the same for 64-bit guests and the host.
        case reads(Int), writes(Int), changes(Int)
        /// A structure that is laid out otherwise on the host.
        case converts(host: StructLayout, guest: StructLayout, writes: Bool)

        var text: String {
            switch self {
            case .none: "none"
            case .value: "a number"
            case .reads(let size): "\(size) bytes, read"
            case .writes(0): "a buffer, written"
            case .writes(let size): "\(size) bytes, written"
            case .changes(let size): "\(size) bytes, read and written"
            case .converts(let host, let guest, let writes): "\(guest.size) bytes for the host's \(host.size), \(writes ? "written" : "read")"
            }
        }
    }

    let number: UInt32
    let name: String
    let argument: Argument
    /// Offsets of addresses in the structure.
    let addresses: [Int]
    /// Whether the size in the number is the caller's buffer's, so that rows differ from calls in it.
    let hasAnySize: Bool
    /// What 32-bit guests have in its place; nil where it is the same.
    var narrow: Narrow?

    /// The form of 32-bit guests.
    enum Narrow: Sendable {
        /// The argument's structure is laid out otherwise, and members with these names are addresses.
        case structure(SharedStructure, pointers: [String])
        /// Only the number differs: the size in it is that of a long or a pointer.
        case number(size: Int)
        case both(SharedStructure, pointers: [String], size: Int)
        /// It is not supported.
        case none
    }

    /// The row with another form for 32-bit guests.
    func narrow(_ form: Narrow) -> Control {
        var control = self
        control.narrow = form
        return control
    }

    /// The number that 32-bit guests use; nil if it is not supported for them.
    var narrowNumber: UInt32? {
        switch narrow {
        case nil, .structure: number
        case .number(let size), .both(_, _, let size): number & ~Control.sizeBits | UInt32(size) << 16
        case .some(.none): nil
        }
    }

    init(_ number: UInt32, _ name: String, _ argument: Argument = .none, addresses: [Int] = [], hasAnySize: Bool = false) {
        self.number = number
        self.name = name
        self.argument = argument
        self.addresses = addresses
        self.hasAnySize = hasAnySize
    }

    // MARK: Numbers that say what they are (include/uapi/asm-generic/ioctl.h)

    static let sizeBits: UInt32 = 0x3fff_0000

    private static func encoded(_ direction: UInt32, _ type: UInt32, _ number: UInt32, _ size: Int) -> UInt32 {
        direction << 30 | UInt32(size) << 16 | type << 8 | number
    }

    /// _IO: no structure, or one that the number does not tell.
    static func io(_ type: UInt32, _ number: UInt32, _ name: String, _ argument: Argument = .none, addresses: [Int] = []) -> Control {
        Control(encoded(0, type, number, 0), name, argument, addresses: addresses)
    }

    /// _IOW: the kernel reads. `argument` where the number does not tell the truth.
    static func iow(_ type: UInt32, _ number: UInt32, _ size: Int, _ name: String, _ argument: Argument? = nil, addresses: [Int] = []) -> Control {
        Control(encoded(1, type, number, size), name, argument ?? .reads(size), addresses: addresses)
    }

    /// _IOR: the kernel writes.
    static func ior(_ type: UInt32, _ number: UInt32, _ size: Int, _ name: String, _ argument: Argument? = nil, addresses: [Int] = []) -> Control {
        Control(encoded(2, type, number, size), name, argument ?? .writes(size), addresses: addresses)
    }

    /// _IOWR: both.
    static func iowr(_ type: UInt32, _ number: UInt32, _ size: Int, _ name: String, addresses: [Int] = []) -> Control {
        Control(encoded(3, type, number, size), name, .changes(size), addresses: addresses)
    }

    /// _IOR with a buffer of the caller's size.
    static func buffer(_ type: UInt32, _ number: UInt32, _ name: String) -> Control {
        Control(encoded(2, type, number, 0), name, .writes(0), hasAnySize: true)
    }
}

/// All rows, by number.
public enum ControlTable {
    private static let chapters = [
        Control.terminals, Control.consoles, Control.files, Control.blocks, Control.loops, Control.sockets, Control.tunnels, Control.namespaces,
        Control.graphics, Control.input, Control.clocks, Control.faults,
    ]

    private static let rows = table { $0.number }, narrowRows = table { $0.narrowNumber }

    private static func table(_ number: (Control) -> UInt32?) -> [UInt32: Control] {
        var rows: [UInt32: Control] = [:]
        for control in chapters.joined() {
            guard let number = number(control) else { continue }
            precondition(rows[number] == nil, "two ioctls have the number of \(control.name)")
            rows[number] = control
        }
        return rows
    }

    /// A line for each ioctl: number, name, what its argument is.
    public static var coverage: String {
        chapters.joined().map { "| \(hex($0.number)) | \($0.name) | \($0.argument.text) |" }.joined(separator: "\n")
    }

    /// The numbers of all that guests with such words have, in order.
    package static func numbers(wordSize: Int) -> [UInt32] { (wordSize == 8 ? rows : narrowRows).keys.sorted() }

    static subscript(_ number: UInt32, wordSize wordSize: Int) -> Control? {
        let rows = wordSize == 8 ? rows : narrowRows
        if let control = rows[number] { return control }
        guard let control = rows[number & ~Control.sizeBits], control.hasAnySize else { return nil }
        return Control(number, control.name, .writes(Int((number & Control.sizeBits) >> 16)))
    }
}
