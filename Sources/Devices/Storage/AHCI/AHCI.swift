import AddressSpace
import DeviceModel
import Diagnostics
import ObjectModel
import PCI
import Snapshot

/// A SATA host controller with six ports, as in Intel's ICH9 (Serial ATA Advanced Host Controller Interface 1.3.1).
public final class AHCI: PCIDevice, IOHandler {
    public static let typeName = "ich9-ahci"
    /// 2: trays of drives.
    public static let stateVersion = 2
    public static let type = ObjectType(typeName, parent: "pci-device", help: "SATA host controller with six ports", bus: "PCI", PCIProperties.all)
    public static let portCount = 6

    public let function: PCIFunction
    private(set) var ports: [AHCIPort] = []
    private var control = AHCI.isAHCI
    private var pending: UInt32 = 0
    private var index: AHCIIndexWindow?
    /// The register that the I/O window shows.
    fileprivate var selected: UInt32 = 0

    private enum Register { static let capabilities = 0x00, control = 0x04, pending = 0x08, ports = 0x0c, version = 0x10, first = 0x100, size = 0x80 }
    private enum Control { static let reset: UInt32 = 1, interrupts: UInt32 = 2 }
    private static let isAHCI: UInt32 = 1 << 31

    public init() {
        var identity = PCIIdentity(vendor: 0x8086, device: 0x2922, classCode: 0x01_0601)
        identity.revision = 2
        function = PCIFunction(identity)
        function.setPin(1)
        function.addMSI(vectors: 1)
        function.addWindow(5, .memory32, .io("ahci", size: 0x1000, handler: self, accepts: 1...8, implements: 4...4))
        let index = AHCIIndexWindow(self)
        self.index = index
        function.addWindow(4, .io, .io("ahci-idp", size: 0x20, handler: index, accepts: 1...8, implements: 4...4))
        ports = (0..<AHCI.portCount).map { AHCIPort(self, number: $0) }
    }

    /// Puts a drive at a port that has none.
    public func add(_ drive: ATADrive, port: Int) { ports[port].drive = drive }
    public func drive(port: Int) -> ATADrive? { ports[port].drive }

    public func reset() {
        resetController()
        selected = 0
        function.reset()
    }

    private func resetController() {
        (control, pending) = (AHCI.isAHCI, 0)
        for port in ports { port.reset() }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.field("control", &control)
        visitor.field("pending", &pending)
        visitor.field("selected", &selected)
        for port in ports { visitor.group("port\(port.number)") { port.visit(&$0) } }
    }

    public func restored() {
        function.restored()
        update()
        for port in ports { port.process() }
    }

    public func configurationWritten(_ range: Range<Int>) { update() }

    // MARK: Interrupts

    func portChanged(_ number: Int) {
        if ports[number].signals { pending |= 1 << UInt32(number) }
        update()
    }

    private var wasSignalling = false

    private func update() {
        let signals = control & Control.interrupts != 0 && pending != 0
        if let msi = function.msi, msi.isEnabled {
            function.setInterrupt(false)
            if signals, !wasSignalling { msi.notify(0) }
        } else {
            function.setInterrupt(signals)
        }
        wasSignalling = signals
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(read(Int(offset & ~3))), .ok) }

    func read(_ offset: Int) -> UInt32 {
        switch offset {
        // 64-bit addresses, queued commands, only AHCI, 1.5 Gbit/s, 32 slots.
        case Register.capabilities: return 1 << 31 | 1 << 30 | 1 << 18 | 1 << 20 | 31 << 8 | UInt32(AHCI.portCount - 1)
        case Register.control: return control
        case Register.pending: return pending
        case Register.ports: return 1 << UInt32(AHCI.portCount) - 1
        case Register.version: return 0x0001_0000
        default:
            guard let (port, register) = port(offset) else { return 0 }
            return port.read(register)
        }
    }

    private func port(_ offset: Int) -> (AHCIPort, Int)? {
        let number = (offset - Register.first) / Register.size
        return offset >= Register.first && number < AHCI.portCount ? (ports[number], offset % Register.size) : nil
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        write(Int(offset & ~3), UInt32(truncatingIfNeeded: value))
        return .ok
    }

    func write(_ offset: Int, _ value: UInt32) {
        switch offset {
        case Register.control:
            if value & Control.reset != 0 { return resetController() }
            control = AHCI.isAHCI | value & Control.interrupts
            update()
        case Register.pending:
            pending &= ~value
            // A port that still has something to tell tells it again.
            for port in ports where port.signals { pending |= 1 << UInt32(port.number) }
            wasSignalling = false
            update()
        default: if let (port, register) = port(offset) { port.write(register, value) }
        }
    }
}

/// The I/O window: an index and a data register (section 3.3 of the ICH9's datasheet, function 2).
private final class AHCIIndexWindow: IOHandler {
    private unowned let owner: AHCI

    init(_ owner: AHCI) { self.owner = owner }

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        (UInt64(offset == 0x10 ? owner.selected : offset == 0x14 ? owner.read(Int(owner.selected)) : 0), .ok)
    }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let word = UInt32(truncatingIfNeeded: value)
        if offset == 0x10 { owner.selected = word & 0xffc } else if offset == 0x14 { owner.write(Int(owner.selected), word) }
        return .ok
    }
}
