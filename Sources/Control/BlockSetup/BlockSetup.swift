import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import Jobs
import QAPI

/// The disks that `-drive` and `-blockdev` define, and the engines that serve them.
public final class BlockSetup {
    enum EngineKind: String { case threads, ring = "io_uring" }

    /// A disk that a device may take.
    public struct Disk {
        public let node: any BlockNode
        /// What was written may be lost until it is flushed.
        public let hasCache: Bool
        let drive: Drive
        /// `media=cdrom`.
        public let isDisc: Bool
    }

    let loop: EventLoop
    /// The host has failed a request that is to be tried again: the machine must pause.
    private let pause: () -> Void
    let emit: (any QAPIEvent) -> Void
    public let jobs: JobList
    private(set) var engines: [EngineKind: any FileEngine] = [:]
    /// Open images, each before what it stands on.
    var nodes: [ImageNode] = []
    /// What devices have, or may take.
    var drives: [Drive] = []
    /// Nodes whose names were made up.
    var named = 0
    /// Nodes of `driver=file`.
    var files: [FileNode] = []
    /// Drives for which the board makes a device, by unit.
    var implied: [Int: String] = [:]
    /// Another process has the images until `setActive`.
    public var isInactive = false
    /// Of a clone: the images of its template's disks, by the paths that the command line gives these.
    var frozen: [String: FrozenDisk] = [:]
    /// Where a clone's disks keep what is written to them; nil for temporary files.
    var cloneFolder: String?

    public init(loop: EventLoop, pause: @escaping () -> Void, emit: @escaping (any QAPIEvent) -> Void) {
        (self.loop, self.pause, self.emit) = (loop, pause, emit)
        jobs = JobList(emit)
    }

    /// Reads the command line.
    ///
    /// - Parameter interface: what the board does with disks of which only a number is said: "virtio", or "none" if it has no place for them.
    public func define(_ options: ParsedCommandLine, interface: String) throws {
        for text in options.all("blockdev") { try addBlockdev(try PropertyList(jsonOr: text, option: "blockdev", implied: "driver")) }
        for text in options.all("drive") { try addDrive(text, isSnapshot: options.has("snapshot")) }
        for (index, name) in ["hda", "hdb", "hdc", "hdd"].enumerated() {
            for path in options.all(name) { try addShort(path, interface, "index=\(index),media=disk", options) }
        }
        for path in options.all("cdrom") { try addShort(path, interface, "index=2,media=cdrom", options) }
        for path in options.all("sd") { try addShort(path, "sd", "index=0", options) }
    }

    /// Opens an image with what it stands on.
    ///
    /// - Parameters:
    ///   - name: of the node; nil for one that is made up.
    ///   - backing: what it stands on, or nothing; nil for what its header names.
    func open(
        _ options: ImageOptions, _ kind: EngineKind?, name: String? = nil, backing: ImageNode?? = nil, depth: Int = 0
    ) throws -> ImageNode {
        if depth == 0, let disk = frozen[options.path] { return try openClone(disk, options, kind, name) }
        var options = options
        options.isInactive = isInactive
        let known = name ?? nextName()
        let file = try RawImage(options, engine: try engine(kind), loop: loop)
        guard options.format == .qcow2 else {
            return ImageNode(file, name: known, options: options, engine: kind, backing: nil, isNamed: name != nil)
        }
        guard depth < BlockSetup.mostBacking else { throw CommandLineError.notSupported("a chain of more than \(BlockSetup.mostBacking) images") }
        var below = backing ?? nil
        let choice: QCOW2Image.Backing = backing.map { .given($0?.graph) } ?? .named
        let image = try QCOW2Image(options, file: file, backing: choice) { [unowned self] path, format in
            let node = try openBacking(path, format, of: options, kind, depth: depth)
            below = node
            return node.graph
        }
        return ImageNode(image, name: known, options: options, engine: kind, backing: below, isNamed: name != nil)
    }

    private static let mostBacking = 32

    /// The image that another one stands on, which is never written.
    private func openBacking(_ name: String, _ format: String?, of options: ImageOptions, _ kind: EngineKind?, depth: Int) throws -> ImageNode {
        guard let format else {
            throw BlockError.unsupportedImage(options.path, "a backing file whose format it does not say (qemu-img rebase -u -F sets it)")
        }
        guard let known = ImageOptions.Format(rawValue: format) else { throw BlockError.unsupportedFormat(format) }
        guard !name.hasPrefix("json:"), !name.contains("://") else { throw BlockError.unsupportedImage(options.path, "the backing file '\(name)'") }
        var below = options
        below.format = known
        below.isReadOnly = true
        // Names are relative to the image that has them.
        let folder = options.path.lastIndex(of: "/").map { String(options.path[...$0]) } ?? ""
        below.path = name.hasPrefix("/") ? name : folder + name
        return try open(below, kind, depth: depth + 1)
    }

