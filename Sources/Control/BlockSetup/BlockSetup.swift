import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import EventLoop
import HostOS
import QAPI

/// The disks that `-drive` and `-blockdev` define, and the engines that serve them.
public final class BlockSetup {
    enum EngineKind: String { case threads, ring = "io_uring" }

    /// A disk that a device may take.
    public struct Disk {
        public let node: any BlockNode
        /// What was written may be lost until it is flushed.
        public let hasCache: Bool
    }

    /// Something that has a node.
    struct Entry {
        let id: String
        let node: any BlockNode
        let options: ImageOptions
        let description: String
        /// What the machine protocol calls the node: the id of `-blockdev`, or a name of its own.
        let nodeName: String
        let account: AccountedNode
        /// Of `-drive`, not of `-blockdev`.
        let isDrive: Bool
        /// The node that it stands on, if one was named.
        var backing: String?
        var reads = ErrorAction.report
        var writes = ErrorAction.enospc
        /// A device has it.
        var isTaken = false
        /// The device's id, or its path.
        var device: String?
        /// The device hears of another size.
        var sizeChanged: (() -> Void)?
    }

    let loop: EventLoop
    /// The host has failed a request that is to be tried again: the machine must pause.
    private let pause: () -> Void
    private let emit: (any QAPIEvent) -> Void
    private var engines: [EngineKind: any FileEngine] = [:]
    var entries: [Entry] = []
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
    /// Of the disks that devices have, by their ids.
    private var policies: [String: ErrorPolicy] = [:]

    public init(loop: EventLoop, pause: @escaping () -> Void, emit: @escaping (any QAPIEvent) -> Void) {
        (self.loop, self.pause, self.emit) = (loop, pause, emit)
    }

    /// Reads the command line.
    public func define(_ options: ParsedCommandLine) throws {
        for text in options.all("blockdev") { try addBlockdev(try PropertyList(jsonOr: text, option: "blockdev", implied: "driver")) }
        for text in options.all("drive") { try addDrive(text, isSnapshot: options.has("snapshot")) }
    }

    /// Opens an image with what it stands on.
    func open(_ options: ImageOptions, _ kind: EngineKind?, _ backing: QCOW2Image.Backing = .named, depth: Int = 0) throws -> any BlockNode {
        if depth == 0, let disk = frozen[options.path] { return try openClone(disk, options, kind) }
        var options = options
        options.isInactive = isInactive
        let file = try RawImage(options, engine: try engine(kind), loop: loop)
        guard options.format == .qcow2 else { return file }
        guard depth < BlockSetup.mostBacking else { throw CommandLineError.notSupported("a chain of more than \(BlockSetup.mostBacking) images") }
        return try QCOW2Image(options, file: file, backing: backing) { [unowned self] name, format in
            try openBacking(name, format, of: options, kind, depth: depth)
        }
    }

    private static let mostBacking = 32

