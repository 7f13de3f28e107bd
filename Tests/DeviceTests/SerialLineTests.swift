import Chardev
import DeviceModel
import EventLoop
import PlatformDevices
import Testing

/// A line that keeps what it is told, with a modem.
private final class Line: CharacterBackend {
    var parameters: LineParameters?
    var breaks: [Bool] = []
    var own: ModemLines = []
    var modem: ModemLines? = []

    override func configure(_ line: LineParameters) { parameters = line }
    override func setBreak(_ isOn: Bool) { breaks.append(isOn) }
    override var modemLines: ModemLines? { modem.map { $0.union(own) } }
    override func setModemLines(_ lines: ModemLines) { own = lines }
}

/// What UARTs say of their lines.
@Suite struct SerialLineTests {
    private let line = Line()
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        loop.setVirtualTime(0)
    }

    private func write<Chip: MMIODevice>(_ chip: Chip, _ offset: UInt64, _ value: UInt64) {
        _ = chip.write(offset, value: value, size: Chip.implementedSizes.lowerBound)
    }

    @Test func a16550SetsItsLineUp() {
        let uart = UART16550A(backend: line, loop: loop)
        for (offset, value) in [(3, 0x80), (0, 24), (1, 0), (3, 0x1e)] as [(UInt64, UInt64)] { write(uart, offset, value) }
        #expect(line.parameters == LineParameters(speed: 9600, parity: .even, dataBits: 7, stopBits: 2))
        write(uart, 3, 0x0b)
        #expect(line.parameters == LineParameters(speed: 9600, parity: .odd, dataBits: 8, stopBits: 1))
        write(uart, 3, 0x43)
        write(uart, 3, 0x03)
        #expect(line.breaks == [true, false])
        // A divisor of nothing is no speed.
        for (offset, value) in [(3, 0x83), (0, 0), (3, 3)] as [(UInt64, UInt64)] { write(uart, offset, value) }
        #expect(line.parameters?.speed == 9600)
    }

    @Test func a16550SeesItsModem() {
        let uart = UART16550A(backend: line, loop: loop)
        write(uart, 4, 3)
        #expect(line.own == [.dataTerminalReady, .requestToSend])
        _ = uart.read(6, size: 1)
        line.modem = [.clearToSend, .dataSetReady, .carrierDetect]
        let first = uart.read(6, size: 1).value
        #expect(first & 0xf0 == 0xb0 && first & 0x0f == 0x0b)
        line.modem = [.clearToSend]
        #expect(uart.read(6, size: 1).value == 0x1a)
        #expect(uart.read(6, size: 1).value == 0x10)
    }

    /// Whoever wants the interrupt gets it, though nobody reads the register.
    @Test func modemsInterrupt() {
        let uart = UART16550A(backend: line, loop: loop)
        _ = uart.read(6, size: 1)
        write(uart, 1, 8)
        #expect(uart.read(2, size: 1).value & 0x0f == 1)
        line.modem = [.ring]
        loop.setVirtualTime(11_000_000)
        loop.fireDueVirtualTimers()
        #expect(uart.read(2, size: 1).value & 0x0f == 1, "a ring is told of when it ends")
        line.modem = []
        loop.setVirtualTime(22_000_000)
        loop.fireDueVirtualTimers()
        #expect(uart.read(2, size: 1).value & 0x0f == 0)
        #expect(uart.read(6, size: 1).value == 4)
    }

    @Test func aPL011SetsItsLineUp() {
        let uart = PL011(backend: line)
        for (offset, value) in [(0x24, 13), (0x28, 1), (0x2c, 0x70)] as [(UInt64, UInt64)] { write(uart, offset, value) }
        #expect(line.parameters == LineParameters(speed: 115_246, parity: .none, dataBits: 8, stopBits: 1))
        write(uart, 0x2c, 0x4b)
        #expect(line.parameters.map { [$0.dataBits, $0.stopBits] } == [7, 2] && line.parameters?.parity == .odd)
        write(uart, 0x2c, 0x70)
        #expect(line.breaks == [true, false])
    }
}
