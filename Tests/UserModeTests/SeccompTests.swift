import CPUModel
import LinuxUser
import Testing

@Suite struct FilterProgramTests {
    private typealias I = FilterInstruction
    private static let data: [UInt32] = (0..<16).map { 100 + $0 }

    private func result(_ instructions: [FilterInstruction]) -> UInt32? { FilterProgram(instructions)?.run(FilterProgramTests.data) }

    /// (arithmetic operation, A, operand, what it leaves).
    private static let arithmetic: [(UInt16, UInt32, UInt32, UInt32)] = [
        (0x04, .max, 2, 1), (0x14, 1, 2, .max), (0x24, 1 << 31, 3, 1 << 31), (0x34, 7, 2, 3), (0x44, 5, 2, 7), (0x54, 6, 3, 2), (0x64, 3, 31, 1 << 31),
        (0x74, 1 << 31, 31, 1), (0xa4, 6, 3, 5),
    ]

    @Test(arguments: arithmetic) func arithmeticIsThatOf32Bits(_ code: UInt16, _ a: UInt32, _ operand: UInt32, _ expected: UInt32) {
        #expect(result([I(0x00, a), I(code, operand), I(0x16)]) == expected)
        #expect(result([I(0x00, a), I(0x01, operand), I(code | 8), I(0x16)]) == expected, "with the operand in X")
    }

    @Test func negationAndDivisionByZero() {
        #expect(result([I(0x00, 5), I(0x84), I(0x16)]) == UInt32.max - 4)
        #expect(result([I(0x00, 5), I(0x01, 0), I(0x3c), I(0x06, 9)]) == 0, "a division by zero in X returns 0")
        #expect(result([I(0x00, 5), I(0x34, 0), I(0x16)]) == nil, "one that can be seen is refused")
    }

    @Test func loadsAndStores() {
        #expect(result([I(0x20, 4), I(0x16)]) == 101 && result([I(0x20, 60), I(0x16)]) == 115)
        #expect(result([I(0x80), I(0x16)]) == 64 && result([I(0x81), I(0x87), I(0x16)]) == 64)
        #expect(result([I(0x00, 8), I(0x02, 15), I(0x00, 0), I(0x60, 15), I(0x16)]) == 8)
        #expect(result([I(0x00, 8), I(0x07), I(0x03, 0), I(0x61, 0), I(0x00, 1), I(0x87), I(0x16)]) == 8)
    }

    /// (comparison, A, operand, whether it holds).
    private static let comparisons: [(UInt16, UInt32, UInt32, Bool)] = [
        (0x15, 3, 3, true), (0x15, 3, 4, false), (0x25, 3, 3, false), (0x25, .max, 1, true), (0x35, 3, 3, true), (0x35, 2, 3, false),
        (0x45, 6, 4, true), (0x45, 6, 1, false),
    ]

    @Test(arguments: comparisons) func comparisonsAreUnsigned(_ code: UInt16, _ a: UInt32, _ operand: UInt32, _ holds: Bool) {
        let ends = [I(0x06, 1), I(0x06, 2)]
        #expect(result([I(0x00, a), I(code, operand, whenTrue: 0, whenFalse: 1)] + ends) == (holds ? 1 : 2))
        #expect(result([I(0x00, a), I(0x01, operand), I(code | 8, 0, whenTrue: 1, whenFalse: 0)] + ends) == (holds ? 2 : 1))
        #expect(result([I(0x05, 1)] + ends) == 2)
    }

    @Test func whatTheKernelRefusesIsRefused() {
        let end = I(0x06, 0)
        let bad: [[FilterInstruction]] = [
            [], [I(0x00, 1)], [I(0x20, 2), end], [I(0x20, 64), end], [I(0x28, 0), end], [I(0x30, 0), end], [I(0x05, 1), end],
            [I(0x15, 0, whenTrue: 1), end], [I(0x15, 0, whenFalse: 1), end], [I(0x64, 32), end], [I(0x74, 32), end], [I(0x94, 3), end],
            [I(0x02, 16), end], [I(0x60, 3), end], [I(0xffff), end], Array(repeating: end, count: 4097),
            // The store is passed on one way only.
            [I(0x15, 0, whenTrue: 1), I(0x02, 1), I(0x60, 1), end],
        ]
        for program in bad { #expect(FilterProgram(program) == nil, "\(program.prefix(4))") }
        #expect(FilterProgram([I(0x15, 0, whenTrue: 1), I(0x02, 1), end]) != nil)
        #expect(FilterProgram(Array(repeating: end, count: 4096)) != nil)
    }
}

@Suite struct FilterChainTests {
    private func chain(_ answers: UInt32...) -> FilterChain? {
        answers.reduce(nil) { chain, answer in FilterProgram([FilterInstruction(0x06, answer)]).map { FilterChain($0, after: chain) } }
    }

    private func answer(_ chain: FilterChain?) -> UInt32? { chain?.judge([UInt32](repeating: 0, count: 16)).answer }

    @Test func theStrictestAnswerWins() {
        let (allow, errno, trap, kill): (UInt32, UInt32, UInt32, UInt32) = (0x7fff_0000, 0x0005_0000, 0x0003_0000, 0x8000_0000)
        #expect(answer(chain(allow, errno | 3, allow)) == errno | 3)
        #expect(answer(chain(trap, errno)) == trap && answer(chain(0, trap)) == 0 && answer(chain(kill, 0)) == kill)
        #expect(answer(chain(errno | 1, errno | 2)) == errno | 2, "of equal ones the newest filter's")
    }

    @Test func filtersGoToAnotherProgramUnchanged() throws {
        let chain = try #require(chain(0x7fff_0000, 0x0005_0001, 0x0003_0002))
        let copy = try #require(FilterChain.read(chain.bytes))
        #expect(copy.bytes == chain.bytes && answer(copy) == answer(chain))
        #expect(FilterChain.read([]) == nil && FilterChain.read(Array(chain.bytes.dropLast())) == nil)
        var broken = chain.bytes
        broken[8] = 0xff
        #expect(FilterChain.read(broken) == nil)
    }
}

@Suite struct ControlTableTests {
    /// Numbers and sizes as the headers of Linux have them.
    @Test(arguments: [
        "| 0x5401 | TCGETS | 36 bytes, written |", "| 0x802c542a | TCGETS2 | 44 bytes, written |", "| 0x40045431 | TIOCSPTLCK | 4 bytes, read |",
        "| 0x80086601 | FS_IOC_GETFLAGS | 8 bytes, written |", "| 0xc020660b | FS_IOC_FIEMAP | 32 bytes, read and written |",
        "| 0x80081272 | BLKGETSIZE64 | 8 bytes, written |", "| 0x400454ca | TUNSETIFF | 40 bytes, read and written |",
        "| 0xc0406400 | DRM_IOCTL_VERSION | 64 bytes, read and written |", "| 0xc018aa3f | UFFDIO_API | 24 bytes, read and written |",
        "| 0x80247009 | RTC_RD_TIME | 36 bytes, written |", "| 0x4c03 | LOOP_GET_STATUS | 160 bytes for the host's 168, written |",
    ])
    func rowsAreThoseOfTheHeaders(_ row: String) { #expect(ControlTable.coverage.split(separator: "\n").contains { $0 == row }) }
}
