import AddressSpace
import Diagnostics
import NetBackends
import Packets
import Snapshot
import Virtio

/// A network card (Virtio 1.2, section 5.1).
public final class VirtioNet: VirtioDevice, NetworkFrontEnd {
    public let deviceID: UInt32 = 1
    public let queueCount = 3
    public let queueSize: UInt16 = 256
    public var features: UInt64 { offered.rawValue }
    /// The address that the card was made with; a reset brings it back.
    public let permanentAddress: MACAddress
    public let backend: NetworkBackend?

    let offered: NetFeatures
    private let mtu: UInt16?
    private weak var port: (any VirtioPort)?
    private var isRunning = false
    private var accepted: UInt64 = 0
    private var address: MACAddress
    private var filter = ReceiveFilter()
    /// The cable is plugged in.
    private var linkIsUp = true
    /// The driver has changed what the card lets through.
    public var onFilterChange: (() -> Void)?
    /// Buffers of the driver's that are too small, one by one, for the frame that comes next.
    private var held: [DescriptorChain] = []

    private enum Queue { static let receive = 0, send = 1, control = 2 }
    private enum Status { static let linkIsUp: UInt8 = 1 }
    /// The largest packet that a driver may send, with its headers.
    private static let largest = 0x1_0000 + 64
    private static let largestCommand = 1 << 16
    static let vlanTag = 0x8100

    /// `mtu` tells the driver of the network's largest packets.
    public init(address: MACAddress, backend: NetworkBackend?, features: NetFeatures = .all, mtu: UInt16? = nil) {
        (permanentAddress, self.address, self.backend, self.mtu) = (address, address, backend, mtu)
        offered = features.consistent.union(.mac).union(mtu == nil ? [] : .mtu)
        backend?.frontEnd = self
    }

    public func attach(_ port: any VirtioPort) { self.port = port }

    /// Address, status, the number of queue pairs, MTU.
    public var configuration: [UInt8] {
        let mtu = mtu ?? 0
        return address.bytes + [backend != nil && linkIsUp ? Status.linkIsUp : 0, 0, 1, 0, UInt8(truncatingIfNeeded: mtu), UInt8(mtu >> 8)]
    }

