import PCI
import Snapshot

/// Values of features that the host may set (NVM Express Base Specification 1.4, section 5.21.1), by their numbers.
struct NVMeFeatures: SnapshotState {
    /// Arbitration, power management, temperature threshold, error recovery, write cache, number of queues, interrupt coalescing, interrupt vectors,
    /// write atomicity, events.
    static let numbers: [UInt8] = [0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b]
    private static let defaults: [UInt32] = [0x7, 0, 343, 0, 1, 0, 0, 0, 0, 0]
    private static let writeCache: UInt8 = 0x06
    static let queues: UInt8 = 0x07

    private var values = NVMeFeatures.defaults

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.table("values", &values) }

    var hasWriteCache: Bool { (value(NVMeFeatures.writeCache) ?? 0) & 1 != 0 }

    func value(_ number: UInt8) -> UInt32? { NVMeFeatures.numbers.firstIndex(of: number).map { values[$0] } }
    func defaultValue(_ number: UInt8) -> UInt32? { NVMeFeatures.numbers.firstIndex(of: number).map { NVMeFeatures.defaults[$0] } }

    /// False if there is no such feature.
    mutating func set(_ number: UInt8, _ value: UInt32) -> Bool {
        guard let index = NVMeFeatures.numbers.firstIndex(of: number) else { return false }
        values[index] = value
        return true
    }
}

extension NVMe {
    private enum Opcode {
        static let deleteSubmission: UInt8 = 0x00, createSubmission: UInt8 = 0x01, log: UInt8 = 0x02, deleteCompletion: UInt8 = 0x04
        static let createCompletion: UInt8 = 0x05, identify: UInt8 = 0x06, abort: UInt8 = 0x08, setFeature: UInt8 = 0x09, getFeature: UInt8 = 0x0a
        static let event: UInt8 = 0x0c
    }
    /// Commands that may wait for events.
    static let maxEvents = 4

    /// A command of the administrative queue (chapter 5).
    func administrate(_ command: NVMeCommand) {
        switch command.opcode {
        case Opcode.createCompletion: end(command, createCompletion(command))
        case Opcode.createSubmission: end(command, createSubmission(command))
        case Opcode.deleteCompletion: end(command, deleteCompletion(command))
        case Opcode.deleteSubmission: end(command, deleteSubmission(command))
        case Opcode.identify: end(command, identify(command))
        case Opcode.log: end(command, log(command))
        case Opcode.setFeature: setFeature(command)
        case Opcode.getFeature: getFeature(command)
        // What is under way ends soon: nothing is aborted.
        case Opcode.abort: complete(command, 0, .success, result: 1)
        case Opcode.event:
            guard eventRequests.count < NVMe.maxEvents else { return end(command, .tooManyEvents) }
            eventRequests.append(command.id)
            leave(0)
        default: end(command, .invalidOpcode)
        }
    }

    private func end(_ command: NVMeCommand, _ status: NVMeStatus) { complete(command, 0, status) }

    // MARK: Queues

    private func createCompletion(_ command: NVMeCommand) -> NVMeStatus {
        let number = Int(command.words[0] & 0xffff), size = command.words[0] >> 16 + 1, vector = command.words[1] >> 16
        guard completions.indices.contains(number), number > 0, !completions[number].exists else { return .invalidQueue }
        guard (2...NVMe.maxEntries + 1).contains(size) else { return .invalidQueueSize }
        guard command.prp1 % pageSize == 0, command.words[1] & 1 != 0 else { return .invalidField }
        guard vector < completions.count else { return .invalidVector }
        completions[number] = NVMeCompletionQueue(
            base: command.prp1, size: size, vector: UInt16(vector), interrupts: command.words[1] & 2 != 0)
        return .success
    }

    private func createSubmission(_ command: NVMeCommand) -> NVMeStatus {
        let number = Int(command.words[0] & 0xffff), size = command.words[0] >> 16 + 1, target = Int(command.words[1] >> 16)
        guard submissions.indices.contains(number), number > 0, !submissions[number].exists else { return .invalidQueue }
        guard completions.indices.contains(target), target > 0, completions[target].exists else { return .invalidCompletionQueue }
        guard (2...NVMe.maxEntries + 1).contains(size) else { return .invalidQueueSize }
        guard command.prp1 % pageSize == 0, command.words[1] & 1 != 0 else { return .invalidField }
        submissions[number] = NVMeSubmissionQueue(base: command.prp1, size: size, completionQueue: UInt16(target))
        return .success
    }

