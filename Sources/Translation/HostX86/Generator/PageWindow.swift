import HostCode
import IR

/// A page that the block at hand has looked up and goes on using: accesses off the same base within the page need no second lookup, only
/// the check that they stay in it.
///
/// Two temporaries hold the window for as long as nobody needs them more. When the first access took its slow path, `address` holds a
/// number that fails every later check.
struct PageWindow {
    /// The value that all addresses are relative to.
    let root: Int
    /// Displacement of the first access.
    let displacement: Int64
    /// Whether the page may be written through the window.
    let writes: Bool
    let mmuIndex: Int
    /// Index of the last operation that may use it.
    let lastUse: Int
    /// Offset in the page of the first access; host address of the page.
    var address = Register.rax
    var entry = Register.rax

    /// What `address` holds after the first access's slow path.
    static let closed: UInt64 = 0xffff_ffff_8000_0000
}

extension BlockEmitter {
    /// How far to look for accesses that could share a lookup.
    private static let reach = 48

    func isWindowRegister(_ register: Register) -> Bool {
        guard let window, window.lastUse >= current else { return false }
        return register == window.address || register == window.entry
    }

    private func fits(_ op: IROp) -> Bool {
        (op.opcode == .load || op.opcode == .store) && op.memory.alignment == .any && op.memory.size <= 16
    }

    /// Whether the access at hand may go through the open window.
    func usesWindow(_ op: IROp) -> Bool {
        guard let window, fits(op), window.lastUse >= current, window.root == root(op.a), window.mmuIndex == op.memory.mmuIndex else { return false }
        return (window.writes || op.opcode == .load) && abs(op.imm - window.displacement) < 4096
    }

    /// The window that the access at hand should open: nil if no later one would profit, or if an open one is still of use.
    func windowToOpen(_ op: IROp) -> PageWindow? {
        if let window, window.lastUse > current { return nil }
        guard fits(op) else { return nil }
        let root = root(op.a)
        var last = -1
        var writes = op.opcode == .store
        scan: for index in current + 1..<max(current + 1, min(count, current + BlockEmitter.reach)) {
            let other = unsafe ops[index]
            switch other.opcode {
            case .load, .store:
                guard self.root(other.a) == root, fits(other), other.memory.mmuIndex == op.memory.mmuIndex, abs(other.imm - op.imm) < 4096
                else { continue }
                last = index
                if other.opcode == .store { writes = true }
            case .label, .call, .br, .brIf, .brCompare, .exitDirect, .exitIndirect, .exitWith, .atomicRMW, .compareExchange, .loadLinked,
                .storeConditional:
                break scan
            default: continue
            }
        }
        guard last >= 0 else { return nil }
        return PageWindow(root: root, displacement: op.imm, writes: writes, mmuIndex: op.memory.mmuIndex, lastUse: last)
    }
}
