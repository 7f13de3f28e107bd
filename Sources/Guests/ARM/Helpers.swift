import ArmArithmetic
import Bits
import CPUModel
import Diagnostics
import IR

/// The functions that translated code calls, by index.
enum ARMHelper: Int, CaseIterable {
    case undefined, raise, programCall, changeFlags, readState, writeState, clearExclusive, synchronizeCode, checksum, sumOfDifferences
    case readFloatStatus, writeFloatStatus, convertAlternativeHalf, lanes, hash, checkAlignment
    case misalignedPair
    case readCoprocessor, writeCoprocessor, performOperation, barrier, waitForInterrupt, waitForEvent
    case readSavedState, writeSavedState, setMasks, changeMode, exceptionReturn, restoreState, readBanked, writeBanked

    static let table: [Helper] = allCases.map(\.helper)

    private var helper: Helper {
        switch self {
        case .undefined:
            Helper("undefined", .everything) { state, bits, _, _ in
                unsafe ARMCPU.with(state) { $0.raiseUndefined(bits) }
                return 0
            }
        case .raise:
            Helper("raise", .everything) { state, kind, status, address in
                unsafe ARMCPU.with(state) { cpu in
                    cpu.raise(ARMException.Kind(rawValue: kind) ?? .undefined, status: UInt32(truncatingIfNeeded: status), address: address)
                }
                return 0
            }
        case .programCall:
            Helper("program_call", .everything) { state, address, _, _ in
                unsafe ARMCPU.with(state) { cpu in
                    func word(_ number: Int) -> UInt64 { UInt64(cpu.register(number)) }
                    if let result = cpu.services?.performQuickCall(word(7), word(0), word(1)) {
                        cpu.setRegister(0, UInt32(truncatingIfNeeded: result))
                    } else {
                        cpu.raise(.supervisorCall, address: address)
                    }
                }
                return 0
            }
        case .changeFlags:
            Helper("change_flags", [.readsState, .sideEffects]) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.services?.translationFlagsChanged() }
                return 0
            }
        case .readState:
            Helper("read_state", .readsState) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.processorState & ~StatusRegister.execution }
            }
        case .writeState:
            Helper("write_state", [.readsState, .writesState, .sideEffects]) { state, value, mask, _ in
                unsafe ARMCPU.with(state) { $0.writeProcessorState(value, fields: mask) }
                return 0
            }
        case .clearExclusive:
            Helper("clear_exclusive", .sideEffects) { state, _, _, _ in
                unsafe CPUHeader(state).linkedAddress = .max
                return 0
            }
        case .synchronizeCode:
            Helper("synchronize_code", .sideEffects) { state, _, _, _ in
                unsafe ARMCPU.with(state) { $0.services?.synchronizeCode() }
                return 0
            }
        case .checksum: Helper("crc32", .pure) { _, accumulator, value, kind in crc32(UInt32(truncatingIfNeeded: accumulator), value, kind) }
        case .readFloatStatus:
            Helper("read_fpscr", [.readsState, .touchesFloatStatus, .sideEffects]) { state, _, _, _ in
                unsafe ARMCPU.with(state) { UInt64($0.fpscr) }
            }
        case .writeFloatStatus:
            Helper("write_fpscr", [.readsState, .writesState, .touchesFloatStatus, .sideEffects]) { state, value, _, _ in
                unsafe ARMCPU.with(state) { $0.fpscr = UInt32(truncatingIfNeeded: value) }
                return 0
            }
        case .convertAlternativeHalf:
            Helper("vcvt_ahp", [.touchesFloatStatus, .sideEffects]) { state, bits, kind, _ in
                unsafe ARMCPU.with(state) { cpu in
                    var environment = cpu.floatEnvironment(standard: false)
                    let result = AlternativeHalf.convert(bits, kind, &environment)
                    cpu.accrue(environment)
                    return result
                }
            }
        case .lanes:
            Helper("lanes", [.readsState, .writesState, .touchesFloatStatus, .sideEffects]) { state, instruction, bits, layout in
                unsafe ARMCPU.with(state) { $0.computeLanes(instruction, bits, layout) }
                return 0
            }
        case .hash:
            Helper("hash", [.readsState, .writesState, .sideEffects]) { state, instruction, bits, _ in
                unsafe ARMCPU.with(state) { $0.hash(instruction, bits) }
                return 0
            }
        case .checkAlignment:
            Helper("check_alignment", .everything) { state, address, mask, isWrite in
                if address & mask == 0 { return 0 }
                unsafe ARMCPU.with(state) { $0.raiseAbort(status: ARMFaultStatus.alignment, address: address, isWrite != 0 ? .write : .read) }
                return 0
            }
        case .misalignedPair, .readCoprocessor, .writeCoprocessor, .performOperation, .barrier, .waitForInterrupt, .waitForEvent, .readSavedState,
            .writeSavedState, .setMasks, .changeMode, .exceptionReturn, .restoreState, .readBanked, .writeBanked:
            systemHelper
        case .sumOfDifferences:
            Helper("usad8", .pure) { _, first, second, _ in
                (0..<4).reduce(0) { sum, index in
                    let x = first.bits(8 * index, 8), y = second.bits(8 * index, 8)
                    return sum + (x > y ? x - y : y - x)
                }
            }
        }
    }
}