    private func deleteCompletion(_ command: NVMeCommand) -> NVMeStatus {
        let number = Int(command.words[0] & 0xffff)
        guard completions.indices.contains(number), number > 0, completions[number].exists else { return .invalidQueue }
        guard !submissions.contains(where: { $0.exists && Int($0.completionQueue) == number }) else { return .invalidQueueDeletion }
        completions[number] = NVMeCompletionQueue()
        updatePin()
        return .success
    }

    /// Its commands end first.
    private func deleteSubmission(_ command: NVMeCommand) -> NVMeStatus {
        let number = Int(command.words[0] & 0xffff)
        guard submissions.indices.contains(number), number > 0, submissions[number].exists else { return .invalidQueue }
        submissions[number].tail = submissions[number].head
        node.drain()
        submissions[number] = NVMeSubmissionQueue()
        return .success
    }

    // MARK: Features

    private var queueCount: UInt32 { UInt32(options.queuePairs - 1) * 0x1_0001 }

    private func setFeature(_ command: NVMeCommand) {
        let number = UInt8(truncatingIfNeeded: command.words[0])
        // Nothing is kept over a reset.
        guard command.words[0] >> 31 == 0, features.set(number, command.words[1]) else { return end(command, .invalidField) }
        complete(command, 0, .success, result: number == NVMeFeatures.queues ? queueCount : 0)
    }

    private func getFeature(_ command: NVMeCommand) {
        let number = UInt8(truncatingIfNeeded: command.words[0])
        guard let value = features.value(number), let initial = features.defaultValue(number) else { return end(command, .invalidField) }
        let result: UInt32
        switch command.words[0] >> 8 & 7 {
        case 0: result = number == NVMeFeatures.queues ? queueCount : value
        case 1, 2: result = number == NVMeFeatures.queues ? queueCount : initial
        // It can be changed.
        case 3: result = 4
        default: return end(command, .invalidField)
        }
        complete(command, 0, .success, result: result)
    }

    // MARK: Information

    /// Writes bytes into the command's data.
    private func answer(_ command: NVMeCommand, _ bytes: [UInt8]) -> NVMeStatus {
        switch data(command, count: bytes.count, writing: true) {
        case .failure(let failure): return failure.status
        case .success(let data):
            var rest = bytes[...]
            for buffer in data.buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
            for piece in data.pieces { function.noteWritten(piece.address, count: piece.count) }
            return .success
        }
    }

    private func identify(_ command: NVMeCommand) -> NVMeStatus {
        let one = command.namespace == 1
        switch command.words[0] & 0xff {
        case 0x00:
            guard one || command.namespace == .max else { return .invalidNamespace }
            return answer(command, namespaceDescription)
        case 0x01: return answer(command, controllerDescription)
        case 0x02:
            guard command.namespace < 0xffff_fffe else { return .invalidNamespace }
            return answer(command, (command.namespace == 0 ? [1] : [0]) + [UInt8](repeating: 0, count: 4095))
        case 0x03: return one ? answer(command, namespaceNames) : .invalidNamespace
        default: return .invalidField
        }
    }

    private func log(_ command: NVMeCommand) -> NVMeStatus {
        let page: [UInt8]
        switch command.words[0] & 0xff {
        case 0x01: page = [UInt8](repeating: 0, count: 64)
        case 0x02: page = healthLog
        case 0x03: page = firmwareLog
        default: return .invalidLogPage
        }
        let wanted = (UInt64(command.words[0] >> 16 & 0xffff) | UInt64(command.words[1] & 0xffff) << 16) + 1
        let offset = UInt64(command.words[2]) | UInt64(command.words[3]) << 32
        guard offset <= UInt64(page.count), offset % 4 == 0 else { return .invalidField }
        return answer(command, Array(page.dropFirst(Int(offset)).prefix(Int(clamping: wanted * 4))))
    }
}
