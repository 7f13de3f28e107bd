import AddressSpace
import DeviceModel
import Diagnostics
import NetBackends
import Snapshot

/// SMSC's Ethernet controller LAN91C111 (datasheet revision C): 8 KiB of packet memory in four packets behind four banks of registers, with its MAC and a PHY
/// whose registers are reached bit by bit. There is no EEPROM.
public final class SMC91C111: MMIODevice, NetworkFrontEnd {
    public static let typeName = "smc91c111"
    public static let windowSize: UInt64 = 0x10
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 1...4

    /// Interrupt status and mask.
    enum Cause {
        static let received: UInt8 = 1, sent: UInt8 = 2, sentAll: UInt8 = 4, allocated: UInt8 = 8, overrun: UInt8 = 16, handler: UInt8 = 32
        static let phy: UInt8 = 128
        /// Those that stay until they are acknowledged.
        static let latched: UInt8 = sentAll | overrun | phy
    }
    private enum Transmit {
        static let enable: UInt16 = 1, loop: UInt16 = 2, pad: UInt16 = 0x80, handlerLoop: UInt16 = 1 << 13
        static let kept: UInt16 = 0xbd87
    }
    private enum Receive {
        static let promiscuous: UInt16 = 2, allMulticast: UInt16 = 4, enable: UInt16 = 1 << 8, stripCheck: UInt16 = 1 << 9, reset: UInt16 = 1 << 15
        static let kept: UInt16 = 0x4307
    }
    private enum Status { static let success: UInt16 = 1, broadcast: UInt16 = 1 << 6, multicast: UInt16 = 1 << 3, link: UInt16 = 1 << 14 }
    private enum Control { static let autoRelease: UInt16 = 1 << 11, linkInterrupt: UInt16 = 1 << 7, atReset: UInt16 = 0x1210 }
    private enum Pointer { static let receive: UInt16 = 1 << 15, increment: UInt16 = 1 << 14, place: UInt16 = 0x7ff }
    private enum ConfigurationAtReset { static let value: UInt16 = 0xa0b1, base: UInt16 = 0x1801 }

    public let interrupt = OutputPin()
    public private(set) var backend: NetworkBackend?
    var address: MACAddress
    private var mii = SMCManagement()
    private var packets = SMCPackets()
    private var bank: UInt16 = 0
    private var transmitControl: UInt16 = 0, transmitStatus: UInt16 = 0, receiveControl: UInt16 = 0, lights: UInt16 = 0
    private var configuration = ConfigurationAtReset.value, base = ConfigurationAtReset.base, general: UInt16 = 0, control = Control.atReset
    private var individual = [UInt8](repeating: 0, count: 6)
    private var multicast = [UInt8](repeating: 0, count: 8)
    private var packetNumber: UInt8 = 0, pointer: UInt16 = 0, latched: UInt8 = 0, mask: UInt8 = 0
    private var early: UInt16 = 0x1f
    /// Until CTR.LE_ENABLE is taken away.
    private var linkHasChanged = false

    public init(address: MACAddress = MACAddress(0x5254_0012_3456)) {
        self.address = address
        softReset()
    }

    /// Puts the card on a network, with an address.
    public func connect(_ backend: NetworkBackend, address: MACAddress) {
        self.backend = backend
        self.address = address
        softReset()
        mii.setLink(up: true)
        backend.frontEnd = self
    }

    public func setLink(up: Bool) {
        if up != mii.linkIsUp, control & Control.linkInterrupt != 0 { linkHasChanged = true }
        mii.setLink(up: up)
        update()
    }

    public func reset() {
        mii.reset()
        bank = 0
        softReset()
    }

    /// RCR.SOFT_RST: all but the PHY and the bank.
    private func softReset() {
        packets = SMCPackets()
        (transmitControl, transmitStatus, receiveControl, lights) = (0, 0, 0, 0)
        (configuration, base, general, control) = (ConfigurationAtReset.value, ConfigurationAtReset.base, 0, Control.atReset)
        individual = (0..<6).map { UInt8(truncatingIfNeeded: address.value >> UInt64(40 - 8 * $0)) }
        multicast = [UInt8](repeating: 0, count: 8)
        (packetNumber, pointer, latched, mask, early, linkHasChanged) = (0, 0, 0, 0, 0x1f, false)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("bank", &bank)
        visitor.field("tcr", &transmitControl)
        visitor.field("eph_status", &transmitStatus)
        visitor.field("rcr", &receiveControl)
        visitor.field("rpcr", &lights)
        visitor.field("config", &configuration)
        visitor.field("base", &base)
        visitor.field("gpr", &general)
        visitor.field("ctr", &control)
        visitor.table("ia", &individual)
        visitor.table("mt", &multicast)
        visitor.field("pnr", &packetNumber)
        visitor.field("ptr", &pointer)
        visitor.field("ist", &latched)
        visitor.field("msk", &mask)
        visitor.field("ercv", &early)
        visitor.field("linkHasChanged", &linkHasChanged)
        visitor.part("mii", &mii)
        visitor.part("packets", &packets)
    }

