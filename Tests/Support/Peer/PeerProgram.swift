import Foundation

/// An image as a program for Linux, which an emulator of the distribution's runs: what that writes is what the image should leave.
public struct PeerProgram {
    /// e_machine and e_flags.
    public struct Architecture: Sendable {
        let machine: UInt16, flags: UInt32, is64Bit: Bool

        public static let riscv64 = Architecture(machine: 243, flags: 5, is64Bit: true)  // RVC, double floats
        public static let aarch64 = Architecture(machine: 183, flags: 0, is64Bit: true)
        public static let arm = Architecture(machine: 40, flags: 0x0500_0400, is64Bit: false)  // EABI version 5, hard float
    }

    /// The peer has not written what it was to write.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let architecture: Architecture
    private let image: [UInt8]
    private let base: UInt64, entry: UInt64

    /// - Parameter entry: where it starts; nil for its first byte.
    public init(_ architecture: Architecture, _ image: [UInt8], at base: UInt64, entry: UInt64? = nil) {
        (self.architecture, self.image, self.base, self.entry) = (architecture, image, base, entry ?? base)
    }

    /// Whether an emulator is installed (package qemu-user).
    public static func isInstalled(_ emulator: String) -> Bool { FileManager.default.isExecutableFile(atPath: path(emulator)) }

    private static func path(_ emulator: String) -> String { "/usr/bin/\(emulator)" }

    /// Runs it with a CPU of the emulator's.
    ///
    /// - Parameter name: what it is called if it fails.
    /// - Returns: its output, `size` bytes.
    public func run(_ name: String, in emulator: String, cpu: String, writing size: Int) throws -> [UInt8] {
        // In a folder of its own, where a core file may be left.
        let folder = NSTemporaryDirectory() + "apus-peer-\(UUID())", path = folder + "/program"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(executable).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: PeerProgram.path(emulator))
        process.arguments = ["-cpu", cpu, path]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        guard process.terminationStatus == 0, bytes.count == size else {
            throw Failure(description: "\(name): \(emulator) ended with \(process.terminationStatus) and \(bytes.count) bytes of \(size)")
        }
        return bytes
    }

    /// An ELF file with one segment that may be read, written and executed.
    private var executable: [UInt8] {
        let word = architecture.is64Bit ? 8 : 4
        var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, architecture.is64Bit ? 2 : 1, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        func number(_ value: UInt64, _ bytes: Int) { file += (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        number(2, 2)  // ET_EXEC
        number(UInt64(architecture.machine), 2)
        number(1, 4)
        number(entry, word)
        number(architecture.is64Bit ? 64 : 52, word)  // e_phoff
        number(0, word)
        number(UInt64(architecture.flags), 4)
        for value in architecture.is64Bit ? [64, 56, 1, 64, 0, 0] : [52, 32, 1, 40, 0, 0] as [UInt64] { number(value, 2) }
        number(1, 4)  // PT_LOAD
        if architecture.is64Bit { number(7, 4) }
        for value in [4096, base, base, UInt64(image.count), UInt64(image.count)] { number(value, word) }
        if !architecture.is64Bit { number(7, 4) }
        number(4096, word)
        return file + [UInt8](repeating: 0, count: 4096 - file.count) + image
    }
}
