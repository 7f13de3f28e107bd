import DeviceModel
import Snapshot
import StorageDevices

/// A host of one memory card, which may be given to another one.
public protocol CardHost: AnyObject {
    /// The card comes, or goes (nil).
    func attach(_ card: SDCard?)
}

/// The one slot of a board, whose card one of two hosts has.
public final class BroadcomCardSlot: Device {
    public static let typeName = "sd-bus"

    private var card: SDCard?
    private weak var host: (any CardHost)?

    public init() {}

    public func insert(_ card: SDCard?) {
        self.card?.drain()
        self.card = card
        host?.attach(card)
    }

    /// Gives the card to a host.
    public func connect(_ new: any CardHost) {
        guard new !== host else { return }
        card?.drain()
        host?.attach(nil)
        host = new
        new.attach(card)
    }

    public func reset() {
        card?.drain()
        card?.reset()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { if let card { visitor.group("card") { card.visit(&$0) } } }

    public func restored() { card?.restored() }
}
