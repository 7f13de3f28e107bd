import AddressSpace
import DeviceModel
import Diagnostics
import NetBackends
import ObjectModel
import PCI
import Snapshot

/// Intel's Gigabit Ethernet controller 82574L (Intel 82574 GbE Controller Family Datasheet, revision 3.4), with one queue in each direction.
public final class E1000e: PCIDevice, IOHandler, NetworkFrontEnd {
    public static let typeName = "e1000e"
    public static let type = ObjectType(
        typeName, parent: "pci-device", help: "Intel 82574L GbE Controller", bus: "PCI", hotpluggable: true,
        PCIProperties.all + [
            Property("netdev", .string, "network that it is on"), Property("mac", .string, "its address: 52:54:00:12:34:56"),
            Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
        ])

    typealias Register = E1000eRegister
    typealias Cause = E1000eRegister.Cause

    public let function: PCIFunction
    public let backend: NetworkBackend?
    private let address: MACAddress
    private let eeprom: [UInt16]
    /// Registers that are kept as they are written, by word.
    var words = [UInt32](repeating: 0, count: E1000eRegister.storedBytes / 4)
    private var phy = E1000ePHY()
    private var control: UInt32 = 0
    private var mdi: UInt32 = 0
    private var eepromRead: UInt32 = 0
    private var cause: UInt32 = 0
    private var mask: UInt32 = 0
    /// Causes whose messages have been sent.
    private var told: UInt32 = 0
    private var linkIsUp = true
    var sender = E1000eSender()
    private var ports: E1000ePorts?
    /// The address register of the I/O window.
    fileprivate var portAddress: UInt32 = 0

    public init(address: MACAddress, backend: NetworkBackend?, isIntegrated: Bool) {
        (self.address, self.backend) = (address, backend)
        eeprom = E1000eEEPROM.words(address.bytes)
        var identity = PCIIdentity(vendor: 0x8086, device: 0x10d3, classCode: 0x02_0000)
        (identity.subsystemVendor, identity.subsystem) = (0x8086, 0)
        function = PCIFunction(identity, isExpress: true)
        function.setPin(1)
        function.addPowerManagement()
        function.addMSI(vectors: 1)
        function.addExpress(isIntegrated ? .integratedEndpoint : .endpoint)
        function.addWindow(0, .memory32, .io("e1000e-mmio", size: 0x2_0000, handler: self, accepts: 1...8, implements: 4...4))
        function.addWindow(1, .memory32, .container("e1000e-flash", size: 0x2_0000))
        let ports = E1000ePorts(self)
        self.ports = ports
        function.addWindow(2, .io, .io("e1000e-io", size: 0x20, handler: ports, accepts: 1...8, implements: 4...4))
        let messages = MemoryRegion.container("e1000e-msix", size: 0x4000)
        function.addWindow(3, .memory32, messages)
        function.addMSIX(vectors: 5, bar: 3, in: messages, table: 0, pending: 0x2000)
        backend?.frontEnd = self
        resetRegisters()
    }

    public func reset() {
        resetRegisters()
        function.reset()
    }

    private func resetRegisters() {
        for index in words.indices { words[index] = 0 }
        (phy, control, mdi, eepromRead, cause, mask, told, portAddress) = (E1000ePHY(), 0x0004_0201, 0, 0, 0, 0, 0, 0)
        sender = E1000eSender()
        let bytes = address.bytes
        words[Register.addresses / 4] = (0..<4).reduce(0) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
        words[Register.addresses / 4 + 1] = UInt32(bytes[4]) | UInt32(bytes[5]) << 8 | 1 << 31
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.table("words", &words)
        visitor.table("phy", &phy.registers)
        visitor.field("control", &control)
        visitor.field("mdi", &mdi)
        visitor.field("eepromRead", &eepromRead)
        visitor.field("cause", &cause)
        visitor.field("mask", &mask)
        visitor.field("told", &told)
        visitor.field("portAddress", &portAddress)
        visitor.part("sender", &sender)
    }

    public func restored() {
        function.restored()
        update()
        backend?.frontEndIsReady()
        send()
    }

    /// Plugs the cable in or out; the driver is told.
    public func setLink(up: Bool) {
        guard up != linkIsUp else { return }
        linkIsUp = up
        raise(Cause.link)
        if up { backend?.frontEndIsReady() }
    }

    /// Messages may have been switched on or off.
    public func configurationWritten(_ range: Range<Int>) { update() }

    public func backendHasRoom() { send() }

    var hasLink: Bool { linkIsUp && backend != nil }
    func word(_ offset: Int) -> UInt32 { words[offset / 4] }
    var stripsVLAN: Bool { control & Register.Control.vlan != 0 }

