import AddressSpace
import DeviceModel
import NetBackends
import Snapshot

/// SMSC's Ethernet controller LAN9118 (datasheet revision 1.5): two data FIFOs behind a window of registers, with its MAC and PHY reached through them. There
/// is no EEPROM and no general-purpose pin.
public final class LAN9118: MMIODevice, NetworkFrontEnd {
    public static let typeName = "lan9118"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// INT_STS and INT_EN.
    private enum Cause {
        static let software: UInt32 = 1 << 31, transmitStopped: UInt32 = 1 << 25, receiveStopped: UInt32 = 1 << 24, completed: UInt32 = 1 << 21
        static let phy: UInt32 = 1 << 18, transmitError: UInt32 = 1 << 13, spaceAvailable: UInt32 = 1 << 9, transmitStatus: UInt32 = 1 << 7
        static let receiveOverrun: UInt32 = 1 << 6, receiveStatus: UInt32 = 1 << 3
    }
    private enum InterruptConfiguration { static let enable: UInt32 = 1 << 8, activeHigh: UInt32 = 1 << 4, line: UInt32 = 1 << 12 }
    private enum TransmitConfiguration { static let on: UInt32 = 2, stop: UInt32 = 1 }
    private static let identification: UInt32 = 0x0118_0001
    private static let fifoIntAtReset: UInt32 = 0x4800_0000

    public let interrupt = OutputPin()
    public private(set) var backend: NetworkBackend?
    var mac = LAN9118MAC()
    private var sender = LAN9118Sender()
    private var receiver = LAN9118Receiver()
    private var interruptConfiguration: UInt32 = 0, status: UInt32 = 0, enables: UInt32 = 0, fifoLevels = LAN9118.fifoIntAtReset
    private var receiveConfiguration: UInt32 = 0, transmitConfiguration: UInt32 = 0, hardware: UInt32 = 0, power: UInt32 = 0
    private var pins: UInt32 = 0, timer: UInt32 = 0xffff, flow: UInt32 = 0, dropped: UInt32 = 0, eepromData: UInt32 = 0
    private var macCommand: UInt32 = 0, macData: UInt32 = 0

    public init(address: MACAddress = MACAddress(0x5254_0012_3456)) { mac.permanent = address }

    /// Puts the card on a network, with an address.
    public func connect(_ backend: NetworkBackend, address: MACAddress) {
        self.backend = backend
        mac.permanent = address
        mac.reset()
        mac.phy.setLink(up: true)
        backend.frontEnd = self
    }

    public func setLink(up: Bool) {
        mac.phy.setLink(up: up)
        update()
    }

    public func reset() {
        mac.reset()
        softReset()
    }

    /// HW_CFG.SRST: all but what the PHY has.
    private func softReset() {
        sender = LAN9118Sender()
        receiver = LAN9118Receiver()
        (interruptConfiguration, status, enables, fifoLevels) = (0, 0, 0, LAN9118.fifoIntAtReset)
        (receiveConfiguration, transmitConfiguration, hardware, power) = (0, 0, 0, 0)
        (pins, timer, flow, dropped, eepromData, macCommand, macData) = (0, 0xffff, 0, 0, 0, 0, 0)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("irq_cfg", &interruptConfiguration)
        visitor.field("int_sts", &status)
        visitor.field("int_en", &enables)
        visitor.field("fifo_int", &fifoLevels)
        visitor.field("rx_cfg", &receiveConfiguration)
        visitor.field("tx_cfg", &transmitConfiguration)
        visitor.field("hw_cfg", &hardware)
        visitor.field("pmt_ctrl", &power)
        visitor.field("gpio_cfg", &pins)
        visitor.field("gpt_cfg", &timer)
        visitor.field("afc_cfg", &flow)
        visitor.field("rx_drop", &dropped)
        visitor.field("e2p_data", &eepromData)
        visitor.field("mac_csr_cmd", &macCommand)
        visitor.field("mac_csr_data", &macData)
        visitor.group("mac") { mac.visit(&$0) }
        visitor.group("tx") { sender.visit(&$0) }
        visitor.group("rx") { receiver.visit(&$0) }
    }

    public func restored() { update() }

    // MARK: Interrupts

    private func update() {
        if receiver.statusCount > Int(fifoLevels & 0xff) { status |= Cause.receiveStatus }
        if sender.statuses.count > Int(fifoLevels >> 16 & 0xff) { status |= Cause.transmitStatus }
        if mac.phy.interrupts { status |= Cause.phy } else { status &= ~Cause.phy }
        let isDue = status & enables != 0
        interruptConfiguration = isDue ? interruptConfiguration | InterruptConfiguration.line : interruptConfiguration & ~InterruptConfiguration.line
        interrupt.set(isDue && interruptConfiguration & InterruptConfiguration.enable != 0)
    }

