/// The slot registers of a port (PCI Express Base Specification 4.0, sections 7.5.3.9 to 7.5.3.11 and 6.7): attention button, indicators, power,
/// presence.
final class HotplugSlot {
    private unowned let function: PCIFunction
    private let offset: Int
    let canHotplug: Bool
    var onPowerOff: (() -> Void)?
    private var wasOff = true
    /// Whether the port has an event to tell of.
    private var isSignalling = false

    private enum Capabilities {
        static let button: UInt32 = 1, power: UInt32 = 1 << 1, attention: UInt32 = 1 << 3, indicator: UInt32 = 1 << 4
        static let surprise: UInt32 = 1 << 5, hotplug: UInt32 = 1 << 6
    }
    private enum Control {
        static let interrupt: UInt32 = 1 << 5, indicator: UInt32 = 3 << 8, indicatorOn: UInt32 = 1 << 8, indicatorBlinks: UInt32 = 2 << 8
        static let indicatorOff: UInt32 = 3 << 8, attentionOff: UInt32 = 3 << 6, powerOff: UInt32 = 1 << 10, linkChange: UInt32 = 1 << 12
        static let writable: UInt32 = 0x17ff
    }
    private enum Status {
        static let button: UInt32 = 1, presenceChange: UInt32 = 1 << 3, completed: UInt32 = 1 << 4, presence: UInt32 = 1 << 6
        static let linkChange: UInt32 = 1 << 8
        static let clearable: UInt32 = 0x11f
        /// Events whose enables have the same numbers in the control register.
        static let events: UInt32 = 0x1f
    }
    private typealias Register = ExpressCapability.Register

    init(_ function: PCIFunction, number: UInt16, canHotplug: Bool) {
        (self.function, self.canHotplug) = (function, canHotplug)
        offset = function.express?.offset ?? 0
        let offset = offset
        function.edit { space in
            let hotplug = Capabilities.button | Capabilities.power | Capabilities.attention | Capabilities.indicator | Capabilities.surprise
            let abilities = canHotplug ? hotplug | Capabilities.hotplug : 0
            space.set(offset + Register.slotCapabilities, 4, abilities | UInt32(number) << 19)
            space.allowClearing(offset + Register.slotStatus, 2, Status.clearable)
            space.allow(offset + Register.rootControl, 2, 0x1f)
            if canHotplug {
                space.allow(offset + Register.slotControl, 2, Control.writable)
                space.set(offset + Register.linkCapabilities, 4, bits: ExpressCapability.Link.reportsActive, true)
            }
        }
    }

    private var control: UInt32 { function.space.value(offset + Register.slotControl, 2) }
    private var status: UInt32 { function.space.value(offset + Register.slotStatus, 2) }
    private var isOff: Bool { control & Control.powerOff != 0 && control & Control.indicator == Control.indicatorOff }

    func reset(isFilled: Bool) {
        function.edit { space in
            let power = isFilled ? Control.indicatorOn : Control.indicatorOff | Control.powerOff
            if canHotplug { space.set(offset + Register.slotControl, 2, Control.attentionOff | power) }
        }
        setPresence(isFilled)
    }

    /// What was to be told has been told.
    func restored() { (wasOff, isSignalling) = (isOff, signals) }

    private func setPresence(_ isFilled: Bool) {
        function.edit { space in
            space.set(offset + Register.slotStatus, 2, bits: Status.presence, isFilled)
            space.set(offset + Register.linkStatus, 2, bits: ExpressCapability.Link.isActive, isFilled)
        }
    }

    /// A device has come, with a push of the button so that the guest switches the slot on; or it has gone.
    func change(isFilled: Bool) {
        setPresence(isFilled)
        raise(Status.presenceChange | Status.linkChange | (isFilled ? Status.button : 0))
    }

    func askForRemoval() -> Bool? {
        if isOff { return false }
        if control & Control.indicator == Control.indicatorBlinks { return nil }
        raise(Status.button)
        return true
    }

    private func raise(_ events: UInt32) {
        function.edit { $0.set(offset + Register.slotStatus, 2, bits: events, true) }
        update()
    }

    func written(_ range: Range<Int>) {
        if range.overlaps(offset + Register.slotControl..<offset + Register.slotControl + 2) {
            let isOff = isOff
            if isOff, !wasOff, status & Status.presence != 0 { onPowerOff?() }
            wasOff = isOff
            if canHotplug { raise(Status.completed) }
        } else if range.overlaps(offset + Register.slotStatus..<offset + Register.slotStatus + 2) {
            update()
        }
    }

    /// There are events that the guest wants to hear of.
    private var signals: Bool {
        let wanted = control & Status.events | (control & Control.linkChange != 0 ? Status.linkChange : 0)
        return control & Control.interrupt != 0 && status & wanted != 0
    }

    /// Tells the guest of them.
    private func update() {
        let signals = signals
        if let msix = function.msix, msix.isEnabled {
            function.setInterrupt(false)
            if signals, !isSignalling { msix.notify(0) }
        } else {
            function.setInterrupt(signals)
        }
        isSignalling = signals
    }
}