    func count(_ offset: Int, _ amount: Int = 1) { words[offset / 4] &+= UInt32(truncatingIfNeeded: amount) }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(read(Int(offset))), .ok) }

    func read(_ offset: Int) -> UInt32 {
        switch offset {
        case Register.control, 0x4: return control
        // Full duplex, link, 1000 Mbit/s; whether the function masters the bus.
        case Register.status:
            let master: UInt32 = control & Register.Control.masterDisable == 0 ? 1 << 19 : 0
            return 1 | (hasLink ? 2 : 0) | 2 << 6 | 1 << 31 | master
        // Read at the start; an EEPROM of 64 words is there.
        case Register.eepromControl: return 1 << 9 | 1 << 8
        case Register.eepromRead: return eepromRead
        case Register.mdi: return mdi
        case Register.causeRead: return readCause()
        case Register.causeSet: return cause
        case Register.maskSet: return mask
        case Register.Statistics.range:
            // Reading clears.
            let value = word(offset & ~3)
            words[offset / 4] = 0
            return value
        case 0x5b54: return 0
        default: return offset < Register.storedBytes ? word(offset & ~3) : 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        write(Int(offset), UInt32(truncatingIfNeeded: value))
        return .ok
    }

    func write(_ offset: Int, _ value: UInt32) {
        switch offset {
        case Register.control, 0x4: write(control: value)
        case Register.eepromRead: readEEPROM(value)
        case Register.mdi: accessPHY(value)
        case Register.causeRead:
            cause &= ~value
            update()
        case Register.causeSet: raise(value & ~Cause.asserted)
        case Register.maskSet:
            mask |= value & ~Cause.asserted
            update()
        case Register.maskClear:
            mask &= ~value
            update()
        default:
            guard offset < Register.storedBytes else { return }
            let writable = Register.mask(offset & ~3)
            words[offset / 4] = word(offset & ~3) & ~writable | value & writable
            wrote(offset & ~3)
        }
    }

    private func wrote(_ offset: Int) {
        switch offset {
        case Register.receiveControl, Register.receiveTail, 0x02918: backend?.frontEndIsReady()
        case Register.transmitTail, Register.transmitControl: send()
        case Register.vectors: update()
        // CTRL_EXT's request to clear pending messages has no register of its own.
        case Register.extendedControl: words[offset / 4] &= 0x7fff_ffff
        default: break
        }
    }

    private func write(control value: UInt32) {
        control = value & ~(Register.Control.reset | Register.Control.phyReset)
        if value & Register.Control.phyReset != 0 { phy = E1000ePHY() }
        if value & Register.Control.reset != 0 { resetRegisters() }
    }

    private func readEEPROM(_ value: UInt32) {
        guard value & 1 != 0 else { return eepromRead = value & ~2 }
        let place = Int(value >> 2 & 0x3fff)
        let word = place < eeprom.count ? eeprom[place] : 0
        eepromRead = UInt32(word) << 16 | value & 0xfffc | 2
    }

    /// MDIC: a read or write of a register of the PHY at address 1, done at once.
    private func accessPHY(_ value: UInt32) {
        let register = Int(value >> 16 & 31)
        mdi = value & ~0xf000_0000 | 1 << 28 | value & (1 << 29)
        guard value >> 21 & 31 == 1 else { return mdi |= 1 << 30 }
        if value >> 26 & 3 == 1 {
            phy.write(register, UInt16(value & 0xffff))
            if register == 0, value & 0x8200 != 0 { raise(Cause.link) }
        } else if value >> 26 & 3 == 2 {
            mdi = mdi & ~0xffff | UInt32(phy.read(register, linkIsUp: hasLink))
        }
        if value >> 29 & 1 != 0 { raise(Cause.mdi) }
    }

    // MARK: Interrupts (chapter 7.4)

    func raise(_ causes: UInt32) {
        cause |= causes | (causes & Cause.others != 0 ? Cause.other : 0)
        update()
    }

    private var extendedControl: UInt32 { word(Register.extendedControl) }

    private func readCause() -> UInt32 {
        let value = cause
        // Drivers that use messages put queues' causes back that they find here.
        cause = 0
        if value & Cause.asserted != 0, extendedControl & Register.ExtendedControl.autoMask != 0 { mask &= ~word(Register.autoMask) }
        update()
        return value
    }

    private func update() {
        let pending = cause & mask & ~Cause.asserted
        if pending == 0 { cause &= ~Cause.asserted } else { cause |= Cause.asserted }
        told &= pending
        if let msix = function.msix, msix.isEnabled {
            function.setInterrupt(false)
            for (bit, shift) in Cause.vectors where pending & ~told & bit != 0 { tell(bit, word(Register.vectors) >> shift & 15, msix) }
        } else if let msi = function.msi, msi.isEnabled {
            function.setInterrupt(false)
            if pending & ~told != 0 { msi.notify(0) }
            told = pending
        } else {
            function.setInterrupt(pending != 0)
        }
    }

    /// Sends a cause's message, if it has a valid vector.
    private func tell(_ bit: UInt32, _ field: UInt32, _ msix: MSIX) {
        guard field & 8 != 0 else { return }
        told |= bit
        if extendedControl & Register.ExtendedControl.autoMaskExtended != 0 { mask &= ~(word(Register.autoMask) & bit) }
        if word(Register.autoClear) & bit != 0 {
            cause &= ~bit
            told &= ~bit
        }
        msix.notify(Int(field & 7))
    }
}

/// The I/O window: an address register and a data register (section 10.1.1.1).
private final class E1000ePorts: IOHandler {
    private unowned let owner: E1000e

    init(_ owner: E1000e) { self.owner = owner }

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0: (UInt64(owner.portAddress), .ok)
        case 4: (UInt64(owner.portAddress < 0x2_0000 ? owner.read(Int(owner.portAddress & ~3)) : 0), .ok)
        default: (0, .ok)
        }
    }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let word = UInt32(truncatingIfNeeded: value)
        if offset == 0 {
            owner.portAddress = word
        } else if offset == 4, owner.portAddress < 0x2_0000 {
            owner.write(Int(owner.portAddress & ~3), word)
        }
        return .ok
    }
}
