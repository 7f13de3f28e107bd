import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import HostOS
import QAPI

extension Drive {
    /// Whether its medium can be exchanged: a drive that no device has yet can be given any.
    var isRemovable: Bool { !isTaken || slot != nil }
    /// What sentences call it.
    var label: String { isNamed ? id : device ?? "" }
}

/// Media that come and go: trays, and what lies in them.
extension BlockSetup {
    func registerMediumCommands(in commands: inout CommandTable) {
        commands.on(EjectCommand.self) { [self] arguments in
            let drive = try drive(arguments.device, arguments.id)
            try openTray(drive, force: arguments.force ?? false)
            try removeMedium(drive)
            return QAPIEmpty()
        }
        commands.on(BlockdevOpenTrayCommand.self) { [self] arguments in
            let drive = try drive(arguments.device, arguments.id)
            // A guest that has locked the tray has been asked to open it, and that is all that can be done.
            do { try openTray(drive, force: arguments.force ?? false) } catch _ as LockedTray {}
            return QAPIEmpty()
        }
        commands.on(BlockdevCloseTrayCommand.self) { [self] arguments in
            try closeTray(try drive(arguments.device, arguments.id))
            return QAPIEmpty()
        }
        commands.on(BlockdevRemoveMediumCommand.self) { [self] arguments in
            try removeMedium(try drive(nil, arguments.id))
            return QAPIEmpty()
        }
        commands.on(BlockdevInsertMediumCommand.self) { [self] arguments in
            let drive = try drive(nil, arguments.id)
            try insert(try freeNode(arguments.nodeName), into: drive)
            return QAPIEmpty()
        }
        commands.on(BlockdevChangeMediumCommand.self) { [self] arguments in
            try change(arguments)
            return QAPIEmpty()
        }
    }

    /// The guest has locked the tray.
    private struct LockedTray: Error, CustomStringConvertible {
        let device: String
        var description: String { "Device '\(device)' is locked and force was not specified, wait for tray to open and try again" }
    }

    /// By a drive's name or by its device's; one of them must be given.
    func drive(_ name: String?, _ device: String?) throws(QAPIError) -> Drive {
        switch (name, device) {
        case (let name?, nil):
            guard let drive = drives.first(where: { $0.isNamed && $0.id == name }) else { throw .noDevice(name) }
            return drive
        case (nil, let device?):
            guard let drive = drives.first(where: { $0.device == device }) else {
                throw QAPIError(.deviceNotFound, "Device '\(device)' not found")
            }
            return drive
        default: throw QAPIError(.generic, "Need exactly one of 'device' and 'id'")
        }
    }

    private func checkRemovable(_ drive: Drive) throws(QAPIError) {
        if !drive.isRemovable { throw QAPIError(.generic, "Device '\(drive.label)' is not removable") }
    }

    // MARK: Trays

    private func openTray(_ drive: Drive, force: Bool) throws {
        try checkRemovable(drive)
        guard let slot = drive.slot, slot.isTrayOpen == false else { return }
        let isLocked = slot.isMediumLocked
        if isLocked { slot.askForMedium(force: force) }
        if isLocked, !force { throw LockedTray(device: drive.label) }
        drain()
        slot.noteMedium(isIn: false)
        tellTray(drive, isOpen: true)
    }

    private func closeTray(_ drive: Drive) throws {
        try checkRemovable(drive)
        guard let slot = drive.slot, slot.isTrayOpen == true else { return }
        slot.noteMedium(isIn: true)
        tellTray(drive, isOpen: false)
    }

    func tellTray(_ drive: Drive, isOpen: Bool) {
        emit(DeviceTrayMovedEvent(device: drive.publicName, id: drive.device ?? "", trayOpen: isOpen))
    }

    // MARK: Media

    private func removeMedium(_ drive: Drive) throws {
        try checkRemovable(drive)
        if drive.slot?.isTrayOpen == false { throw QAPIError(.generic, "Tray of device '\(drive.label)' is not open") }
        guard let node = drive.node else { return }
        try checkActive()
        try checkUnused(node.name)
        drain()
        try settle(node)
        drive.mediumOptions = node.options
        if drive.slot?.isTrayOpen == nil { drive.slot?.noteMedium(isIn: false) }
        drive.stand(on: nil)
        dropUnused(node.chain)
    }

    private func insert(_ node: ImageNode, into drive: Drive) throws {
        try checkRemovable(drive)
        if drive.slot?.isTrayOpen == false { throw QAPIError(.generic, "Tray of the device is not open") }
        if drive.node != nil { throw QAPIError(.generic, "There already is a medium in device '\(drive.label)'") }
        if let complaint = drive.slot?.complaint(node.graph) { throw QAPIError(.generic, complaint) }
        drive.stand(on: node)
        if drive.slot?.isTrayOpen == nil { drive.slot?.noteMedium(isIn: true) }
    }

    /// A node that nothing stands on.
    private func freeNode(_ name: String) throws -> ImageNode {
        try openIfFile(name)
        guard let node = node(name) else { throw QAPIError(.generic, "Node '\(name)' not found") }
        try checkUnused(name)
        if drive(on: node) != nil || !parents(of: node).isEmpty { throw QAPIError(.generic, "Node '\(name)' is already in use") }
        return node
    }

    /// `blockdev-change-medium`: out with what is there, in with an image that is opened as the old one was.
    private func change(_ arguments: BlockdevChangeMediumCommand.Arguments) throws {
        try checkActive()
        let drive = try drive(arguments.device, arguments.id)
        try checkRemovable(drive)
        let old = drive.node?.options ?? drive.mediumOptions
        var options = old ?? ImageOptions(path: "")
        options.path = arguments.filename
        options.format = try arguments.format.map(mediumFormat) ?? guess(arguments.filename)
        switch arguments.readOnlyMode ?? .retain {
        case .retain: if old == nil { options.isReadOnly = drive.isDisc }
        case .readOnly: options.isReadOnly = true
        case .readWrite: options.isReadOnly = false
        }
        if options.isReadOnly { options.mayBecomeReadOnly = false }
        let isSame = drive.node.map { HostFile.absolute($0.path) == HostFile.absolute(options.path) && !$0.graph.isReadOnly } ?? false
        // A file that is written is locked until it has been taken out: a guest that has locked its tray must not lose it for nothing.
        if isSame {
            try openTray(drive, force: arguments.force ?? false)
            try removeMedium(drive)
        }
        let node = try open(options, nil)
        do {
            if let complaint = drive.slot?.complaint(node.graph) { throw QAPIError(.generic, complaint) }
            try openTray(drive, force: arguments.force ?? false)
            try removeMedium(drive)
            register(node)
            try insert(node, into: drive)
        } catch {
            nodes.removeAll { $0 === node }
            try? close(node)
            throw error
        }
        try closeTray(drive)
    }

    private func mediumFormat(_ name: String) throws -> ImageOptions.Format {
        guard let format = ImageOptions.Format(rawValue: name) else { throw BlockError.unsupportedFormat(name) }
        return format
    }

    /// An image of which nobody says what it is. Raw ones stay raw: what a guest has written is not looked at again.
    private func guess(_ path: String) throws -> ImageOptions.Format {
        QCOW2Header.isHeader(try HostFile(path, .readOnly).read(at: 0, count: 4)) ? .qcow2 : .raw
    }
}
