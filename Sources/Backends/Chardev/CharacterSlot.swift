import Diagnostics
import HostOS

/// The place between a front end and a back end, in which one back end can be put for another.
public final class CharacterSlot: CharacterBackend, CharacterFrontEnd {
    public private(set) var inner: CharacterBackend
    /// Where everything goes as well that the front end writes.
    private var log: HostStream?

    public init(_ inner: CharacterBackend, log: HostStream? = nil) {
        (self.inner, self.log) = (inner, log)
        super.init()
        inner.frontEnd = self
    }

    /// Puts another back end in; the front end hears that its peer has gone and come.
    public func replace(_ new: CharacterBackend, log: HostStream? = nil) {
        inner.frontEnd = nil
        frontEnd?.handle(.closed)
        (inner, self.log) = (new, log)
        new.frontEnd = self
        if new.isOpen { frontEnd?.handle(.opened) }
        new.frontEndIsReady()
    }

    // MARK: To the back end

    public override var filename: String { inner.filename }
    public override var isOpen: Bool { inner.isOpen }
    public override var unsentBytes: Int { inner.unsentBytes }
    public override func write(_ bytes: [UInt8]) {
        if let log { writeDown(bytes, log) }
        inner.write(bytes)
    }

    /// A log that cannot be written is said once, and the line goes on without.
    private func writeDown(_ bytes: [UInt8], _ stream: HostStream) {
        do { try stream.writeAll(bytes) } catch {
            warn("the log of \(filename) ends here: \(error)")
            log = nil
        }
    }

    public override func frontEndIsReady() { inner.frontEndIsReady() }
    public override func takeDescriptors() -> [HostStream] { inner.takeDescriptors() }
    public override func disconnect() { inner.disconnect() }
    public override func configure(_ line: LineParameters) { inner.configure(line) }
    public override func setBreak(_ isOn: Bool) { inner.setBreak(isOn) }
    public override var modemLines: ModemLines? { inner.modemLines }
    public override func setModemLines(_ lines: ModemLines) { inner.setModemLines(lines) }

    // MARK: To the front end

    public func receivableBytes() -> Int { frontEnd?.receivableBytes() ?? 0 }
    public func receive(_ bytes: [UInt8]) { frontEnd?.receive(bytes) }
    public func handle(_ event: CharacterEvent) { frontEnd?.handle(event) }
    public func backendHasRoom() { frontEnd?.backendHasRoom() }
}
