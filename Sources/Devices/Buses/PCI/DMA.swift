import AddressSpace
import HostOS

/// A function's own accesses to memory. They reach RAM only, and nothing while the function is no bus master: a device that writes into another's
/// registers, or its own, is refused.
extension PCIFunction {
    /// Nil if not all of it can be read.
    public func read(_ address: UInt64, count: Int) -> [UInt8]? {
        guard let buffers = map(address, count: count, writing: false) else { return nil }
        return buffers.count == 1 ? buffers[0].bytes() : buffers.flatMap { $0.bytes() }
    }

    /// False if not all of it can be written; nothing is written then.
    @discardableResult
    public func write(_ address: UInt64, _ bytes: [UInt8]) -> Bool {
        guard let buffers = map(address, count: bytes.count, writing: true) else { return false }
        var rest = bytes[...]
        for buffer in buffers { rest = rest.dropFirst(buffer.fill(from: rest)) }
        noteWritten(address, count: bytes.count)
        return true
    }

    /// An aligned word, written in one piece.
    @discardableResult
    public func store<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, _ word: Word) -> Bool {
        guard map(address, count: MemoryLayout<Word>.size, writing: true) != nil, let memory = dmaMemory else { return false }
        memory.fence()
        return memory.store(address, word) == .ok
    }

    public func load<Word: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, as type: Word.Type = Word.self) -> Word? {
        guard map(address, count: MemoryLayout<Word>.size, writing: false) != nil else { return nil }
        return dmaMemory?.load(address, as: type)
    }

    /// Memory that the host's transfers use.
    public func map(_ address: UInt64, count: Int, writing: Bool) -> [GuestBuffer]? { dmaMemory?.map(address, count: count, writing: writing) }

    /// Tells that a transfer has written into mapped memory.
    public func noteWritten(_ address: UInt64, count: Int) { dmaMemory?.noteDeviceWrite(address, count: count) }
}