    // MARK: Frames

    public func receive(_ frame: [UInt8]) -> Bool {
        // Before the receiver is on, frames are nobody's.
        guard mac.receives else { return true }
        guard mac.accepts(frame) else { return true }
        guard receiver.hasRoom(for: frame) else {
            dropped &+= 1
            status |= Cause.receiveOverrun
            update()
            return true
        }
        receiver.add(frame, configuration: receiveConfiguration, isMulticast: frame[0] & 1 != 0)
        update()
        return true
    }

    public func backendHasRoom() {}

    private func transmit(_ word: UInt32) {
        guard let packet = sender.take(word) else { return }
        if mac.transmits, transmitConfiguration & TransmitConfiguration.on != 0 {
            if mac.phy.isLoopback { _ = receive(packet.frame) } else { backend?.send(packet.frame) }
            sender.complete(packet.tag)
        } else {
            // Carrier and the like are fine; nothing was sent.
            sender.complete(packet.tag, hasFailed: true)
            status |= Cause.transmitError
        }
        if packet.interrupts { status |= Cause.completed }
        status |= Cause.spaceAvailable
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case ..<0x20: value = receiver.readData()
        case 0x40: value = receiver.takeStatus()
        case 0x44: value = receiver.firstStatus
        case 0x48: value = sender.statuses.isEmpty ? 0 : sender.statuses.removeFirst()
        case 0x4c: value = sender.statuses.first ?? 0
        case 0x50: value = LAN9118.identification
        case 0x54: value = interruptConfiguration
        case 0x58: value = status
        case 0x5c: value = enables
        // BYTE_TEST.
        case 0x64: value = 0x8765_4321
        case 0x68: value = fifoLevels
        case 0x6c: value = receiveConfiguration
        case 0x70: value = transmitConfiguration
        case 0x74: value = hardware
        case 0x7c: value = receiver.information
        case 0x80: value = sender.information
        case 0x84: value = power | 1
        case 0x88: value = pins
        case 0x8c, 0x90: value = timer
        case 0xa0:
            value = dropped
            dropped = 0
        case 0xa4: value = macCommand
        case 0xa8: value = macData
        case 0xac: value = flow
        case 0xb4: value = eepromData
        default: value = 0
        }
        update()
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x20..<0x40: transmit(value)
        case 0x54:
            let kept = InterruptConfiguration.enable | InterruptConfiguration.activeHigh | 1 | 0xff00_0000
            interruptConfiguration = interruptConfiguration & InterruptConfiguration.line | value & kept
        case 0x58: status &= ~value
        case 0x5c:
            enables = value
            // SW_INT is set by enabling it.
            status |= value & Cause.software
        case 0x68: fifoLevels = value
        case 0x6c:
            if value & 1 << 15 != 0 { receiver = LAN9118Receiver() }
            receiveConfiguration = value & 0xcfff_1ff0
        case 0x70: configureTransmitter(value)
        case 0x74: if value & 1 != 0 { softReset() } else { hardware = value & 0x003f_f000 }
        case 0x78: if value & 1 << 31 != 0 { receiver.skip() }
        case 0x84:
            if value & 1 << 10 != 0 { mac.phy.reset() }
            power = value & 0x34e
        case 0x88: pins = value & 0x7777_071f
        case 0x8c: timer = value & 0x2000_ffff
        case 0xa4: accessMAC(value)
        case 0xa8: macData = value
        case 0xac: flow = value & 0x00ff_ffff
        case 0xb4: eepromData = value & 0xff
        default: break
        }
        update()
        return .ok
    }

    private func configureTransmitter(_ value: UInt32) {
        if value & 1 << 15 != 0 { sender.statuses = [] }
        if value & 1 << 14 != 0 { sender.dropData() }
        transmitConfiguration = value & (TransmitConfiguration.on | 4)
        guard value & TransmitConfiguration.stop != 0 else { return }
        transmitConfiguration &= ~TransmitConfiguration.on
        status |= Cause.transmitStopped
    }

    /// MAC_CSR_CMD: an access to the MAC's registers, done at once.
    private func accessMAC(_ value: UInt32) {
        macCommand = value & 0x4000_000f
        guard value & 1 << 31 != 0 else { return }
        if value & 1 << 30 != 0 {
            macData = mac.read(value & 15)
        } else {
            let received = mac.receives
            mac.write(value & 15, macData)
            if received, !mac.receives { status |= Cause.receiveStopped }
            if !received, mac.receives { backend?.frontEndIsReady() }
        }
    }
}