    public func restored() { update() }

    // MARK: Interrupts

    /// What is pending: some follows from the FIFOs.
    private var status: UInt8 {
        var status = latched & Cause.latched
        if packets.received.first != nil { status |= Cause.received }
        if packets.sent.first != nil { status |= Cause.sent }
        if packets.allocation == .done { status |= Cause.allocated }
        if linkHasChanged { status |= Cause.handler }
        return status
    }

    private func update() {
        if mii.takeInterrupt() { latched |= Cause.phy }
        interrupt.set(status & mask != 0)
    }

    // MARK: Frames

    public func receive(_ frame: [UInt8]) -> Bool {
        guard receiveControl & Receive.enable != 0, accepts(frame) else { return true }
        return take(frame)
    }

    public func backendHasRoom() {}

    /// Puts a frame into the receive FIFO; false while there is no packet for it.
    private func take(_ frame: [UInt8]) -> Bool {
        var bytes = frame
        if bytes.count < 60 { bytes += [UInt8](repeating: 0, count: 60 - bytes.count) }
        // Its check sequence, which nobody looks at, is zeros.
        if receiveControl & Receive.stripCheck == 0 { bytes += [0, 0, 0, 0] }
        guard SMCPackets.fits(bytes.count) else { return true }
        let isBroadcast = frame.prefix(6).allSatisfy { $0 == 0xff }
        let kind: UInt16 = isBroadcast ? 1 << 14 : frame[0] & 1 != 0 ? 1 : 0
        defer { update() }
        return packets.receive(bytes, status: kind)
    }

    private func accepts(_ frame: [UInt8]) -> Bool {
        guard frame.count >= 14 else { return false }
        if receiveControl & Receive.promiscuous != 0 { return true }
        let destination = Array(frame[0..<6])
        if destination.allSatisfy({ $0 == 0xff }) { return true }
        guard destination[0] & 1 != 0 else { return destination == individual }
        return receiveControl & Receive.allMulticast != 0 || isHashed(destination)
    }

    /// The first six bits of the address's CRC choose a byte of the table and a bit of it (datasheet, 8.20).
    private func isHashed(_ address: [UInt8]) -> Bool {
        var crc: UInt32 = 0xffff_ffff
        for byte in address {
            for bit in 0..<8 {
                let carry = (crc >> 31) ^ UInt32(byte >> UInt8(bit) & 1)
                crc = crc << 1 ^ (carry != 0 ? 0x04c1_1db7 : 0)
            }
        }
        return multicast[Int(crc >> 29)] >> UInt8(crc >> 26 & 7) & 1 != 0
    }

    /// Sends what waits, if the transmitter is on.
    private func transmit() {
        guard transmitControl & Transmit.enable != 0, !packets.toSend.isEmpty else { return update() }
        while let number = packets.toSend.first {
            let frame = packets.frame(number, pads: transmitControl & Transmit.pad != 0)
            packets.complete(number, releases: control & Control.autoRelease != 0)
            transmitStatus = Status.success
            if let frame { send(frame) }
        }
        latched |= Cause.sentAll
        offerRoom()
        update()
    }

    private func send(_ frame: [UInt8]) {
        if frame[0] & 1 != 0 { transmitStatus |= frame.prefix(6).allSatisfy { $0 == 0xff } ? Status.broadcast : Status.multicast }
        if transmitControl & (Transmit.loop | Transmit.handlerLoop) != 0 || mii.isLoopback {
            _ = receive(frame)
        } else {
            backend?.send(frame)
        }
    }

    /// Frames that found no packet may come now.
    private func offerRoom() { if packets.hasRoom { backend?.frontEndIsReady() } }

    // MARK: Memory

    /// MMU_CMD: the operations of datasheet 8.13.
    private func operate(_ command: UInt8) {
        switch command >> 5 {
        case 1: packets.allocate()
        case 2: packets = SMCPackets()
        case 3: packets.removeReceived(releases: false)
        case 4: packets.removeReceived(releases: true)
        case 5: packets.release(packetNumber)
        case 6:
            guard packets.enqueue(packetNumber) else { return complain("packet \(packetNumber) cannot be sent") }
            return transmit()
        case 7: packets.forgetSending()
        default: break
        }
        offerRoom()
        update()
    }

    private func complain(_ text: String) { Log.write(.guestErrors, "\(SMC91C111.typeName): \(text)") }

