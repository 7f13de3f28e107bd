import CHost
import Diagnostics
import Glibc
import HostCode

/// Blocks that come from a former process, and go to a later one.
extension UserEngine {
    /// Lets translations of programs and libraries outlive the process, in a folder of the user's.
    ///
    /// - Parameter model: names the guest's CPU model.
    /// - Returns: false if the folder is not there, or is not the user's alone.
    @discardableResult
    public func keepCode(in folder: String, model: String) -> Bool {
        // In a range of its own the guest's memory lies elsewhere each time. What is logged is to be seen. Where address space is scarce it is
        // the program's.
        guard !UserEngine.hasScarceAddresses,
            memory.base == 0, !memory.isReserved, !options.singleStep, !Log.isEnabled([.inAsm, .op, .opOpt, .outAsm, .noChain]), let generator,
            let build = BuildIdentity.number
        else { return true }
        let words = [build, UInt64(apus_x86_extensions()), UInt64(generator.memory.permanent), options.loopThreshold == nil ? 0 : 1]
        let text = Array("\(guest.name) \(model)".utf8)
        let bytes = words.reduce(into: [UInt8]()) { $0.append($1) } + text + [UInt8](repeating: 0, count: 8)
        let configuration = unsafe bytes.withUnsafeBytes { unsafe CodeRecord.checksum($0) }
        memory.savedCode = SavedCode(folder: folder, configuration: configuration)
        generator.keepsPortable = memory.savedCode != nil
        return generator.keepsPortable
    }

    private static var hasScarceAddresses: Bool {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        return UInt64(limit.rlim_cur) != .max
    }

    /// The process ends, or becomes another program: what was translated anew is kept.
    public func saveCode() {
        guard let savedCode = memory.savedCode else { return }
        memory.lock.withLock { savedCode.save() }
    }

    /// A block of a former process, if there is one for the bytes that are there now. Needs the lock.
    func restoredBlock(_ pc: UInt64, _ flags: UInt64) -> UserBlock? {
        let address = guest.codeAddress(pc)
        guard let savedCode = memory.savedCode, let generator, debugPoints.isEmpty, !uncounted.contains(UserBlock.Key(pc: pc, flags: flags).mixed),
            let region = memory.region(at: address), region.protection.contains(.execute), let view = savedCode.find(region, pc, flags),
            view.guestByteCount > 0, UInt64(view.guestByteCount) <= region.end - address
        else { return nil }
        let numbers = UserEngine.pages(address..<address + UInt64(view.guestByteCount))
        if numbers.contains(where: { pages[$0]?.isCompared == true }) { return nil }
        for number in numbers { watch(number) }
        guard let parts = unsafe view.parts(), unsafe memory.holds(parts.guestBytes, at: address),
            let code = unsafe generator.adopt(parts.code, pc: pc)
        else { return nil }
        savedCode.noteTaken(region, pc)
        logCode(code, pc)
        let block = UserBlock(pc: pc, flags: flags, code: code, ir: nil, comparedBytes: nil)
        add(block, numbers)
        return block
    }

    /// Keeps the block that has been compiled last for later processes. One whose loop has been seen to would not count it again: it is not kept.
    func keepBlock(_ code: CompiledBlock, _ pc: UInt64, _ flags: UInt64, byteCount: Int) {
        let address = guest.codeAddress(pc)
        guard let savedCode = memory.savedCode, debugPoints.isEmpty, !uncounted.contains(UserBlock.Key(pc: pc, flags: flags).mixed),
            let region = memory.region(at: address), savedCode.keeps(region, pc), UInt64(byteCount) <= region.end - address,
            // What has been translated: a file that is overwritten in place may have changed since.
            let bytes = reader.copied(byteCount), let portable = generator?.portable(code, pc: pc)
        else { return }
        savedCode.keep(region, CodeRecord(pc: pc, flags: flags, guestBytes: bytes, code: portable))
    }
}
