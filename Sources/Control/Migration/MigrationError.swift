import Diagnostics
import HostOS
import MachineModel
import TLS

/// Why a machine's state could not be taken elsewhere, or taken over.
public enum MigrationError: ExplainedError {
    case badAddress(String)
    case host(HostError)
    case tls(TLSError)
    case cutOff
    case qemuStream
    case notAStream
    case otherVersion(UInt32, known: UInt32)
    case torn(String)
    case damaged(String)
    case otherMachine(String)
    case state(MachineStateError)
    case otherChannels(String)
    case postcopy(String)
    case memoryOnFile(String)
    case refused(String)
    case disks(String)
    case cancelled

    public var cause: String {
        switch self {
        case .badAddress(let text): "'\(text)' is no address for a migration"
        case .host(let error): error.cause
        case .tls(let error): error.cause
        case .cutOff: "the stream ends before the machine's state is complete"
        case .qemuStream: "the stream is one of QEMU's, whose format is another"
        case .notAStream: "this is no migration stream of Apus"
        case .otherVersion(let version, let known): "the stream has version \(version), and version \(known) is known"
        case .torn(let path): "'\(path)' was not written to its end"
        case .damaged(let what): "the stream is damaged: \(what)"
        case .otherMachine(let what): "the stream is of another machine: \(what)"
        case .state(let error): error.cause
        case .otherChannels(let what): "the channels do not match: \(what)"
        case .postcopy(let what): "postcopy is not possible: \(what)"
        case .memoryOnFile(let name): "the memory '\(name)' stands on a file of its own, whose pages cannot come later"
        case .refused(let text): "the other side says: \(text)"
        case .disks(let reason): "the disks cannot be handed over: \(reason)"
        case .cancelled: "the migration has been cancelled"
        }
    }

    public var remedy: String? {
        switch self {
        case .badAddress: "use tcp:HOST:PORT, unix:PATH, fd:NAME, exec:COMMAND or file:PATH"
        case .host(let error): error.remedy
        case .tls(let error): error.remedy
        case .qemuStream: "migrate between emulators of the same kind"
        case .otherVersion: "use the same version of Apus on both sides"
        case .otherMachine: "start the machine with the same options as the one that the stream is of"
        case .state(let error): error.remedy
        case .otherChannels: "give both sides the capability multifd and the same multifd-channels"
        case .postcopy: "give both sides the capability postcopy-ram, or neither"
        case .memoryOnFile: "use memory-backend-ram, or memory-backend-memfd with share=on"
        case .torn: "write it anew"
        case .cutOff, .notAStream, .damaged, .refused, .disks, .cancelled: nil
        }
    }
}
