import EventLoop
import HostOS

/// A serial port of the host's: the guest's UART says how it sends, and sees the modem's lines.
public final class SerialBackend: CharacterBackend {
    private let port: SerialPort
    private var channel: ByteChannel?

    public init(loop: EventLoop, path: String) throws(HostError) {
        port = try SerialPort(path)
        super.init()
        channel = ByteChannel(self, loop: loop, input: port.stream, output: port.stream) { [unowned self] in frontEnd?.handle(.closed) }
    }

    public override var filename: String { "serial" }
    public override func frontEndIsReady() { channel?.frontEndIsReady() }
    public override func write(_ bytes: [UInt8]) { channel?.write(bytes) }
    public override var unsentBytes: Int { channel?.unsentBytes ?? 0 }

    public override func configure(_ line: LineParameters) {
        let parity: SerialPort.Parity =
            switch line.parity {
            case .none: .none
            case .odd: .odd
            case .even: .even
            }
        port.configure(speed: line.speed, parity: parity, dataBits: line.dataBits, stopBits: line.stopBits)
    }

    public override func setBreak(_ isOn: Bool) { port.setBreak(isOn) }

    public override var modemLines: ModemLines? { port.modemBits.map(ModemLines.init(rawValue:)) }

    public override func setModemLines(_ lines: ModemLines) {
        let own: ModemLines = [.dataTerminalReady, .requestToSend]
        guard let now = modemLines else { return }
        port.modemBits = now.subtracting(own).union(lines.intersection(own)).rawValue
    }
}
