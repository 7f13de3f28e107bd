import HostOS
import MachineModel

/// The file that `-bios` names.
public enum FirmwareFile {
    /// Its path and contents; nil if there is to be no firmware, or the board's own.
    public static func find(_ configuration: MachineConfiguration) throws -> (path: String, bytes: [UInt8])? {
        guard let name = configuration.firmware, name != "none", name != "default" else { return nil }
        guard let path = ([name] + configuration.firmwareFolders.map { $0 + "/" + name }).first(where: fileExists) else {
            throw MachineError.noFirmware(name, searched: configuration.firmwareFolders)
        }
        return (path, try HostFile.contents(path))
    }
}
