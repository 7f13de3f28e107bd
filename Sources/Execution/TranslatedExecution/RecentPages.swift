import CHost
import IR

extension CPUHeader {
    /// Takes the right to write straight to a host page away. From any thread, after the TLB's tag has been changed: who fills an entry for stores
    /// looks at the TLB once more afterwards.
    func revokeRecentWrites(hostPage: UInt64) {
        apus_fence()
        for mmuIndex in 0..<CPUHeader.mmuIndices {
            for slot in 0..<CPUHeader.recentPagesPerRow {
                let entry = unsafe state + CPUHeader.recentPage(slot, writes: true, mmuIndex: mmuIndex)
                guard unsafe entry.load(fromByteOffset: 8, as: UInt64.self) == hostPage else { continue }
                unsafe apus_atomic_store_u64(entry.assumingMemoryBound(to: UInt64.self), CPUHeader.noPage)
            }
        }
    }
}
