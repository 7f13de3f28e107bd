import Glibc
import HostCode

/// Translations that outlive their process (decision 20). A program or library that is mapped where nobody asks for another place comes to an
/// address that its content decides; so its code, in which addresses are written out, is good for the next process that maps it.
///
/// All of it is guarded by the lock of the guest's memory.
public final class SavedCode {
    private let folder: String
    /// The folder's device and number: after chroot the path may name another one.
    private let place: (device: dev_t, number: ino_t)
    private let configuration: UInt64
    private var modules: [Module] = []
    private var last: Module?
    /// Rooms reserved so far.
    private var reservations: UInt64 = 0

    /// What has been mapped of a file that code can be kept of.
    private final class Module {
        let range: Range<UInt64>
        let file: String
        let key: CodeArchive.Key
        let archive: CodeArchive?
        /// Records that the archive has not, one behind the other, and their number.
        var new: [UInt8] = []
        var newCount = 0
        /// Blocks that were taken from the archive.
        var taken = 0

        init(_ range: Range<UInt64>, _ file: String, _ key: CodeArchive.Key, _ archive: CodeArchive?) {
            self.range = range
            self.file = file
            self.key = key
            self.archive = archive
        }
    }

    /// Fewer new blocks of a module are not worth a new file.
    private static let worthwhile = 16
    /// Bytes of a folder's files.
    private static let mostBytes = 512 << 20
    /// Where modules come to: places of 64 MiB.
    private static let places = (first: UInt64(0x7b00_0000_0000), count: UInt64(49_152), shift: UInt64(26))

    /// - Parameters:
    ///   - folder: a folder of the user's that nobody else can write; it is made if it is not there.
    ///   - configuration: a number for all that code depends on beside the guest's bytes.
    /// - Returns: nil if there is no such folder.
    public init?(folder: String, configuration: UInt64) {
        mkdir(folder, 0o700)
        var status = stat()
        guard unsafe stat(folder, &status) == 0, CodeArchive.isOwn(status), status.st_mode & S_IFMT == S_IFDIR else { return nil }
        self.folder = folder
        self.configuration = configuration
        place = (status.st_dev, status.st_ino)
    }

    /// Whether the path still names the folder that was looked at.
    private var isThere: Bool {
        var status = stat()
        return unsafe stat(folder, &status) == 0 && status.st_dev == place.device && status.st_ino == place.number
    }

    // MARK: Modules

    /// A number for what is in a file that holds a program or library: of its first page, where linkers put the identity of a build, and its size. nil for
    /// other files. Files of the same number need not be the same: blocks are compared byte by byte.
    public func identity(of descriptor: Int32) -> UInt64? {
        var page = [UInt8](repeating: 0, count: 4096)
        guard unsafe pread(descriptor, &page, 4096, 0) >= 64, page.prefix(4) == [0x7f, 0x45, 0x4c, 0x46] else { return nil }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        page.append(UInt64(status.st_size))
        return unsafe page.withUnsafeBytes { unsafe CodeRecord.checksum($0) }
    }

    /// Where a file of that identity is to come to.
    public func place(_ identity: UInt64) -> UInt64 {
        let places = SavedCode.places
        let number = (identity >> 20) % places.count
        return places.first + (number << places.shift)
    }

    /// Where the next room comes to that a loader reserves without saying for what; nil if it is too large for a library.
    func nextReservation(_ length: UInt64) -> UInt64? {
        guard length <= 1 << SavedCode.places.shift else { return nil }
        reservations += 1
        return place(reservations &* 0x9e37_79b9_7f4a_7c15)
    }

    /// Whether an address is the beginning of a place.
    func isReservation(_ address: UInt64) -> Bool {
        let places = SavedCode.places
        guard address >= places.first, address & (1 << places.shift - 1) == 0 else { return false }
        return (address - places.first) >> places.shift < places.count
    }

    /// A file has been mapped, all of it at once or reserved for it.
    public func add(_ range: Range<UInt64>, file: String, identity: UInt64) {
        modules.removeAll { $0.range.overlaps(range) }
        last = nil
        // A program without a place of its own is where its linker wanted it: the place belongs to what the code depends on.
        let key = CodeArchive.Key(configuration: configuration, module: identity ^ range.lowerBound &* 0x9e37_79b9_7f4a_7c15)
        modules.append(Module(range, file, key, isThere ? CodeArchive(folder, key) : nil))
    }

    /// The module that a region belongs to.
    private func module(_ region: GuestRegion, _ pc: UInt64) -> Module? {
        if let last, last.range.contains(pc), region.file == last.file { return last }
        guard region.file != nil, let found = modules.first(where: { $0.range.contains(pc) }), found.file == region.file else { return nil }
        last = found
        return found
    }

    // MARK: Blocks

    /// The saved block for an address, whose bytes the caller has to compare with the guest's.
    func find(_ region: GuestRegion, _ pc: UInt64, _ flags: UInt64) -> CodeRecord.View? { module(region, pc)?.archive?.find(pc, flags) }

    func noteTaken(_ region: GuestRegion, _ pc: UInt64) { module(region, pc)?.taken += 1 }

    /// Whether a block at an address would be kept.
    func keeps(_ region: GuestRegion, _ pc: UInt64) -> Bool { module(region, pc).map { $0.new.count < CodeArchive.mostBytes / 4 } ?? false }

    func keep(_ region: GuestRegion, _ record: CodeRecord) {
        guard let module = module(region, record.pc) else { return }
        module.new += record.encoded()
        module.newCount += 1
    }

    /// Writes what is new, where it is worth it. Its process ends, or becomes another program.
    public func save() {
        guard isThere else { return forgetNew() }
        var isChanged = false
        for module in modules where module.newCount >= max(SavedCode.worthwhile, module.taken / 16) {
            // Other processes may have written since the module was mapped.
            let old = CodeArchive(folder, module.key) ?? module.archive
            isChanged = CodeArchive.write(folder, module.key, old: old, new: module.new) || isChanged
            module.new = []
            module.newCount = 0
        }
        if isChanged { CodeArchive.evict(folder, most: SavedCode.mostBytes) }
    }

    /// Keeps nothing of what is new: in the child of a fork it is its parent's to save; a folder that is gone takes nothing.
    func forgetNew() {
        for module in modules {
            module.new = []
            module.newCount = 0
        }
    }
}
