/// How characters are sent on a line.
public struct LineParameters: Equatable, Sendable {
    public enum Parity: Sendable { case none, odd, even }

    /// Bits a second.
    public var speed: Int
    public var parity: Parity
    /// 5 to 8.
    public var dataBits: Int
    /// 1 or 2.
    public var stopBits: Int

    public init(speed: Int, parity: Parity, dataBits: Int, stopBits: Int) {
        (self.speed, self.parity, self.dataBits, self.stopBits) = (speed, parity, dataBits, stopBits)
    }
}

/// Lines beside those of the data (ITU-T V.24), with the host's bits (TIOCM_… in asm-generic/termios.h).
public struct ModemLines: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let dataTerminalReady = ModemLines(rawValue: 0x002)
    public static let requestToSend = ModemLines(rawValue: 0x004)
    public static let clearToSend = ModemLines(rawValue: 0x020)
    public static let carrierDetect = ModemLines(rawValue: 0x040)
    public static let ring = ModemLines(rawValue: 0x080)
    public static let dataSetReady = ModemLines(rawValue: 0x100)
}