    /// The image that another one stands on, which is never written.
    private func openBacking(_ name: String, _ format: String?, of options: ImageOptions, _ kind: EngineKind?, depth: Int) throws -> any BlockNode {
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

    func makeEntry(_ id: String, _ node: any BlockNode, _ options: ImageOptions, _ description: String, isDrive: Bool) -> Entry {
        let name = isDrive ? "#block\(100 + entries.count)" : id
        return Entry(
            id: id, node: node, options: options, description: description, nodeName: name, account: AccountedNode(node, loop: loop), isDrive: isDrive
        )
    }

    func add(_ entry: Entry) throws(CommandLineError) {
        try checkName(entry.id)
        entries.append(entry)
    }

    func checkName(_ name: String) throws(CommandLineError) {
        guard !entries.contains(where: { $0.id == name }), !files.contains(where: { $0.name == name }) else {
            throw .badValue(option: "drive", value: "id=\(name)", expected: "a name that no other drive or node has")
        }
    }

    // MARK: Use

    /// The id of `-drive if=sd`.
    public internal(set) var memoryCard: String?

    /// The ids of `-drive if=virtio` in the order of their units.
    public var impliedDrives: [String] { implied.sorted { $0.key < $1.key }.map(\.value) }

    /// Gives a disk to a device, for it alone; the device's own `rerror` and `werror` ("auto" for none) come before the drive's.
    public func take(_ id: String, rerror: String = "auto", werror: String = "auto") throws -> Disk {
        try openIfFile(id)
        guard let index = entries.firstIndex(where: { $0.id == id }) else {
            let names = entries.map(\.id).sorted().joined(separator: ", ")
            throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "one of the drives and nodes: \(names)")
        }
        guard !entries[index].isTaken else {
            throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "a drive that no other device has")
        }
        if let user = user(of: entries[index].nodeName) {
            throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "a node that no other one stands on, as '\(user)' does")
        }
        entries[index].isTaken = true
        let entry = entries[index]
        let list = PropertyList(option: "device", [("rerror", rerror), ("werror", werror)])
        let reads = try BlockSetup.action("rerror", list) ?? entry.reads
        let writes = try BlockSetup.action("werror", list) ?? entry.writes
        let policy = ErrorPolicy(entry.account, reads: reads, writes: writes) { [unowned self] in noteFailure(id, $0) }
        policies[id] = policy
        return Disk(node: policy, hasCache: entry.options.cache.writeback)
    }

    /// The device that has a disk: its id or path, and what it does when the disk has another size.
    public func noteDevice(_ name: String, of id: String, sizeChanged: @escaping () -> Void) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        (entries[index].device, entries[index].sizeChanged) = (name, sizeChanged)
    }

    /// The device that has a disk is gone.
    public func release(_ id: String) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        (entries[index].isTaken, entries[index].device, entries[index].sizeChanged) = (false, nil, nil)
        policies[id] = nil
    }

    private func noteFailure(_ id: String, _ failure: ErrorPolicy.Failure) {
        guard let entry = entries.first(where: { $0.id == id }) else { return }
        let action: BlockErrorAction = failure.stops ? .stop : failure.action == .ignore ? .ignore : .report
        emit(
            BlockIoErrorEvent(
                device: entry.isDrive ? id : "", nodeName: entry.nodeName, operation: failure.isRead ? .read : .write, action: action,
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
    public var description: String { entries.map(\.description).joined() }

    /// Waits until no disk has a request under way.
    public func drain() { for engine in engines.values { engine.drain() } }

    /// Disks that can be written, by their nodes' names, and their images if these keep snapshots.
    public var snapshotDisks: [(name: String, nodeName: String, image: QCOW2Image?)] {
        entries.filter { !$0.node.isReadOnly }.map { ($0.id, $0.nodeName, $0.node as? QCOW2Image) }
    }

    /// Why another process could not go on with the disks as they are; nil if it could.
    public var migrationBlocker: String? {
        if let entry = entries.first(where: { $0.node is SnapshotOverlay }) {
            return "the changes of '\(entry.id)' are in a temporary file of this process (snapshot=on)"
        }
        return waitingRequests
    }

    /// Why what the disks hold now is not what the guest has written; nil if it is.
    var waitingRequests: String? {
        policies.values.contains(where: \.hasWaitingRequests) ? "a disk has requests that the host has failed and that wait for 'cont'" : nil
    }

    /// Gives the images to another process, or takes them back from there; all or none.
    public func setActive(_ active: Bool) throws {
        guard active == isInactive else { return }
        var done: [any BlockNode] = []
        do {
            // An image takes what it stands on along.
            for entry in entries where user(of: entry.nodeName) == nil {
                try entry.node.setActive(active)
                done.append(entry.node)
            }
        } catch {
            for node in done { try? node.setActive(!active) }
            throw error
        }
        isInactive = !active
    }

    /// Brings everything that the disks have been given to where another process sees it.
    public func settle() throws {
        for entry in entries where entry.isTaken && !entry.node.isReadOnly {
            var result = BlockResult.ok
            entry.node.flush { result = $0 }
            entry.node.drain()
            if case .failed(let code) = result { throw HostError("flush '\(entry.id)'", errno: code) }
        }
    }

    /// The emulator ends: what images keep in memory about themselves goes to their files.
    public func finish() {
        if isInactive { return }
        for case let image as QCOW2Image in entries.map(\.node) {
            do { try image.writeEverything() } catch { warn("\(error)") }
        }
    }

    /// The machine goes on after a pause.
    public func retry() { for policy in policies.values { policy.retry() } }
}
