/// A device whose medium can be exchanged, as whoever has the disks sees it. With the machine lock held.
public protocol MediumSlot: AnyObject {
    /// Nil for a slot without a tray, such as one for cards.
    var isTrayOpen: Bool? { get }
    /// The guest does not want its medium to be taken out.
    var isMediumLocked: Bool { get }
    /// The tray is closed with what is in it now, or opened; without a tray, a medium has come or gone.
    func noteMedium(isIn: Bool)
    /// Somebody has pressed the button of a tray that the guest has locked.
    ///
    /// - Parameter force: the lock does not count any more.
    func askForMedium(force: Bool)
    /// Hears of it when the guest itself moves the tray; whether it is open now.
    var onTrayMoved: (Bool) -> Void { get set }
    /// Why a medium does not fit; nil if it does.
    func complaint(_ medium: any BlockNode) -> String?
}

extension MediumSlot {
    public func complaint(_ medium: any BlockNode) -> String? { nil }
}
