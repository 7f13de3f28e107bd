import QAPI

/// Commands that stop and start the machine.
public struct RunCommands {
    private unowned let session: any MachineSession

    public init(_ session: any MachineSession) { self.session = session }

    public func register(in commands: inout CommandTable) {
        let session = session
        commands.on(QueryStatusCommand.self) {
            StatusInfo(running: session.runState == .running, singlestep: session.isSingleStepped, status: session.runState)
        }
        commands.on(StopCommand.self, stopped: true) {
            session.pause()
            return QAPIEmpty()
        }
        commands.on(ContCommand.self, stopped: true) {
            try session.resume()
            return QAPIEmpty()
        }
        commands.on(SystemResetCommand.self, stopped: true) {
            session.reset()
            return QAPIEmpty()
        }
        commands.on(SystemPowerdownCommand.self) {
            session.powerDown()
            return QAPIEmpty()
        }
        commands.on(QuitCommand.self) {
            session.quit()
            return QAPIEmpty()
        }
        commands.on(XExitPreconfigCommand.self) {
            guard !session.hasMachine else { throw QAPIError(.generic, "The command is permitted only before machine initialization") }
            try session.leavePreconfiguration()
            return QAPIEmpty()
        }
        commands.on(SystemWakeupCommand.self) { throw QAPIError(.generic, "wake-up from suspend is not supported by this guest") }
        commands.on(InjectNmiCommand.self) { throw QAPIError(.generic, "this feature or command is not currently supported") }
        commands.on(SetActionCommand.self) { arguments in
            if let action = arguments.reboot { session.actions.reboot = action }
            if let action = arguments.shutdown { session.actions.shutdown = action }
            if let action = arguments.watchdog { session.actions.watchdog = action }
            if let action = arguments.panic { session.actions.panic = action }
            return QAPIEmpty()
        }
        commands.on(WatchdogSetActionCommand.self) { arguments in
            session.actions.watchdog = arguments.action
            return QAPIEmpty()
        }
    }
}
