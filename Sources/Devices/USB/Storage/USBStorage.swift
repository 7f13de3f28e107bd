import HostOS
import ObjectModel
import SCSI
import Snapshot
import USB

/// A disk at a USB port (Mass Storage Class, Bulk-Only Transport 1.0): a command goes out, data follows in one direction, a status comes back.
public final class USBStorage: USBDevice {
    public static let typeName = "usb-storage"
    /// 2: trays of drives.
    public static let stateVersion = 2

    public static let type = ObjectType(
        typeName, parent: "usb-device", help: "disk at a USB port", bus: "usb-bus", hotpluggable: true,
        USBProperties.all + [
            Property("drive", .string, required: true, "drive or node that it shows"),
            Property("removable", .bool, default: false, "whether the guest is told that its medium can be taken out"),
            Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
            Property("rerror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a read that the host fails"),
            Property("werror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a write that the host fails"),
        ])
    private static let errorWords = ["report", "ignore", "enospc", "stop", "auto"]

    /// What the host may do next.
    private enum Phase: UInt8 { case command, output, execution, input, status, broken }

    public let function: USBFunction
    public let disk: SCSIDisk
    private var phase = Phase.command
    private var tag: UInt32 = 0
    private var command: [UInt8] = []
    /// Bytes that the host expects to move, and those that have been moved.
    private var expected = 0
    private var moved = 0
    private var isInput = false
    /// Of an output what has come, of an input what is to go.
    private var data = HostBuffer(count: 0)
    /// Bytes of it that count, and how many have been taken.
    private var count = 0
    private var taken = 0
    private var outcome = Status.passed

    private enum Endpoint { static let input = 1, output = 2 }
    private enum Status { static let passed: UInt8 = 0, failed: UInt8 = 1, phaseError: UInt8 = 2 }
    private enum Request { static let largestUnit: UInt8 = 0xfe, reset: UInt8 = 0xff }
    private static let signature: UInt32 = 0x4342_5355, statusSignature: UInt32 = 0x5342_5355
    private static let commandSize = 31
    /// Bytes of the largest command's data.
    private static let mostBytes = 32 << 20

    /// - Parameter disk: nobody else's.
    public init(_ disk: SCSIDisk, serial: String) {
        self.disk = disk
        func configuration(_ packetSize: Int, burst: UInt8 = 0) -> USBConfiguration {
            // SCSI commands, bulk only.
            USBConfiguration(
                isSelfPowered: true, current: 0,
                [
                    USBInterface(
                        USBClass(8, 6, 0x50),
                        [
                            USBEndpoint(Endpoint.input, isInput: true, .bulk, packetSize: packetSize, burst: burst),
                            USBEndpoint(Endpoint.output, isInput: false, .bulk, packetSize: packetSize, burst: burst),
                        ])
                ])
        }
        function = USBFunction(
            USBDescription(
                vendor: 0x46f4, product: 0x0001, name: "QEMU USB HARDDRIVE", serial: serial,
                [.full: configuration(64), .high: configuration(512), .superSpeed: configuration(1024, burst: 15)]))
    }

    public func reset() {
        function.reset()
        disk.reset()
        begin()
    }

    public func configurationChanged() {
        // What is under way has ended when this returns.
        if phase != .command { disk.reset() }
        begin()
    }

    /// Waits for a command.
    private func begin() {
        (phase, tag, command, expected, moved, isInput, outcome) = (.command, 0, [], 0, 0, false, Status.passed)
        hold(0)
    }

    private func hold(_ size: Int) {
        if size > 0 || data.buffer.count > 0 { data = HostBuffer(count: size) }
        (count, taken) = (0, 0)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.group("disk") { disk.visit(&$0) }
        var number = phase.rawValue
        visitor.field("phase", &number)
        visitor.check("the phase is one of the six", number < 6)
        phase = Phase(rawValue: number) ?? .broken
        visitor.field("tag", &tag)
        visitor.field("command", &command)
        var numbers = [expected, moved, count, taken]
        visitor.table("numbers", &numbers)
        visitor.field("isInput", &isInput)
        visitor.field("outcome", &outcome)
        var bytes = data.buffer.bytes()
        visitor.field("data", &bytes)
        visitor.check("the command fits", command.count <= 16 && bytes.count <= USBStorage.mostBytes)
        let size = bytes.count
        visitor.check("the data is in its room", numbers[3] >= 0 && numbers[3] <= numbers[2] && numbers[2] <= size)
        visitor.check("the data is what is expected", numbers[2] <= numbers[0])
        visitor.check("no more is moved than expected", numbers[1] >= 0 && numbers[1] <= numbers[0] && numbers[0] <= Int(UInt32.max))
        guard visitor.isReading, bytes.count <= USBStorage.mostBytes else { return }
        data = HostBuffer(count: bytes.count)
        data.buffer.fill(from: bytes[...])
        (expected, moved, count, taken) = (numbers[0], numbers[1], min(max(numbers[2], 0), size), min(max(numbers[3], 0), size))
    }

    /// A machine is saved when all requests have ended, so that no command is under way; what says so is not to be believed.
    public func restored() { if phase == .execution { breakOff() } }

