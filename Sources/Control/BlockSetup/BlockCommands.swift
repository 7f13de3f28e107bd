import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import HostOS
import QAPI

/// The machine protocol's commands for disks.
extension BlockSetup {
    public func register(in commands: inout CommandTable) {
        commands.on(QueryBlockCommand.self) { [self] in drives.map(describe) }
        commands.on(QueryBlockstatsCommand.self) { [self] arguments in
            arguments.queryNodes == true ? nodes.map { statistics($0, nil) } : drives.map { statistics($0.node, $0) }
        }
        commands.on(QueryNamedBlockNodesCommand.self) { [self] _ in nodes.map(node) + files.map(node) }
        commands.on(BlockdevAddCommand.self) { [self] options in
            try addBlockdev(PropertyList(option: "blockdev", options.object))
            return QAPIEmpty()
        }
        commands.on(BlockdevDelCommand.self, stopped: true) { [self] arguments in
            try removeNode(arguments.nodeName)
            return QAPIEmpty()
        }
        commands.on(BlockResizeCommand.self, stopped: true) { [self] in try resize($0) }
        jobs.register(in: &commands)
        registerMediumCommands(in: &commands)
        registerThrottleCommands(in: &commands)
        registerWatchCommands(in: &commands)
        registerChangeCommands(in: &commands)
        registerBitmapCommands(in: &commands)
        registerGraphCommands(in: &commands)
        registerJobCommands(in: &commands)
    }

    private func describe(_ drive: Drive) -> BlockInfo {
        BlockInfo(
            device: drive.publicName, qdev: drive.device, type: "unknown", removable: drive.isRemovable, locked: drive.slot?.isMediumLocked ?? false,
            inserted: drive.node.map { inserted($0, drive) }, trayOpen: drive.slot?.isTrayOpen, ioStatus: drive.isTaken ? .ok : nil)
    }

    private func inserted(_ node: ImageNode, _ drive: Drive) -> BlockDeviceInfo {
        var information = self.node(node)
        describeLimits(of: drive, in: &information)
        return information
    }

    private func node(_ node: ImageNode) -> BlockDeviceInfo {
        let (options, cache) = (node.options, node.options.cache)
        let (raw, qcow2) = (node.image as? RawImage, node.qcow2)
        let format = options.format.rawValue
        let below = node.backing.map { ($0.path, $0.options.format.rawValue) }
        let image = ImageInfo(
            filename: options.path, format: format, dirtyFlag: false,
            actualSize: (raw?.allocatedSize ?? qcow2?.allocatedSize).map { Int64($0) },
            virtualSize: Int64(node.graph.size), clusterSize: qcow2.map { Int64($0.header.clusterSize) },
            backingFilename: qcow2?.header.backingFile ?? below?.0, fullBackingFilename: below?.0,
            backingFilenameFormat: qcow2?.header.backingFormat ?? below?.1, snapshots: snapshots(qcow2))
        return BlockDeviceInfo(
            file: options.path, nodeName: node.name, ro: node.graph.isReadOnly, drv: format,
            backingFile: node.backing == nil ? nil : qcow2?.header.backingFile ?? below?.0, backingFileDepth: Int64(node.chain.count - 1),
            encrypted: false, detectZeroes: BlockdevDetectZeroesOptions(rawValue: node.graph.zeroDetection.rawValue) ?? .off, bps: 0, bpsRd: 0,
            bpsWr: 0, iops: 0, iopsRd: 0, iopsWr: 0, image: image,
            cache: BlockdevCacheInfo(writeback: cache.writeback, direct: cache.direct, noFlush: cache.ignoresFlushes),
            writeThreshold: Int64(clamping: raw?.threshold ?? 0),
            dirtyBitmaps: node.graph.bitmaps.isEmpty ? nil : node.graph.bitmaps.map(BlockSetup.information))
    }

