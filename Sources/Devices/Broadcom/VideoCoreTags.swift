/// The tags of the property channel, and what firmware answers.
extension VideoCoreFirmware {
    private enum Tag {
        static let firmwareRevision: UInt32 = 0x1, firmwareVariant: UInt32 = 0x2, firmwareHash: UInt32 = 0x3, boardModel: UInt32 = 0x1_0001
        static let boardRevision: UInt32 = 0x1_0002, boardAddress: UInt32 = 0x1_0003, boardSerial: UInt32 = 0x1_0004, armMemory: UInt32 = 0x1_0005
        static let videoMemory: UInt32 = 0x1_0006, clocks: UInt32 = 0x1_0007, powerState: UInt32 = 0x2_0001, powerTiming: UInt32 = 0x2_0002
        static let setPowerState: UInt32 = 0x2_8001, clockState: UInt32 = 0x3_0001, clockRate: UInt32 = 0x3_0002, voltage: UInt32 = 0x3_0003
        static let maximumClockRate: UInt32 = 0x3_0004, maximumVoltage: UInt32 = 0x3_0005, temperature: UInt32 = 0x3_0006
        static let minimumClockRate: UInt32 = 0x3_0007, minimumVoltage: UInt32 = 0x3_0008, turbo: UInt32 = 0x3_0009
        static let maximumTemperature: UInt32 = 0x3_000a, domainState: UInt32 = 0x3_0030, pinState: UInt32 = 0x3_0041
        static let pinConfiguration: UInt32 = 0x3_0043, throttled: UInt32 = 0x3_0046, measuredClockRate: UInt32 = 0x3_0047
        static let notifyReboot: UInt32 = 0x3_0048, setClockState: UInt32 = 0x3_8001, setClockRate: UInt32 = 0x3_8002, setVoltage: UInt32 = 0x3_8003
        static let setTurbo: UInt32 = 0x3_8009, setDomainState: UInt32 = 0x3_8030, setPinState: UInt32 = 0x3_8041
        static let setPinConfiguration: UInt32 = 0x3_8043, commandLine: UInt32 = 0x5_0001, dmaChannels: UInt32 = 0x6_0001
    }

    /// Voltages are one, in microvolts: nothing here is faster or slower for another.
    private static let voltage: UInt32 = 1_200_000
    /// Channels of the DMA controller that are the Arm's; the others are firmware's.
    private static let dmaChannels: UInt32 = 0x7f35

    private static func words(_ values: UInt32...) -> [UInt8] { values.flatMap(BroadcomWords.bytes) }

    private func ownClock(_ number: UInt32) -> Int? {
        VideoCoreFirmware.clocks.indices.contains(Int(number)) && VideoCoreFirmware.clocks[Int(number)] != 0 ? Int(number) : nil
    }

    private func rate(_ number: UInt32) -> UInt32 {
        guard let clock = ownClock(number) else { return 0 }
        return rates[clock] == 0 ? VideoCoreFirmware.clocks[clock] : rates[clock]
    }

    /// The answer's bytes; nil for a tag that firmware does not know. Values that are missing are 0.
    func answer(_ tag: UInt32, _ values: [UInt32]) -> [UInt8]? {
        if tag & 0x7_0000 == 0x4_0000 { return picture(tag, values) }
        return identity(tag) ?? clock(tag, values) ?? power(tag, values) ?? pins(tag, values)
    }

    // MARK: The board

    private func identity(_ tag: UInt32) -> [UInt8]? {
        typealias Own = VideoCoreFirmware
        switch tag {
        // A date of 2023, in seconds.
        case Tag.firmwareRevision: return Own.words(0x63f6_4dd0)
        case Tag.firmwareVariant: return Own.words(1)
        case Tag.firmwareHash: return [UInt8](repeating: 0, count: 20)
        case Tag.boardModel: return Own.words(0)
        case Tag.boardRevision: return Own.words(board.revision)
        case Tag.boardAddress: return board.address
        case Tag.boardSerial: return Own.words(UInt32(truncatingIfNeeded: board.serial), UInt32(board.serial >> 32))
        case Tag.armMemory: return Own.words(0, board.memory)
        case Tag.videoMemory: return Own.words(board.memory, board.videoMemory)
        case Tag.commandLine: return Array(board.commandLine.utf8) + [0]
        case Tag.dmaChannels: return Own.words(Own.dmaChannels)
        case Tag.notifyReboot: return []
        default: return nil
        }
    }

