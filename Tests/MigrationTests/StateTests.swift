import AddressSpace
import MachineModel
import RandomIR
import Snapshot
import Testing

/// The state of machines, written down and filled in.
@Suite struct StateTests {
    /// One number in a snapshot's bytes, by where it is.
    private struct Number {
        let field: String
        let place: Int
        let width: Int
    }

    /// Where the numbers of a snapshot are (SnapshotStream.swift: name, width, count, numbers).
    private func numbers(_ bytes: [UInt8]) -> [Number] {
        func word(_ place: Int, _ width: Int) -> Int { (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        var found: [Number] = []
        var place = 5
        while place < bytes.count {
            let length = word(place, 2)
            let name = String(decoding: bytes[place + 2..<place + 2 + length], as: UTF8.self)
            let width = Int(bytes[place + 2 + length] & 0x7f)
            let count = word(place + 3 + length, 4)
            place += 7 + length
            for index in 0..<count { found.append(Number(field: name, place: place + index * width, width: width)) }
            place += count * width
        }
        return found
    }

    private func load(_ sections: [StateSection], into machine: Machine) throws {
        try MachineState.load(sections, into: machine, setTime: machine.loop.setVirtualTime)
    }

    @Test(arguments: ["riscv64", "riscv32", "aarch64", "arm"]) func aBoardGoesRound(_ guest: String) throws {
        let first = try Machines.board(guest), second = try Machines.board(guest)
        first.loop.setVirtualTime(123_456_789_000)
        let saved = MachineState.save(first)
        #expect(saved.count == 1 + first.devices.count + first.cpus.count && saved[0].path == "clock")
        try load(saved, into: second)
        #expect(MachineState.save(second) == saved)
        #expect(second.loop.now(.virtual) == 123_456_789_000)
    }

    /// Sets a field of a part that holds one number, or the first of several.
    private func set(_ field: String, _ value: UInt64, in section: inout StateSection) throws {
        let number = try #require(numbers(section.bytes).first { $0.field == field }, "\(field)")
        for byte in 0..<number.width { section.bytes[number.place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
    }

    /// Whether a wire into a hart or an interrupt controller is pulled.
    private func hasInterrupt(_ sections: [StateSection]) -> Bool {
        sections.contains { section in
            numbers(section.bytes).contains { number in
                ["mip.pins", "interrupts.level"].contains(number.field)
                    && section.bytes[number.place..<number.place + number.width].contains { $0 != 0 }
            }
        }
    }

    /// A timer that is due when the machine stops, before the loop has looked at it, has made its interrupt when the state is written down.
    @Test(
        arguments: [
            ("riscv64", "cpu[0]", ["menvcfg": 1 << 63, "stimecmp": 10_000]), ("riscv64", "riscv.aclint", ["mtimecmp": 10_000]),
            ("aarch64", "cpu[0]", ["system.cntv_ctl_el0": 1, "system.cntv_cval_el0": 62_500]),
            ("aarch64", "cpu[0]", ["system.cntp_ctl_el0": 1, "system.cntp_cval_el0": 62_500]),
            ("arm", "cpu[0]", ["system.cntv_ctl": 1, "system.cntv_cval": 62_500]),
        ] as [(String, String, [String: UInt64])])
    func aDueTimerIsSaved(_ guest: String, _ part: String, _ fields: [String: UInt64]) throws {
        let first = try Machines.board(guest), second = try Machines.board(guest)
        var armed = MachineState.save(first)
        let index = try #require(armed.firstIndex { $0.path == part || $0.kind == part })
        for (field, value) in fields { try set(field, value, in: &armed[index]) }
        try load(armed, into: first)
        #expect(!hasInterrupt(MachineState.save(first)))
        // The timer is due after a millisecond, and nobody runs the loop.
        first.loop.lock.withLock { first.loop.setVirtualClockPaused(false) }
        while first.loop.now(.virtual) < 1_000_000 {}
        first.loop.lock.withLock { first.loop.setVirtualClockPaused(true) }
        let due = MachineState.save(first)
        #expect(hasInterrupt(due))
        try load(due, into: second)
        #expect(MachineState.save(second) == due)
    }

    /// Every register of a vCPU, one by one and all at once: what is accepted is there afterwards, and nothing traps.
    @Test(arguments: ["riscv64", "aarch64", "arm"]) func everyRegisterGoesRound(_ guest: String) throws {
        let machine = try Machines.tiny(guest)
        let saved = MachineState.save(machine)
        let index = try #require(saved.firstIndex { $0.path == "cpu[0]" })
        var random = SplitMix(11)
        var accepted: Set<String> = []
        let target = try Machines.tiny(guest)
        // Pins of timers follow from registers and the time; where an element starts means something only while it is about to.
        let derived: Set = ["mip.pins", "stimecmp", "menvcfg", "power.pc", "power.argument", "power.level"]
        for number in numbers(saved[index].bytes) {
            let bit = UInt64(1) << UInt64.random(in: 0..<UInt64(8 * number.width), using: &random)
            // The last is a value of FPCR and FPSR that they can have.
            for value in [0, 1, bit, UInt64.random(in: 0...255, using: &random), UInt64.random(in: 0...UInt64.max, using: &random), 0x0800_0000] {
                var changed = saved
                for byte in 0..<number.width { changed[index].bytes[number.place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
                guard (try? load(changed, into: target)) != nil else { continue }
                if derived.contains(number.field) { continue }
                accepted.insert(number.field)
                #expect(MachineState.save(target)[index] == changed[index], "\(number.field)")
                _ = target.cpus[0].takeInterrupt()
            }
        }
        let names =
            guest == "arm"
            ? ["pc", "r", "v", "high_banks", "sp_banks", "lr_banks", "spsr", "fpexc", "system.sctlr", "system.ttbr0", "system.vbar", "pmccntr"]
            : guest == "riscv64"
                ? ["pc", "x", "f", "fflags", "frm", "mstatus", "mepc", "sscratch", "mcycle", "pmpaddr"]
                : [
                    "pc", "x", "v", "nzcv", "fpcr", "fpsr", "halted", "system.ttbr0_el1", "system.vbar_el1", "system.sctlr_el1", "system.tpidr_el0",
                    "system.cntvoff_el2",
                    "system.apiakeylo_el1", "pmccntr_el0", "lines",
                ]
        for name in names { #expect(accepted.contains(name), "\(name)") }
    }

    /// Damaged states are refused or accepted, and never trap.
    @Test(arguments: ["riscv64", "aarch64", "arm"]) func damageNeverTraps(_ guest: String) throws {
        let saved = MachineState.save(try Machines.board(guest))
        let target = try Machines.board(guest)
        var random = SplitMix(3)
        var refused = 0
        for _ in 0..<3000 {
            var changed = saved
            let part = Int.random(in: changed.indices, using: &random)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !changed[part].bytes.isEmpty {
                let place = Int.random(in: changed[part].bytes.indices, using: &random)
                changed[part].bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            do { try load(changed, into: target) } catch { refused += 1 }
        }
        #expect(refused > 100)
        try load(saved, into: target)
        #expect(MachineState.save(target) == saved)
    }

    @Test func whatDoesNotFitIsRefusedByName() throws {
        let machine = try Machines.tiny("riscv64")
        let saved = MachineState.save(machine)
        func refusal(_ change: (inout [StateSection]) -> Void) -> String {
            var changed = saved
            change(&changed)
            do { try load(changed, into: machine) } catch { return (error as? MachineStateError)?.cause ?? "\(error)" }
            return "accepted"
        }
        #expect(refusal { _ in } == "accepted")
        #expect(refusal { $0.removeLast() } == "the saved state has nothing of cpu[0] (riscv64)")
        #expect(refusal { $0[2].kind = "pl011" } == "device[1] is 'pl011' in the saved state, and 'serial' here")
        #expect(refusal { $0[1].version = 9 }.contains("version 9 of its state, and versions up to 1"))
        #expect(refusal { $0.append(StateSection(path: "device[7]", kind: "x", version: 1, bytes: [])) }.contains("a part device[7] (x)"))
        #expect(refusal { $0[3].bytes = [] }.hasPrefix("device[2] (goldfish_rtc): "))
        let other = RISCVMachine.other()
        #expect(refusal { $0[4] = other }.contains("isa is 'rv32"))
    }

    private enum RISCVMachine {
        static func other() -> StateSection {
            guard let machine = try? Machines.board("riscv32", cpus: 1), var part = MachineState.save(machine).last else {
                preconditionFailure("the other machine cannot be made")
            }
            part.kind = "riscv64"
            return part
        }
    }

    @Test func newFieldsMayBeMissingInOldStates() throws {
        struct State: SnapshotState {
            var first: UInt8 = 1
            var second: UInt8 = 2
            mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
                visitor.field("first", &first)
                visitor.field("second", since: 2, &second)
            }
        }
        var old = SnapshotWriter()
        var number: UInt8 = 7
        old.field("first", &number)
        var state = State()
        var reader = try SnapshotReader(old.bytes, version: 1)
        state.visit(&reader)
        try reader.finish()
        #expect(state.first == 7 && state.second == 2)
        var strict = try SnapshotReader(old.bytes, version: 2)
        state.visit(&strict)
        #expect(throws: SnapshotError.missing("second")) { try strict.finish() }
    }
}
