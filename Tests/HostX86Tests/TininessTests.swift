import IR
import Interpreter
import RandomIR
import Testing

/// Underflow of results that are rounded up to the least normal number, where tininess is detected before rounding; and flushing to zero.
/// The interpreter is the oracle.
@Suite struct TininessTests {
    /// Factors whose product lies within a few units of the least normal double, or is subnormal or a zero.
    private func factors(_ random: inout SplitMix) -> (UInt64, UInt64) {
        let exponent = UInt64(1 + random.below(1023))
        let bits = random.pick([0, 1, 2, 0xf_ffff_ffff_ffff, 0xf_ffff_ffff_fffe, random.next() >> 12])
        let other = random.pick([0, 1, 0xf_ffff_ffff_ffff, 0xf_ffff_ffff_fffd, random.next() >> 12])
        let partner = UInt64(1024 - min(Int(exponent), 1023) - random.below(2))
        return ((random.next() & 1) << 63 | exponent << 52 | bits, (random.next() & 1) << 63 | partner << 52 | other)
    }

    private func compare(_ make: (inout IRBlock) -> Void) throws -> (underflows: Int, leastNormals: Int) {
        let machine = try HostMachine()
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        var block = IRBlock()
        block.reset(pc: 0x1000)
        make(&block)
        block.goto(0x2000)
        let guests = [TestGuest(seed: 1), TestGuest(seed: 1)]
        let prepared = machine.prepare(block)
        let run = try #require(prepared)
        var random = SplitMix(11)
        var counts = (underflows: 0, leastNormals: 0)
        for index in 0..<20_000 {
            let (a, b) = factors(&random)
            for guest in guests {
                guest.write("x0", a)
                guest.write("x1", b)
                guest.header.roundingMode = UInt32(index % 4)
                guest.header.floatFlags = 0
            }
            _ = interpreter.run(block, guests[0].header)
            run(guests[1])
            let outcomes = guests.map { ($0.read("x2"), $0.header.floatFlags) }
            #expect(outcomes[0] == outcomes[1], "mode \(index % 4), \(String(a, radix: 16)) and \(String(b, radix: 16))")
            if outcomes[0] != outcomes[1] { break }
            let isUnderflow = FloatStatus(rawValue: outcomes[0].1).contains(.underflow)
            if isUnderflow { counts.underflows += 1 }
            if isUnderflow, outcomes[0].0 & .max >> 1 == 1 << 52 { counts.leastNormals += 1 }
        }
        return counts
    }

    private static let rules = [FloatAttributes(nan: .arm, tinyBefore: true), FloatAttributes(tinyBefore: true)]

    @Test(arguments: rules) func productsAgree(_ attributes: FloatAttributes) throws {
        let counts = try compare { block in
            let a = block.bitcast(.f64, block.read(.i64, TestGuest.offset("x0"))), b = block.bitcast(.f64, block.read(.i64, TestGuest.offset("x1")))
            block.write(.i64, TestGuest.offset("x2"), block.bitcast(.i64, block.float(.fmul, .f64, attributes, a, b)))
        }
        // The case that the host does not tell was among them.
        #expect(counts.underflows > 1000 && counts.leastNormals > 10)
    }

    @Test(arguments: rules) func lanesAgree(_ attributes: FloatAttributes) throws {
        _ = try compare { block in
            let a = block.zext(.v128, block.read(.i64, TestGuest.offset("x0"))), b = block.zext(.v128, block.read(.i64, TestGuest.offset("x1")))
            let product = block.vfloat(.vfmul, .v128, .b64, attributes, a, b)
            block.write(.i64, TestGuest.offset("x2"), block.vextract(.i64, .b64, product, at: 0))
        }
    }

    @Test func flushedProductsAgree() throws {
        let attributes = FloatAttributes(nan: .arm, tinyBefore: true, flushes: true)
        let counts = try compare { block in
            let a = block.bitcast(.f64, block.read(.i64, TestGuest.offset("x0"))), b = block.bitcast(.f64, block.read(.i64, TestGuest.offset("x1")))
            block.write(.i64, TestGuest.offset("x2"), block.bitcast(.i64, block.float(.fmul, .f64, attributes, a, b)))
        }
        #expect(counts.underflows > 1000 && counts.leastNormals == 0)
    }
}