    /// The engine that was asked for; io_uring, or threads if the host has none, if nothing was.
    func engine(_ wanted: EngineKind?) throws -> any FileEngine {
        switch wanted {
        case .threads: return try shared(.threads) { try ThreadEngine(loop: loop) }
        case .ring: return try shared(.ring) { try RingEngine(loop: loop) }
        case nil:
            do { return try engine(.ring) } catch { return try engine(.threads) }
        }
    }

    private func shared(_ kind: EngineKind, _ make: () throws -> any FileEngine) throws -> any FileEngine {
        if let engine = engines[kind] { return engine }
        let engine = try make()
        engines[kind] = engine
        return engine
    }

    func checkName(_ name: String) throws(CommandLineError) {
        let isKnown = nodes.contains { $0.name == name } || drives.contains { $0.isNamed && $0.id == name } || files.contains { $0.name == name }
        if isKnown { throw .badValue(option: "drive", value: "id=\(name)", expected: "a name that no other drive or node has") }
    }

    // MARK: Use

    /// The id of `-drive if=sd`.
    public internal(set) var memoryCard: String?

    /// The ids of `-drive if=virtio` in the order of their units.
    public var impliedDrives: [String] { implied.sorted { $0.key < $1.key }.map(\.value) }

    /// Gives a disk to a device, for it alone; the device's own `rerror` and `werror` ("auto" for none) come before the drive's.
    ///
    /// - Parameter needsMedium: the device's medium cannot come later.
    public func take(_ id: String, rerror: String = "auto", werror: String = "auto", needsMedium: Bool = true) throws -> Disk {
        let drive = try freeDrive(id)
        if needsMedium, drive.node == nil { throw QAPIError(.generic, "Device needs media, but drive is empty") }
        return try take(drive, rerror: rerror, werror: werror)
    }

    /// A drive without a medium for a device for discs that has been given none.
    public func takeEmpty(rerror: String = "auto", werror: String = "auto") throws -> Disk {
        let drive = Drive("", nil, isNamed: false, account: AccountedNode(nil, loop: loop))
        drive.isDisc = true
        return try take(drive, rerror: rerror, werror: werror)
    }

    private func take(_ drive: Drive, rerror: String, werror: String) throws -> Disk {
        let list = PropertyList(option: "device", [("rerror", rerror), ("werror", werror)])
        let reads = try BlockSetup.action("rerror", list) ?? drive.reads
        let writes = try BlockSetup.action("werror", list) ?? drive.writes
        let policy = ErrorPolicy(drive.account, reads: reads, writes: writes) { [unowned self] in noteFailure(drive, $0) }
        drive.policy = policy
        if !drives.contains(where: { $0 === drive }) { drives.append(drive) }
        return Disk(node: policy, hasCache: drive.node?.options.cache.writeback ?? true, drive: drive, isDisc: drive.isDisc)
    }

