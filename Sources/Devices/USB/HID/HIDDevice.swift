import EventLoop
import Input
import ObjectModel
import Snapshot
import USB

/// What a human interface device of a kind reports.
protocol HIDReports: SnapshotState {
    /// Takes what somebody does; false if it is nothing for the device.
    mutating func take(_ events: [InputEvent]) -> Bool
    /// Whether there is news.
    var hasNews: Bool { get }
    /// The report of how things are now; `takesNews` moves on to the next news before.
    mutating func report(isBoot: Bool, takesNews: Bool) -> [UInt8]
    /// Takes a report of the host's; false if there is none of that length.
    mutating func obey(_ bytes: [UInt8]) -> Bool
}

/// A keyboard or pointer at a USB port (Device Class Definition for Human Interface Devices 1.11).
public final class HIDDevice: USBDevice, InputHandler {
    public static let typeName = "usb-hid"

    public let kind: HIDKind
    public let function: USBFunction
    public let inputPlace: (device: String, head: Int)?
    private let hub: InputHub
    private let loop: EventLoop
    private var reports: any HIDReports
    private var isBoot = false
    /// Units of 4 ms after which a report is repeated; 0 for never (section 7.2.4).
    private var idle: UInt8 = 0
    private var repeatsAt: Int64?
    private var isRepeating = false
    private lazy var timer = LoopTimer(loop, .virtual) { [unowned self] in repeatReport() }

    private enum Request {
        static let getReport: UInt8 = 1, getIdle: UInt8 = 2, getProtocol: UInt8 = 3, setReport: UInt8 = 9, setIdle: UInt8 = 10,
            setProtocol: UInt8 = 11
    }
    private enum ReportType { static let input: UInt16 = 1, output: UInt16 = 2 }

    public init(_ kind: HIDKind, _ values: PropertyValues, hub: InputHub, loop: EventLoop) {
        (self.kind, self.hub, self.loop) = (kind, hub, loop)
        function = USBFunction(kind.description(serial: values.string("serial"), isOld: values.integer("usb_version") == 1))
        reports = kind.makeReports()
        inputPlace = values.string("display").map { ($0, Int(values.integer("head") ?? 0)) }
        hub.add(self)
    }

    public func reset() {
        function.reset()
        configurationChanged()
    }

    public func configurationChanged() {
        (reports, isBoot, idle, isRepeating, repeatsAt) = (kind.makeReports(), false, 0, false, nil)
        timer.cancel()
        if function.configuration == 0 { hub.deactivate(self) } else { hub.activate(self) }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.constant("kind", kind.rawValue)
        function.visit(&visitor)
        visitor.group("reports") { reports.visit(&$0) }
        visitor.field("isBoot", &isBoot)
        visitor.field("idle", &idle)
        visitor.field("repeatsAt", &repeatsAt)
        visitor.field("isRepeating", &isRepeating)
    }

    public func restored() {
        if function.configuration == 0 { hub.deactivate(self) } else { hub.activate(self) }
        if let repeatsAt { timer.arm(at: repeatsAt) } else { timer.cancel() }
    }

    // MARK: Input

    public var inputName: String { kind.name }
    public var accepts: InputKinds { kind.accepts }

    public func handle(_ events: [InputEvent]) {
        guard function.configuration != 0, reports.take(events) else { return }
        if function.isSuspended { function.wakeHost() }
        function.isReady(1, isInput: true)
    }

    public func input(_ endpoint: USBEndpoint, room: Int) -> USBHandshake {
        guard reports.hasNews || isRepeating else { return .nak }
        let report = reports.report(isBoot: isBoot, takesNews: true)
        isRepeating = false
        armRepetition()
        return .ack(report)
    }

    private func armRepetition() {
        guard idle > 0 else {
            repeatsAt = nil
            return timer.cancel()
        }
        let time = loop.now(.virtual) + Int64(idle) * 4_000_000
        repeatsAt = time
        timer.arm(at: time)
    }

    private func repeatReport() {
        (repeatsAt, isRepeating) = (nil, true)
        function.isReady(1, isInput: true)
    }

    // MARK: Requests

    public func control(_ request: USBRequest, _ data: [UInt8]) -> [UInt8]? {
        if request.kind == .standard { return descriptor(request) }
        guard request.kind == .ofClass, request.recipient == .interface, request.index == 0 else { return nil }
        switch (request.code, request.isInput) {
        case (Request.getReport, true): return request.value >> 8 == ReportType.input ? reports.report(isBoot: isBoot, takesNews: false) : nil
        case (Request.setReport, false): return request.value >> 8 == ReportType.output && reports.obey(data) ? [] : nil
        case (Request.getIdle, true): return [idle]
        case (Request.setIdle, false):
            // Of all reports: there are none with numbers.
            guard request.value & 0xff == 0 else { return nil }
            idle = UInt8(request.value >> 8)
            armRepetition()
            return []
        case (Request.getProtocol, true) where kind.hasBootProtocol: return [isBoot ? 0 : 1]
        case (Request.setProtocol, false) where kind.hasBootProtocol && request.value < 2:
            isBoot = request.value == 0
            return []
        default: return nil
        }
    }

    /// Descriptors that belong to the interface (section 7.1.1).
    private func descriptor(_ request: USBRequest) -> [UInt8]? {
        guard request.code == 6, request.isInput, request.recipient == .interface, request.index == 0, request.value & 0xff == 0 else { return nil }
        switch request.value >> 8 {
        case 0x21: return kind.classDescriptor
        case 0x22: return kind.reportDescriptor
        default: return nil
        }
    }
}
