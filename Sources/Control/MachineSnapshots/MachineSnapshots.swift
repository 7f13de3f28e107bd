import BlockFormats
import BlockSetup
import Diagnostics
import EventLoop
import HostOS
import Jobs
import Migration
import QAPI

/// Snapshots of the whole machine: each disk keeps its own state, and one of them the machine's, as the stream that migration sends.
///
/// Everything here is done while the vCPUs stand still, with the machine lock held.
public final class MachineSnapshots {
    private unowned let host: any MigrationHost
    private let blocks: BlockSetup
    private var jobs: JobList { blocks.jobs }

    public init(_ host: any MigrationHost, blocks: BlockSetup) { (self.host, self.blocks) = (host, blocks) }

    public func register(in commands: inout CommandTable) {
        commands.on(SnapshotSaveCommand.self, stopped: true) { [self] arguments in
            try jobs.run(arguments.jobId, .snapshotSave) { () throws(QAPIError) in
                try save(arguments.tag, vmstate: arguments.vmstate, devices: arguments.devices)
            }
        }
        commands.on(SnapshotLoadCommand.self, stopped: true) { [self] arguments in
            try jobs.run(arguments.jobId, .snapshotLoad) { () throws(QAPIError) in
                try load(arguments.tag, vmstate: arguments.vmstate, devices: arguments.devices)
            }
        }
        commands.on(SnapshotDeleteCommand.self, stopped: true) { [self] arguments in
            try jobs.run(arguments.jobId, .snapshotDelete) { () throws(QAPIError) in try delete(arguments.tag, devices: arguments.devices) }
        }
    }

    // MARK: Which disks

    private typealias Disk = (name: String, image: QCOW2Image)

    /// Disks by their nodes' names.
    private func disks(_ names: [String]) throws(QAPIError) -> [Disk] {
        if names.isEmpty { throw QAPIError(.generic, "no device was named that is to keep the snapshot") }
        var result: [Disk] = []
        for name in names {
            guard let disk = blocks.snapshotDisks.first(where: { $0.nodeName == name }) else {
                throw QAPIError(.generic, "No block device node '\(name)'")
            }
            guard let image = disk.image else { throw MachineSnapshots.cannotHold(disk.name) }
            try blocks.checkUnused(name)
            result.append((name, image))
        }
        return result
    }

    private static func cannotHold(_ name: String) -> QAPIError {
        QAPIError(.generic, "Device '\(name)' is writable but does not support snapshots: only qcow2 images do (qemu-img convert -O qcow2 makes one)")
    }

    private func index(_ tag: String, _ disk: Disk) throws(QAPIError) -> Int? {
        do throws(HostError) { return try disk.image.snapshots().firstIndex { $0.name == tag } } catch {
            throw QAPIError(.generic, error.description)
        }
    }

    /// Where each disk has the snapshot.
    private func indices(_ tag: String, _ disks: [Disk]) throws(QAPIError) -> [Int] {
        var result: [Int] = []
        for disk in disks {
            guard let index = try index(tag, disk) else {
                throw QAPIError(.generic, "Snapshot '\(tag)' does not exist in one or more devices")
            }
            result.append(index)
        }
        return result
    }

    private func host<Result>(_ action: String, _ body: () throws(HostError) -> Result) throws(QAPIError) -> Result {
        do throws(HostError) { return try body() } catch { throw QAPIError(.generic, "\(action): \(error.description)") }
    }

    // MARK: What can be done

