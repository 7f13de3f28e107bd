import AddressSpace
import HostOS
import Testing

/// Memory that is sent after its guest has gone, and memory that comes after its guest.
@Suite struct MissingPagesTests {
    /// What pages held when it began is what is read, whatever devices write afterwards.
    @Test func pagesAreKeptAsTheyWere() throws {
        let root = MemoryRegion.container("root", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 0x4000), at: 0)
        let memory = AddressSpace("memory", root: root)
        let block = try #require(memory.ramBlocks.first)
        memory.write(0x1000, [1, 2, 3])
        let before = memory.read(0, count: 0x4000)
        let keeper = PageKeeper(block)
        memory.write(0x1000, [9])
        memory.store(0x2008, UInt64(7))
        #expect(memory.compareExchange(0x3000, expected: UInt32(0), new: 5))
        memory.map(0x10, count: 4, writing: true)?.first?.fill(from: [8, 8, 8, 8])
        block.load([6], at: 0x3ff0)
        var kept: [UInt8] = []
        for page in 0..<4 { keeper.append(page: page, to: &kept) }
        #expect(kept == before && memory.read(0, count: 0x4000) != before)
        keeper.end()
        memory.write(0x1000, [4])
        #expect(memory.read(0x1000, count: 1) == [4])
    }

    /// Pages come when they are touched, by the kernel, too. The host need not allow it: then it says so.
    @Test func pagesComeWhenTheyAreTouched() throws {
        let faults: UserFaults
        do throws(HostError) { faults = try UserFaults() } catch {
            #expect(error.cause.contains("userfaultfd") && error.remedy != nil)
            return
        }
        let block = try RAMBlock("m", size: 64 << 12)
        block.load([1], at: 0)
        block.load([2], at: 5 << 12)
        var missing = PageSet(pages: 64, all: true)
        missing.remove(0)
        try block.beginLacking(missing, faults)
        #expect(block.bytes(at: 0, count: 1) == [1] && block.lacksPages)
        let served = Served()
        let thread = try HostThread(name: "server") { served.serve(block, faults) }
        #expect(block.bytes(at: 5 << 12, count: 2) == [0xee, 5] && block.bytes(at: 6 << 12, count: 2) == [0, 0])
        let file = try HostFile(inMemoryOfSize: 1 << 20)
        try block.write(pages: 7..<8, to: file, at: 0)
        #expect(try file.read(at: 0, count: 2) == [0xee, 7])
        #expect(block.bytes(at: 63 << 12, count: 2) == [0xee, 63])
        thread.join()
        #expect(served.pages == [5, 6, 7, 63])
        block.endLacking(faults)
        #expect(block.bytes(at: 9 << 12, count: 1) == [0] && !block.lacksPages)
    }

    /// Puts pages in place until the last one has been asked for: odd ones with bytes, even ones with zeros.
    private final class Served: @unchecked Sendable {
        private(set) var pages: [Int] = []

        func serve(_ block: RAMBlock, _ faults: UserFaults) {
            while pages.last != 63, let address = (try? faults.next(within: 5000)) ?? nil, let page = block.page(of: address) {
                pages.append(page)
                var bytes = [UInt8](repeating: UInt8(page), count: 4096)
                bytes[0] = 0xee
                let range = page..<page + 1
                if page % 2 == 0 { try? block.putZeros(pages: range, faults) } else { try? block.put(pages: range, from: bytes, at: 0, faults) }
            }
        }
    }
}