    /// A file itself.
    private func node(_ file: FileNode) -> BlockDeviceInfo {
        let (options, user) = (file.definition.options, nodes.first { $0.name == file.user })
        let host = try? HostFile(options.path, .readOnly)
        let image = ImageInfo(
            filename: options.path, format: "file", dirtyFlag: false, actualSize: host.map { Int64($0.allocatedSize) },
            virtualSize: (try? host?.size()).map { Int64($0) } ?? 0)
        let cache = options.cache
        return BlockDeviceInfo(
            file: options.path, nodeName: file.name, ro: user?.graph.isReadOnly ?? true, drv: "file", backingFileDepth: 0, encrypted: false,
            detectZeroes: .off, bps: 0, bpsRd: 0, bpsWr: 0, iops: 0, iopsRd: 0, iopsWr: 0, image: image,
            cache: BlockdevCacheInfo(writeback: cache.writeback, direct: cache.direct, noFlush: cache.ignoresFlushes),
            writeThreshold: Int64(clamping: thresholdFile(file.name)?.threshold ?? 0))
    }

    private func snapshots(_ image: QCOW2Image?) -> [SnapshotInfo]? {
        guard let list = try? image?.snapshots(), !list.isEmpty else { return nil }
        return list.map(BlockSetup.information)
    }

    static func information(_ snapshot: QCOW2Snapshot) -> SnapshotInfo {
        SnapshotInfo(
            id: snapshot.id, name: snapshot.name, vmStateSize: Int64(clamping: snapshot.stateSize), dateSec: Int64(snapshot.seconds),
            dateNsec: Int64(snapshot.nanoseconds), vmClockSec: Int64(snapshot.clock / 1_000_000_000),
            vmClockNsec: Int64(snapshot.clock % 1_000_000_000))
    }

    /// - Parameter drive: nil for the node itself.
    private func statistics(_ node: ImageNode?, _ drive: Drive?) -> BlockStats {
        let account = (drive ?? node.flatMap { self.drive(on: $0) })?.account.account ?? BlockAccount()
        let (reads, writes, flushes, discards) = (account[.read], account[.write], account[.flush], account[.discard])
        func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
        let stats = BlockDeviceStats(
            rdBytes: number(reads.bytes), wrBytes: number(writes.bytes), unmapBytes: number(discards.bytes), rdOperations: number(reads.done),
            wrOperations: number(writes.done), flushOperations: number(flushes.done), unmapOperations: number(discards.done),
            rdTotalTimeNs: reads.time, wrTotalTimeNs: writes.time, flushTotalTimeNs: flushes.time, unmapTotalTimeNs: discards.time,
            wrHighestOffset: number(account.highestWrite), rdMerged: 0, wrMerged: 0, unmapMerged: 0, failedRdOperations: number(reads.failed),
            failedWrOperations: number(writes.failed), failedFlushOperations: number(flushes.failed), failedUnmapOperations: number(discards.failed),
            invalidRdOperations: 0, invalidWrOperations: 0, invalidFlushOperations: 0, invalidUnmapOperations: 0, accountInvalid: false,
            accountFailed: true, timedStats: [], rdLatencyHistogram: BlockSetup.histogram(.read, account),
            wrLatencyHistogram: BlockSetup.histogram(.write, account), flushLatencyHistogram: BlockSetup.histogram(.flush, account))
        return BlockStats(
            device: drive.map { $0.publicName }, qdev: drive?.device, nodeName: node?.name, stats: stats)
    }

    private func resize(_ arguments: BlockResizeCommand.Arguments) throws -> QAPIEmpty {
        let (device, name) = (arguments.device ?? "", arguments.nodeName ?? "")
        let node = device.isEmpty ? node(name) : drives.first { $0.isNamed && $0.id == device }?.node
        if let drive = drives.first(where: { !device.isEmpty && $0.isNamed && $0.id == device }), drive.node == nil {
            throw QAPIError(.generic, "Device '\(device)' has no medium")
        }
        guard let node else { throw QAPIError(.generic, "Cannot find device='\(device)' nor node-name='\(name)'") }
        guard arguments.size >= 0 else { throw QAPIError.expects("size", "a >0 size") }
        guard arguments.size >= 512 else { throw QAPIError.notSupported("a disk of less than 512 bytes") }
        try checkUnused(node.name)
        try node.graph.resize(UInt64(arguments.size))
        drive(on: node)?.sizeChanged?()
        return QAPIEmpty()
    }
}
