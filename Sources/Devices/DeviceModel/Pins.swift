/// A wire's receiving end. Called with the machine lock held.
public final class InputPin {
    private let handler: (Bool) -> Void

    public init(_ handler: @escaping (Bool) -> Void) { self.handler = handler }

    public func set(_ level: Bool) { handler(level) }
}

/// A wire's driving end, with the level it has. What is not connected drives nothing.
public final class OutputPin {
    private var target: InputPin?
    public private(set) var level = false

    public init() {}

    /// Connects the pin; the other end learns the level it has now.
    public func connect(_ pin: InputPin) {
        target = pin
        if level { pin.set(true) }
    }

    public func set(_ newLevel: Bool) {
        guard newLevel != level else { return }
        level = newLevel
        target?.set(newLevel)
    }
}
