import AddressSpace
import Diagnostics
import Display
import ObjectModel
import Snapshot
import Virtio

/// A display over virtio (Virtio 1.2, section 5.7): pictures in two dimensions, several outputs, EDID, the pointer's picture.
public final class VirtioGPU: VirtioDevice {
    public static let type = ObjectType.virtio(
        "gpu", help: "virtio display",
        [
            Property("max_outputs", .unsigned(bits: 32), default: 1, range: 1...UInt64(mostOutputs), "outputs that there are"),
            Property("max_hostmem", .size, default: .integer(256 << 20), "bytes that the guest's pictures may take"),
            Property("edid", .bool, default: true, "tell the guest of the monitors"),
            Property("xres", .unsigned(bits: 32), default: 1280, range: sides, "columns that the first monitor would like best"),
            Property("yres", .unsigned(bits: 32), default: 800, range: sides, "rows that the first monitor would like best"),
        ])

    /// What an output's monitor is like, and what the driver has put on it.
    private struct Output: SnapshotState {
        /// The size that the monitor would like best; it is off without one.
        var preferredWidth: UInt32 = 0, preferredHeight: UInt32 = 0
        /// The picture of which a part is shown; 0 for none.
        var resource: UInt32 = 0
        var x: UInt32 = 0, y: UInt32 = 0, width: UInt32 = 0, height: UInt32 = 0
        var cursor: UInt32 = 0, hotX: UInt32 = 0, hotY: UInt32 = 0

        var isOn: Bool { preferredWidth > 0 }
        var rect: PixelRect { PixelRect(x: Int(x), y: Int(y), width: Int(width), height: Int(height)) }

        mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("preferredWidth", &preferredWidth)
            visitor.field("preferredHeight", &preferredHeight)
            visitor.field("resource", &resource)
            visitor.field("x", &x)
            visitor.field("y", &y)
            visitor.field("width", &width)
            visitor.field("height", &height)
            visitor.field("cursor", &cursor)
            visitor.field("hotX", &hotX)
            visitor.field("hotY", &hotY)
            let isPossible = isPossible
            visitor.check("a monitor's best size is one that EDID can name", isPossible)
        }

