import BlockCore
import BlockFormats
import QAPI

/// What clients want to be told of disks: writes beyond a threshold, how long requests take.
extension BlockSetup {
    func registerWatchCommands(in commands: inout CommandTable) {
        commands.on(BlockSetWriteThresholdCommand.self) { [self] arguments in
            let name = arguments.nodeName
            guard let file = thresholdFile(name) else { throw QAPIError(.generic, "Device '\(name)' not found") }
            file.watch(beyond: arguments.writeThreshold) { [self] in
                emit(BlockWriteThresholdEvent(nodeName: name, amountExceeded: $0, writeThreshold: arguments.writeThreshold))
            }
            return QAPIEmpty()
        }
        commands.on(BlockLatencyHistogramSetCommand.self) { [self] arguments in
            let drive = try drive(nil, arguments.id)
            let own = [(BlockOperation.read, arguments.boundariesRead), (.write, arguments.boundariesWrite), (.flush, arguments.boundariesFlush)]
            if arguments.boundaries == nil, own.allSatisfy({ $0.1 == nil }) { drive.account.account.histograms = [:] }
            for (operation, boundaries) in own {
                guard let boundaries = boundaries ?? arguments.boundaries else { continue }
                guard let histogram = LatencyHistogram(boundaries: boundaries) else {
                    throw QAPIError(.generic, "Device '\(arguments.id)' set \(operation) boundaries fail")
                }
                drive.account.account.histograms[operation] = histogram
            }
            return QAPIEmpty()
        }
    }

    /// Whose offsets a node's threshold is about: those in its file.
    func thresholdFile(_ name: String) -> RawImage? {
        let user = files.first { $0.name == name }?.user
        guard let node = node(user ?? name) else { return nil }
        return node.image as? RawImage ?? node.qcow2?.storage
    }

    static func histogram(_ operation: BlockOperation, _ account: BlockAccount) -> BlockLatencyHistogramInfo? {
        account.histograms[operation].map { BlockLatencyHistogramInfo(boundaries: $0.boundaries, bins: $0.bins) }
    }
}
