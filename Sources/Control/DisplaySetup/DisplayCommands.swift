import Display
import HostOS
import QAPI

/// The machine protocol's commands for pictures.
public struct DisplayCommands {
    private let consoles: ConsoleList
    /// Whether there is a device of an id.
    private let hasDevice: (String) -> Bool

    public init(_ consoles: ConsoleList, hasDevice: @escaping (String) -> Bool) { (self.consoles, self.hasDevice) = (consoles, hasDevice) }

    public func register(in commands: inout CommandTable) {
        commands.on(ScreendumpCommand.self) { arguments in
            let console = try console(arguments.device, arguments.head)
            console.refresh()
            let bytes = arguments.format == .png ? PictureFile.png(console.surface) : PictureFile.ppm(console.surface)
            let file = try HostFile(arguments.filename, .create)
            try file.write(at: 0, bytes)
            return QAPIEmpty()
        }
    }

    private func console(_ device: String?, _ head: Int64?) throws(QAPIError) -> DisplayConsole {
        guard let device else {
            if head != nil { throw QAPIError(.generic, "'head' must be specified together with 'device'") }
            guard let first = consoles.consoles.first else { throw QAPIError(.generic, "There is no console to take a screendump from") }
            return first
        }
        if let found = consoles.find(device: device, head: Int(clamping: head ?? 0)) { return found }
        guard hasDevice(device) || consoles.has(device: device) else { throw .noDevice(device) }
        throw QAPIError(.generic, "Device \(device) (head \(head ?? 0)) is not bound to a QemuConsole")
    }
}