    func save(_ tag: String, vmstate: String, devices: [String]) throws(QAPIError) {
        if tag.isEmpty { throw QAPIError(.generic, "a snapshot needs a name") }
        if let reason = host.memoryOnItsWay { throw QAPIError(.generic, reason) }
        let disks = try disks(devices)
        guard let holder = disks.first(where: { $0.name == vmstate }) else {
            throw QAPIError(.generic, "the machine's state is to lie in '\(vmstate)', which is none of the devices that keep the snapshot")
        }
        for disk in disks where try index(tag, disk) != nil {
            throw QAPIError(.generic, "Snapshot '\(tag)' already exists in one or more devices")
        }
        do { try host.settleDisks() } catch { throw QAPIError(.generic, "\(error)") }
        let before = host.runState
        host.enter(.saveVm)
        defer { host.enter(before) }
        let (seconds, nanoseconds) = host.machine.loop.wallClock().quotientAndRemainder(dividingBy: 1_000_000_000)
        let now = (seconds: UInt32(truncatingIfNeeded: seconds), nanoseconds: UInt32(nanoseconds))
        let clock = UInt64(max(0, host.machine.loop.now(.virtual)))
        var done: [Disk] = []
        do throws(QAPIError) {
            // The one with the state comes last: a snapshot that has one is complete.
            for disk in disks.filter({ $0.name != vmstate }) + [holder] {
                try host("keep the disk '\(disk.name)'") { () throws(HostError) in
                    try disk.image.createSnapshot(
                        name: tag, time: now, clock: clock,
                        state: disk.name == vmstate
                            ? { (writer) throws(HostError) in
                                try WholeStream.write(self.host.machine, guest: self.host.guest, state: before) { (bytes) throws(HostError) in
                                    try writer.append(bytes)
                                }
                            } : nil)
                }
                done.append(disk)
            }
        } catch {
            for disk in done { if let index = try? index(tag, disk) { try? disk.image.deleteSnapshot(index) } }
            throw error
        }
    }

    func load(_ tag: String, vmstate: String, devices: [String]) throws(QAPIError) {
        if let reason = host.memoryOnItsWay { throw QAPIError(.generic, reason) }
        let disks = try disks(devices)
        guard let holder = disks.firstIndex(where: { $0.name == vmstate }) else {
            throw QAPIError(.generic, "the machine's state lies in '\(vmstate)', which is none of the devices")
        }
        let indices = try indices(tag, disks)
        let image = disks[holder].image
        let size = try host("look at '\(tag)'") { () throws(HostError) in try image.snapshots()[indices[holder]].stateSize }
        guard size > 0 else {
            throw QAPIError(.generic, "This is a disk-only snapshot. Revert to it offline using qemu-img")
        }
        let stateIndex = indices[holder]
        func stream() throws(QAPIError) -> (Int) throws(HostError) -> [UInt8] {
            try host("read the machine's state") { () throws(HostError) in try image.snapshotState(stateIndex) }
        }
        // Nothing is changed before all of it has been looked at.
        do { try WholeStream.check(try stream(), host.machine, guest: host.guest) } catch { throw QAPIError(.generic, "\(error)") }
        let source = try stream()
        let before = host.runState
        host.enter(.restoreVm)
        do {
            for (disk, index) in zip(disks, indices) { try disk.image.restoreSnapshot(index) }
            host.memoryWasReplaced()
            _ = try WholeStream.read(source, into: host.machine, guest: host.guest, setTime: host.setVirtualTime)
        } catch {
            // Half of it is the one, half the other.
            throw QAPIError(.generic, "the machine stands still, between what it was and '\(tag)': \(error)")
        }
        host.enter(before == .running || before == .postmigrate ? .running : .paused)
    }

    func delete(_ tag: String, devices: [String]) throws(QAPIError) {
        for disk in try disks(devices) {
            guard let index = try index(tag, disk) else { continue }
            try host("delete '\(tag)' of '\(disk.name)'") { () throws(HostError) in try disk.image.deleteSnapshot(index) }
        }
    }

    // MARK: What people and the command line ask for

    /// All disks that can be written; an error if one of them cannot keep snapshots, or there is none.
    public func allDisks() throws(QAPIError) -> [String] {
        let disks = blocks.snapshotDisks
        if let other = disks.first(where: { $0.image == nil }) { throw MachineSnapshots.cannotHold(other.name) }
        if disks.isEmpty { throw QAPIError(.generic, "No block device can accept snapshots") }
        return disks.map(\.nodeName)
    }

    /// `-loadvm`.
    public func loadAtStart(_ tag: String) throws(QAPIError) {
        let names = try allDisks()
        try load(tag, vmstate: names[0], devices: names)
    }
}