    /// A drive, or one on a node, that no device has.
    private func freeDrive(_ id: String) throws -> Drive {
        try openIfFile(id)
        if let drive = drives.first(where: { $0.isNamed && $0.id == id }) {
            guard !drive.isTaken else {
                throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "a drive that no other device has")
            }
            return drive
        }
        guard let node = node(id), node.isNamed else {
            let names = (drives.filter(\.isNamed).map(\.id) + nodes.filter(\.isNamed).map(\.name)).sorted().joined(separator: ", ")
            throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "one of the drives and nodes: \(names)")
        }
        guard drive(on: node) == nil else {
            throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "a drive that no other device has")
        }
        if let user = parents(of: node).first {
            throw CommandLineError.badValue(
                option: "device", value: "drive=\(id)", expected: "a node that no other one stands on, as '\(user.name)' does")
        }
        try checkUnused(id)
        return Drive(id, node, isNamed: false, account: AccountedNode(node.graph, loop: loop))
    }

    /// The device that has a disk: its id or path, and what it does when the disk has another size.
    ///
    /// - Parameter slot: where it has its medium, if that can be exchanged.
    public func noteDevice(_ name: String, of disk: Disk, slot: (any MediumSlot)? = nil, sizeChanged: @escaping () -> Void) {
        let drive = disk.drive
        (drive.device, drive.sizeChanged, drive.slot) = (name, sizeChanged, slot)
        slot?.onTrayMoved = { [unowned self, weak drive] isOpen in if let drive { tellTray(drive, isOpen: isOpen) } }
    }

    /// The device that has a disk is gone.
    public func release(_ disk: Disk) {
        let drive = disk.drive
        drive.account.drain()
        (drive.policy, drive.device, drive.sizeChanged, drive.slot) = (nil, nil, nil, nil)
        if !drive.isNamed { drives.removeAll { $0 === drive } }
        // What the monitor has put in, and nobody has named, goes with a drive that goes.
        if !drive.isNamed, let node = drive.node { dropUnused(node.chain) }
    }

    private func noteFailure(_ drive: Drive, _ failure: ErrorPolicy.Failure) {
        let action: BlockErrorAction = failure.stops ? .stop : failure.action == .ignore ? .ignore : .report
        emit(
            BlockIoErrorEvent(
                device: drive.publicName, nodeName: drive.node?.name, operation: failure.isRead ? .read : .write, action: action,
                nospace: failure.isDiskFull, reason: errorText(failure.errno)))
        if failure.stops { pause() }
    }

    /// `werror` or `rerror`; nil if it is not there.
    static func action(_ name: String, _ list: PropertyList) throws(CommandLineError) -> ErrorAction? {
        guard let text = list[name], text != "auto" else { return nil }
        let accepted = ErrorAction.allCases.filter { $0 != .enospc || name == "werror" }
        guard let action = accepted.first(where: { $0.rawValue == text }) else {
            throw .badValue(option: list.option, value: "\(name)=\(text)", expected: accepted.map(\.rawValue).joined(separator: ", "))
        }
        return action
    }

    /// `info block`.
    public var description: String {
        let loose = nodes.filter { node in node.isNamed && drive(on: node) == nil }
        return (drives.map { describe($0) } + loose.map { describe($0) }).joined(separator: "\n")
    }

    /// Waits until no disk has a request under way, and nobody is held back by a job.
    public func drain() {
        func letGo() -> Bool { drives.reduce(false) { $1.account.letGo() || $0 } }
        repeat { for engine in engines.values { engine.drain() } } while nodes.reduce(letGo()) { $1.graph.letGo() || $0 }
    }

    /// Disks that can be written, by their nodes' names, and their images if these keep snapshots.
    public var snapshotDisks: [(name: String, nodeName: String, image: QCOW2Image?)] {
        // What a disk stood on may stand above its image still, until it is deleted.
        let roots = nodes.filter { node in !node.graph.isReadOnly && (drive(on: node) != nil || parents(of: node).isEmpty) }
        return roots.map { (drive(on: $0)?.id ?? $0.name, $0.name, $0.qcow2) }
    }

    /// Why another process could not go on with the disks as they are; nil if it could.
    public var migrationBlocker: String? {
        if let reason = lastingBlocker { return reason }
        if let job = jobs.jobs.first(where: { $0.work is DiskJob && $0.status != .concluded }) { return "the job '\(job.id)' works on a disk" }
        return waitingRequests
    }

    /// Why it can never leave; nil if it can.
    public var lastingBlocker: String? {
        drives.first { $0.node?.isTemporary ?? false }.map { "the changes of '\($0.id)' are in a temporary file of this process (snapshot=on)" }
    }

    /// Why what the disks hold now is not what the guest has written; nil if it is.
    var waitingRequests: String? {
        drives.contains { $0.policy?.hasWaitingRequests ?? false }
            ? "a disk has requests that the host has failed and that wait for 'cont'" : nil
    }

    /// Gives the images to another process, or takes them back from there; all or none.
    public func setActive(_ active: Bool) throws {
        guard active == isInactive else { return }
        // It may have begun since it was asked what is in the way.
        if !active, let job = jobs.jobs.first(where: { $0.work is DiskJob && $0.status != .concluded }) {
            throw HostError("give the disks away", errno: inUseNumber, remedy: "the job '\(job.id)' works on a disk")
        }
        var done: [any BlockNode] = []
        do {
            // An image takes what it stands on along.
            for node in nodes where parents(of: node).isEmpty {
                try node.graph.setActive(active)
                done.append(node.graph)
            }
        } catch {
            for node in done { try? node.setActive(!active) }
            throw error
        }
        isInactive = !active
    }

    /// Brings everything that the disks have been given to where another process sees it.
    public func settle() throws {
        for drive in drives where drive.isTaken {
            guard let graph = drive.node?.graph, !graph.isReadOnly else { continue }
            try graph.wait("flush '\(drive.id)'", graph.flush)
        }
    }

    /// The emulator ends: what images keep in memory about themselves goes to their files.
    public func finish() {
        if isInactive { return }
        for case let job as DiskJob in jobs.jobs.map(\.work) { job.work.abandon() }
        for node in nodes { do { try node.qcow2?.writeEverything() } catch { warn("\(error)") } }
    }

    /// The machine goes on after a pause.
    public func retry() { for drive in drives { drive.policy?.retry() } }
}
