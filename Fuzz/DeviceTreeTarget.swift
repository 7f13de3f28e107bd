import DeviceTree

/// Device trees of the user's: `-dtb`.
struct DeviceTreeTarget: FuzzTarget {
    private var corpus: [[UInt8]]

    init(corpus: [[UInt8]]) throws {
        var root = DeviceTreeNode("")
        root.set("#address-cells", cells: [2])
        root.set("compatible", strings: "fuzz", "board")
        var chosen = DeviceTreeNode("chosen")
        chosen.set("bootargs", strings: "console=ttyS0")
        var memory = DeviceTreeNode("memory@80000000")
        memory.set("reg", wideCells: [0x8000_0000, 1 << 30])
        root.children = [chosen, memory]
        self.corpus = corpus + [try root.flattened(), try DeviceTreeNode("").flattened()]
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let input = mutator.mutate(corpus[mutator.random.below(corpus.count)])
        do {
            var blob = try DeviceTreeBlob(checking: input)
            try blob.set(node: "chosen", "bootargs", bytes: [UInt8](repeating: 97, count: mutator.random.below(300)))
            try blob.set(node: "chosen", "linux,initrd-start", bytes: [0, 0, 0, 0, 0x90, 0, 0, 0])
            let packed = blob.packed()
            // What comes out must be good again.
            _ = try DeviceTreeBlob(checking: packed)
            return true
        } catch {
            return false
        }
    }
}
