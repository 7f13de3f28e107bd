import Decoding
import Foundation
import GuestARM
import Peer
import Testing

/// Rows alone and random streams of them, in the interpreter, as host code, and in the distribution's qemu-arm.
@Suite struct StreamTests {
    private static let peer = "qemu-arm"
    private static let isInstalled = PeerProgram.isInstalled(peer)
    private static let isFull = ProcessInfo.processInfo.environment["APUS_FULL_TESTS"] != nil
    private static let sets: [ARMInstructionSet] = [.a32, .t32]

    private static func rows(_ set: ARMInstructionSet) -> [DecodeRow] {
        let only = ProcessInfo.processInfo.environment["APUS_ROWS"]?.split(separator: ",").map(String.init)
        return RandomInstructions.rows(set).filter { only?.contains($0.mnemonic) ?? true }
    }

    /// Every row is executed with random operands; interpreter and generated code leave the same machine.
    @Test(arguments: sets) func everyRowIsExecutedAndAgrees(_ set: ARMInstructionSet) throws {
        let rows = StreamTests.rows(set)
        for round in 0..<4 {
            let batch = try rowBatch(set, rows, round: round)
            let runs = try ElementEngine.allCases.map { try ARMImage.run(batch.image, $0) }
            for run in runs {
                // The calls that write the results are for Linux.
                let other = run.passed.first { $0.kind != .supervisorCall }
                #expect(other == nil)
            }
            let left = try runs.map { try $0.bytes(batch.results, batch.resultSize) }
            guard let place = left[0].indices.first(where: { left[0][$0] != left[1][$0] }) else { continue }
            let values = left.map { String(word($0, at: place & ~3), radix: 16) }
            Issue.record("\(batch.name(place)) is \(values[0]) interpreted and \(values[1]) as host code")
            return
        }
    }

    /// The same rows leave what they leave in the peer.
    @Test(.enabled(if: isInstalled, "qemu-arm is not installed (package qemu-user)"), arguments: sets)
    func everyRowAgreesWithThePeer(_ set: ARMInstructionSet) throws {
        let rows = StreamTests.rows(set)
        var differing: [String: String] = [:]
        for round in 0..<(StreamTests.isFull ? 40 : 2) {
            let batch = try rowBatch(set, rows, round: round)
            let peer = try runPeer(batch)
            let own = try ARMImage.run(batch.image, .translator).bytes(batch.results, batch.resultSize)
            for place in stride(from: 0, to: own.count, by: 4) where word(own, at: place) != word(peer, at: place) {
                let name = batch.name(place)
                let values = "\(String(word(own, at: place), radix: 16)), the peer says \(String(word(peer, at: place), radix: 16))"
                let key = name.split(separator: ",").dropFirst().first.map { $0.split(separator: " ").first.map(String.init) ?? "" } ?? "the buffer"
                if differing[key] == nil { differing[key] = "\(name) is \(values)" }
            }
        }
        for text in differing.sorted(by: { $0.key < $1.key }) { Issue.record("\(text.value)") }
    }

    private func rowBatch(_ set: ARMInstructionSet, _ rows: [DecodeRow], round: Int) throws -> StreamBatch {
        try StreamBatch(set, seeds: rows.indices.map { UInt64($0 + 1000 * round) }, length: 1) { [rows[$0]] }
    }

    @Test(.enabled(if: isInstalled, "qemu-arm is not installed (package qemu-user)"), arguments: sets)
    func streamsAgreeWithThePeer(_ set: ARMInstructionSet) throws {
        let rows = StreamTests.rows(set)
        let wanted = StreamTests.isFull ? 500_000 : 10_000
        var instructions = 0
        var seed: UInt64 = 1
        while instructions < wanted {
            let batch = try StreamBatch(set, seeds: (0..<100).map { seed + UInt64($0) }, length: 60) { _ in rows }
            seed += 100
            instructions += batch.instructions
            if let difference = try difference(batch) {
                Issue.record("\(difference)\n\(try reduced(batch, rows))")
                return
            }
        }
    }

    /// The first difference among the three ways of running; nil for none.
    private func difference(_ batch: StreamBatch) throws -> String? {
        let peer = try runPeer(batch)
        for engine in ElementEngine.allCases {
            let run = try ARMImage.run(batch.image, engine)
            if let first = run.passed.first(where: { $0.kind != .supervisorCall }) { return "\(engine.rawValue): \(first)" }
            let own = try run.bytes(batch.results, batch.resultSize)
            guard let place = own.indices.first(where: { own[$0] != peer[$0] }) else { continue }
            let (mine, theirs) = (word(own, at: place & ~3), word(peer, at: place & ~3))
            let values = "\(String(mine, radix: 16)), the peer says \(String(theirs, radix: 16))"
            return "\(engine.rawValue): \(batch.name(place)) is \(values)"
        }
        return nil
    }

    /// The shortest beginning of the stream that differs first, alone.
    private func reduced(_ batch: StreamBatch, _ rows: [DecodeRow]) throws -> String {
        for seed in batch.seeds {
            guard try difference(StreamBatch(batch.set, seeds: [seed], length: batch.length) { _ in rows }) != nil else { continue }
            for length in 1...batch.length {
                let short = try StreamBatch(batch.set, seeds: [seed], length: batch.length, lastLength: length) { _ in rows }
                guard let text = try difference(short) else { continue }
                return "\(length) pieces of the stream \(seed), the last is \(short.lastPiece): \(text)"
            }
        }
        return "no part of the batch differs"
    }

    private func runPeer(_ batch: StreamBatch) throws -> [UInt8] {
        try batch.program.run("seeds from \(batch.seeds[0])", in: StreamTests.peer, cpu: "max", writing: batch.resultSize)
    }
}
