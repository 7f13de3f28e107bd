import AddressSpace

/// What a bridge lets through to the bus behind it (PCI-to-PCI Bridge Architecture Specification 1.2, section 4).
final class BridgeWindows {
    private unowned let function: PCIFunction
    let secondary: PCIBus
    private struct Window {
        let isIO: Bool
        var range: ClosedRange<UInt64>?
        var region: MemoryRegion?
    }
    private var windows = [Window(isIO: true), Window(isIO: false), Window(isIO: false)]

    init(_ function: PCIFunction, secondary: PCIBus) {
        (self.function, self.secondary) = (function, secondary)
        typealias Bridge = Header.Bridge
        function.edit { space in
            for register in [Bridge.primary, Bridge.secondary, Bridge.subordinate] { space.allow(register, 1, 0xff) }
            for register in [Bridge.ioBase, Bridge.ioLimit] { space.allow(register, 1, 0xf0) }
            for register in [Bridge.memoryBase, Bridge.memoryLimit] { space.allow(register, 2, 0xfff0) }
            for register in [Bridge.prefetchableBase, Bridge.prefetchableLimit] {
                space.set(register, 2, 1)
                space.allow(register, 2, 0xfff0)
            }
            // Closed until software opens them: the bases lie above the limits.
            space.set(Bridge.ioBase, 1, 0xf0)
            space.set(Bridge.memoryBase, 2, 0xfff0)
            space.set(Bridge.prefetchableBase, 2, 0xfff1)
            for register in [Bridge.prefetchableBaseUpper, Bridge.prefetchableLimitUpper] { space.allow(register, 4, ~0) }
            space.allowClearing(Bridge.secondaryStatus, 2, Header.Status.errors)
            // Parity, SERR#, ISA, VGA, master abort, reset of the bus behind.
            space.allow(Bridge.control, 2, 0x7f)
        }
    }

    /// Base and limit of I/O (0), memory (1) and prefetchable memory (2).
    static func registers(_ window: Int, _ space: ConfigurationSpace) -> (base: UInt64, limit: UInt64) {
        typealias Bridge = Header.Bridge
        func value(_ register: Int, _ size: Int) -> UInt64 { UInt64(space.value(register, size)) }
        switch window {
        case 0: return ((value(Bridge.ioBase, 1) & 0xf0) << 8, (value(Bridge.ioLimit, 1) & 0xf0) << 8 | 0xfff)
        case 1: return ((value(Bridge.memoryBase, 2) & 0xfff0) << 16, (value(Bridge.memoryLimit, 2) & 0xfff0) << 16 | 0xf_ffff)
        default:
            let base = (value(Bridge.prefetchableBase, 2) & 0xfff0) << 16 | value(Bridge.prefetchableBaseUpper, 4) << 32
            return (base, (value(Bridge.prefetchableLimit, 2) & 0xfff0) << 16 | 0xf_ffff | value(Bridge.prefetchableLimitUpper, 4) << 32)
        }
    }

    private func range(_ window: Int) -> ClosedRange<UInt64>? {
        guard function.command & (window == 0 ? Header.Command.io : Header.Command.memory) != 0 else { return nil }
        let (base, limit) = BridgeWindows.registers(window, function.space)
        return base <= limit ? base...limit : nil
    }

    /// Opens, moves and closes the windows as the registers say.
    func update() {
        guard let primary = function.bus else { return }
        for index in windows.indices {
            let wanted = range(index)
            guard wanted != windows[index].range else { continue }
            let (outer, inner) = windows[index].isIO ? (primary.io, secondary.io) : (primary.memory, secondary.memory)
            if let old = windows[index].region { outer.remove(old) }
            (windows[index].range, windows[index].region) = (wanted, nil)
            guard let wanted else { continue }
            let size = wanted.upperBound - wanted.lowerBound
            let region = MemoryRegion.alias(
                "\(secondary.name)-window\(index)", of: inner, offset: wanted.lowerBound, size: size == .max ? .max : size + 1)
            windows[index].region = region
            outer.add(region, at: wanted.lowerBound, priority: 1)
        }
    }

    func written(_ range: Range<Int>, resetWas: Bool) {
        if range.overlaps(Header.command..<Header.status) || range.overlaps(0x18..<0x34) { update() }
        if range.overlaps(Header.Bridge.control..<Header.Bridge.control + 2), !resetWas, isResetting {
            for device in secondary.functions { device.reset() }
        }
    }

    var isResetting: Bool { function.space.value(Header.Bridge.control, 2) & Header.Bridge.secondaryReset != 0 }
}
