import ArmSystem
import CPUModel

extension GenericTimer {
    var control: SystemRegister { [.cntp_ctl_el0, .cntv_ctl_el0, .cnthp_ctl_el2, .cnthv_ctl_el2, .cntps_ctl_el1][rawValue] }
    var compare: SystemRegister { [.cntp_cval_el0, .cntv_cval_el0, .cnthp_cval_el2, .cnthv_cval_el2, .cntps_cval_el1][rawValue] }
    var value: SystemRegister { [.cntp_tval_el0, .cntv_tval_el0, .cnthp_tval_el2, .cnthv_tval_el2, .cntps_tval_el1][rawValue] }

    /// The timer that a register belongs to.
    static func of(_ register: SystemRegister) -> GenericTimer? {
        allCases.first { [$0.control, $0.compare, $0.value].contains(register) }
    }
}

extension AArch64CPU {
    /// What a timer counts: the virtual ones less CNTVOFF_EL2.
    func count(of timer: GenericTimer) -> UInt64 { timer == .virtual ? virtualCounter : counter() }

    /// CNTVCT_EL0: for a host at EL2 and its programs without the offset.
    var visibleVirtualCounter: UInt64 {
        let isHost = (level == 2 && hostsAtEL2) || (level == 0 && isHostApplication)
        return isHost ? counter() : virtualCounter
    }

    private var virtualCounter: UInt64 { counter() &- (system?.hasEL2 == true ? self[.cntvoff_el2] : 0) }

    func readTimer(_ timer: GenericTimer, _ register: SystemRegister) -> UInt64 {
        switch register {
        case timer.control: reading(timer).shownControl
        case timer.value: reading(timer).shownValue
        default: self[register]
        }
    }

    func writeTimer(_ timer: GenericTimer, _ register: SystemRegister, _ value: UInt64) {
        if register == timer.value {
            self[timer.compare] = TimerReading.compare(value: value, at: count(of: timer))
        } else {
            self[register] = register == timer.control ? value & 3 : value
        }
        updateTimer(timer)
    }

    private func reading(_ timer: GenericTimer) -> TimerReading {
        TimerReading(control: self[timer.control], compare: self[timer.compare], count: count(of: timer))
    }

    /// Tells the board the timer's output, and when to call again.
    public func updateTimer(_ timer: GenericTimer) {
        let reading = reading(timer)
        onTimer(timer, reading.output, reading.wait)
    }
}