    /// Drivers of before Virtio 1.0 write the card's address there.
    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        guard isRunning, accepted & VirtioFeature.version1 == 0, !negotiated.contains(.controlAddress), offset + bytes.count <= 6 else { return }
        var all = address.bytes
        all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        address = MACAddress(all[...])
    }

    /// Plugs the cable in or out; the driver is told.
    public func setLink(up: Bool) {
        guard up != linkIsUp else { return }
        linkIsUp = up
        port?.configurationChanged()
        if up { process(queue: Queue.receive) }
    }

    /// What the card lets through.
    public var receiveFilter: (filter: ReceiveFilter, address: MACAddress) { (filter, address) }

    private var negotiated: NetFeatures { NetFeatures(rawValue: accepted) }
    private var headerSize: Int {
        accepted & VirtioFeature.version1 != 0 || negotiated.contains(.mergeableBuffers) ? NetHeader.longSize : NetHeader.shortSize
    }

    public func reset() {
        (isRunning, accepted, address, filter, held) = (false, 0, permanentAddress, ReceiveFilter(), [])
    }

    public func activate(features: UInt64) {
        (isRunning, accepted) = (true, features)
        filter.setAllVLANs(!negotiated.contains(.controlVLAN))
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("isRunning", &isRunning)
        visitor.field("accepted", &accepted)
        var number = address.value
        visitor.field("address", &number)
        visitor.check("an address has six bytes", number >> 48 == 0)
        address = MACAddress(number)
        visitor.part("filter", &filter)
        visitor.field("linkIsUp", &linkIsUp)
        visitor.parts("held", &held, empty: .empty, limit: Int(queueSize))
    }

    /// What waits on either side goes on.
    public func restored(features: UInt64) {
        process(queue: Queue.receive)
        process(queue: Queue.send)
    }

    public func process(queue: Int) {
        guard isRunning else { return }
        switch queue {
        case Queue.receive: backend?.frontEndIsReady()
        case Queue.send: guarded(send)
        default: guarded(control)
        }
    }

    public func backendHasRoom() { process(queue: Queue.send) }

    /// Runs what may meet a rule broken by the driver.
    private func guarded(_ body: (any VirtioPort) throws -> Void) {
        guard let port else { return }
        do { try body(port) } catch { port.fail("\(error)") }
    }

    /// The next buffer of a queue. If there is none, the driver is asked to tell when there is one.
    private func next(_ queue: Virtqueue) throws -> DescriptorChain? {
        if let chain = try queue.pop() { return chain }
        try queue.setNotification(true)
        return try queue.pop()
    }

    // MARK: Receiving

    public func receive(_ frame: [UInt8]) -> Bool {
        // Without a driver the frame is lost, as one that no card listens for.
        guard isRunning, linkIsUp, filter.passes(frame, to: address) else { return true }
        var isDone = true
        guarded { port in isDone = try receive(frame, port) }
        return isDone
    }

    private func receive(_ frame: [UInt8], _ port: any VirtioPort) throws -> Bool {
        let queue = port.queues[Queue.receive]
        let size = headerSize
        let isMerging = negotiated.contains(.mergeableBuffers)
        guard let room = try gather(size + frame.count, queue, merging: isMerging) else { return false }
        guard room >= size + frame.count else {
            Log.write(.guestErrors, "virtio-net: a buffer of \(room) bytes is too small for a frame of \(frame.count)")
            return true
        }
        let isValid = negotiated.contains(.guestChecksum) && backend?.makesGoodChecksums == true
        let bytes = NetHeader.received(frame, size: size, isValid: isValid, buffers: held.count)
        try scatter(bytes, queue, port.memory)
        port.signal(queue)
        return true
    }

    /// Takes buffers until they have room for so many bytes, one only if they cannot be merged; nil if the driver has to give more first.
    private func gather(_ count: Int, _ queue: Virtqueue, merging: Bool) throws -> Int? {
        var room = held.reduce(0) { $0 + $1.writableBytes }
        while room < count, merging || held.isEmpty {
            guard held.count < Int(queueSize) else { throw NetDriverError.tinyBuffers }
            guard let chain = try next(queue) else { return nil }
            held.append(chain)
            guard chain.writableBytes > 0 else { throw NetDriverError.noRoom }
            room += chain.writableBytes
        }
        return room
    }

    private func scatter(_ bytes: [UInt8], _ queue: Virtqueue, _ memory: AddressSpace) throws {
        let chains = held
        held = []
        var place = 0
        for chain in chains {
            let start = place
            for part in chain.writable where place < bytes.count {
                let end = min(bytes.count, place + Int(part.length))
                let piece = place == 0 && end == bytes.count ? bytes : Array(bytes[place..<end])
                guard memory.write(part.address, piece) == .ok else { throw VirtqueueError.unreadable(part.address) }
                place = end
            }
            try queue.push(chain, written: place - start)
        }
    }

    // MARK: Sending

    private func send(_ port: any VirtioPort) throws {
        let queue = port.queues[Queue.send]
        var count = 0
        while backend?.hasRoom ?? true, let chain = try next(queue) {
            try transmit(chain, port.memory)
            try queue.push(chain, written: 0)
            count += 1
        }
        if count > 0 { port.signal(queue) }
    }

    private func transmit(_ chain: DescriptorChain, _ memory: AddressSpace) throws {
        let total = chain.readableBytes
        guard total >= headerSize else { throw NetDriverError.noHeader }
        guard total <= VirtioNet.largest else { return Log.write(.guestErrors, "virtio-net: a packet of \(total) bytes is too large to be sent") }
        let bytes = try read(chain, memory, count: total)
        let header = NetHeader(bytes.prefix(headerSize))
        var frame = Array(bytes[headerSize...])
        guard frame.count >= 14 else { return Log.write(.guestErrors, "virtio-net: a frame of \(frame.count) bytes has no addresses") }
        if header.segmentation != NetHeader.Segmentation.none { return sendSegments(frame, header) }
        if header.flags & NetHeader.Flag.needsChecksum != 0, negotiated.contains(.checksum) {
            guard frame.finishChecksum(start: header.checksumStart, offset: header.checksumOffset) else {
                return Log.write(.guestErrors, "virtio-net: a checksum outside of its packet")
            }
        }
        send(frame)
    }

    /// Without a cable frames go nowhere.
    private func send(_ frame: [UInt8]) { if linkIsUp { backend?.send(frame) } }

    private func sendSegments(_ packet: [UInt8], _ header: NetHeader) {
        let isAccepted: Bool
        switch header.segmentation & ~NetHeader.Segmentation.congestion {
        case NetHeader.Segmentation.tcp4: isAccepted = negotiated.contains(.hostTCP4)
        case NetHeader.Segmentation.tcp6: isAccepted = negotiated.contains(.hostTCP6)
        default: isAccepted = false
        }
        guard isAccepted, let segments = TCPSegmentation(packet, header) else {
            return Log.write(.guestErrors, "virtio-net: a packet of \(packet.count) bytes cannot be cut into frames")
        }
        for frame in segments.frames { send(frame) }
    }

    /// Bytes that the driver lets the card read, up to a count.
    private func read(_ chain: DescriptorChain, _ memory: AddressSpace, count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for part in chain.readable where bytes.count < count {
            guard let some = memory.read(part.address, count: min(Int(part.length), count - bytes.count)) else {
                throw VirtqueueError.unreadable(part.address)
            }
            if bytes.isEmpty { bytes = some } else { bytes += some }
        }
        return bytes
    }

    // MARK: Control

    private func control(_ port: any VirtioPort) throws {
        let queue = port.queues[Queue.control]
        while let chain = try next(queue) {
            guard let last = chain.writable.last(where: { $0.length > 0 }) else { throw NetDriverError.noStatus }
            let done = obey(try read(chain, port.memory, count: VirtioNet.largestCommand))
            let status: [UInt8] = [done ? 0 : 1]
            guard port.memory.write(last.address &+ UInt64(last.length - 1), status) == .ok else { throw VirtqueueError.unreadable(last.address) }
            try queue.push(chain, written: 1)
        }
        port.signal(queue)
    }

    private func obey(_ command: [UInt8]) -> Bool {
        var state = NetControl(filter: filter, address: address, features: negotiated)
        guard negotiated.contains(.controlQueue), state.obey(command) else {
            Log.write(.guestErrors, "virtio-net: the control command \(command.prefix(2)) is not known or not as it should be")
            return false
        }
        (filter, address) = (state.filter, state.address)
        onFilterChange?()
        return true
    }
}

/// What a driver can get wrong in its buffers.
enum NetDriverError: Error {
    case noHeader
    case noRoom
    case tinyBuffers
    case noStatus
}
