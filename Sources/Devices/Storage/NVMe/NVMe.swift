import AddressSpace
import BlockCore
import DeviceModel
import Diagnostics
import PCI
import Snapshot

/// An NVMe controller with one namespace (NVM Express Base Specification 1.4; NVM Express over PCI Express).
public final class NVMe: PCIDevice, IOHandler {
    public static let typeName = "nvme"

    public let function: PCIFunction
    let node: any BlockNode
    let options: Options
    private let window = MemoryRegion.container("nvme", size: 0x4000)

    private var control: UInt32 = 0
    private var status: UInt32 = 0
    private var interruptMask: UInt32 = 0
    private var adminSizes: UInt32 = 0
    private var adminSubmission: UInt64 = 0
    private var adminCompletion: UInt64 = 0
    /// By number; 0 is the administrative pair.
    var submissions: [NVMeSubmissionQueue]
    var completions: [NVMeCompletionQueue]
    var features = NVMeFeatures()
    /// Commands that wait for events, which never come.
    var eventRequests: [UInt16] = []
    /// Requests under way belong to the epoch before a reset and are dropped when they end after it.
    private(set) var epoch = 0

    private enum Register {
        static let capabilities: UInt64 = 0x00, version: UInt64 = 0x08, setMask: UInt64 = 0x0c, clearMask: UInt64 = 0x10, control: UInt64 = 0x14
        static let status: UInt64 = 0x1c, adminSizes: UInt64 = 0x24, adminSubmission: UInt64 = 0x28, adminCompletion: UInt64 = 0x30
        static let doorbells: UInt64 = 0x1000
    }
    private enum Control {
        static let enable: UInt32 = 1, shutdown: UInt32 = 3 << 14
        static let writable: UInt32 = 0x00ff_fff1
    }
    private enum Status {
        static let ready: UInt32 = 1, fatal: UInt32 = 2
        static let shuttingDown: UInt32 = 1 << 2, shutdownDone: UInt32 = 2 << 2, shutdown: UInt32 = 3 << 2
    }

    /// Entries that a queue may have, less one.
    static let maxEntries: UInt32 = 0x7ff
    static let version: UInt32 = 0x0001_0400

    public init(node: any BlockNode, options: Options, isIntegrated: Bool) {
        (self.node, self.options) = (node, options)
        submissions = Array(repeating: NVMeSubmissionQueue(), count: options.queuePairs + 1)
        completions = Array(repeating: NVMeCompletionQueue(), count: options.queuePairs + 1)
        var identity = PCIIdentity(vendor: 0x1b36, device: 0x0010, classCode: 0x01_0802)
        identity.revision = 2
        function = PCIFunction(identity, isExpress: true)
        function.setPin(1)
        function.addPowerManagement()
        function.addExpress(isIntegrated ? .integratedEndpoint : .endpoint)
        window.add(.io("nvme-registers", size: 0x2000, handler: self, accepts: 4...8, implements: 4...4), at: 0)
        function.addWindow(0, .memory64, window)
        function.addMSIX(vectors: options.queuePairs + 1, bar: 0, in: window, table: 0x2000, pending: 0x3000)
    }

    public func reset() {
        stop()
        (control, status, interruptMask, adminSizes, adminSubmission, adminCompletion) = (0, 0, 0, 0, 0, 0)
        features = NVMeFeatures()
        function.reset()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.field("control", &control)
        visitor.field("status", &status)
        visitor.field("interruptMask", &interruptMask)
        visitor.field("adminSizes", &adminSizes)
        visitor.field("adminSubmission", &adminSubmission)
        visitor.field("adminCompletion", &adminCompletion)
        for index in submissions.indices {
            visitor.part("submission\(index)", &submissions[index])
            visitor.part("completion\(index)", &completions[index])
        }
        let pairs = completions
        visitor.check("each queue has its queue of completions", submissions.allSatisfy { !$0.exists || Int($0.completionQueue) < pairs.count })
        visitor.part("features", &features)
        visitor.field("eventRequests", &eventRequests)
    }

    /// What the driver has made available is taken up.
    public func restored() {
        function.restored()
        if isRunning { for queue in submissions.indices { process(queue) } }
        updatePin()
    }

    /// Messages may have been switched on or off.
    public func configurationWritten(_ range: Range<Int>) { updatePin() }

