import IR

/// What is known of each state field at a point of a block, forgotten all at once in one step.
struct StateTable: ~Copyable {
    private struct Slot {
        var stamp: UInt32 = 0
        var value: Int32 = 0
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let count: Int
    private var stamp: UInt32 = 1

    init(_ layout: StateLayout) {
        count = CPUHeader.size + (layout.fields.map(\.offset).max() ?? 0) + 1
        unsafe slots = .allocate(capacity: count)
        unsafe slots.initialize(repeating: Slot(), count: count)
    }

    deinit { unsafe slots.deallocate() }

    /// Fields that others change behind the block's back: `pc`, and the scratch fields that memory accesses use.
    @inline(__always) static func isShared(_ offset: Int64) -> Bool {
        if offset >= 0 { return false }
        let scratch = CPUHeader.Offset.scratch
        let first = scratch + 8 * RuntimeFunctions.Scratch.first
        return offset == CPUHeader.Offset.pc || offset >= first && offset < scratch + 8 * CPUHeader.scratchFields
    }

    @inline(__always) mutating func forget() {
        stamp &+= 1
        if stamp == 0 {
            unsafe slots.update(repeating: Slot(), count: count)
            stamp = 1
        }
    }

    @inline(__always) func value(_ offset: Int64) -> Int32? {
        let slot = unsafe slots[index(offset)]
        return slot.stamp == stamp ? slot.value : nil
    }

    @inline(__always) func set(_ offset: Int64, _ value: Int32) { unsafe slots[index(offset)] = Slot(stamp: stamp, value: value) }

    @inline(__always) func drop(_ offset: Int64) { unsafe slots[index(offset)].stamp = 0 }

    @inline(__always) private func index(_ offset: Int64) -> Int {
        let index = Int(offset) + CPUHeader.size
        precondition(index >= 0 && index < count, "no state field is there")
        return index
    }
}
