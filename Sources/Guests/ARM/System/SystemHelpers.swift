import CPUModel
import IR

/// The helpers that only a machine's code calls.
extension ARMHelper {
    private static let touchesState: HelperEffects = [.readsState, .writesState, .sideEffects]

    var systemHelper: Helper {
        switch self {
        case .misalignedPair:
            Helper("misaligned_pair", .everything) { state, pc, access, _ in
                unsafe ARMCPU.with(state) { $0.raiseMisaligned(PairAccess(rawValue: access), pc) }
                return 0
            }
        case .readCoprocessor:
            Helper("mrc", .everything) { state, place, _, _ in
                unsafe ARMCPU.with(state) { $0.accessCoprocessor(CoprocessorPlace(rawValue: Int(place)), nil) }
            }
        case .writeCoprocessor:
            Helper("mcr", .everything) { state, place, value, _ in
                unsafe ARMCPU.with(state) { $0.accessCoprocessor(CoprocessorPlace(rawValue: Int(place)), value) }
            }
        case .performOperation:
            Helper("mcr_operation", .everything) { state, place, value, _ in
                unsafe ARMCPU.with(state) { cpu in
                    guard let operation = SystemOperation.find(CoprocessorPlace(rawValue: Int(place)), cpu.model.features) else { return }
                    cpu.performOperation(operation, value)
                }
                return 0
            }
        case .barrier:
            Helper("barrier", ARMHelper.touchesState) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.waitForBroadcasts() }
                return 0
            }
        case .waitForInterrupt:
            Helper("wait_for_interrupt", .everything) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.waitForInterrupt() }
                return 0
            }
        case .waitForEvent:
            Helper("wait_for_event", .sideEffects) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.waitForEvent() }
                return 0
            }
        case .readSavedState: Helper("read_spsr", .readsState) { state, _, _, _ in unsafe ARMCPU.with(state) { $0.savedState } }
        case .writeSavedState:
            Helper("write_spsr", ARMHelper.touchesState) { state, value, fields, _ in
                unsafe ARMCPU.with(state) { $0.writeSavedState(value, fields: fields) }
                return 0
            }
        case .setMasks:
            Helper("set_masks", ARMHelper.touchesState) { state, masks, _, _ in
                unsafe ARMCPU.with(state) { $0.masks = masks }
                return 0
            }
        case .changeMode:
            Helper("change_mode", ARMHelper.touchesState) { state, mode, _, _ in
                unsafe ARMCPU.with(state) { $0.changeMode(mode) }
                return 0
            }
        case .exceptionReturn:
            Helper("exception_return", .everything) { state, address, _, _ in
                unsafe ARMCPU.with(state) { $0.returnFromException(to: address, $0.savedState) }
                return 0
            }
        case .restoreState:
            Helper("restore_state", .everything) { state, address, saved, _ in
                unsafe ARMCPU.with(state) { $0.returnFromException(to: address, saved) }
                return 0
            }
        case .readBanked: Helper("read_banked", .readsState) { state, number, _, _ in unsafe ARMCPU.with(state) { $0.readBanked(number) } }
        case .writeBanked:
            Helper("write_banked", ARMHelper.touchesState) { state, number, value, _ in
                unsafe ARMCPU.with(state) { $0.writeBanked(number, value) }
                return 0
            }
        default: preconditionFailure("\(self) is no helper of the system's")
        }
    }
}

extension ARMCPU {
    /// A register of a mode that `BankedRegister` names.
    fileprivate func readBanked(_ number: UInt64) -> UInt64 {
        let bank = BankedRegister(rawValue: number)
        guard let mode = bank.mode else { return 0 }
        return bank.number == BankedRegister.savedState ? unsafe element.pointee.savedStates[mode.bank] : bankedRegister(bank.number, mode)
    }

    fileprivate func writeBanked(_ number: UInt64, _ value: UInt64) {
        let bank = BankedRegister(rawValue: number)
        guard let mode = bank.mode else { return }
        if bank.number == BankedRegister.savedState {
            unsafe element.pointee.savedStates[mode.bank] = value & StatusRegister.writable
        } else {
            setBankedRegister(bank.number, mode, value)
        }
    }
}
