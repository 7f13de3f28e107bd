import IR

/// The register allocator's rules, checked after an operation has been emitted. Tests switch it on; it costs a pass over all values each time.
extension BlockEmitter {
    /// - Returns: what is wrong; nil if every value that is needed later is where it is said to be.
    func allocationFault() -> String? {
        var taken: [Int: Int] = [:]
        for value in 0...min(current, count - 1) where isLiveRoot(value) {
            if let fault = fault(of: value, &taken) { return "%\(value) after operation \(current) of the block at \(blockPC): \(fault)" }
        }
        return skippedMove()
    }

    /// Who goes on out of line and comes back finds values where the code in between has put them: none may have been moved there.
    private func skippedMove() -> String? {
        guard let item = outOfLine.last, item.jump < lastMove, lastMove <= item.back else { return nil }
        return "operation \(current) of the block at \(blockPC) moves a value behind a jump out of line"
    }

    /// Whether the value is needed by a later operation and has storage of its own.
    private func isLiveRoot(_ value: Int) -> Bool {
        unsafe Int(info[value].root) == value && Int(info[value].lastUse) > current && Int(info[value].lastUse) >= resumeAt
            && ops[value].type != .none && !ops[value].opcode.info.effects.contains(.marker)
    }

    private func fault(of value: Int, _ taken: inout [Int: Int]) -> String? {
        let location = unsafe info[value].location
        switch location.kind {
        case .constant, .deferred, .none: return nil
        case .register:
            let owner = unsafe owners[Int(location.number)]
            return owner == Int32(value) ? nil : "\(location.asRegister) belongs to %\(owner)"
        case .vector:
            let owner = unsafe vectorOwners[Int(location.number)]
            return owner == Int32(value) ? nil : "\(location.asVector) belongs to %\(owner)"
        case .pin, .vectorPin, .cell:
            if isAboutToBeWritten(value) { return nil }
            // Whoever overwrites the field looks through this list for those that still read it there.
            return (0..<aliases).contains { unsafe aliasList[$0] == Int32(value) } ? nil : "reads guest state without being known to"
        case .slot:
            for slot in Int(location.aux)..<Int(location.aux) + (unsafe ops[value].type.bits > 64 ? 2 : 1) {
                if let other = taken.updateValue(value, forKey: slot) { return "shares slot \(slot) with %\(other)" }
            }
            return nil
        }
    }

    /// A result may be made in the pinned register that the next operation writes it to, which then enters it into the list.
    private func isAboutToBeWritten(_ value: Int) -> Bool {
        let next = max(current + 1, resumeAt)
        return unsafe next < count && ops[next].opcode == .writeState && root(ops[next].a) == value
    }
}
