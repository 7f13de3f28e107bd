import BlockCore
import HostOS
import Testing
import USB

/// A port without a controller: tests speak to its device themselves.
final class USBHost: USBPortOwner {
    let pathPrefix = ""
    let depth = 0
    let port: USBPort
    var isOn = true
    var wakes = 0
    var ready: [Int] = []

    init(_ device: any USBDevice, speeds: Set<USBSpeed> = [.low, .full, .high]) {
        port = USBPort(number: 1, speeds: speeds)
        port.owner = self
        port.attach(device)
        device.reset()
    }

    func changed(_ port: USBPort) {}
    func isEnabled(_ port: USBPort) -> Bool { isOn }
    func wake(_ port: USBPort) { wakes += 1 }
    func isReady(_ function: USBFunction, endpoint: Int, isInput: Bool) { ready.append(isInput ? endpoint : -endpoint) }

    private var function: USBFunction? { port.device?.function }

    /// A control transfer; nil if it is refused.
    func control(_ setup: [UInt8], _ data: [UInt8] = []) -> [UInt8]? {
        guard let function, function.setUp(setup) == .accepted else { return nil }
        let length = Int(setup[6]) | Int(setup[7]) << 8, isInput = setup[0] & 0x80 != 0
        var answer: [UInt8] = []
        if length > 0, isInput {
            guard case .ack(let bytes) = function.controlInput(room: length) else { return nil }
            answer = bytes
        } else if length > 0 {
            guard function.controlOutput(data) == .accepted else { return nil }
        }
        return function.controlStatus(isInput: !isInput || length == 0) == .accepted ? answer : nil
    }

    /// Gives the device an address and its configuration.
    func configure() {
        #expect(control([0, 5, 7, 0, 0, 0, 0, 0]) != nil)
        #expect(control([0, 9, 1, 0, 0, 0, 0, 0]) != nil)
    }

    func input(_ endpoint: Int, _ room: Int) -> USBHandshake { function?.input(endpoint, room: room) ?? .silent }
    func output(_ endpoint: Int, _ bytes: [UInt8]) -> USBHandshake { function?.output(endpoint, bytes) ?? .silent }
}

/// A disk whose sectors hold their numbers; requests end when it is drained.
final class NumberedDisk: BlockNode {
    var bytes: [UInt8]
    var size: UInt64 { UInt64(bytes.count) }
    let isReadOnly = false
    private var waiting: [() -> Void] = []

    init(sectors: Int) { bytes = (0..<512 * sectors).map { UInt8(truncatingIfNeeded: $0 / 512) } }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        waiting.append { [self] in
            buffers.fill(from: Array(bytes[Int(offset)..<Int(offset) + buffers.byteCount]))
            done(.ok)
        }
    }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        waiting.append { [self] in
            let data = buffers.flatMap { $0.bytes() }
            bytes.replaceSubrange(Int(offset)..<Int(offset) + data.count, with: data)
            done(.ok)
        }
    }
    func flush(_ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
    func drain() {
        while !waiting.isEmpty {
            let list = waiting
            waiting = []
            for item in list { item() }
        }
    }
}
