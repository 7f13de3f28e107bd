/// Registers of the 82574 (Intel 82574 GbE Controller Family Datasheet, revision 3.4, chapter 10).
enum E1000eRegister {
    static let control = 0x00000, status = 0x00008, eepromControl = 0x00010, eepromRead = 0x00014, extendedControl = 0x00018, mdi = 0x00020
    static let causeRead = 0x000c0, throttle = 0x000c4, causeSet = 0x000c8, maskSet = 0x000d0, maskClear = 0x000d8, autoClear = 0x000dc
    static let autoMask = 0x000e0, vectors = 0x000e4, receiveControl = 0x00100, transmitControl = 0x00400
    static let receiveBase = 0x02800, receiveBaseHigh = 0x02804, receiveLength = 0x02808, receiveHead = 0x02810, receiveTail = 0x02818
    static let transmitBase = 0x03800, transmitBaseHigh = 0x03804, transmitLength = 0x03808, transmitHead = 0x03810, transmitTail = 0x03818
    static let receiveChecksum = 0x05000, receiveFilter = 0x05008, multicastTable = 0x05200, addresses = 0x05400, vlanTable = 0x05600
    static let semaphore = 0x00f00

    enum Statistics {
        static let receivedGood = 0x4074, receivedBroadcast = 0x4078, receivedMulticast = 0x407c, sentGood = 0x4080
        static let receivedBytes = 0x4088, sentBytes = 0x4090, received = 0x40d0, sent = 0x40d4
        static let range = 0x4000..<0x4128
    }

    /// Bytes of the registers that are kept as they are written.
    static let storedBytes = 0x6000

    /// Which bits software may write of a register that is only kept; 0 for one that is not there or does more.
    static func mask(_ offset: Int) -> UInt32 {
        switch offset {
        case extendedControl, throttle, autoClear, autoMask, vectors, receiveControl, transmitControl, 0x0028, 0x002c, 0x0030, 0x0038, 0x0170: ~0
        case 0x00e8...0x00f8, 0x0e00, semaphore, 0x1000, 0x1008, 0x2160, 0x2168, 0x410, 0x3410: ~0
        case receiveBase, 0x02900, transmitBase, 0x03900: ~15
        case receiveBaseHigh, 0x02904, transmitBaseHigh, 0x03904, 0x02820, 0x02828, 0x0282c, 0x02928, 0x03820, 0x03828, 0x0382c, 0x03840, 0x03928: ~0
        case 0x03940, 0x02c00: ~0
        case receiveLength, 0x02908, transmitLength, 0x03908: 0xf_ff80
        case receiveHead, 0x02910, receiveTail, 0x02918, transmitHead, 0x03910, transmitTail, 0x03918: 0xffff
        case receiveChecksum, receiveFilter, multicastTable..<addresses, addresses..<addresses + 0x80, vlanTable..<vlanTable + 0x200: ~0
        case 0x05800...0x0582c, 0x05838, 0x05b00, 0x05b50, 0x05b64, 0x05c00..<0x05cc0: ~0
        default: 0
        }
    }

    enum Control {
        static let masterDisable: UInt32 = 1 << 2, setLinkUp: UInt32 = 1 << 6, reset: UInt32 = 1 << 26, vlan: UInt32 = 1 << 30,
            phyReset: UInt32 = 1 << 31
    }
    enum ExtendedControl { static let autoMaskExtended: UInt32 = 1 << 24, autoMask: UInt32 = 1 << 27 }
    enum ReceiveControl {
        static let enable: UInt32 = 1 << 1, unicastPromiscuous: UInt32 = 1 << 3, multicastPromiscuous: UInt32 = 1 << 4, long: UInt32 = 1 << 5
        static let broadcast: UInt32 = 1 << 15, vlanFilter: UInt32 = 1 << 18, stripChecksum: UInt32 = 1 << 26
    }
    static let transmitEnable: UInt32 = 1 << 1, extendedDescriptors: UInt32 = 1 << 15

    /// Causes of interrupts.
    enum Cause {
        static let sent: UInt32 = 1, queueEmpty: UInt32 = 2, link: UInt32 = 4, fewDescriptors: UInt32 = 1 << 4, overrun: UInt32 = 1 << 6
        static let received: UInt32 = 1 << 7, mdi: UInt32 = 1 << 9, receivedQueue0: UInt32 = 1 << 20, sentQueue0: UInt32 = 1 << 22
        static let other: UInt32 = 1 << 24, asserted: UInt32 = 1 << 31
        /// What the cause `other` sums up.
        static let others = link | overrun | mdi
        /// Causes with vectors of their own, and where their fields are in IVAR.
        static let vectors: [(cause: UInt32, shift: UInt32)] = [(1 << 20, 0), (1 << 21, 4), (1 << 22, 8), (1 << 23, 12), (other, 16)]
    }
}

/// The EEPROM: 64 words with a checksum (section 6.1).
enum E1000eEEPROM {
    static func words(_ address: [UInt8]) -> [UInt16] {
        var words = [UInt16](repeating: 0, count: 64)
        for index in 0..<3 { words[index] = UInt16(address[2 * index]) | UInt16(address[2 * index + 1]) << 8 }
        // LEDs as they come; version 1.8.0; device and vendor.
        for (index, word) in [(4, 0xf746), (5, 0x1080), (8, 0xffff), (9, 0xffff), (0x0b, 0), (0x0c, 0x8086), (0x0d, 0x10d3), (0x0e, 0x8086)] {
            words[index] = UInt16(word)
        }
        words[0x37] = 0xffff
        words[63] = words[..<63].reduce(0xbaba as UInt16) { $0 &- $1 }
        return words
    }
}

/// The PHY (IEEE 802.3, clause 22.2.4, and the datasheet's chapter 8): a link of 1000 Mbit/s that is there as long as the cable is.
struct E1000ePHY {
    var registers = E1000ePHY.initial
    private static let initial: [UInt16] = {
        var registers = [UInt16](repeating: 0, count: 32)
        for (index, value) in [
            (0, 0x1140), (1, 0x7949), (2, 0x0141), (3, 0x0cb1), (4, 0x0de1), (5, 0x4de1), (6, 0x000f), (9, 0x0e00), (10, 0x7c00), (15, 0x3000),
            (16, 0x0078),
        ] {
            registers[index] = UInt16(value)
        }
        return registers
    }()
    private static let readOnly: Set = [1, 2, 3, 5, 6, 10, 15, 17, 19]

    func read(_ register: Int, linkIsUp: Bool) -> UInt16 {
        switch register {
        // Link and autonegotiation done.
        case 1: registers[1] | (linkIsUp ? 0x0024 : 0)
        // 1000 Mbit/s, full duplex, resolved, link.
        case 17: linkIsUp ? 0xac08 : 0x8008
        default: registers[register]
        }
    }

    mutating func write(_ register: Int, _ value: UInt16) {
        guard !E1000ePHY.readOnly.contains(register) else { return }
        if register == 0 {
            if value & 0x8000 != 0 { self = E1000ePHY() }
            // Reset and the restart of autonegotiation are done at once.
            registers[0] = value & ~0x8200
        } else {
            registers[register] = value
        }
    }
}
