/// Makes events of what a viewer says of its pointer: a place in the picture, and buttons as bits.
public struct PointerTranslation {
    private var place: (x: Int, y: Int)?
    private var buttons = 0

    /// Bits of the buttons (RFC 6143, section 7.5.5).
    private static let order: [PointerButton] = [.left, .middle, .right, .wheelUp, .wheelDown]

    public init() {}

    public mutating func events(x: Int, y: Int, buttons: Int, width: Int, height: Int, isAbsolute: Bool) -> [InputEvent] {
        var events: [InputEvent] = []
        if isAbsolute {
            events += PointerTranslation.place(x: x, y: y, width: width, height: height)
        } else if let place {
            if x != place.x { events.append(.relative(.x, x - place.x)) }
            if y != place.y { events.append(.relative(.y, y - place.y)) }
        }
        for (bit, button) in PointerTranslation.order.enumerated() where (buttons ^ self.buttons) >> bit & 1 != 0 {
            events.append(.button(button, isDown: buttons >> bit & 1 != 0))
        }
        (place, self.buttons) = ((x, y), buttons)
        return events
    }

    /// A place in a picture of a size.
    public static func place(x: Int, y: Int, width: Int, height: Int) -> [InputEvent] {
        [.absolute(.x, scaled(x, width)), .absolute(.y, scaled(y, height))]
    }

    /// A place in a picture as one from 0 to `InputEvent.largest`.
    static func scaled(_ value: Int, _ size: Int) -> Int {
        guard size > 1 else { return 0 }
        return min(max(value, 0), size - 1) * InputEvent.largest / (size - 1)
    }
}
