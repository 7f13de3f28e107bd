import ArmSystem
import EventLoop
import MachineModel

/// Firmware for power (Arm DEN 0022, PSCI 1.1) that the board has where the guest brings none at a higher level.
final class PSCI {
    /// Function numbers; those of 64-bit callers have bit 30 set.
    private enum Function: UInt64 {
        case version = 0x8400_0000, suspend = 0x8400_0001, cpuOff = 0x8400_0002, cpuOn = 0x8400_0003, affinityInfo = 0x8400_0004
        case migrateInfoType = 0x8400_0006, systemOff = 0x8400_0008, systemReset = 0x8400_0009, features = 0x8400_000a
        case systemReset2 = 0x8400_0012

        /// Whether a function number is known; with bit 30 only those that take addresses are.
        init?(number: UInt64) {
            guard let function = Function(rawValue: number & ~(1 << 30)) else { return nil }
            let takesAddresses: [Function] = [.suspend, .cpuOn, .affinityInfo, .systemReset2]
            guard number.bit30 == false || takesAddresses.contains(function) else { return nil }
            self = function
        }
    }

    private enum Status: Int64 {
        case success = 0, notSupported = -1, invalidParameters = -2, alreadyOn = -4, onPending = -5
    }

    private let cpus: [any ArmElement]
    private let options: ArmVirtOptions
    private unowned let loop: EventLoop
    private let request: (MachineRequest) -> Void

    /// Lets the CPUs' calls come here: by smc where EL2 is the guest's, else by hvc.
    static func provide(_ cpus: [any ArmElement], _ options: ArmVirtOptions, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void) {
        if options.secure { return }
        let psci = PSCI(cpus, options, loop, request)
        let conduit: FirmwareConduit = options.virtualization ? .smc : .hvc
        for cpu in cpus {
            cpu.onFirmwareCall = { cpu, used in
                guard used == conduit else { return false }
                psci.call(cpu)
                return true
            }
        }
    }

    private init(_ cpus: [any ArmElement], _ options: ArmVirtOptions, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void) {
        self.cpus = cpus
        self.options = options
        self.loop = loop
        self.request = request
    }

    /// The SMC calling convention: the function in W0, arguments from X1 on, the result in X0.
    private func call(_ cpu: any ArmElement) {
        let number = cpu.callRegister(0) & 0xffff_ffff
        guard let function = Function(number: number) else { return answer(cpu, .notSupported) }
        let isWide = number.bit30
        func argument(_ index: Int) -> UInt64 { isWide ? cpu.callRegister(index) : cpu.callRegister(index) & 0xffff_ffff }
        switch function {
        case .version: cpu.setCallResult(1 << 16 | 1)
        case .features: features(cpu, argument(1))
        case .cpuOn: answer(cpu, switchOn(argument(1), entry: argument(2), context: argument(3)))
        case .cpuOff: cpu.switchOff()
        case .affinityInfo: affinityInfo(cpu, argument(1))
        // The trusted system, of which there is none, need not be moved.
        case .migrateInfoType: cpu.setCallResult(2)
        // As a standby state: the call returns when an interrupt is pending.
        case .suspend:
            answer(cpu, .success)
            cpu.waitForInterrupt()
        case .systemOff: end(cpu, .powerOff(status: 0))
        case .systemReset, .systemReset2: end(cpu, .reset)
        }
    }

    private func answer(_ cpu: any ArmElement, _ status: Status) { cpu.setCallResult(UInt64(bitPattern: status.rawValue)) }

    private func features(_ cpu: any ArmElement, _ number: UInt64) { answer(cpu, Function(number: number) == nil ? .notSupported : .success) }

    private func find(_ affinity: UInt64) -> (any ArmElement)? { cpus.first { options.affinity($0.index) == affinity & 0xff_00ff_ffff } }

    private func switchOn(_ affinity: UInt64, entry: UInt64, context: UInt64) -> Status {
        guard let target = find(affinity) else { return .invalidParameters }
        if target.switchOn(ArmStart(pc: entry, argument: context, level: options.virtualization ? 2 : 1)) { return .success }
        return target.isSwitchedOn ? .alreadyOn : .onPending
    }

    private func affinityInfo(_ cpu: any ArmElement, _ affinity: UInt64) {
        guard let target = find(affinity) else { return answer(cpu, .invalidParameters) }
        cpu.setCallResult(target.isSwitchedOn ? 0 : target.isSwitchedOff ? 1 : 2)
    }

    /// The machine ends: the caller executes nothing any more.
    private func end(_ cpu: any ArmElement, _ what: MachineRequest) {
        cpu.switchOff()
        loop.lock.withLock { request(what) }
    }
}

extension UInt64 {
    /// SMC calling convention: arguments of 64 bits.
    fileprivate var bit30: Bool { self >> 30 & 1 != 0 }
}
