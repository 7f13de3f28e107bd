import Diagnostics
import EventLoop
import HostOS
import ObjectModel
import Snapshot
import Virtio

/// A balloon: memory that the driver lends to the host, and figures about the guest's memory (Virtio 1.2, section 5.5).
public final class VirtioBalloon: VirtioDevice {
    public let deviceID: UInt32 = 5
    public let queueSize: UInt16 = 128
    public let features: UInt64
    /// The guest's memory in bytes.
    private let memorySize: UInt64
    private let loop: EventLoop
    private weak var port: (any VirtioPort)?
    /// Pages that the driver should lend.
    private var wanted: UInt32 = 0
    /// Pages that it has lent.
    private var lent: UInt32 = 0
    /// The driver lends more, or less, now; called with the bytes that are left to it.
    public var onChange: ((UInt64) -> Void)?

    /// The driver's buffer of figures, kept until it is to fill it anew.
    private var held: DescriptorChain?
    private lazy var timer = LoopTimer(loop, .virtual) { [unowned self] in askForFigures() }
    private(set) public var interval: UInt32 = 0
    /// By the driver's numbers.
    private var figures: [UInt64]
    /// Seconds since 1970.
    private var figuresTime: UInt64 = 0

    private enum Feature {
        static let statistics: UInt64 = 1 << 1, deflateOnOOM: UInt64 = 1 << 2, pageReporting: UInt64 = 1 << 5
    }
    private enum Queue { static let inflate = 0, deflate = 1, statistics = 2, reporting = 3 }
    private static let pageBits: UInt64 = 12
    /// Bytes of the driver's lists that are read at once.
    private static let piece = 1 << 14
    private static let unknown = UInt64.max

    /// What the driver's figures are, by their numbers (section 5.5.6.3), as QEMU calls them.
    public static let figureNames = [
        "stat-swap-in", "stat-swap-out", "stat-major-faults", "stat-minor-faults", "stat-free-memory", "stat-total-memory", "stat-available-memory",
        "stat-disk-caches", "stat-htlb-pgalloc", "stat-htlb-pgfail",
    ]

    public static let type = ObjectType.virtio(
        "balloon", help: "virtio balloon",
        [
            Property("deflate-on-oom", .bool, default: false, "let the driver take memory back rather than kill programs"),
            Property("free-page-reporting", .bool, default: false, "let the driver tell which pages are free, which the host then gets back"),
        ])

    public init(_ values: PropertyValues, memorySize: UInt64, loop: EventLoop) {
        (self.memorySize, self.loop) = (memorySize, loop)
        var features = Feature.statistics
        if values.bool("deflate-on-oom") { features |= Feature.deflateOnOOM }
        if values.bool("free-page-reporting") { features |= Feature.pageReporting }
        self.features = features
        figures = [UInt64](repeating: VirtioBalloon.unknown, count: VirtioBalloon.figureNames.count)
    }

    /// Queues that are not offered have no numbers.
    public var queueCount: Int { features & Feature.pageReporting != 0 ? 4 : 3 }

    public func attach(_ port: any VirtioPort) { self.port = port }

    public func reset() { held = nil }

    // MARK: Size

    /// Pages to lend, pages lent.
    public var configuration: [UInt8] { littleEndian(wanted) + littleEndian(lent) }

