import EventLoop

public enum PointerButton: String, CaseIterable, Sendable { case left, middle, right, wheelUp, wheelDown, side, extra }

public enum PointerAxis: Sendable { case x, y }

/// What somebody does at keyboard and pointer.
public enum InputEvent: Equatable, Sendable {
    case key(Key, isDown: Bool)
    case button(PointerButton, isDown: Bool)
    case relative(PointerAxis, Int)
    /// A place on the screen, from 0 to `InputEvent.largest`.
    case absolute(PointerAxis, Int)

    public static let largest = 0x7fff

    var kind: InputKinds {
        switch self {
        case .key: .keys
        case .button: .buttons
        case .relative: .relative
        case .absolute: .absolute
        }
    }
}

/// Kinds of events.
public struct InputKinds: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let keys = InputKinds(rawValue: 1)
    public static let buttons = InputKinds(rawValue: 2)
    public static let relative = InputKinds(rawValue: 4)
    public static let absolute = InputKinds(rawValue: 8)
}

/// A device of the guest's that takes events.
public protocol InputHandler: AnyObject {
    /// What users call it.
    var inputName: String { get }
    var accepts: InputKinds { get }
    /// The console that it is at, by device and head; nil for any.
    var inputPlace: (device: String, head: Int)? { get }
    /// Events that happen at once.
    func handle(_ events: [InputEvent])
}

extension InputHandler {
    public var inputPlace: (device: String, head: Int)? { nil }
}

/// Takes what users do to the devices that the guest listens to. With the machine lock held.
public final class InputHub {
    /// A handler with the number that it is known by.
    public struct Entry {
        public let number: Int
        public let handler: any InputHandler
    }

    /// Those in front get events first.
    public private(set) var entries: [Entry] = []
    private var next = 0
    private let loop: EventLoop
    private lazy var timer = LoopTimer(loop, .virtual) { [unowned self] in runQueue() }
    private var queue: [Step] = []

    private enum Step {
        case send([InputEvent])
        /// Nanoseconds.
        case wait(Int64)
    }

    /// Steps of keys that may wait; more are refused.
    private static let longestQueue = 1024

    public init(loop: EventLoop) { self.loop = loop }

    /// Adds a handler behind the others.
    public func add(_ handler: any InputHandler) {
        entries.append(Entry(number: next, handler: handler))
        next += 1
    }

    public func remove(_ handler: any InputHandler) { entries.removeAll { $0.handler === handler } }

    /// The guest has begun to listen to a handler: it comes first.
    public func activate(_ handler: any InputHandler) {
        guard let index = entries.firstIndex(where: { $0.handler === handler }) else { return }
        entries.insert(entries.remove(at: index), at: 0)
    }

    /// The guest listens no longer: it comes last.
    public func deactivate(_ handler: any InputHandler) {
        guard let index = entries.firstIndex(where: { $0.handler === handler }) else { return }
        entries.append(entries.remove(at: index))
    }

    /// Handlers of pointers, the one that is in use first.
    public var pointers: [Entry] { entries.filter { !$0.handler.accepts.isDisjoint(with: [.relative, .absolute]) } }

    public var isAbsolute: Bool { pointers.first?.handler.accepts.contains(.absolute) ?? false }

    private func handler(of kind: InputKinds, at place: (device: String, head: Int)?) -> (any InputHandler)? {
        let able = entries.map(\.handler).filter { $0.accepts.contains(kind) }
        if let place, let own = able.first(where: { $0.inputPlace.map { $0 == place } ?? false }) { return own }
        return able.first { $0.inputPlace == nil } ?? able.first
    }

    /// Whether some device takes such events.
    public func takes(_ event: InputEvent) -> Bool { handler(of: event.kind, at: nil) != nil }

    /// Events that happen at once, at a console or anywhere; those that no device takes are lost.
    public func send(_ events: [InputEvent], at place: (device: String, head: Int)? = nil) {
        var parts: [(handler: any InputHandler, events: [InputEvent])] = []
        for event in events {
            guard let handler = handler(of: event.kind, at: place) else { continue }
            if let index = parts.firstIndex(where: { $0.handler === handler }) {
                parts[index].events.append(event)
            } else {
                parts.append((handler, [event]))
            }
        }
        for part in parts { part.handler.handle(part.events) }
    }

    // MARK: Keys for a while

    /// Presses keys in turn, holds them for so many milliseconds and lets them go; false if too many wait already.
    public func press(_ keys: [Key], milliseconds: Int64) -> Bool {
        guard queue.count + 2 * keys.count + 2 <= InputHub.longestQueue else { return false }
        let wait = Step.wait(min(max(milliseconds, 0), 1 << 31) * 1_000_000)
        queue += keys.map { .send([.key($0, isDown: true)]) } + [wait]
        queue += keys.reversed().map { .send([.key($0, isDown: false)]) } + [wait]
        if timer.deadline == nil { runQueue() }
        return true
    }

    private func runQueue() {
        while !queue.isEmpty {
            switch queue.removeFirst() {
            case .send(let events): send(events)
            case .wait(let time): return timer.arm(at: loop.now(.virtual) + time)
            }
        }
    }
}
