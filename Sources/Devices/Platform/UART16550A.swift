import AddressSpace
import Chardev
import DeviceModel
import EventLoop
import Snapshot

/// The 16550A UART (National Semiconductor PC16550D data sheet), with FIFOs, modem control and loop-back.
///
/// Characters leave at once; the line's speed is for the back end, which may be a line.
public final class UART16550A: MMIODevice, CharacterFrontEnd {
    public static let typeName = "serial"
    public static let windowSize: UInt64 = 0x100
    public static let acceptedSizes = 1...8
    public static let implementedSizes = 1...1

    private enum Register {
        static let data: UInt64 = 0, ier: UInt64 = 1, iirFCR: UInt64 = 2, lcr: UInt64 = 3, mcr: UInt64 = 4, lsr: UInt64 = 5, msr: UInt64 = 6,
            scr: UInt64 = 7
    }
    private enum IER { static let received: UInt8 = 1, transmitted: UInt8 = 2, line: UInt8 = 4, modem: UInt8 = 8 }
    private enum LSR { static let ready: UInt8 = 1, overrun: UInt8 = 2, lineBreak: UInt8 = 16, empty: UInt8 = 32, idle: UInt8 = 64 }
    private enum MCR { static let dataTerminalReady: UInt8 = 1, requestToSend: UInt8 = 2, loop: UInt8 = 16 }
    private enum LCR { static let longStop: UInt8 = 4, parity: UInt8 = 8, even: UInt8 = 16, lineBreak: UInt8 = 64 }
    private enum MSR { static let clearToSend: UInt8 = 16, dataSetReady: UInt8 = 32, ring: UInt8 = 64, carrierDetect: UInt8 = 128 }
    private static let fifoSize = 16

    public let interrupt = OutputPin()
    private let backend: CharacterBackend
    private let loop: EventLoop
    /// The frequency that the divisor divides, in Hz.
    private let clock: Int
    private var received: [UInt8] = []
    private var ier: UInt8 = 0, lcr: UInt8 = 0, mcr: UInt8 = 0, lsr: UInt8 = LSR.empty | LSR.idle, msr: UInt8 = 0xb0, scr: UInt8 = 0
    private var fcr: UInt8 = 0
    private var divisor: UInt16 = 12
    /// The transmitter's interrupt, until IIR is read or a character is written.
    private var transmitPending = false
    /// Fewer characters than the trigger level have waited for a while.
    private var timedOut = false
    /// Virtual time of the timeout in a state that is being filled in.
    private var restoredTimeout: Int64?
    private lazy var timeout = LoopTimer(loop, .virtual) { [weak self] in self?.timeoutFired() }

    /// Looks at the modem's lines, of which nobody tells.
    private lazy var modemTimer = LoopTimer(loop, .virtual) { [weak self] in self?.watchModem() }
    private static let modemInterval: Int64 = 10_000_000

    public init(backend: CharacterBackend, loop: EventLoop, clock: Int = 3_686_400) {
        self.backend = backend
        self.loop = loop
        self.clock = clock
        backend.frontEnd = self
    }

    public func reset() {
        if lcr & LCR.lineBreak != 0 { backend.setBreak(false) }
        received = []
        (ier, lcr, mcr, scr, fcr) = (0, 0, 0, 0, 0)
        setModemLines()
        lsr = LSR.empty | LSR.idle
        msr = 0xb0
        divisor = 12
        transmitPending = false
        timedOut = false
        timeout.cancel()
        watchModem()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("received", &received)
        visitor.field("ier", &ier)
        visitor.field("lcr", &lcr)
        visitor.field("mcr", &mcr)
        visitor.field("lsr", &lsr)
        visitor.field("msr", &msr)
        visitor.field("scr", &scr)
        visitor.field("fcr", &fcr)
        visitor.field("divisor", &divisor)
        visitor.field("transmitPending", &transmitPending)
        visitor.field("timedOut", &timedOut)
        var deadline = timeout.deadline
        visitor.field("timeout", &deadline)
        if visitor.isReading { restoredTimeout = deadline }
        visitor.check("the receiver holds at most \(UART16550A.fifoSize) characters", received.count <= UART16550A.fifoSize)
    }

    public func restored() {
        if let restoredTimeout { timeout.arm(at: restoredTimeout) } else { timeout.cancel() }
        restoredTimeout = nil
        configureLine()
        backend.setBreak(lcr & LCR.lineBreak != 0)
        setModemLines()
        watchModem()
        update()
        backend.frontEndIsReady()
    }

    private var fifoEnabled: Bool { fcr & 1 != 0 }
    private var capacity: Int { fifoEnabled ? UART16550A.fifoSize : 1 }
    private var triggerLevel: Int { fifoEnabled ? [1, 4, 8, 14][Int(fcr >> 6)] : 1 }
    private var latchAccess: Bool { lcr & 0x80 != 0 }

    // MARK: Interrupts

    /// The identification of the most urgent pending interrupt.
    private var identification: UInt8 {
        if ier & IER.line != 0, lsr & (LSR.overrun | LSR.lineBreak) != 0 { return 6 }
        if ier & IER.received != 0, timedOut { return 12 }
        if ier & IER.received != 0, lsr & LSR.ready != 0, received.count >= triggerLevel { return 4 }
        if ier & IER.transmitted != 0, transmitPending { return 2 }
        if ier & IER.modem != 0, msr & 0x0f != 0 { return 0 }
        return 1
    }

    private func update() { interrupt.set(identification != 1) }

