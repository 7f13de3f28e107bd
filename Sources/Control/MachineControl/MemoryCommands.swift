import CPUModel
import AddressSpace
import Diagnostics
import HostOS
import QAPI

/// Bytes of a guest's memory, by a vCPU's addresses.
public struct VirtualMemory {
    private let cpu: VirtualCPU
    private let memory: AddressSpace

    public init(cpu: VirtualCPU, memory: AddressSpace) { (self.cpu, self.memory) = (cpu, memory) }

    /// Bytes that may lie on several pages; nil if one is not there.
    public func read(_ address: UInt64, count: Int) -> [UInt8]? {
        var list: [UInt8] = []
        while list.count < count {
            let place = address &+ UInt64(list.count)
            let part = min(count - list.count, 4096 - Int(place & 0xfff))
            guard let physical = cpu.debugTranslate(place), let piece = memory.read(physical, count: part) else { return nil }
            list += piece
        }
        return list
    }
}

/// Commands that write memory to files.
public struct MemoryCommands {
    private unowned let session: any MachineSession
    private static let piece: UInt64 = 1 << 16

    public init(_ session: any MachineSession) { self.session = session }

    public func register(in commands: inout CommandTable) {
        commands.on(MemsaveCommand.self, stopped: true) { arguments in
            let cpus = session.machine.cpus
            guard let cpu = cpus.first(where: { Int64($0.index) == arguments.cpuIndex ?? 0 }) else {
                throw QAPIError.expects("cpu-index", "a CPU number")
            }
            let memory = VirtualMemory(cpu: cpu, memory: session.machine.memory)
            try save(arguments.val, arguments.size, arguments.filename, memory.read)
            return QAPIEmpty()
        }
        commands.on(PmemsaveCommand.self, stopped: true) { arguments in
            let memory = session.machine.memory
            try save(arguments.val, arguments.size, arguments.filename) { memory.read($0, count: $1) }
            return QAPIEmpty()
        }
    }

    private func save(_ start: Int64, _ size: Int64, _ path: String, _ read: (UInt64, Int) -> [UInt8]?) throws {
        let file = try HostFile(path, .create)
        let start = UInt64(bitPattern: start)
        var done: UInt64 = 0
        while size > 0, done < UInt64(size) {
            let count = min(MemoryCommands.piece, UInt64(size) - done)
            guard let bytes = read(start &+ done, Int(count)) else {
                throw QAPIError(.generic, "Invalid addr \(hex(start, digits: 16))/size \(size) specified")
            }
            try file.write(at: done, bytes)
            done += count
        }
    }
}
