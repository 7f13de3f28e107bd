import EventLoop
import JSON
import QAPI

/// Takes what has happened from all parts of the house and tells every monitor.
public final class EventHub {
    private let loop: EventLoop
    private var listeners: [Listener] = []
    private var held: [String: Held] = [:]

    private struct Listener { weak var monitor: QMPMonitor? }

    /// Events of one kind and about one thing, of which only the newest is told once a second.
    private struct Held {
        let timer: LoopTimer
        var waiting: JSONObject?
    }

    /// Events that a guest can cause as often as it likes.
    private static let limited: Set = ["BALLOON_CHANGE", "MEMORY_DEVICE_SIZE_CHANGE", "RTC_CHANGE", "VSERPORT_CHANGE", "WATCHDOG"]
    private static let interval: Int64 = 1_000_000_000

    public init(loop: EventLoop) { self.loop = loop }

    func add(_ monitor: QMPMonitor) {
        listeners.removeAll { $0.monitor == nil }
        listeners.append(Listener(monitor: monitor))
    }

    /// Tells of an event, now or, if one like it was told a moment ago, in a moment. With the machine lock held.
    public func emit<Event: QAPIEvent>(_ event: Event) {
        let data = event.object
        let message = message(Event.name, data)
        guard EventHub.limited.contains(Event.name) else { return tell(message) }
        let key = Event.name + (data["id"]?.string ?? "")
        if held[key] != nil {
            held[key]?.waiting = message
        } else {
            tell(message)
            hold(key)
        }
    }

    private func hold(_ key: String) {
        let timer = LoopTimer(loop, .realtime) { [weak self] in self?.release(key) }
        held[key] = Held(timer: timer)
        timer.arm(at: loop.now(.realtime) + EventHub.interval)
    }

    private func release(_ key: String) {
        guard let message = held.removeValue(forKey: key)?.waiting else { return }
        tell(message)
        hold(key)
    }

    private func message(_ name: String, _ data: JSONObject) -> JSONObject {
        let now = loop.wallClock()
        var message: JSONObject = [
            "timestamp": ["seconds": .integer(now / 1_000_000_000), "microseconds": .integer(now % 1_000_000_000 / 1000)], "event": .string(name),
        ]
        if !data.isEmpty { message["data"] = .object(data) }
        return message
    }

    private func tell(_ message: JSONObject) { for listener in listeners { listener.monitor?.tell(message) } }
}
