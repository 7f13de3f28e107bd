import AddressSpace
import Foundation
import MachineModel
import Migration
import QAPI
import RandomIR
import Testing

/// Streams of whole machines.
@Suite struct StreamTests {
    private let guest = "riscv64"
    /// Takes what is likely to be refused.
    private let victim: Machine

    init() throws { victim = try Machines.tiny("riscv64") }

    /// A machine with something in its memory.
    private func source() throws -> (machine: Machine, stream: [UInt8]) {
        let machine = try Machines.tiny(guest)
        machine.memory.write(0x3ffe, [1, 2, 3, 4])
        machine.memory.write(0xf000, [5])
        machine.cpus[0].header.pc = 0x4000
        machine.loop.setVirtualTime(1_000_000)
        return (machine, WholeStream.write(machine, guest: guest, state: .running))
    }

    private func read(_ stream: [UInt8]) throws -> (Machine, RunState) {
        let machine = try Machines.tiny(guest)
        return (machine, try WholeStream.read(stream, into: machine, guest: guest))
    }

    private func refusal(_ stream: [UInt8]) -> String {
        do { _ = try WholeStream.read(stream, into: victim, guest: guest) } catch { return (error as? MigrationError)?.cause ?? "\(error)" }
        return "accepted"
    }

    @Test func aMachineGoesRound() throws {
        let (machine, stream) = try source()
        let (copy, state) = try read(stream)
        #expect(state == .running && copy.memory.read(0, count: 0x1_0000) == machine.memory.read(0, count: 0x1_0000))
        #expect(MachineState.save(copy) == MachineState.save(machine) && copy.cpus[0].header.pc == 0x4000)
        #expect(WholeStream.write(copy, guest: guest, state: .running) == stream)
        #expect(stream.count < 40_000, "pages of zeros take no room")
    }

    @Test func memoryThatWasNotZeroBecomesSo() throws {
        let (_, stream) = try source()
        let machine = try Machines.tiny(guest)
        machine.memory.write(0x8000, [9, 9, 9])
        _ = try WholeStream.read(stream, into: machine, guest: guest)
        #expect(machine.memory.read(0x8000, count: 3) == [0, 0, 0])
    }

    @Test func aTornStreamIsRefusedWhereverItIsTorn() throws {
        let (_, stream) = try source()
        for count in 0..<stream.count { #expect(refusal(Array(stream.prefix(count))) == MigrationError.cutOff.cause, "\(count) bytes") }
    }

    @Test func aChangedBitIsNoticedWhereverItIs() throws {
        let (_, stream) = try source()
        for place in stream.indices {
            var changed = stream
            changed[place] ^= 1 << UInt8(place % 8)
            #expect(refusal(changed) != "accepted", "byte \(place)")
        }
    }

    @Test func strangersAreRefusedByName() throws {
        #expect(refusal(Array("QEVM".utf8) + [0, 0, 0, 3, 1]) == MigrationError.qemuStream.cause)
        #expect(refusal(Array("hello, world".utf8)) == MigrationError.notAStream.cause)
        var (_, newer) = try source()
        newer[8] = 2
        #expect(refusal(newer) == MigrationError.otherVersion(2, known: 1).cause)
        let board = WholeStream.write(try Machines.board("riscv64"), guest: "riscv64", state: .paused)
        #expect(refusal(board) == "the stream is of another machine: it is a 'virt', and this one a 'tiny'")
        let two = try Machines.board("riscv64", cpus: 1)
        #expect(throws: MigrationError.self) { try WholeStream.read(board, into: two, guest: "riscv64") }
        let arm = try Machines.tiny("aarch64")
        do {
            _ = try WholeStream.read(try source().stream, into: arm, guest: "aarch64")
            Issue.record("accepted")
        } catch { #expect("\(error)".contains("its guest is riscv64")) }
    }

    @Test func sectionsMustBeComplete() throws {
        let sections = Sections(try source().stream)
        #expect(refusal(sections.bytes) == "accepted")
        for index in sections.all.indices {
            var fewer = sections
            fewer.all.remove(at: index)
            #expect(refusal(fewer.bytes) != "accepted", "without section \(index)")
            // Behind the end nobody reads.
            if index == sections.all.count - 1 { continue }
            var twice = sections
            twice.all.insert(sections.all[index], at: index)
            #expect(refusal(twice.bytes) != "accepted", "with section \(index) twice")
        }
    }

    /// What is within sections may be anything, with the right checksum too.
    @Test func damageNeverTraps() throws {
        let sections = Sections(try source().stream)
        let machine = try Machines.tiny(guest)
        var random = SplitMix(5)
        var refused = 0
        for round in 0..<20_000 {
            var changed = sections
            let part = Int.random(in: changed.all.indices, using: &random)
            if round % 3 == 0 {
                changed.all[part].removeLast(Int.random(in: 0...min(20, changed.all[part].count - 5), using: &random))
                changed.all[part] += (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // Where the numbers are that say what follows.
                let place = Int.random(in: 0..<min(changed.all[part].count, 200), using: &random)
                if place == 0 || place > 4 { changed.all[part][place] = UInt8.random(in: 0...255, using: &random) }
            }
            do { _ = try WholeStream.read(changed.bytes, into: machine, guest: guest) } catch { refused += 1 }
        }
        #expect(refused > 10_000)
    }

    /// What was once written down can be read for ever. `APUS_NEW_STREAMS` writes a new one.
    @Test(arguments: ["riscv64", "aarch64"]) func olderStreamsLoad(_ guest: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden/streams")
        let file = folder.appending(path: "version1-\(guest).apus")
        if ProcessInfo.processInfo.environment["APUS_NEW_STREAMS"] != nil {
            let machine = try Machines.tiny(guest)
            machine.memory.write(0x1234, Array("an older stream".utf8))
            machine.cpus[0].header.pc = 0x1000
            machine.loop.setVirtualTime(5_000_000_000)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(WholeStream.write(machine, guest: guest, state: .paused)).write(to: file)
        }
        let machine = try Machines.tiny(guest)
        #expect(try WholeStream.read([UInt8](Data(contentsOf: file)), into: machine, guest: guest) == .paused)
        #expect(machine.memory.read(0x1234, count: 15) == Array("an older stream".utf8))
        #expect(machine.cpus[0].header.pc == 0x1000 && machine.loop.now(.virtual) == 5_000_000_000)
    }
}