    private func littleEndian(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }

    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        var word = littleEndian(lent)
        for (index, byte) in bytes.enumerated() where (4..<8).contains(offset + index) { word[offset + index - 4] = byte }
        let before = lent
        lent = word.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        if lent != before { onChange?(size) }
    }

    /// Bytes that are left to the guest.
    public var size: UInt64 { memorySize - min(memorySize, UInt64(lent) << VirtioBalloon.pageBits) }

    /// Asks the driver to lend what is above so many bytes, or to take back what is below.
    public func resize(_ bytes: UInt64) {
        wanted = UInt32(clamping: (memorySize - min(bytes, memorySize)) >> VirtioBalloon.pageBits)
        port?.configurationChanged()
    }

    // MARK: Queues

    public func process(queue: Int) {
        guard let port else { return }
        do {
            switch queue {
            case Queue.inflate: try takeChains(queue, port) { try inflate($0, port) }
            case Queue.statistics: try takeFigures(port)
            case Queue.reporting: try takeChains(queue, port) { for part in $0.writable { release(part.address, UInt64(part.length), port) } }
            // Pages that are taken back are there when they are touched.
            default: try takeChains(queue, port) { _ in }
            }
        } catch { port.fail("\(error)") }
    }

    private func takeChains(_ index: Int, _ port: any VirtioPort, _ body: (DescriptorChain) throws -> Void) throws {
        let queue = port.queues[index]
        while let chain = try queue.pop() {
            try body(chain)
            try queue.push(chain, written: 0)
        }
        port.signal(queue)
    }

    /// The pages whose numbers the driver lists are the host's.
    private func inflate(_ chain: DescriptorChain, _ port: any VirtioPort) throws {
        for part in chain.readable {
            var (place, left) = (part.address, Int(part.length) & ~3)
            while left > 0 {
                let count = min(left, VirtioBalloon.piece)
                guard let bytes = port.memory.read(place, count: count) else { throw VirtqueueError.unreadable(place) }
                for index in stride(from: 0, to: count, by: 4) {
                    let page = bytes[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt64($1) }
                    release(page << VirtioBalloon.pageBits, 1 << VirtioBalloon.pageBits, port)
                }
                place &+= UInt64(count)
                left -= count
            }
        }
    }

    /// Gives memory back to the host. What is not RAM stays what it is.
    private func release(_ address: UInt64, _ count: UInt64, _ port: any VirtioPort) {
        guard port.memory.release(address, count: Int(count)) else {
            return Log.write(.guestErrors, "virtio-balloon: \(hex(address)) is not RAM")
        }
    }

    // MARK: Figures

    /// Asks for figures every so many seconds; 0 for never.
    public func poll(every seconds: UInt32) {
        interval = seconds
        timer.cancel()
        askForFigures()
    }

    private func askForFigures() {
        guard interval > 0 else { return }
        timer.arm(at: loop.now(.virtual) + Int64(interval) * 1_000_000_000)
        guard let port, let chain = held else { return }
        held = nil
        let queue = port.queues[Queue.statistics]
        do { try queue.push(chain, written: 0) } catch { return port.fail("\(error)") }
        port.signal(queue)
    }

    private func takeFigures(_ port: any VirtioPort) throws {
        let queue = port.queues[Queue.statistics]
        while let chain = try queue.pop() {
            // A driver has one buffer under way.
            if let held { try queue.push(held, written: 0) }
            held = chain
            figures = figures.map { _ in VirtioBalloon.unknown }
            let bytes = try chain.readable.prefix(1).flatMap { part in
                let count = min(Int(part.length), VirtioBalloon.piece)
                guard let bytes = port.memory.read(part.address, count: count) else { throw VirtqueueError.unreadable(part.address) }
                return bytes
            }
            // A number in two bytes, a figure in eight.
            for start in stride(from: 0, through: bytes.count - 10, by: 10) {
                let number = Int(bytes[start]) | Int(bytes[start + 1]) << 8
                guard figures.indices.contains(number) else { continue }
                figures[number] = bytes[start + 2..<start + 10].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            figuresTime = UInt64(max(0, loop.wallClock() / 1_000_000_000))
        }
    }

    /// What the driver has told last, by name, and when; figures that it does not know are all ones.
    public var statistics: (figures: [(name: String, value: UInt64)], seconds: UInt64) {
        (Array(zip(VirtioBalloon.figureNames, figures)).map { ($0, $1) }, figuresTime)
    }

    // MARK: State

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("wanted", &wanted)
        visitor.field("lent", &lent)
        visitor.field("figures", &figures)
        visitor.check("there are \(VirtioBalloon.figureNames.count) figures", figures.count == VirtioBalloon.figureNames.count)
        visitor.field("figuresTime", &figuresTime)
        var isHeld = held != nil
        visitor.field("isHeld", &isHeld)
        var chain = held ?? .empty
        visitor.group("held") { chain.visit(&$0) }
        held = isHeld ? chain : nil
    }
}