        /// The monitor is off, or EDID can name its size.
        var isPossible: Bool {
            preferredWidth == 0 || VirtioGPU.sides.contains(UInt64(preferredWidth)) && VirtioGPU.sides.contains(UInt64(preferredHeight))
        }
    }

    public static let mostOutputs = 16
    private static let sides = 64...UInt64(EDID.largestSide)
    private static let pointerSide: UInt32 = 64
    private enum Queue { static let control = 0, cursor = 1 }
    private enum Feature { static let edid: UInt64 = 2 }
    /// The monitors have changed.
    private static let displayEvent: UInt32 = 1
    /// The longest command: the pieces of a picture's memory.
    private static let longestRequest = 32 + 16 * GPUResource.mostPieces
    private static let mostResources = 1 << 14

    public let deviceID: UInt32 = 16
    public let queueCount = 2
    public let queueSize: UInt16 = 64
    public let pciClass: UInt32 = 0x03_8000
    public var features: UInt64 { hasEDID ? Feature.edid : 0 }
    public let consoles: [DisplayConsole]
    private let hasEDID: Bool
    private let memoryLimit: UInt64
    private let firstSize: (width: UInt32, height: UInt32)
    private weak var port: (any VirtioPort)?
    private var resources: [UInt32: GPUResource] = [:]
    private var memoryUse: UInt64 = 0
    private var outputs: [Output]
    private var events: UInt32 = 0

    /// - Parameter consoles: one for each output.
    public init(_ values: PropertyValues, consoles: [DisplayConsole]) {
        precondition((1...VirtioGPU.mostOutputs).contains(consoles.count), "there are 1 to \(VirtioGPU.mostOutputs) outputs")
        self.consoles = consoles
        hasEDID = values.bool("edid")
        memoryLimit = values.integer("max_hostmem") ?? 256 << 20
        firstSize = (UInt32(values.integer("xres") ?? 1280), UInt32(values.integer("yres") ?? 800))
        outputs = consoles.map { _ in Output() }
        (outputs[0].preferredWidth, outputs[0].preferredHeight) = firstSize
        for (index, console) in consoles.enumerated() { console.wish = { [unowned self] in prefer(index, $0, $1) } }
    }

    public func attach(_ port: any VirtioPort) { self.port = port }

    /// Events, events to clear, outputs, sets of capabilities.
    public var configuration: [UInt8] { [events, 0, UInt32(outputs.count), 0].flatMap(littleEndian) }

    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        guard offset == 4, bytes.count == 4 else { return }
        events &= ~GPURequest(bytes: bytes).word(0)
    }

    /// A viewer would like another size.
    private func prefer(_ index: Int, _ width: Int, _ height: Int) {
        guard VirtioGPU.sides.contains(UInt64(width)), VirtioGPU.sides.contains(UInt64(height)) else { return }
        (outputs[index].preferredWidth, outputs[index].preferredHeight) = (UInt32(width), UInt32(height))
        events |= VirtioGPU.displayEvent
        port?.configurationChanged()
    }

    public func reset() {
        resources = [:]
        (memoryUse, events) = (0, 0)
        for index in outputs.indices {
            if outputs[index].resource != 0 || outputs[index].cursor != 0 { consoles[index].blank() }
            // Monitors stay, but for those that a damaged state has named.
            let old = outputs[index]
            outputs[index] = Output()
            (outputs[index].preferredWidth, outputs[index].preferredHeight) =
                old.isPossible ? (old.preferredWidth, old.preferredHeight) : (firstSize.width, firstSize.height)
        }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("events", &events)
        for index in outputs.indices { visitor.part("output\(index)", &outputs[index]) }
        var list = resources.values.sorted { $0.id < $1.id }
        visitor.parts("resource", &list, empty: .empty, limit: VirtioGPU.mostResources)
        guard visitor.isReading else { return }
        visitor.check("pictures have different numbers", Set(list.map(\.id)).count == list.count)
        resources = Dictionary(list.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        memoryUse = list.reduce(0) { $0 + VirtioGPU.size($1) }
        visitor.check("pictures take at most \(memoryLimit) bytes", memoryUse <= memoryLimit)
        for output in outputs where output.resource != 0 {
            let bounds = resources[output.resource]?.bounds ?? PixelRect(width: 0, height: 0)
            visitor.check("what is shown lies in its picture", VirtioGPU.isShowable(output.rect, of: bounds))
        }
    }

    public func restored(features: UInt64) {
        for index in outputs.indices {
            if outputs[index].resource == 0 {
                consoles[index].blank()
            } else {
                consoles[index].resize(width: Int(outputs[index].width), height: Int(outputs[index].height))
                show(index, outputs[index].rect)
            }
            showPointer(index)
        }
    }

    private static func size(_ resource: GPUResource) -> UInt64 { UInt64(resource.pixels.count * GPUResource.pixelSize) }

    // MARK: Queues

    public func process(queue index: Int) {
        guard let port else { return }
        do {
            let queue = port.queues[index]
            while let chain = try queue.pop() {
                let answer = try answer(chain, isCursor: index == Queue.cursor, port)
                try queue.push(chain, written: try VirtioGPU.write(answer, into: chain, port.memory))
            }
            port.signal(queue)
        } catch { port.fail("\(error)") }
    }

    private func answer(_ chain: DescriptorChain, isCursor: Bool, _ port: any VirtioPort) throws -> [UInt8] {
        guard chain.readableBytes <= VirtioGPU.longestRequest else { return refused(GPURequest(bytes: []), .unspecified) }
        var bytes: [UInt8] = []
        for part in chain.readable {
            guard let piece = port.memory.read(part.address, count: Int(part.length)) else { throw VirtqueueError.unreadable(part.address) }
            bytes += piece
        }
        let request = GPURequest(bytes: bytes)
        do {
            try request.needs(GPURequest.headerSize)
            // Commands of the pointer have no answer but that they are done with.
            if isCursor {
                try moveCursor(request)
                return []
            }
            let (answer, more) = try obey(request, port.memory)
            return request.header(answer) + more
        } catch { return isCursor ? [] : refused(request, error) }
    }

    private func refused(_ request: GPURequest, _ answer: GPUAnswer) -> [UInt8] {
        Log.write(.guestErrors, "virtio-gpu: command \(hex(UInt64(request.command))) is refused: \(answer)")
        return request.header(answer)
    }

    private static func write(_ bytes: [UInt8], into chain: DescriptorChain, _ memory: AddressSpace) throws -> Int {
        var rest = bytes[...]
        for part in chain.writable where !rest.isEmpty {
            let piece = rest.prefix(Int(part.length))
            guard memory.write(part.address, Array(piece)) == .ok else { throw VirtqueueError.unreadable(part.address) }
            rest = rest.dropFirst(piece.count)
        }
        return bytes.count - rest.count
    }

    // MARK: Commands

    private func obey(_ request: GPURequest, _ memory: AddressSpace) throws(GPUAnswer) -> (GPUAnswer, [UInt8]) {
        switch request.command {
        case GPUCommand.getDisplayInfo: return (.displayInfo, displayInfo)
        case GPUCommand.getEDID: return (.edid, try edid(request))
        case GPUCommand.resourceCreate2D: try create(request)
        case GPUCommand.resourceUnref: try remove(request)
        case GPUCommand.setScanout: try setScanout(request)
        case GPUCommand.resourceFlush: try flush(request)
        case GPUCommand.transferToHost2D: try transfer(request, memory)
        case GPUCommand.attachBacking: try attach(request)
        case GPUCommand.detachBacking: try detach(request)
        default: throw .unspecified
        }
        return (.noData, [])
    }

    /// A rectangle, whether it is on, and flags, for each output that there could be.
    private var displayInfo: [UInt8] {
        var words: [UInt32] = []
        for index in 0..<VirtioGPU.mostOutputs {
            let output = index < outputs.count ? outputs[index] : Output()
            words += [0, 0, output.preferredWidth, output.preferredHeight, output.isOn ? 1 : 0, 0]
        }
        return words.flatMap(littleEndian)
    }

    private func edid(_ request: GPURequest) throws(GPUAnswer) -> [UInt8] {
        try request.needs(GPURequest.headerSize + 4)
        let index = Int(request.word(24))
        guard hasEDID else { throw .unspecified }
        guard outputs.indices.contains(index) else { throw .invalidScanout }
        let output = outputs[index].isOn ? (outputs[index].preferredWidth, outputs[index].preferredHeight) : (firstSize.width, firstSize.height)
        let block = EDID.block(width: Int(output.0), height: Int(output.1))
        return littleEndian(UInt32(block.count)) + littleEndian(0) + block + [UInt8](repeating: 0, count: 1024 - block.count)
    }

    private func create(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(40)
        let id = request.word(24)
        guard id != 0, resources[id] == nil, resources.count < VirtioGPU.mostResources else { throw .invalidResource }
        let (width, height) = (request.word(32), request.word(36))
        guard GPUResource.isSize(width, height) else { throw .invalidParameter }
        let size = UInt64(width) * UInt64(height) * UInt64(GPUResource.pixelSize)
        guard size <= memoryLimit, memoryUse <= memoryLimit - size else { throw .outOfMemory }
        guard let resource = GPUResource(id: id, format: request.word(28), width: width, height: height) else { throw .invalidParameter }
        resources[id] = resource
        memoryUse += size
    }

    private func resource(_ request: GPURequest, at offset: Int) throws(GPUAnswer) -> GPUResource {
        guard let resource = resources[request.word(offset)] else { throw .invalidResource }
        return resource
    }

    private func remove(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(28)
        let resource = try resource(request, at: 24)
        for index in outputs.indices where outputs[index].resource == resource.id { switchOff(index) }
        memoryUse -= VirtioGPU.size(resource)
        resources[resource.id] = nil
    }

    private func switchOff(_ index: Int) {
        outputs[index].resource = 0
        consoles[index].blank()
        showPointer(index)
    }

    private static func isShowable(_ rect: PixelRect, of bounds: PixelRect) -> Bool {
        rect.fits(width: bounds.width, height: bounds.height) && rect.width >= 16 && rect.height >= 16
    }

    private func setScanout(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(48)
        let (rect, index) = (request.rect(24), Int(request.word(40)))
        guard outputs.indices.contains(index) else { throw .invalidScanout }
        if request.word(44) == 0 { return switchOff(index) }
        let resource = try resource(request, at: 44)
        guard VirtioGPU.isShowable(rect, of: resource.bounds) else { throw .invalidParameter }
        outputs[index].resource = resource.id
        (outputs[index].x, outputs[index].y) = (UInt32(rect.x), UInt32(rect.y))
        (outputs[index].width, outputs[index].height) = (UInt32(rect.width), UInt32(rect.height))
        consoles[index].resize(width: rect.width, height: rect.height)
        show(index, rect)
    }

    private func flush(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(44)
        let (rect, resource) = (request.rect(24), try resource(request, at: 40))
        guard rect.fits(width: Int(resource.width), height: Int(resource.height)) else { throw .invalidParameter }
        for index in outputs.indices where outputs[index].resource == resource.id { show(index, rect) }
    }

    /// Draws a part of the picture that an output shows.
    private func show(_ index: Int, _ part: PixelRect) {
        let output = outputs[index]
        guard let resource = resources[output.resource] else { return }
        let seen = part.intersection(output.rect)
        let columns = seen.x..<seen.x + seen.width
        let target = PixelRect(x: seen.x - Int(output.x), y: seen.y - Int(output.y), width: seen.width, height: seen.height)
        consoles[index].draw(target) { resource.colours($0 + Int(output.y), columns) }
    }

    private func transfer(_ request: GPURequest, _ memory: AddressSpace) throws(GPUAnswer) {
        try request.needs(52)
        let (rect, offset, id) = (request.rect(24), request.long(40), request.word(48))
        // Nobody holds on to the picture here: it would be copied to be filled.
        let bounds = try fillable(request)
        guard rect.fits(width: bounds.width, height: bounds.height) else { throw .invalidParameter }
        guard resources[id]?.fill(rect, offset: offset, from: memory) == true else { throw .unspecified }
    }

    private func fillable(_ request: GPURequest) throws(GPUAnswer) -> PixelRect {
        let resource = try resource(request, at: 48)
        guard resource.hasBacking else { throw .unspecified }
        return resource.bounds
    }

    private func attach(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(32)
        let (id, count) = (request.word(24), Int(request.word(28)))
        let resource = try resource(request, at: 24)
        guard !resource.hasBacking, (1...GPUResource.mostPieces).contains(count) else { throw .unspecified }
        try request.needs(32 + 16 * count)
        resources[id]?.attach((0..<count).map { (request.long(32 + 16 * $0), request.word(40 + 16 * $0)) })
    }

    private func detach(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(28)
        guard try resource(request, at: 24).hasBacking else { throw .unspecified }
        resources[request.word(24)]?.detach()
    }

    // MARK: Pointer

    private func moveCursor(_ request: GPURequest) throws(GPUAnswer) {
        try request.needs(56)
        let index = Int(request.word(24))
        guard outputs.indices.contains(index) else { throw .invalidScanout }
        // Viewers move their pointers themselves; only its picture is of interest.
        guard request.command == GPUCommand.updateCursor else { return }
        (outputs[index].cursor, outputs[index].hotX, outputs[index].hotY) = (request.word(40), request.word(44), request.word(48))
        showPointer(index)
    }

    private func showPointer(_ index: Int) {
        let output = outputs[index]
        let side = VirtioGPU.pointerSide
        guard let pixels = resources[output.cursor]?.pointer(side: side) else { return consoles[index].setPointer(nil) }
        let (hotX, hotY) = (Int(min(output.hotX, side - 1)), Int(min(output.hotY, side - 1)))
        consoles[index].setPointer(PointerImage(width: Int(side), height: Int(side), hotX: hotX, hotY: hotY, pixels: pixels))
    }
}
