import AddressSpace
import ArmArithmetic
import Bits
import CPUModel
import Diagnostics
import IR

/// The functions that translated code calls, by index.
enum AArch64Helper: Int, CaseIterable {
    case undefined, raise, programCall, misalignedStack, condition, nzcv, convertFlags, programRegister, writeFloatRegister
    case systemRegister, systemInstruction, setMasks, virtualCounter, barrier
    case exceptionReturn, waitForInterrupt, waitForEvent, sendEvent, beginStep, clearExclusive, synchronizeCode
    case checksum, authenticate, genericCode, narrowToBF16, convertAlternativeHalf, roundToWidth, javaScriptConvert, lanes, hash

    static let table: [Helper] = allCases.map(\.helper)

    private var helper: Helper {
        switch self {
        case .undefined:
            Helper("undefined", .everything) { state, bits, _, _ in
                unsafe AArch64CPU.with(state) { $0.raiseUndefined(bits) }
                return 0
            }
        case .raise:
            Helper("raise", .everything) { state, syndrome, address, level in
                unsafe AArch64CPU.with(state) { $0.raise(Syndrome(rawValue: syndrome), address: address, to: Int(level)) }
                return 0
            }
        case .programCall:
            Helper("program_call", .everything) { state, syndrome, _, _ in
                unsafe AArch64CPU.with(state) { cpu in
                    if let result = cpu.services?.performQuickCall(cpu.register(8), cpu.register(0), cpu.register(1)) {
                        cpu.setRegister(0, UInt64(bitPattern: result))
                    } else {
                        cpu.raise(Syndrome(rawValue: syndrome))
                    }
                }
                return 0
            }
        case .misalignedStack:
            // The exit that follows says where.
            Helper("misaligned_stack", [.writesState, .sideEffects]) { state, address, _, _ in
                unsafe AArch64CPU.with(state) { $0.raise(Syndrome(.spAlignment), address: address) }
                return 0
            }
        case .condition:
            Helper("condition", .readsState) { state, number, _, _ in
                unsafe AArch64CPU.with(state) { conditionHolds(Int(number), $0.nzcv) ? 1 : 0 }
            }
        case .nzcv: Helper("nzcv", .readsState) { state, _, _, _ in unsafe AArch64CPU.with(state) { $0.nzcv } }
        case .convertFlags: Helper("convert_flags", .pure) { _, nzcv, toArm, _ in toArm != 0 ? flagsToArm(nzcv) : flagsFromArm(nzcv) }
        case .programRegister:
            Helper("program_register", [.readsState, .touchesFloatStatus, .sideEffects]) { state, number, _, _ in
                unsafe AArch64CPU.with(state) { $0.readRegister(SystemRegister(rawValue: Int(number)) ?? .fpsr, 0) }
            }
        case .writeFloatRegister:
            Helper("write_float_register", [.readsState, .writesState, .touchesFloatStatus, .sideEffects]) { state, isControl, value, _ in
                unsafe AArch64CPU.with(state) { cpu in
                    if isControl != 0 { cpu.fpcr = value } else { cpu.fpsr = value }
                }
                return 0
            }
        case .systemRegister, .systemInstruction, .setMasks, .virtualCounter, .barrier, .exceptionReturn, .waitForInterrupt, .waitForEvent,
            .sendEvent, .beginStep:
            systemHelper
        case .clearExclusive:
            Helper("clear_exclusive", .sideEffects) { state, _, _, _ in
                unsafe CPUHeader(state).linkedAddress = .max
                return 0
            }
        case .synchronizeCode:
            Helper("synchronize_code", .sideEffects) { state, _, _, _ in
                unsafe AArch64CPU.with(state) { $0.services?.synchronizeCode() }
                return 0
            }
        case .checksum: Helper("crc32", .pure) { _, accumulator, value, kind in crc32(UInt32(truncatingIfNeeded: accumulator), value, kind) }
        case .authenticate:
            Helper("authenticate", .readsState) { state, pointer, modifier, step in
                unsafe AArch64CPU.with(state) { cpu in
                    let step = AuthenticationStep(rawValue: step)
                    guard cpu.authenticates(step.key) else { return pointer }
                    return step.authenticates
                        ? cpu.authentication.checking(pointer, modifier, key: step.key)
                        : cpu.authentication.adding(pointer, modifier, key: step.key)
                }
            }
        case .genericCode:
            Helper("generic_code", .readsState) { state, value, modifier, _ in
                unsafe AArch64CPU.with(state) { cpu in
                    cpu.authentication.code(value, modifier, key: Int(AuthenticationKey.ga.rawValue)) & ~0xffff_ffff
                }
            }
        case .narrowToBF16, .convertAlternativeHalf, .roundToWidth, .javaScriptConvert: floatHelper
        case .lanes:
            Helper("lanes", [.readsState, .writesState, .touchesFloatStatus, .sideEffects]) { state, instruction, bits, layout in
                unsafe AArch64CPU.with(state) { $0.computeLanes(instruction, bits, layout) }
                return 0
            }
        case .hash:
            Helper("hash", [.readsState, .writesState, .sideEffects]) { state, instruction, bits, _ in
                unsafe AArch64CPU.with(state) { $0.hash(instruction, bits) }
                return 0
            }
        }
    }

