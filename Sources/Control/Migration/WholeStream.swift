import AddressSpace
import HostOS
import MachineModel
import QAPI

/// The stream of a machine that stands still.
public enum WholeStream {
    /// Hands the stream over, piece by piece.
    ///
    /// - Parameter state: what the machine is to do when it goes on elsewhere.
    public static func write<Failure: Error>(
        _ machine: Machine, guest: String, state: RunState, _ take: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        var sections: UInt64 = 0
        func put(_ bytes: [UInt8]) throws(Failure) {
            sections += 1
            try take(bytes)
        }
        try put(MachineDescription(machine, guest: guest, expectsAnswer: false).header)
        for (number, block) in machine.memory.ramBlocks.enumerated() {
            var pages = PageSet(pages: block.pages, all: true)
            var cursor = 0
            while let (bytes, _) = PageSender.section(block, number: number, &pages, cursor: &cursor) { try put(bytes) }
        }
        for part in MachineState.save(machine) { try put(part.encoded) }
        try take(StreamEnd(sections: sections, state: state).encoded)
    }

    /// Looks whether a stream is whole and of such a machine, and changes nothing.
    ///
    /// - Parameter receive: gives exactly so many bytes.
    public static func check(_ receive: @escaping (Int) throws(HostError) -> [UInt8], _ machine: Machine, guest: String) throws(MigrationError) {
        var reader = self.reader(receive)
        var expectsAnswer = false
        try MachineLoader(machine, guest: guest).begin(&reader, expectsAnswer: &expectsAnswer)
        while try reader.section().kind != .end {}
    }

    /// Makes a machine what the stream is of, with the machine lock held; what it is to do. After an error it is neither this nor what it was.
    public static func read(
        _ receive: @escaping (Int) throws(HostError) -> [UInt8], into machine: Machine, guest: String, setTime: (Int64) -> Void
    ) throws(MigrationError) -> RunState {
        try read(reader(receive), into: machine, guest: guest, setTime: setTime)
    }

    private static func read(_ reader: StreamReader, into machine: Machine, guest: String, setTime: (Int64) -> Void) throws(MigrationError)
        -> RunState
    {
        var reader = reader
        let loader = MachineLoader(machine, guest: guest)
        var expectsAnswer = false
        try loader.begin(&reader, expectsAnswer: &expectsAnswer)
        let received = try loader.receive(&reader)
        try loader.fill(received, setTime: setTime)
        return received.state.state
    }

    private static func reader(_ receive: @escaping (Int) throws(HostError) -> [UInt8]) -> StreamReader {
        StreamReader { (count: Int) throws(MigrationError) -> [UInt8] in
            do throws(HostError) { return try receive(count) } catch { throw .host(error) }
        }
    }
}

/// The stream as bytes.
extension WholeStream {
    public static func write(_ machine: Machine, guest: String, state: RunState) -> [UInt8] {
        var bytes: [UInt8] = []
        write(machine, guest: guest, state: state) { bytes += $0 }
        return bytes
    }

    public static func read(_ bytes: [UInt8], into machine: Machine, guest: String) throws(MigrationError) -> RunState {
        var position = 0
        let reader = StreamReader { (count: Int) throws(MigrationError) -> [UInt8] in
            guard bytes.count - position >= count else { throw .cutOff }
            defer { position += count }
            return Array(bytes[position..<position + count])
        }
        return try read(reader, into: machine, guest: guest, setTime: machine.loop.setVirtualTime)
    }
}
