import CPUModel
import Diagnostics
import Glibc
import UserCatalog

/// `--binfmt`: the entries by which the kernel's binfmt_misc runs guests' programs with this file (Documentation/admin-guide/binfmt-misc.rst).
enum BinfmtEntries {
    private static let folder = "/proc/sys/fs/binfmt_misc"

    enum Action: String, CaseIterable {
        case print, register, unregister
    }

    /// Does what `ACTION[,FLAGS]` says, for the guests that are not the host.
    ///
    /// The flags, all four unless said otherwise: O opens the program for Apus, C takes its credentials too, F opens Apus at registration so
    /// that it is found in every chroot, P keeps the program's argv[0].
    static func run(_ text: String) throws(BinfmtError) -> String {
        let words = text.split(separator: ",", maxSplits: 1).map(String.init)
        guard let action = words.first.flatMap(Action.init) else { throw .unknownAction(text) }
        let flags = words.count > 1 ? words[1] : "OCFP"
        guard flags.allSatisfy({ "OCFP".contains($0) }) else { throw .unknownFlags(flags) }
        guard action != .unregister else {
            for guest in UserCatalog.guests { try write("-1", to: "qemu-" + guest.name) }
            return ""
        }
        let lines = try UserCatalog.guests.map { guest throws(BinfmtError) in try line(guest, flags) }
        if action == .print { return lines.joined(separator: "\n") }
        for line in lines { try write(line, to: "register") }
        return ""
    }

    /// `:name:M:offset:magic:mask:interpreter:flags`. The header's first 20 bytes decide: not its OSABI, and type 2 as well as 3.
    private static func line(_ guest: any LinuxABI, _ flags: String) throws(BinfmtError) -> String {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { throw .noPath }
        defer { unsafe free(path) }
        let elf = guest.elf
        func half(_ value: UInt16) -> [UInt8] {
            let (low, high) = (UInt8(value & 255), UInt8(value >> 8))
            return elf.isBigEndian ? [high, low] : [low, high]
        }
        let magic: [UInt8] =
            [0x7f, 0x45, 0x4c, 0x46, elf.is64Bit ? 2 : 1, elf.isBigEndian ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9) + half(2)
            + half(elf.machine)
        let mask = [UInt8](repeating: 0xff, count: 7) + [0] + [UInt8](repeating: 0xff, count: 8) + half(0xfffe) + half(0xffff)
        return ":qemu-\(guest.name):M::\(escaped(magic)):\(escaped(mask)):\(unsafe String(cString: path)):\(flags)"
    }

    private static func escaped(_ bytes: [UInt8]) -> String { bytes.map { "\\" + hex($0, digits: 2).dropFirst() }.joined() }

    private static func write(_ text: String, to name: String) throws(BinfmtError) {
        let path = folder + "/" + name
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(path, errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe bytes.withUnsafeBytes({ unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
            throw .cannotWrite(path, errno)
        }
    }
}

enum BinfmtError: ExplainedError {
    case unknownAction(String)
    case unknownFlags(String)
    case noPath
    case cannotWrite(String, Int32)

    var cause: String {
        switch self {
        case .unknownAction(let text): "--binfmt: '\(text)' is no action"
        case .unknownFlags(let flags): "--binfmt: '\(flags)' are no flags of binfmt_misc"
        case .noPath: "--binfmt: the path of this program cannot be found"
        case .cannotWrite(let path, let code): "--binfmt: cannot write '\(path)': \(unsafe String(cString: strerror(code)))"
        }
    }

    var remedy: String? {
        switch self {
        case .unknownAction: "accepted: " + BinfmtEntries.Action.allCases.map(\.rawValue).joined(separator: ", ")
        case .unknownFlags: "accepted: any of O, C, F, P"
        case .noPath: "mount /proc"
        case .cannotWrite(_, EEXIST): "unregister the entry that is there first"
        case .cannotWrite(_, ENOENT): "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc, or register first"
        case .cannotWrite: "run it as root"
        }
    }
}
