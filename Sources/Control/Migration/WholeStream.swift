import AddressSpace
import MachineModel
import QAPI

/// The stream of a machine that stands still, as bytes.
public enum WholeStream {
    /// - Parameter state: what the machine is to do when it goes on elsewhere.
    public static func write(_ machine: Machine, guest: String, state: RunState) -> [UInt8] {
        var stream = MachineDescription(machine, guest: guest, expectsAnswer: false).header
        var sections: UInt64 = 1
        for (number, block) in machine.memory.ramBlocks.enumerated() {
            var pages = PageSet(pages: block.pages, all: true)
            var cursor = 0
            while let (bytes, _) = PageSender.section(block, number: number, &pages, cursor: &cursor) {
                stream += bytes
                sections += 1
            }
        }
        for part in MachineState.save(machine) {
            stream += part.encoded
            sections += 1
        }
        return stream + StreamEnd(sections: sections, state: state).encoded
    }

    /// Makes a machine what the stream is of, with the machine lock held; what it is to do. After an error it must be thrown away.
    public static func read(_ bytes: [UInt8], into machine: Machine, guest: String) throws(MigrationError) -> RunState {
        var position = 0
        var reader = StreamReader { (count: Int) throws(MigrationError) -> [UInt8] in
            guard bytes.count - position >= count else { throw .cutOff }
            defer { position += count }
            return Array(bytes[position..<position + count])
        }
        let loader = MachineLoader(machine, guest: guest)
        var expectsAnswer = false
        try loader.begin(&reader, expectsAnswer: &expectsAnswer)
        let received = try loader.receive(&reader)
        try loader.fill(received, setTime: machine.loop.setVirtualTime)
        return received.state.state
    }
}
