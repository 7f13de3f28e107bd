import HostOS
import Snapshot

/// Units by target and number, and the commands that are about more than one of them (SPC-4, section 6.33; SAM-5, section 4.7).
public final class SCSIBus {
    public struct Address: Hashable, Comparable, Sendable {
        public let target: UInt8
        public let unit: UInt16

        public init(target: UInt8, unit: UInt16) { (self.target, self.unit) = (target, unit) }

        public static func < (first: Address, second: Address) -> Bool { (first.target, first.unit) < (second.target, second.unit) }
    }

    private var disks: [Address: SCSIDisk] = [:]

    public init() {}

    public func disk(at address: Address) -> SCSIDisk? { disks[address] }

    /// Every unit, in order of address.
    public var units: [(address: Address, disk: SCSIDisk)] { disks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    /// The first target that has nothing.
    public var freeTarget: UInt8? { (0...255).first { target in !disks.keys.contains { $0.target == target } } }

    /// Puts a disk at an address that is free.
    public func add(_ disk: SCSIDisk, at address: Address) {
        precondition(disks[address] == nil, "two disks at one address")
        disks[address] = disk
    }

    /// Takes a disk out; it has nothing under way any more when this returns.
    public func remove(at address: Address) {
        disks[address]?.drain()
        disks[address] = nil
    }

    /// Units have come or gone: all others tell their initiator with the next command.
    public func noteUnits() { for unit in units { unit.disk.noteUnits() } }

    public func reset() { for unit in units { unit.disk.reset() } }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        for (address, disk) in units { visitor.group("\(address.target).\(address.unit)") { disk.visit(&$0) } }
    }

    /// Carries out a command; false if there is no such target.
    public func execute(
        _ address: Address, _ command: [UInt8], output: [GuestBuffer], input: [GuestBuffer], done: @escaping (SCSIResult) -> Void
    ) -> Bool {
        let numbers = disks.keys.filter { $0.target == address.target }.map(\.unit).sorted()
        guard !numbers.isEmpty else { return false }
        if command.first == SCSIDisk.Opcode.reportUnits {
            done(report(numbers, command, input))
        } else if let disk = disks[address] {
            disk.execute(command, output: output, input: input, done: done)
        } else if command.first == SCSIDisk.Opcode.inquiry, command.number(1, 1) & 1 == 0 {
            // No unit can be there.
            done(SCSIBus.fill(input, Array(([0x7f, 0, 5, 2, 31] + [UInt8](repeating: 0, count: 31)).prefix(Int(command.number(3, 2))))))
        } else {
            done(.failed(.noSuchUnit))
        }
        return true
    }

    /// REPORT LUNS: unit 0 is always among them.
    private func report(_ numbers: [UInt16], _ command: [UInt8], _ input: [GuestBuffer]) -> SCSIResult {
        let all = numbers.first == 0 ? numbers : [0] + numbers
        var bytes = [UInt8](repeating: 0, count: 8 + 8 * all.count)
        bytes.put(UInt64(8 * all.count), 0, 4)
        for (index, number) in all.enumerated() { bytes.put(UInt64(number < 256 ? number : number | 0x4000), 8 + 8 * index, 2) }
        return SCSIBus.fill(input, Array(bytes.prefix(Int(command.number(6, 4)))))
    }

    private static func fill(_ buffers: [GuestBuffer], _ bytes: [UInt8]) -> SCSIResult {
        var rest = bytes[...]
        for buffer in buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
        return .good(bytes.count - rest.count)
    }
}
