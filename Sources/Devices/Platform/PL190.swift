import AddressSpace
import DeviceModel
import Snapshot

/// Arm's vectored interrupt controller PL190 (DDI 0181): 32 inputs, of which each goes to FIQ, or to IRQ with one of 16 vectors or the default one. Nothing
/// is chained to its vector port.
public final class PL190: MMIODevice {
    public static let typeName = "pl190"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum VectorControl { static let enable: UInt32 = 1 << 5, source: UInt32 = 31 }
    private static let vectors = 16
    /// What has no vector of its own is served last.
    private static let lastLevel = UInt32(vectors)
    private static let identification: [UInt32] = [0x90, 0x11, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

    public let irq = OutputPin(), fiq = OutputPin()
    private var inputs: UInt32 = 0, software: UInt32 = 0, select: UInt32 = 0, enable: UInt32 = 0, protection: UInt32 = 0
    private var defaultAddress: UInt32 = 0
    private var addresses = [UInt32](repeating: 0, count: vectors), controls = [UInt32](repeating: 0, count: vectors)
    /// A bit for each level that is being served.
    private var serving: UInt32 = 0

    public init() {}

    public func reset() {
        (software, select, enable, protection, defaultAddress, serving) = (0, 0, 0, 0, 0, 0)
        for index in 0..<PL190.vectors { (addresses[index], controls[index]) = (0, 0) }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("inputs", &inputs)
        visitor.field("softint", &software)
        visitor.field("intselect", &select)
        visitor.field("intenable", &enable)
        visitor.field("protection", &protection)
        visitor.field("defvectaddr", &defaultAddress)
        visitor.table("vectaddr", &addresses)
        visitor.table("vectcntl", &controls)
        visitor.field("serving", &serving)
        let levels = serving
        visitor.check("levels are those of vectors and one more", levels >> (PL190.lastLevel + 1) == 0)
    }

    public func restored() { update() }

    /// The wire of an interrupt source.
    public func input(_ number: Int) -> InputPin {
        precondition((0..<32).contains(number))
        return InputPin { [weak self] level in self?.setInput(number, level) }
    }

    private func setInput(_ number: Int, _ level: Bool) {
        let bit: UInt32 = 1 << UInt32(number)
        if level { inputs |= bit } else { inputs &= ~bit }
        update()
    }

    private var raw: UInt32 { inputs | software }
    private var irqStatus: UInt32 { raw & enable & ~select }
    private var fiqStatus: UInt32 { raw & enable & select }

    /// The most urgent level that waits, below those that are being served.
    private var waiting: UInt32? {
        let status = irqStatus
        guard status != 0 else { return nil }
        let limit = UInt32(serving.trailingZeroBitCount)
        let vector = controls.firstIndex { $0 & VectorControl.enable != 0 && status >> ($0 & VectorControl.source) & 1 != 0 }
        let level = vector.map(UInt32.init) ?? PL190.lastLevel
        return level < limit ? level : nil
    }

    private func update() {
        irq.set(waiting != nil)
        fiq.set(fiqStatus != 0)
    }

    /// VICVECTADDR: the handler of what is served from now on.
    private func acknowledge() -> UInt32 {
        guard let level = waiting else { return defaultAddress }
        serving |= 1 << level
        update()
        return level == PL190.lastLevel ? defaultAddress : addresses[Int(level)]
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x000: value = irqStatus
        case 0x004: value = fiqStatus
        case 0x008: value = raw
        case 0x00c: value = select
        case 0x010: value = enable
        case 0x018: value = software
        case 0x020: value = protection
        case 0x030: value = acknowledge()
        case 0x034: value = defaultAddress
        case 0x100..<0x140: value = addresses[Int(offset - 0x100) / 4]
        case 0x200..<0x240: value = controls[Int(offset - 0x200) / 4]
        case 0xfe0...: value = PL190.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00c: select = value
        case 0x010: enable |= value
        case 0x014: enable &= ~value
        case 0x018: software |= value
        case 0x01c: software &= ~value
        case 0x020: protection = value & 1
        // The end of what was served last.
        case 0x030: serving &= serving &- 1
        case 0x034: defaultAddress = value
        case 0x100..<0x140: addresses[Int(offset - 0x100) / 4] = value
        case 0x200..<0x240: controls[Int(offset - 0x200) / 4] = value & 0x3f
        default: break
        }
        update()
        return .ok
    }
}
