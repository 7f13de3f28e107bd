import JSON
import ObjectModel
import QAPI
import VirtioDevices

/// The balloon, and the machine protocol's commands for it.
extension DeviceFactory {
    func makeBalloon(_ request: DeviceRequest) throws -> VirtioBalloon {
        if balloon != nil { throw QAPIError(.generic, "Only one balloon device is supported") }
        let device = VirtioBalloon(request.values, memorySize: memorySize, loop: parts.loop)
        device.onChange = { [parts] in parts.emit(BalloonChangeEvent(actual: Int64($0))) }
        try note(device, request, DeviceFactory.statistics(device)) { [unowned self] in balloon = nil }
        balloon = device
        return device
    }

    /// What the guest tells of its memory, and how often it is asked.
    private static func statistics(_ device: VirtioBalloon) -> [ObjectNode.Live] {
        [
            ObjectNode.Live("guest-stats", "guest statistics") { [weak device] in
                guard let (figures, seconds) = device?.statistics else { return .null }
                var members = JSONObject()
                for (name, value) in figures { members[name] = .unsigned(value) }
                return ["stats": .object(members), "last-update": JSONValue(seconds)]
            },
            ObjectNode.Live(
                "guest-stats-polling-interval", "int", help: "seconds, 0 for never",
                set: { [weak device] value in
                    guard case .integer(let seconds) = value, let interval = UInt32(exactly: seconds) else {
                        throw QAPIError(.generic, "guest-stats-polling-interval: a number from 0 to \(UInt32.max) is expected")
                    }
                    device?.poll(every: interval)
                }, get: { [weak device] in JSONValue(UInt64(device?.interval ?? 0)) }),
        ]
    }

    func registerBalloon(in commands: inout CommandTable) {
        commands.on(QueryBalloonCommand.self) { [unowned self] in BalloonInfo(actual: Int64(try activeBalloon().size)) }
        commands.on(BalloonCommand.self) { [unowned self] arguments in
            let balloon = try activeBalloon()
            guard arguments.value > 0 else { throw QAPIError.expects("target", "a size") }
            balloon.resize(UInt64(arguments.value))
            return QAPIEmpty()
        }
    }

    private func activeBalloon() throws(QAPIError) -> VirtioBalloon {
        guard let balloon else { throw QAPIError(.deviceNotActive, "No balloon device has been activated") }
        return balloon
    }
}