    // MARK: Requests

    /// Section 3.
    public func control(_ request: USBRequest, _ data: [UInt8]) -> [UInt8]? {
        if request.isOfClass(Request.largestUnit, .interface, isInput: true), request.value == 0, request.index == 0 { return [0] }
        if request.isOfClass(Request.reset, .interface, isInput: false), request.value == 0, request.index == 0, request.length == 0 {
            if phase == .execution { disk.reset() }
            begin()
            return []
        }
        return nil
    }

    /// Both pipes are halted until the host has reset the device (section 5.3.4).
    private func breakOff() {
        begin()
        phase = .broken
        haltBoth()
    }

    private func haltBoth() {
        function.halt(Endpoint.input, isInput: true)
        function.halt(Endpoint.output, isInput: false)
    }

    public func haltCleared(_ number: Int, isInput: Bool) {
        if phase == .broken { function.halt(number, isInput: isInput) }
    }

    // MARK: Out

    public func output(_ endpoint: USBEndpoint, _ bytes: [UInt8]) -> USBHandshake {
        switch phase {
        case .command: return take(command: bytes)
        case .output: return take(data: bytes)
        case .execution: return .nak
        case .input, .status:
            // The host sends where it should listen.
            breakOff()
            return .stall
        case .broken: return .stall
        }
    }

    /// A command block wrapper (section 5.1), valid and meaningful (section 6.2).
    private func take(command bytes: [UInt8]) -> USBHandshake {
        guard bytes.count == USBStorage.commandSize, bytes.word(0) == USBStorage.signature, bytes[13] == 0, (1...16).contains(bytes[14] & 0x1f),
            bytes[14] & 0xe0 == 0, bytes[12] & 0x7f == 0
        else {
            breakOff()
            return .stall
        }
        begin()
        (tag, expected, isInput) = (bytes.word(4), Int(bytes.word(8)), bytes[12] & 0x80 != 0)
        command = Array(bytes[15..<15 + Int(bytes[14])])
        if !isInput, expected > 0 {
            phase = .output
            hold(min(expected, USBStorage.mostBytes))
        } else {
            hold(expected <= USBStorage.mostBytes ? expected : 0)
            execute()
        }
        return .accepted
    }

    private func take(data bytes: [UInt8]) -> USBHandshake {
        guard bytes.count <= expected - moved else {
            breakOff()
            return .stall
        }
        if moved < data.buffer.count { data.buffer.dropFirst(moved).fill(from: bytes[...]) }
        moved += bytes.count
        count = min(moved, data.buffer.count)
        if moved == expected { execute() }
        return .accepted
    }

    // MARK: Carrying out

    private func execute() {
        phase = .execution
        // With more data than there is room for there is none, and the disk says why that will not do.
        let memory = (1...USBStorage.mostBytes).contains(expected) ? [data.buffer] : []
        disk.execute(command, output: isInput ? [] : memory, input: isInput ? memory : []) { [weak self] in self?.finish($0) }
    }

    /// The command has ended: what comes of it is told in the order of the phases (section 6.7).
    private func finish(_ result: SCSIResult) {
        guard phase == .execution else { return }
        outcome = result.status == .good ? Status.passed : Status.failed
        if isInput, expected > 0 {
            (count, taken) = (min(result.count, data.buffer.count), 0)
            phase = .input
            if count == 0 { endInput(isShort: false) }
        } else {
            phase = .status
            // Parameters of commands that are good have been taken, whatever the disk counts.
            moved = result.status == .good ? (result.count > 0 ? min(result.count, expected) : expected) : 0
        }
        function.isReady(Endpoint.input, isInput: true)
        function.isReady(Endpoint.output, isInput: false)
    }

    /// If there is less than the host expects, and it has not seen that by a short packet, the pipe is halted (cases 4 and 5 of section 6.7.2).
    private func endInput(isShort: Bool) {
        phase = .status
        moved = taken
        if taken < expected, !isShort { function.halt(Endpoint.input, isInput: true) }
    }

    // MARK: In

    public func input(_ endpoint: USBEndpoint, room: Int) -> USBHandshake {
        switch phase {
        case .input: return send(room, endpoint.packetSize)
        case .status: return sendStatus()
        case .execution: return .nak
        case .command: return .nak
        case .output, .broken:
            breakOff()
            return .stall
        }
    }

    /// As many packets as the host has room for; a device does not know how much room the last one has.
    private func send(_ room: Int, _ packetSize: Int) -> USBHandshake {
        let size = min(count - taken, max(1, (room + packetSize - 1) / packetSize) * packetSize)
        let bytes = data.buffer.dropFirst(taken).prefix(size).bytes()
        guard size <= room else {
            breakOff()
            return .ack(bytes)
        }
        taken += size
        if taken == count { endInput(isShort: size < room || size % packetSize != 0) }
        return .ack(bytes)
    }

    /// The command status wrapper (section 5.2).
    private func sendStatus() -> USBHandshake {
        let left = UInt32(expected - moved)
        let bytes = [USBStorage.statusSignature, tag, left].bytes + [outcome]
        begin()
        return .ack(bytes)
    }
}
