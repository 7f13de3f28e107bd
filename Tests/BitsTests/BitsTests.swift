import Bits
import Testing

@Suite struct BitsTests {
    @Test func fieldsAreTakenAndPut() {
        let value: UInt32 = 0xdead_beef
        #expect(value.bits(0, 4) == 0xf && value.bits(4, 8) == 0xee && value.bits(28, 4) == 0xd && value.bits(0, 32) == value)
        #expect(value.replacingBits(8, 8, with: 0x12) == 0xdead_12ef && value.replacingBits(0, 32, with: 7) == 7)
        #expect(value.replacingBits(28, 4, with: 0xff) == 0xfead_beef, "a field's higher bits are left out")
        #expect(UInt64.max.replacingBits(63, 1, with: 0) == UInt64.max >> 1)
        #expect(UInt8(0x80).bits(7, 1) == 1 && UInt8(0xff).bits(3, 5) == 0x1f)
    }

    @Test func singleBitsAreSeenAndSet() {
        for index in 0..<64 {
            let bit: UInt64 = 1 << UInt64(index)
            #expect(bit.bit(index) && !(~bit).bit(index))
            #expect((0 as UInt64).settingBit(index, to: true) == bit && UInt64.max.settingBit(index, to: false) == ~bit)
            #expect(bit.settingBit(index, to: true) == bit)
        }
    }

    /// Every field of every width, put and taken again, against plain arithmetic.
    @Test func whatIsPutIsTaken() {
        let pattern: UInt64 = 0x0123_4567_89ab_cdef
        for count in 1...64 {
            let mask: UInt64 = count == 64 ? .max : (1 << UInt64(count)) - 1
            for low in 0...(64 - count) {
                let put = pattern.replacingBits(low, count, with: 0xfedc_ba98_7654_3210)
                #expect(put.bits(low, count) == 0xfedc_ba98_7654_3210 & mask)
                #expect(put & ~(mask << UInt64(low)) == pattern & ~(mask << UInt64(low)))
            }
        }
    }

    @Test func signsAreExtended() {
        for count in 1...64 {
            let top: UInt64 = 1 << UInt64(count - 1)
            #expect(top.signExtended(from: count) == 0 &- top)
            #expect((top - 1).signExtended(from: count) == top - 1)
        }
        #expect((0xffff_f800 as UInt32).signExtended(from: 12) == -2048 && (0x7ff as UInt32).signExtended(from: 12) == 2047)
        #expect((0x8000_0000 as UInt32).signExtended(from: 32) == -0x8000_0000)
    }
}
