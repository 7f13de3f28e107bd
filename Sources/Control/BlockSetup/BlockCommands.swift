import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import HostOS
import QAPI

/// The machine protocol's commands for disks.
extension BlockSetup {
    public func register(in commands: inout CommandTable) {
        commands.on(QueryBlockCommand.self) { [self] in entries.filter { $0.isDrive || $0.isTaken }.map(describe) }
        commands.on(QueryBlockstatsCommand.self) { [self] arguments in
            let byNodes = arguments.queryNodes == true
            return entries.filter { byNodes || $0.isDrive || $0.isTaken }.map { statistics($0, byNodes: byNodes) }
        }
        commands.on(QueryNamedBlockNodesCommand.self) { [self] _ in entries.map(node) + files.map(node) }
        commands.on(BlockdevAddCommand.self) { [self] options in
            try addBlockdev(PropertyList(option: "blockdev", options.object))
            return QAPIEmpty()
        }
        commands.on(BlockdevDelCommand.self, stopped: true) { [self] arguments in
            try removeNode(arguments.nodeName)
            return QAPIEmpty()
        }
        commands.on(BlockResizeCommand.self, stopped: true) { [self] in try resize($0) }
        // No command starts a job on a disk yet.
        commands.on(QueryBlockJobsCommand.self) { [] }
    }

    private func describe(_ entry: Entry) -> BlockInfo {
        BlockInfo(
            device: entry.isDrive ? entry.id : "", qdev: entry.device, type: "unknown", removable: false, locked: false, inserted: node(entry),
            ioStatus: entry.isTaken ? .ok : nil)
    }

    private func node(_ entry: Entry) -> BlockDeviceInfo {
        let cache = entry.options.cache
        let (raw, qcow2) = (entry.node as? RawImage, entry.node as? QCOW2Image)
        let format = entry.options.format.rawValue
        let image = ImageInfo(
            filename: entry.options.path, format: format, dirtyFlag: false,
            actualSize: (raw?.allocatedSize ?? qcow2?.allocatedSize).map { Int64($0) },
            virtualSize: Int64(entry.node.size), clusterSize: qcow2.map { Int64($0.header.clusterSize) },
            backingFilename: qcow2?.header.backingFile, backingFilenameFormat: qcow2?.header.backingFormat,
            snapshots: snapshots(qcow2))
        return BlockDeviceInfo(
            file: entry.options.path, nodeName: entry.nodeName, ro: entry.node.isReadOnly, drv: format, backingFile: qcow2?.header.backingFile,
            backingFileDepth: qcow2?.depth ?? 0, encrypted: false,
            detectZeroes: .off, bps: 0, bpsRd: 0, bpsWr: 0, iops: 0, iopsRd: 0, iopsWr: 0, image: image,
            cache: BlockdevCacheInfo(writeback: cache.writeback, direct: cache.direct, noFlush: cache.ignoresFlushes), writeThreshold: 0)
    }

    /// A file itself.
    private func node(_ file: FileNode) -> BlockDeviceInfo {
        let (options, user) = (file.definition.options, entries.first { $0.nodeName == file.user })
        let host = try? HostFile(options.path, .readOnly)
        let image = ImageInfo(
            filename: options.path, format: "file", dirtyFlag: false, actualSize: host.map { Int64($0.allocatedSize) },
            virtualSize: (try? host?.size()).map { Int64($0) } ?? 0)
        let cache = options.cache
        return BlockDeviceInfo(
            file: options.path, nodeName: file.name, ro: user?.node.isReadOnly ?? true, drv: "file", backingFileDepth: 0, encrypted: false,
            detectZeroes: .off, bps: 0, bpsRd: 0, bpsWr: 0, iops: 0, iopsRd: 0, iopsWr: 0, image: image,
            cache: BlockdevCacheInfo(writeback: cache.writeback, direct: cache.direct, noFlush: cache.ignoresFlushes), writeThreshold: 0)
    }

    private func snapshots(_ image: QCOW2Image?) -> [SnapshotInfo]? {
        guard let list = try? image?.snapshots(), !list.isEmpty else { return nil }
        return list.map {
            SnapshotInfo(
                id: $0.id, name: $0.name, vmStateSize: Int64(clamping: $0.stateSize), dateSec: Int64($0.seconds), dateNsec: Int64($0.nanoseconds),
                vmClockSec: Int64($0.clock / 1_000_000_000), vmClockNsec: Int64($0.clock % 1_000_000_000))
        }
    }

    private func statistics(_ entry: Entry, byNodes: Bool) -> BlockStats {
        let account = entry.account.account
        let (reads, writes, flushes, discards) = (account[.read], account[.write], account[.flush], account[.discard])
        func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
        let stats = BlockDeviceStats(
            rdBytes: number(reads.bytes), wrBytes: number(writes.bytes), unmapBytes: number(discards.bytes), rdOperations: number(reads.done),
            wrOperations: number(writes.done), flushOperations: number(flushes.done), unmapOperations: number(discards.done),
            rdTotalTimeNs: reads.time, wrTotalTimeNs: writes.time, flushTotalTimeNs: flushes.time, unmapTotalTimeNs: discards.time,
            wrHighestOffset: number(account.highestWrite), rdMerged: 0, wrMerged: 0, unmapMerged: 0, failedRdOperations: number(reads.failed),
            failedWrOperations: number(writes.failed), failedFlushOperations: number(flushes.failed), failedUnmapOperations: number(discards.failed),
            invalidRdOperations: 0, invalidWrOperations: 0, invalidFlushOperations: 0, invalidUnmapOperations: 0, accountInvalid: false,
            accountFailed: true, timedStats: [])
        return BlockStats(
            device: byNodes ? nil : entry.isDrive ? entry.id : "", qdev: byNodes ? nil : entry.device, nodeName: entry.nodeName, stats: stats)
    }

    private func resize(_ arguments: BlockResizeCommand.Arguments) throws -> QAPIEmpty {
        let (device, name) = (arguments.device ?? "", arguments.nodeName ?? "")
        guard let entry = entries.first(where: { device.isEmpty ? $0.nodeName == name : $0.isDrive && $0.id == device }) else {
            throw QAPIError(.generic, "Cannot find device='\(device)' nor node-name='\(name)'")
        }
        guard arguments.size >= 0 else { throw QAPIError.expects("size", "a >0 size") }
        guard arguments.size >= 512 else { throw QAPIError.notSupported("a disk of less than 512 bytes") }
        try entry.account.resize(UInt64(arguments.size))
        entry.sizeChanged?()
        return QAPIEmpty()
    }
}
