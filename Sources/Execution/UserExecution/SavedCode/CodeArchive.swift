import Glibc

/// A file with the translations of one program or library, mapped read-only: a head, slots by address, records.
///
/// It is believed only if its owner is the user and nobody else can write it; beyond that, damage anywhere in it is found out (`CodeRecord`).
final class CodeArchive {
    /// What a file's code is good for.
    struct Key: Equatable {
        /// This build, the host's extensions, the guest's CPU model.
        var configuration: UInt64
        /// The module's content, and where it lies.
        var module: UInt64

        var fileName: String { "\(Key.digits(configuration))-\(Key.digits(module)).code" }

        private static func digits(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
    }

    /// magic, configuration, module, size of the file, count of slots, checksum of these.
    private static let head = 48
    private static let magic: UInt64 = 0x3145_444f_4353_5041
    /// A module's file has no more.
    static let mostBytes = 64 << 20

    private let bytes: UnsafeRawBufferPointer
    private let slotCount: Int

    /// Opens a module's file; nil if there is none that can be believed.
    init?(_ folder: String, _ key: Key) {
        let descriptor = unsafe open("\(folder)/\(key.fileName)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, CodeArchive.isOwn(status), status.st_mode & S_IFMT == S_IFREG,
            status.st_size >= CodeArchive.head, status.st_size <= CodeArchive.mostBytes
        else { return nil }
        let mapped = unsafe mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        unsafe bytes = UnsafeRawBufferPointer(start: mapped, count: status.st_size)
        let words = (0..<6).map { unsafe mapped.load(fromByteOffset: 8 * $0, as: UInt64.self) }
        slotCount = Int(truncatingIfNeeded: words[4])
        let expected = CodeArchive.headWords(key, size: status.st_size, slots: slotCount)
        let room = (status.st_size - CodeArchive.head) / 4
        guard words == expected, slotCount > 0, slotCount.nonzeroBitCount == 1, slotCount <= room else { return nil }
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

    static func isOwn(_ status: stat) -> Bool { status.st_uid == geteuid() && status.st_mode & 0o022 == 0 }

    private static func headWords(_ key: Key, size: Int, slots: Int) -> [UInt64] {
        let words = [magic, key.configuration, key.module, UInt64(size), UInt64(truncatingIfNeeded: slots)]
        return words + [unsafe words.withUnsafeBytes { unsafe CodeRecord.checksum($0) }]
    }

    private static func slot(_ pc: UInt64, _ count: Int) -> Int { Int(truncatingIfNeeded: (pc >> 1) &* 0x9e37_79b9_7f4a_7c15 >> 32) & (count - 1) }

    /// The record of a block.
    func find(_ pc: UInt64, _ flags: UInt64) -> CodeRecord.View? {
        var slot = CodeArchive.slot(pc, slotCount)
        for _ in 0..<slotCount {
            let place = Int(unsafe bytes.load(fromByteOffset: CodeArchive.head + 4 * slot, as: UInt32.self)) << 3
            if place == 0 { return nil }
            if let view = record(place), view.pc == pc, view.flags == flags { return view }
            slot = (slot + 1) & (slotCount - 1)
        }
        return nil
    }

    private func record(_ place: Int) -> CodeRecord.View? {
        place < bytes.count ? unsafe CodeRecord.View(UnsafeRawBufferPointer(rebasing: bytes[place...])) : nil
    }

    /// All records' bytes, one behind the other.
    private var records: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: bytes[CodeRecord.padded(CodeArchive.head + 4 * slotCount)...])
    }

    private struct BlockName: Hashable {
        let pc: UInt64
        let flags: UInt64
    }

    /// Writes a module's file anew, with the records of an older one and new ones, in a way that others see the old or the new one.
    ///
    /// - Parameter new: records, one behind the other.
    /// - Returns: whether it was written.
    @discardableResult
    static func write(_ folder: String, _ key: Key, old: CodeArchive?, new: [UInt8]) -> Bool {
        var places: [(pc: UInt64, flags: UInt64, place: Int)] = []
        var body: [UInt8] = []
        var known: Set<BlockName> = []
        func take(_ records: UnsafeRawBufferPointer) {
            var rest = unsafe records
            while let view = unsafe CodeRecord.View(rest) {
                if body.count + view.size < mostBytes / 2, known.insert(BlockName(pc: view.pc, flags: view.flags)).inserted {
                    places.append((view.pc, view.flags, body.count))
                    unsafe body.append(contentsOf: view.raw)
                }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[view.size...])
            }
        }
        // What was translated anew is better than what it is to replace.
        unsafe new.withUnsafeBytes { unsafe take($0) }
        if let old { unsafe take(old.records) }
        var slotCount = 64
        while slotCount < 2 * places.count { slotCount *= 2 }
        let start = CodeRecord.padded(head + 4 * slotCount)
        var slots = [UInt32](repeating: 0, count: (start - head) / 4)
        for entry in places {
            var slot = slot(entry.pc, slotCount)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32((start + entry.place) >> 3)
        }
        let words = headWords(key, size: start + body.count, slots: slotCount)
        let parts = unsafe [words.withUnsafeBytes { Array($0) }, slots.withUnsafeBytes { Array($0) }, body]
        return replace("\(folder)/\(key.fileName)", with: parts)
    }

    private static func replace(_ path: String, with parts: [[UInt8]]) -> Bool {
        // A file that may not grow so far would end the process with SIGXFSZ.
        guard parts.reduce(0, { $0 + UInt64($1.count) }) <= fileSizeLimit else { return false }
        let draft = "\(path).\(getpid())"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        let isWritten = parts.allSatisfy { part in
            unsafe part.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) } == part.count
        }
        close(descriptor)
        if isWritten, unsafe rename(draft, path) == 0 { return true }
        unlink(draft)
        return false
    }

    private static var fileSizeLimit: UInt64 {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        return UInt64(limit.rlim_cur)
    }

    /// Whether a name is that of an archive or its draft: `Key.fileName`, and for a draft a dot and the number of its process.
    private static func isArchive(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[1].elementsEqual("code".utf8) else { return false }
        let numbers = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let areDigits = numbers.count == 2 && numbers.allSatisfy { $0.count == 16 && UInt64(Substring($0), radix: 16) != nil }
        return areDigits && (parts.count == 2 || UInt32(Substring(parts[2])) != nil)
    }

    /// Removes the files that have not been written for the longest time until the rest has at most `most` bytes; drafts of processes that died go with them.
    static func evict(_ folder: String, most: Int) {
        guard let listing = unsafe opendir(folder) else { return }
        defer { unsafe closedir(listing) }
        var files: [(path: String, size: Int, time: Int)] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            var status = stat()
            guard isArchive(name), unsafe lstat("\(folder)/\(name)", &status) == 0, isOwn(status), status.st_mode & S_IFMT == S_IFREG else {
                continue
            }
            files.append(("\(folder)/\(name)", status.st_size, status.st_mtim.tv_sec))
        }
        var total = files.reduce(0) { $0 + $1.size }
        for file in files.sorted(by: { $0.time < $1.time }) where total > most {
            unlink(file.path)
            total -= file.size
        }
    }
}
