import Snapshot
import USB

/// A root port's registers (xHCI 1.2, sections 5.4.8 to 5.4.11) for one of the two protocols of a connector.
/// A class: devices that it resets may look at it meanwhile.
final class XHCIPort {
    let isSuper: Bool
    /// Where the device is plugged in, for both protocols.
    let connector: USBPort
    private(set) var status: UInt32 = Bit.power
    private(set) var powerManagement: UInt32 = 0

    enum Bit {
        static let connected: UInt32 = 1, enabled: UInt32 = 2, reset: UInt32 = 1 << 4, power: UInt32 = 1 << 9, linkWrite: UInt32 = 1 << 16
        static let connectChange: UInt32 = 1 << 17, enableChange: UInt32 = 1 << 18, warmResetChange: UInt32 = 1 << 19, resetChange: UInt32 = 1 << 21
        static let linkChange: UInt32 = 1 << 22, warmReset: UInt32 = 1 << 31
        static let changes: UInt32 = 0x7f << 17
        /// Indicators and what wakes.
        static let plain: UInt32 = 3 << 14 | 7 << 25
    }
    enum Link: UInt32 { case u0 = 0, u1, u2, u3, disabled, detect, inactive, polling, recovery, hotReset, compliance, test, resume = 15 }

    init(isSuper: Bool, connector: USBPort) { (self.isSuper, self.connector) = (isSuper, connector) }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("status", &status)
        visitor.field("powerManagement", &powerManagement)
    }

    /// The device at the connector, if it is one of this protocol's.
    var device: (any USBDevice)? {
        guard let device = connector.device, (device.function.speed == .superSpeed) == isSuper else { return nil }
        return device
    }

    var link: UInt32 { status >> 5 & 15 }
    var isEnabled: Bool { status & Bit.enabled != 0 && (link == Link.u0.rawValue || link == Link.u1.rawValue || link == Link.u2.rawValue) }
    var hasChanges: Bool { status & Bit.changes != 0 }

    private func setLink(_ link: Link) { status = status & ~(15 << 5) | link.rawValue << 5 }

    /// Sets bits that tell of changes; whether there were none before, so that an event tells of them.
    private func note(_ bits: UInt32) -> Bool {
        defer { status |= bits }
        return !hasChanges && bits != 0
    }

    /// Power-on state; a device is found anew.
    func restart() {
        (status, powerManagement) = (Bit.power, 0)
        _ = look()
    }

    /// Looks who is at the connector; whether there is something to tell.
    func look() -> Bool {
        let old = status
        status &= ~(Bit.connected | Bit.enabled | 15 << 10)
        guard status & Bit.power != 0 else { return leave(.disabled, old) }
        guard let device else { return leave(.detect, old) }
        status |= Bit.connected | UInt32(device.function.speed.rawValue) << 10
        // Links of SuperSpeed train themselves; the others wait for a reset.
        if isSuper { status |= Bit.enabled }
        setLink(isSuper ? .u0 : .polling)
        return note(Bit.connectChange)
    }

    private func leave(_ link: Link, _ old: UInt32) -> Bool {
        setLink(link)
        return old & Bit.connected != 0 ? note(Bit.connectChange) : false
    }

    // MARK: Software

    func register(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0: status
        case 4: powerManagement
        default: 0
        }
    }

    /// Whether there is something to tell.
    func write(_ offset: UInt64, _ value: UInt32) -> Bool {
        switch offset {
        case 0: return write(status: value)
        case 4:
            powerManagement = value & (isSuper ? 0x1_ffff : 0x0000_fff8)
            return false
        default: return false
        }
    }

    private func write(status value: UInt32) -> Bool {
        status &= ~(value & Bit.changes)
        status = status & ~Bit.plain | value & Bit.plain
        if value & Bit.power != status & Bit.power {
            status ^= Bit.power
            return look()
        }
        guard status & Bit.power != 0 else { return false }
        if isSuper, value & Bit.warmReset != 0 { return reset(isWarm: true) }
        if value & Bit.reset != 0 { return reset(isWarm: false) }
        if value & Bit.enabled != 0, status & Bit.enabled != 0 {
            status &= ~Bit.enabled
            setLink(isSuper ? .disabled : .polling)
            return false
        }
        return value & Bit.linkWrite != 0 ? move(value >> 5 & 15) : false
    }

    /// A reset is over at once.
    private func reset(isWarm: Bool) -> Bool {
        guard let device else { return note(Bit.resetChange | (isWarm ? Bit.warmResetChange : 0)) }
        device.function.resetByPort()
        status |= Bit.enabled
        setLink(.u0)
        return note(Bit.resetChange | (isWarm ? Bit.warmResetChange : 0))
    }

    /// Software wants the link in another state (section 4.19.1).
    private func move(_ wanted: UInt32) -> Bool {
        guard let device else {
            // Link training may be asked for with nobody there, and a port that was switched off is looked at again.
            if isSuper, wanted == Link.detect.rawValue { setLink(.detect) }
            return false
        }
        switch Link(rawValue: wanted) {
        case .u0 where status & Bit.enabled != 0:
            guard link != Link.u0.rawValue else { return false }
            setLink(.u0)
            device.function.suspend(false)
            return note(Bit.linkChange)
        case .u3 where isEnabled:
            setLink(.u3)
            device.function.suspend(true)
        case .resume where link == Link.u3.rawValue && !isSuper: setLink(.resume)
        case .detect where isSuper && status & Bit.enabled == 0: return look()
        default: break
        }
        return false
    }

    /// The device wants to be heard: a link of SuperSpeed goes on by itself, another one waits for software (section 4.15.2).
    func wake() -> Bool {
        guard link == Link.u3.rawValue, status & Bit.enabled != 0 else { return false }
        setLink(isSuper ? .u0 : .resume)
        if isSuper { device?.function.suspend(false) }
        return note(Bit.linkChange)
    }
}
