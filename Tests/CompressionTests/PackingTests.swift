import Compression
import Testing

/// zlib and Zstandard there and back.
@Suite struct PackingTests {
    private static let texts = [0, 1, 100, 1 << 20].map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 9) } }
    private static let noise: [UInt8] = {
        var state: UInt64 = 7
        return (0..<10_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
    }()

    @Test(arguments: texts.indices) func whatIsPackedIsUnpacked(_ index: Int) {
        let bytes = PackingTests.texts[index]
        for level in [1, 5, 9] {
            if let small = Zlib.pack(bytes, level: level) {
                #expect(small.count < bytes.count && Zlib.unpack(small[...], count: bytes.count) == bytes)
            } else {
                #expect(bytes.count <= 100)
            }
            if let small = Zstd.pack(bytes, level: level) {
                #expect(small.count < bytes.count && Zstd.unpack(small[...], count: bytes.count) == bytes)
            } else {
                #expect(bytes.count <= 100)
            }
        }
    }

    @Test func noiseStaysAsItIs() {
        #expect(Zlib.pack(PackingTests.noise) == nil && Zstd.pack(PackingTests.noise, level: 1) == nil)
    }

    @Test func damageAndOtherLengthsAreFound() throws {
        let bytes = PackingTests.texts[3]
        let streams = [(try #require(Zlib.pack(bytes)), Zlib.unpack), (try #require(Zstd.pack(bytes, level: 1)), Zstd.unpack)]
        for (small, unpack) in streams {
            #expect(unpack(small[...], bytes.count - 1) == nil && unpack(small[...], bytes.count + 1) == nil)
            for count in stride(from: 0, to: small.count, by: max(1, small.count / 50)) { #expect(unpack(small[..<count], bytes.count) == nil) }
            // A part of a larger array.
            #expect(unpack(([1, 2] + small + [3])[2..<small.count + 2], bytes.count) == bytes)
        }
    }
}
