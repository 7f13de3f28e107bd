import Glibc

/// A serial port of the host's, or any other terminal, as a line without a discipline (termios(3)).
public final class SerialPort {
    public enum Parity: Sendable { case none, odd, even }

    public let stream: HostStream

    /// Opens a terminal by its path; 115200 baud, eight bits, no parity, one stop bit.
    public init(_ path: String) throws(HostError) {
        let descriptor = openPath(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError("open '\(path)'") }
        stream = HostStream(descriptor: descriptor, closes: true)
        guard stream.isTerminal else { throw HostError("use '\(path)' as a serial port", errno: ENOTTY) }
        configure(speed: 115200, parity: .none, dataBits: 8, stopBits: 1)
    }

    /// Sets the line up, at the speed that is nearest. What the port cannot do stays as it is.
    public func configure(speed: Int, parity: Parity, dataBits: Int, stopBits: Int) {
        var attributes = termios()
        guard unsafe tcgetattr(stream.descriptor, &attributes) == 0 else { return }
        unsafe cfmakeraw(&attributes)
        attributes.c_cflag &= ~tcflag_t(PARENB | PARODD | CSIZE | CSTOPB)
        attributes.c_cflag |= tcflag_t(CREAD | CLOCAL)
        switch dataBits {
        case 5: attributes.c_cflag |= tcflag_t(CS5)
        case 6: attributes.c_cflag |= tcflag_t(CS6)
        case 7: attributes.c_cflag |= tcflag_t(CS7)
        default: attributes.c_cflag |= tcflag_t(CS8)
        }
        if stopBits == 2 { attributes.c_cflag |= tcflag_t(CSTOPB) }
        switch parity {
        case .none: break
        case .odd: attributes.c_cflag |= tcflag_t(PARENB | PARODD)
        case .even: attributes.c_cflag |= tcflag_t(PARENB)
        }
        unsafe cfsetspeed(&attributes, SerialPort.nearest(speed))
        unsafe tcsetattr(stream.descriptor, TCSANOW, &attributes)
    }

    private static func nearest(_ speed: Int) -> speed_t {
        let near = speeds.min { abs($0.baud - speed) < abs($1.baud - speed) }
        return speed_t(near?.word ?? B115200)
    }

    private static let speeds: [(baud: Int, word: Int32)] = [
        (50, B50), (75, B75), (110, B110), (134, B134), (150, B150), (200, B200), (300, B300), (600, B600), (1200, B1200), (1800, B1800),
        (2400, B2400),
        (4800, B4800), (9600, B9600), (19200, B19200), (38400, B38400), (57600, B57600), (115_200, B115200), (230_400, B230400), (460_800, B460800),
        (500_000, B500000), (576_000, B576000), (921_600, B921600), (1_000_000, B1000000), (1_152_000, B1152000), (1_500_000, B1500000),
        (2_000_000, B2000000), (2_500_000, B2500000), (3_000_000, B3000000), (3_500_000, B3500000), (4_000_000, B4000000),
    ]

    /// Begins or ends a break condition.
    public func setBreak(_ isOn: Bool) { _ = ioctl(stream.descriptor, UInt(isOn ? TIOCSBRK : TIOCCBRK)) }

    /// The modem's lines as bits (TIOCM_…); nil if the port has none.
    public var modemBits: Int32? {
        get {
            var bits: Int32 = 0
            return unsafe ioctl(stream.descriptor, UInt(TIOCMGET), &bits) == 0 ? bits : nil
        }
        set {
            guard var bits = newValue else { return }
            unsafe _ = ioctl(stream.descriptor, UInt(TIOCMSET), &bits)
        }
    }
}