    // MARK: Clocks, voltages, temperature

    private func clock(_ tag: UInt32, _ values: [UInt32]) -> [UInt8]? {
        typealias Own = VideoCoreFirmware
        let number = values.first ?? 0, value = values.dropFirst().first ?? 0
        switch tag {
        case Tag.clocks: return Own.clocks.indices.filter { Own.clocks[$0] != 0 }.flatMap { Own.words(0, UInt32($0)) }
        case Tag.clockState: return Own.words(number, ownClock(number).map { clockStates[$0] } ?? 2)
        case Tag.setClockState:
            guard let clock = ownClock(number) else { return Own.words(number, 2) }
            clockStates[clock] = value & 1
            return Own.words(number, value & 1)
        case Tag.clockRate, Tag.measuredClockRate: return Own.words(number, rate(number))
        case Tag.maximumClockRate, Tag.minimumClockRate: return Own.words(number, ownClock(number).map { Own.clocks[$0] } ?? 0)
        case Tag.setClockRate:
            // No faster than firmware lets it.
            if let clock = ownClock(number) { rates[clock] = min(value, Own.clocks[clock]) }
            return Own.words(number, rate(number))
        case Tag.voltage, Tag.maximumVoltage, Tag.minimumVoltage, Tag.setVoltage: return Own.words(number, Own.voltage)
        case Tag.temperature: return Own.words(number, 25_000)
        case Tag.maximumTemperature: return Own.words(number, 85_000)
        case Tag.turbo: return Own.words(number, turbo)
        case Tag.setTurbo:
            turbo = value & 1
            return Own.words(number, turbo)
        case Tag.throttled: return Own.words(0)
        default: return nil
        }
    }

    // MARK: Power

    /// States: bit 0 for on, bit 1 for a device that is not there.
    private func power(_ tag: UInt32, _ values: [UInt32]) -> [UInt8]? {
        typealias Own = VideoCoreFirmware
        let number = values.first ?? 0, value = values.dropFirst().first ?? 0
        let isKnown = number < 9, isDomain = (1..<UInt32(Own.domains)).contains(number)
        switch tag {
        case Tag.powerState: return Own.words(number, isKnown ? devicePower >> number & 1 : 2)
        case Tag.powerTiming: return Own.words(number, 0)
        case Tag.setPowerState:
            guard isKnown else { return Own.words(number, 2) }
            devicePower = devicePower & ~(1 << number) | (value & 1) << number
            return Own.words(number, value & 1)
        case Tag.domainState: return Own.words(number, isDomain ? domainPower >> number & 1 : .max)
        case Tag.setDomainState:
            if isDomain { domainPower = domainPower & ~(1 << number) | (value & 1) << number }
            return Own.words(number, isDomain ? value & 1 : .max)
        default: return nil
        }
    }

    // MARK: Pins of the expander

    private func pins(_ tag: UInt32, _ values: [UInt32]) -> [UInt8]? {
        typealias Own = VideoCoreFirmware
        func value(_ index: Int) -> UInt32 { values.indices.contains(index) ? values[index] : 0 }
        guard [Tag.pinState, Tag.setPinState, Tag.pinConfiguration, Tag.setPinConfiguration].contains(tag) else { return nil }
        let number = value(0), pin = number &- 128
        // The first word of an answer is 0 when all is well.
        guard pin < UInt32(Own.pins) else { return Own.words(number) }
        func put(_ field: inout UInt32, _ value: UInt32) { field = field & ~(1 << pin) | (value & 1) << pin }
        switch tag {
        case Tag.pinState: return Own.words(0, pinLevels >> pin & 1)
        case Tag.setPinState:
            put(&pinLevels, value(1))
            return Own.words(0, value(1))
        case Tag.pinConfiguration: return Own.words(0, pinDirections >> pin & 1, pinPolarities >> pin & 1, 0, 0)
        default:
            put(&pinDirections, value(1))
            put(&pinPolarities, value(2))
            if value(1) & 1 != 0 { put(&pinLevels, value(5)) }
            return Own.words(0)
        }
    }
}
