import Compression
import Foundation
import Testing

@Suite struct GzipTests {
    /// What the host's gzip makes of bytes.
    private func packed(_ bytes: [UInt8]) throws -> [UInt8] {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())").path
        try Data(bytes).write(to: URL(filePath: path))
        let process = try Process.run(URL(filePath: "/bin/gzip"), arguments: ["-f", path])
        process.waitUntilExit()
        defer { try? FileManager.default.removeItem(atPath: path + ".gz") }
        return [UInt8](try Data(contentsOf: URL(filePath: path + ".gz")))
    }

    @Test(arguments: [0, 1, 1 << 18, 3_000_000]) func itUnpacksWhatGzipPacks(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let small = try packed(bytes)
        #expect(Gzip.isGzip(small))
        #expect(try Gzip.unpack(small, limit: 4_000_000) == bytes)
    }

    @Test func damageIsFound() throws {
        let good = try packed((0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        for length in stride(from: 0, to: good.count, by: max(1, good.count / 40)) {
            #expect(throws: CompressionError.self) { try Gzip.unpack(Array(good.prefix(length)), limit: 1 << 20) }
        }
        var changed = good
        changed[good.count - 6] ^= 1
        #expect(throws: CompressionError.self, "the checksum is checked") { try Gzip.unpack(changed, limit: 1 << 20) }
    }

    @Test func aBombIsStopped() throws {
        let bomb = try packed([UInt8](repeating: 0, count: 8 << 20))
        #expect(throws: CompressionError.self) { try Gzip.unpack(bomb, limit: 1 << 20) }
    }
}
