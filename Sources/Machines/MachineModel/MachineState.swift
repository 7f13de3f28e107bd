import CPUModel
import DeviceModel
import Diagnostics
import EventLoop
import Snapshot

/// The state of one part of a machine, written down. What the part is made of is its own business: fields with names.
public struct StateSection: Equatable, Sendable {
    /// Which part it is: "clock", "device[3]", "cpu[0]".
    public var path: String
    /// What it is: a device's type, an architecture.
    public var kind: String
    public var version: UInt32
    /// As `SnapshotWriter` makes them.
    public var bytes: [UInt8]

    public init(path: String, kind: String, version: UInt32, bytes: [UInt8]) {
        (self.path, self.kind, self.version, self.bytes) = (path, kind, version, bytes)
    }
}

public enum MachineStateError: ExplainedError, Equatable {
    case missing(path: String, kind: String)
    case unknown(path: String, kind: String)
    case otherKind(path: String, found: String, expected: String)
    case newer(path: String, kind: String, version: UInt32, known: Int)
    case bad(path: String, kind: String, SnapshotError)

    public var cause: String {
        switch self {
        case .missing(let path, let kind): "the saved state has nothing of \(path) (\(kind))"
        case .unknown(let path, let kind): "the saved state has a part \(path) (\(kind)) that this machine has not"
        case .otherKind(let path, let found, let expected): "\(path) is '\(found)' in the saved state, and '\(expected)' here"
        case .newer(let path, let kind, let version, let known):
            "\(path) (\(kind)) was saved with version \(version) of its state, and versions up to \(known) are known"
        case .bad(let path, let kind, let error): "\(path) (\(kind)): \(error.cause)"
        }
    }

    public var remedy: String? {
        switch self {
        case .missing, .unknown, .otherKind: "start the machine with the same options as the one that was saved"
        case .newer: "use a newer Apus"
        case .bad(_, _, .broken): "start the machine with the same options, and check that the file or connection is not damaged"
        case .bad: nil
        }
    }
}

/// The whole state of a machine beside its memory: the virtual clock, all devices, all vCPUs.
public enum MachineState {
    /// Writes the state down. Nothing may run: the vCPUs stand still, requests to back ends have ended, the machine lock is held.
    public static func save(_ machine: Machine) -> [StateSection] {
        parts(machine).map { part in
            var writer = SnapshotWriter()
            part.visit(&writer)
            return StateSection(path: part.path, kind: part.kind, version: UInt32(part.version), bytes: writer.bytes)
        }
    }

    /// Gives a machine that was built alike the state of the one that was saved. Memory must have been filled in before. After an error the machine is
    /// neither the one nor the other: it must be reset or thrown away.
    ///
    /// - Parameter setTime: makes the virtual clock show so many nanoseconds.
    public static func load(_ sections: [StateSection], into machine: Machine, setTime: (Int64) -> Void) throws(MachineStateError) {
        let parts = parts(machine)
        if let extra = sections.first(where: { section in !parts.contains { $0.path == section.path } }) {
            throw .unknown(path: extra.path, kind: extra.kind)
        }
        let found = Dictionary(sections.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for part in parts { try check(part, found[part.path]) }
        // The clock first, which devices and counters look at, then devices, which vCPUs look at.
        for part in parts { try fill(part, found[part.path], setTime) }
        for device in machine.devices + machine.extraDevices { device.restored() }
        for cpu in machine.cpus { cpu.restored() }
    }

    private static func check(_ part: Part, _ section: StateSection?) throws(MachineStateError) {
        guard let section else { throw .missing(path: part.path, kind: part.kind) }
        guard section.kind == part.kind else { throw .otherKind(path: part.path, found: section.kind, expected: part.kind) }
        guard section.version <= part.version else {
            throw .newer(path: part.path, kind: part.kind, version: section.version, known: part.version)
        }
    }

    private static func fill(_ part: Part, _ section: StateSection?, _ setTime: (Int64) -> Void) throws(MachineStateError) {
        guard let section else { return }
        do {
            var reader = try SnapshotReader(section.bytes, version: Int(section.version))
            let time = part.visit(&reader)
            try reader.finish()
            if let time { setTime(time) }
        } catch { throw .bad(path: part.path, kind: part.kind, error) }
    }

    // MARK: Parts

    private static func parts(_ machine: Machine) -> [Part] {
        let devices = (machine.devices + machine.extraDevices).enumerated().map { Part(path: "device[\($0)]", what: .device($1)) }
        return [Part(path: "clock", what: .clock(machine.loop))] + devices + machine.cpus.map { Part(path: "cpu[\($0.index)]", what: .cpu($0)) }
    }

    private struct Part {
        enum What {
            case clock(EventLoop)
            case device(any Device)
            case cpu(VirtualCPU)
        }

        let path: String
        let what: What

        var kind: String {
            switch what {
            case .clock: "virtual-clock"
            case .device(let device): type(of: device).typeName
            case .cpu(let cpu): cpu.guest.name
            }
        }

        var version: Int {
            switch what {
            case .clock: 1
            case .device(let device): type(of: device).stateVersion
            case .cpu(let cpu): cpu.stateVersion
            }
        }

        /// Goes over the part's fields; of a clock, the time that it is to show.
        @discardableResult
        func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) -> Int64? {
            switch what {
            case .clock(let loop): return visitTime(loop.now(.virtual), &visitor)
            case .device(let device): device.visit(&visitor)
            case .cpu(let cpu): cpu.visit(&visitor)
            }
            return nil
        }

        private func visitTime<Visitor: FieldVisitor>(_ time: Int64, _ visitor: inout Visitor) -> Int64 {
            var time = time
            visitor.field("nanoseconds", &time)
            // Sums of times that devices make must not overflow.
            visitor.check("a machine has not run for more than 70 years", (0..<1 << 61).contains(time))
            return time
        }
    }
}
