import HostOS
import QAPI

/// Commands about descriptors that clients send.
public enum DescriptorCommands {
    public static func register(in commands: inout CommandTable) {
        commands.onPeer(GetfdCommand.self) { arguments, peer in
            try sender(peer).name(arguments.fdname)
            return QAPIEmpty()
        }
        commands.onPeer(ClosefdCommand.self) { arguments, peer in
            try sender(peer).close(arguments.fdname)
            return QAPIEmpty()
        }
        commands.onPeer(AddFdCommand.self) { arguments, peer in try add(arguments, try sender(peer)) }
        commands.on(RemoveFdCommand.self) { try remove($0) }
        commands.on(QueryFdsetsCommand.self) {
            DescriptorSets.shared.all.map { id, members in
                FdsetInfo(fdsetId: id, fds: members.map { FdsetFdInfo(fd: Int64($0.stream.descriptor), opaque: $0.note) })
            }
        }
    }

    private static func sender(_ peer: (any QAPIPeer)?) throws(QAPIError) -> PeerDescriptors {
        guard let peer else { throw .init(.generic, "No file descriptor supplied via SCM_RIGHTS") }
        return peer.descriptors
    }

    private static func add(_ arguments: AddFdCommand.Arguments, _ descriptors: PeerDescriptors) throws -> AddfdInfo {
        let stream = try descriptors.takeWaiting()
        if let id = arguments.fdsetId, id < 0 { throw QAPIError.expects("fdset-id", "a non-negative value") }
        let id = DescriptorSets.shared.add(stream, to: arguments.fdsetId, note: arguments.opaque)
        return AddfdInfo(fdsetId: id, fd: Int64(stream.descriptor))
    }

    private static func remove(_ arguments: RemoveFdCommand.Arguments) throws -> QAPIEmpty {
        guard DescriptorSets.shared.remove(arguments.fd.map(Int32.init(truncatingIfNeeded:)), from: arguments.fdsetId) else {
            let name = "fdset-id:\(arguments.fdsetId)" + (arguments.fd.map { ", fd:\($0)" } ?? "")
            throw QAPIError(.generic, "File descriptor named '\(name)' not found")
        }
        return QAPIEmpty()
    }
}