    private func timeoutFired() {
        if !received.isEmpty { timedOut = true }
        update()
    }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        (UInt64(readRegister(offset & 7)), .ok)
    }

    private func readRegister(_ register: UInt64) -> UInt8 {
        switch register {
        case Register.data: return latchAccess ? UInt8(truncatingIfNeeded: divisor) : readData()
        case Register.ier: return latchAccess ? UInt8(divisor >> 8) : ier
        case Register.iirFCR:
            let value = identification
            if value == 2 { transmitPending = false }
            update()
            return value | (fifoEnabled ? 0xc0 : 0)
        case Register.lcr: return lcr
        case Register.mcr: return mcr
        case Register.lsr:
            let value = lsr
            lsr &= ~(LSR.overrun | LSR.lineBreak)
            update()
            return value
        case Register.msr:
            if mcr & MCR.loop != 0 { return (mcr & 0x0c) << 4 | (mcr & 2) << 3 | (mcr & 1) << 5 }
            readModem()
            let value = msr
            msr &= 0xf0
            update()
            return value
        default: return scr
        }
    }

    private func readData() -> UInt8 {
        guard !received.isEmpty else { return 0 }
        let byte = received.removeFirst()
        timedOut = false
        if received.isEmpty {
            lsr &= ~LSR.ready
            timeout.cancel()
        } else {
            armTimeout()
        }
        update()
        backend.frontEndIsReady()
        return byte
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        writeRegister(offset & 7, UInt8(truncatingIfNeeded: value))
        return .ok
    }

    private func writeRegister(_ register: UInt64, _ value: UInt8) {
        switch register {
        case Register.data:
            if latchAccess { setDivisor(divisor & 0xff00 | UInt16(value)) } else { transmit(value) }
        case Register.ier:
            if latchAccess {
                setDivisor(divisor & 0xff | UInt16(value) << 8)
            } else {
                // Enabling the transmitter's interrupt while it is empty raises it at once.
                if value & IER.transmitted != 0, ier & IER.transmitted == 0 { transmitPending = true }
                ier = value & 0x0f
                watchModem()
                update()
            }
        case Register.iirFCR: writeFIFOControl(value)
        case Register.lcr: writeLineControl(value)
        case Register.mcr:
            mcr = value & 0x1f
            setModemLines()
        case Register.scr: scr = value
        default: break
        }
    }

    private func writeFIFOControl(_ value: UInt8) {
        if (value ^ fcr) & 1 != 0 || value & 2 != 0 {
            received = []
            lsr &= ~LSR.ready
            timedOut = false
            timeout.cancel()
        }
        fcr = value & 0xc9
        update()
        backend.frontEndIsReady()
    }

    private func transmit(_ byte: UInt8) {
        if mcr & MCR.loop != 0 { receive([byte]) } else { backend.write([byte]) }
        transmitPending = true
        update()
    }

    // MARK: The line

    private func setDivisor(_ value: UInt16) {
        divisor = value
        configureLine()
    }

    private func writeLineControl(_ value: UInt8) {
        let changed = value ^ lcr
        lcr = value
        if changed & 0x3f != 0 { configureLine() }
        if changed & LCR.lineBreak != 0 { backend.setBreak(value & LCR.lineBreak != 0) }
    }

    private func configureLine() {
        guard divisor > 0 else { return }
        let parity: LineParameters.Parity = lcr & LCR.parity == 0 ? .none : lcr & LCR.even == 0 ? .odd : .even
        let line = LineParameters(
            speed: clock / 16 / Int(divisor), parity: parity, dataBits: 5 + Int(lcr & 3), stopBits: lcr & LCR.longStop == 0 ? 1 : 2)
        if line.speed > 0 { backend.configure(line) }
    }

    private func setModemLines() {
        guard mcr & MCR.loop == 0 else { return }
        var lines: ModemLines = []
        if mcr & MCR.dataTerminalReady != 0 { lines.insert(.dataTerminalReady) }
        if mcr & MCR.requestToSend != 0 { lines.insert(.requestToSend) }
        backend.setModemLines(lines)
    }

    /// Takes over the modem's lines, and notes which have changed; ring is noted when it ends.
    private func readModem() {
        guard let lines = backend.modemLines else { return }
        let names: [(ModemLines, UInt8)] = [
            (.clearToSend, MSR.clearToSend), (.dataSetReady, MSR.dataSetReady), (.ring, MSR.ring), (.carrierDetect, MSR.carrierDetect),
        ]
        let now = names.reduce(0) { lines.contains($1.0) ? $0 | $1.1 : $0 }
        let changed = (now ^ msr) & 0xf0 & ~(now & MSR.ring)
        msr = now | msr & 0x0f | changed >> 4
    }

    /// As long as a driver wants to hear of the modem's lines, they are looked at.
    private func watchModem() {
        guard ier & IER.modem != 0, backend.modemLines != nil else { return modemTimer.cancel() }
        readModem()
        update()
        modemTimer.arm(at: loop.now(.virtual) + UART16550A.modemInterval)
    }

    // MARK: Input

    public func receivableBytes() -> Int { max(0, capacity - received.count) }

    public func receive(_ bytes: [UInt8]) {
        for byte in bytes {
            if received.count >= capacity { lsr |= LSR.overrun } else { received.append(byte) }
        }
        lsr |= LSR.ready
        if fifoEnabled, received.count < triggerLevel { armTimeout() }
        update()
    }

    /// Four characters' time at 115200 baud.
    private func armTimeout() { timeout.arm(at: loop.now(.virtual) + 350_000) }

    public func handle(_ event: CharacterEvent) {
        guard event == .lineBreak else { return }
        lsr |= LSR.lineBreak | LSR.ready
        if received.count < capacity { received.append(0) }
        update()
    }
}