    /// The packet and the place in it that the data register shows; moves on.
    private func place() -> (packet: UInt8, offset: Int)? {
        let packet = pointer & Pointer.receive != 0 ? packets.received.first : packetNumber
        let offset = Int(pointer & Pointer.place)
        if pointer & Pointer.increment != 0 { pointer = pointer & ~Pointer.place | (pointer &+ 1) & Pointer.place }
        guard let packet, packets.isTaken(packet) else {
            complain("the pointer shows no packet")
            return nil
        }
        return (packet, offset)
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(readByte(Int(offset) + index)) << UInt64(8 * index) }
        return (value, .ok)
    }

    private func readByte(_ offset: Int) -> UInt8 {
        switch (bank, offset) {
        case (2, 8...11): return place().map { packets.byte($0.packet, $0.offset) } ?? 0
        default:
            let word = readWord(offset & 0xe)
            return UInt8(truncatingIfNeeded: offset & 1 != 0 ? word >> 8 : word)
        }
    }

    private func readWord(_ offset: Int) -> UInt16 {
        switch (bank, offset) {
        case (_, 14): 0x3300 | bank
        case (0, 0): transmitControl
        case (0, 2): transmitStatus & ~Status.link | (mii.linkIsUp ? Status.link : 0)
        case (0, 4): receiveControl
        // MIR: packets that are free, and all.
        case (0, 8): UInt16(packets.free) << 8 | UInt16(SMCPackets.count)
        case (0, 10): lights
        case (1, 0): configuration
        case (1, 2): base
        case (1, 4...8): UInt16(individual[offset - 4]) | UInt16(individual[offset - 3]) << 8
        case (1, 10): general
        case (1, 12): control
        case (2, 2): UInt16(packetNumber) | UInt16(packets.allocationResult) << 8
        case (2, 4): UInt16(packets.sent.first ?? 0x80) | UInt16(packets.received.first ?? 0x80) << 8
        case (2, 6): pointer
        case (2, 12): UInt16(status) | UInt16(mask) << 8
        case (3, 0...6): UInt16(multicast[offset]) | UInt16(multicast[offset + 1]) << 8
        case (3, 8): mii.value
        // Chip 9, revision 1.
        case (3, 10): 0x3391
        case (3, 12): 0x3300 | early
        default: 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        for index in 0..<size { writeByte(Int(offset) + index, UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
        update()
        return .ok
    }

    /// A register's low or high byte exchanged.
    private static func set(_ word: inout UInt16, _ offset: Int, _ value: UInt8, kept: UInt16 = 0xffff) {
        let new = offset & 1 != 0 ? word & 0x00ff | UInt16(value) << 8 : word & 0xff00 | UInt16(value)
        word = new & kept
    }

    private func writeByte(_ offset: Int, _ value: UInt8) {
        switch (bank, offset) {
        case (_, 14): bank = UInt16(value & 7)
        case (_, 15): break
        case (0, _): writeControl(offset, value)
        case (1, 0...1): SMC91C111.set(&configuration, offset, value)
        case (1, 2...3): SMC91C111.set(&base, offset, value)
        case (1, 4...9): individual[offset - 4] = value
        case (1, 10...11): SMC91C111.set(&general, offset, value)
        // There is no EEPROM to reload from or store to: these bits go out at once.
        case (1, 12...13):
            SMC91C111.set(&control, offset, value, kept: 0xfffc)
            if control & Control.linkInterrupt == 0 { linkHasChanged = false }
        case (2, _): writeMemory(offset, value)
        case (3, 0...7): multicast[offset] = value
        case (3, 8): mii.write(value)
        case (3, 12): early = UInt16(value & 0x9f)
        default: break
        }
    }

    private func writeControl(_ offset: Int, _ value: UInt8) {
        switch offset {
        case 0...1:
            SMC91C111.set(&transmitControl, offset, value, kept: Transmit.kept)
            if offset == 0 { transmit() }
        case 4...5:
            var word = receiveControl
            SMC91C111.set(&word, offset, value)
            if word & Receive.reset != 0 { return softReset() }
            let received = receiveControl & Receive.enable != 0
            receiveControl = word & Receive.kept
            if !received, receiveControl & Receive.enable != 0 { offerRoom() }
        case 10...11: SMC91C111.set(&lights, offset, value, kept: 0x3fff)
        default: break
        }
    }

    private func writeMemory(_ offset: Int, _ value: UInt8) {
        switch offset {
        case 0: operate(value)
        case 2: packetNumber = value & 0x3f
        case 6...7: SMC91C111.set(&pointer, offset, value, kept: 0xf7ff)
        case 8...11: if let place = place() { packets.set(place.packet, place.offset, value) }
        case 12: acknowledge(value)
        case 13: mask = value
        default: break
        }
    }

    private func acknowledge(_ causes: UInt8) {
        latched &= ~causes
        // The packet whose end has been seen leaves the FIFO, though not the memory.
        if causes & Cause.sent != 0 { packets.removeSent() }
    }
}