    var isRunning: Bool { status & (Status.ready | Status.fatal) == Status.ready }
    /// Bytes of a page of memory, as the host has chosen.
    var pageSize: UInt64 { 4096 << UInt64(control >> 7 & 15) }

    // MARK: Registers

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (UInt64(register(offset)), .ok) }

    private func register(_ offset: UInt64) -> UInt32 {
        switch offset {
        // Queues in one piece, half a second per unit of 15 to become ready; the NVM command set; pages up to 64 KiB.
        case Register.capabilities: NVMe.maxEntries | 1 << 16 | 15 << 24
        case Register.capabilities + 4: 1 << 5 | 4 << 20
        case Register.version: NVMe.version
        case Register.setMask, Register.clearMask: interruptMask
        case Register.control: control
        case Register.status: status
        case Register.adminSizes: adminSizes
        case Register.adminSubmission: UInt32(truncatingIfNeeded: adminSubmission)
        case Register.adminSubmission + 4: UInt32(adminSubmission >> 32)
        case Register.adminCompletion: UInt32(truncatingIfNeeded: adminCompletion)
        case Register.adminCompletion + 4: UInt32(adminCompletion >> 32)
        default: 0
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let word = UInt32(truncatingIfNeeded: value)
        func low(_ old: UInt64) -> UInt64 { old & ~0xffff_ffff | UInt64(word) & ~0xfff }
        func high(_ old: UInt64) -> UInt64 { old & 0xffff_ffff | UInt64(word) << 32 }
        switch offset {
        case Register.setMask: setMask(interruptMask | word)
        case Register.clearMask: setMask(interruptMask & ~word)
        case Register.control: write(control: word)
        case Register.adminSizes: adminSizes = word & 0x0fff_0fff
        case Register.adminSubmission: adminSubmission = low(adminSubmission)
        case Register.adminSubmission + 4: adminSubmission = high(adminSubmission)
        case Register.adminCompletion: adminCompletion = low(adminCompletion)
        case Register.adminCompletion + 4: adminCompletion = high(adminCompletion)
        case Register.doorbells...: ring(Int(offset - Register.doorbells) / 4, word)
        default: break
        }
        return .ok
    }

    private func setMask(_ mask: UInt32) {
        interruptMask = mask
        updatePin()
    }

    private func write(control value: UInt32) {
        let old = control
        control = value & Control.writable
        if value & Control.enable == 0, old & Control.enable != 0 {
            stop()
            status = 0
        } else if value & Control.enable != 0, old & Control.enable == 0 {
            start()
        }
        if value & Control.shutdown != 0, old & Control.shutdown == 0 {
            shutDown()
        } else if value & Control.shutdown == 0 {
            status &= ~Status.shutdown
        }
    }

    /// The host is about to switch off: what is in the cache has to be kept (section 7.6.2).
    private func shutDown() {
        node.drain()
        status = status & ~Status.shutdown | Status.shuttingDown
        let epoch = epoch
        // A failure is told by the disk's own error policy: the host has no word for it here.
        node.flush { [weak self] _ in
            guard let self, epoch == self.epoch, status & Status.shutdown == Status.shuttingDown else { return }
            status = status & ~Status.shutdown | Status.shutdownDone
        }
    }

    /// The host enables the controller: the administrative queues are there now.
    private func start() {
        let (submissionSize, completionSize) = (adminSizes & 0xfff + 1, adminSizes >> 16 & 0xfff + 1)
        guard control >> 7 & 15 <= 4, control >> 4 & 7 == 0, submissionSize > 1, completionSize > 1 else {
            Log.write(.guestErrors, "nvme: enabled with a page size, a command set or queues that it does not have")
            return status |= Status.fatal
        }
        submissions[0] = NVMeSubmissionQueue(base: adminSubmission, size: submissionSize)
        completions[0] = NVMeCompletionQueue(base: adminCompletion, size: completionSize, interrupts: true)
        status |= Status.ready
    }

    /// Ends all commands and forgets the queues.
    private func stop() {
        epoch += 1
        // The guest may use the buffers for something else as soon as this returns.
        node.drain()
        for index in submissions.indices { (submissions[index], completions[index]) = (.init(), .init()) }
        eventRequests = []
        updatePin()
    }

    // MARK: Doorbells

    private func ring(_ number: Int, _ value: UInt32) {
        let queue = number / 2
        guard isRunning, submissions.indices.contains(queue) else { return }
        if number % 2 == 0 {
            guard value < submissions[queue].size else { return complain("submission queue \(queue) has no entry \(value)") }
            submissions[queue].tail = value
            process(queue)
        } else {
            guard value < completions[queue].size else { return complain("completion queue \(queue) has no entry \(value)") }
            completions[queue].head = value
            let hadWaiting = !completions[queue].waiting.isEmpty
            postWaiting(queue)
            updatePin()
            guard hadWaiting else { return }
            for index in submissions.indices where submissions[index].exists && Int(submissions[index].completionQueue) == queue { process(index) }
        }
    }

    private func complain(_ text: String) { Log.write(.guestErrors, "nvme: \(text)") }

    /// Takes commands, as many as there are, but no more than there are entries in the queue under way at once.
    private func process(_ number: Int) {
        while isRunning, submissions[number].exists, submissions[number].head != submissions[number].tail {
            let queue = submissions[number]
            guard queue.underWay < queue.size, completions[Int(queue.completionQueue)].waiting.isEmpty else { return }
            guard let bytes = function.read(queue.base &+ UInt64(queue.head) * UInt64(NVMeCommand.size), count: NVMeCommand.size) else {
                complain("submission queue \(number) is not in memory")
                return status |= Status.fatal
            }
            submissions[number].head = (queue.head + 1) % queue.size
            submissions[number].underWay += 1
            let command = NVMeCommand(bytes)
            if number == 0 { administrate(command) } else { transfer(command, number) }
        }
    }

    // MARK: Completions

    /// A command is not under way any more: it has ended, or waits for an event, which must not keep a short queue from others.
    func leave(_ queue: Int) { submissions[queue].underWay &-= submissions[queue].underWay > 0 ? 1 : 0 }

    /// Ends a command.
    func complete(_ command: NVMeCommand, _ queue: Int, _ ending: NVMeStatus, result: UInt32 = 0) {
        let number = Int(submissions[queue].completionQueue)
        leave(queue)
        guard completions[number].exists else { return }
        completions[number].waiting.append(
            NVMeCompletion(result: result, submissionQueue: UInt16(queue), command: command.id, status: ending.rawValue))
        postWaiting(number)
    }

    /// Ends a command whose request to the disk has ended, in the loop's time: the queue may have room for the next.
    func completeLater(_ command: NVMeCommand, _ queue: Int, _ ending: NVMeStatus, of epoch: Int) {
        guard epoch == self.epoch else { return }
        complete(command, queue, ending)
        process(queue)
    }

    private func postWaiting(_ number: Int) {
        var posted = 0
        while completions[number].exists, posted < completions[number].waiting.count, !completions[number].isFull {
            let entry = completions[number].waiting[posted]
            let queue = completions[number]
            let head = submissions[Int(entry.submissionQueue) % submissions.count].head
            let place = queue.base &+ 16 * UInt64(queue.tail)
            func bytes(_ words: [UInt32]) -> [UInt8] { words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } } }
            // The word with the phase comes last.
            let last = UInt32(entry.command) | (queue.phase ? 1 << 16 : 0) | UInt32(entry.status) << 17
            guard function.write(place, bytes([entry.result, 0, head & 0xffff | UInt32(entry.submissionQueue) << 16])),
                function.store(place &+ 12, last)
            else {
                complain("completion queue \(number) is not in memory")
                return status |= Status.fatal
            }
            completions[number].tail = (queue.tail + 1) % queue.size
            if completions[number].tail == 0 { completions[number].phase.toggle() }
            posted += 1
        }
        completions[number].waiting.removeFirst(posted)
        guard posted > 0, completions[number].interrupts else { return }
        if let msix = function.msix, msix.isEnabled { msix.notify(Int(completions[number].vector)) } else { updatePin() }
    }

    /// Without messages the pin tells of completions that the host has not taken.
    func updatePin() {
        guard function.msix?.isEnabled != true else { return function.setInterrupt(false) }
        function.setInterrupt(
            completions.contains { $0.exists && $0.interrupts && $0.head != $0.tail && interruptMask >> UInt32($0.vector & 31) & 1 == 0 })
    }
}