    /// What only a machine's elements do.
    private var systemHelper: Helper {
        switch self {
        case .systemRegister:
            Helper("system_register", .everything) { state, access, value, _ in
                unsafe AArch64CPU.with(state) { $0.accessRegister(SystemAccess(rawValue: access), value) }
            }
        case .systemInstruction:
            Helper("system_instruction", .everything) { state, access, operand, _ in
                unsafe AArch64CPU.with(state) { $0.execute(SystemAccess(rawValue: access), operand) }
                return 0
            }
        case .setMasks:
            Helper("set_masks", [.readsState, .writesState, .sideEffects]) { state, masks, _, _ in
                unsafe AArch64CPU.with(state) { $0.setMasks(masks & ProcessState.daif) }
                return 0
            }
        case .virtualCounter:
            Helper("virtual_counter", [.readsState, .sideEffects]) { state, _, _, _ in unsafe AArch64CPU.with(state) { $0.visibleVirtualCounter } }
        case .barrier:
            Helper("barrier", [.readsState, .writesState, .sideEffects]) { state, _, _, _ in
                unsafe AArch64CPU.with(state) { $0.waitForBroadcasts() }
                return 0
            }
        case .exceptionReturn:
            Helper("exception_return", .everything) { state, _, _, _ in
                unsafe AArch64CPU.with(state) { $0.returnFromException() }
                return 0
            }
        case .waitForInterrupt:
            Helper("wait_for_interrupt", .everything) { state, pc, _, _ in
                unsafe AArch64CPU.with(state) { $0.executeWait(pc, forEvent: false) }
                return 0
            }
        case .waitForEvent:
            Helper("wait_for_event", .everything) { state, pc, _, _ in
                unsafe AArch64CPU.with(state) { $0.executeWait(pc, forEvent: true) }
                return 0
            }
        case .sendEvent:
            Helper("send_event", [.readsState, .writesState, .sideEffects]) { state, _, _, _ in
                unsafe AArch64CPU.with(state) { unsafe $0.element.pointee.event = 1 }
                return 0
            }
        default:
            Helper("begin_step", [.readsState, .writesState, .sideEffects]) { state, _, _, _ in
                unsafe AArch64CPU.with(state) { cpu in
                    unsafe cpu.element.pointee.stepping = 2
                    cpu.services?.translationFlagsChanged()
                }
                return 0
            }
        }
    }

    /// Conversions that the IR has no operation for; they raise float flags.
    private var floatHelper: Helper {
        switch self {
        case .narrowToBF16:
            Helper("bfcvt", [.touchesFloatStatus, .sideEffects]) { state, bits, _, _ in
                unsafe AArch64CPU.with(state) { $0.narrowToBF16(bits) }
            }
        case .convertAlternativeHalf:
            Helper("fcvt_ahp", [.touchesFloatStatus, .sideEffects]) { state, bits, kind, _ in
                unsafe AArch64CPU.with(state) { $0.convertAlternativeHalf(bits, kind) }
            }
        case .roundToWidth:
            Helper("frint_width", [.touchesFloatStatus, .sideEffects]) { state, bits, kind, _ in
                unsafe AArch64CPU.with(state) { $0.roundToWidth(bits, kind) }
            }
        default:
            Helper("fjcvtzs", [.touchesFloatStatus, .sideEffects]) { state, bits, _, _ in
                unsafe AArch64CPU.with(state) { $0.javaScriptConvert(bits) }
            }
        }
    }
}

/// Whether a condition holds for NZCV in bits 3 to 0 (DDI 0487, ConditionHolds).
func conditionHolds(_ number: Int, _ nzcv: UInt64) -> Bool {
    let n = nzcv.bit(3), z = nzcv.bit(2), c = nzcv.bit(1), v = nzcv.bit(0)
    let outcome: Bool
    switch A64Condition(rawValue: number & ~1) {
    case .eq: outcome = z
    case .cs: outcome = c
    case .mi: outcome = n
    case .vs: outcome = v
    case .hi: outcome = c && !z
    case .ge: outcome = n == v
    case .gt: outcome = n == v && !z
    default: return true
    }
    return outcome != (number & 1 != 0)
}

/// xaflag.
private func flagsToArm(_ nzcv: UInt64) -> UInt64 {
    let z = nzcv.bit(2), c = nzcv.bit(1)
    return (!c && !z ? 8 : 0) | (z && c ? 4 : 0) | (c || z ? 2 : 0) | (!c && z ? 1 : 0)
}

/// axflag.
private func flagsFromArm(_ nzcv: UInt64) -> UInt64 {
    let z = nzcv.bit(2), c = nzcv.bit(1), v = nzcv.bit(0)
    return (z || v ? 4 : 0) | (c && !v ? 2 : 0)
}
