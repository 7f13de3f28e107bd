/// What people say to pointers in a monitor, for which the machine protocol has no command.
public struct PointerOrders {
    private let hub: InputHub

    public init(_ hub: InputHub) { self.hub = hub }

    /// Moves a mouse, and turns its wheel a notch.
    public func move(x: Int, y: Int, wheel: Int) {
        hub.send([.relative(.x, x), .relative(.y, y)])
        guard wheel != 0 else { return }
        let button = wheel > 0 ? PointerButton.wheelUp : .wheelDown
        hub.send([.button(button, isDown: true)])
        hub.send([.button(button, isDown: false)])
    }

    /// Presses the buttons whose bits are set: left, middle, right.
    public func press(_ buttons: Int) {
        hub.send([PointerButton.left, .middle, .right].enumerated().map { bit, button in .button(button, isDown: buttons >> bit & 1 != 0) })
    }

    /// Makes the pointer of a number the one in use; false if there is none.
    public func choose(_ number: Int) -> Bool {
        guard let entry = hub.pointers.first(where: { $0.number == number }) else { return false }
        hub.activate(entry.handler)
        return true
    }
}
