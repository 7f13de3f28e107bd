import HostX86

private typealias T = AssemblerTrial

/// Packed vector instructions.
extension AssemblerTests {
    func packed(_ t: AssemblerTrial) {
        vectors { a, b, c in
            let names = "\(T.name(a)),\(T.name(b)),\(T.name(c))"
            for operation in VectorBinary.allCases { t.check("vector", "v\(operation) \(names)") { $0.vector(operation, a, b, c) } }
            for single in [true, false] {
                let suffix = single ? "ps" : "pd"
                for (text, product, addend) in [("madd", false, false), ("msub", false, true), ("nmadd", true, false), ("nmsub", true, true)] {
                    t.check("vfmadd213Packed", "vf\(text)213\(suffix) \(names)") {
                        $0.vfmadd213Packed(single: single, negateProduct: product, negateAddend: addend, a, b, c)
                    }
                }
                for (predicate, text) in AssemblerTests.predicates {
                    t.check("vcmp", "vcmp\(text)\(suffix) \(names)") { $0.vcmp(single: single, predicate, a, b, c) }
                }
            }
        }
        for a in T.vectors {
            for b in T.vectors {
                let names = "\(T.name(a)),\(T.name(b))"
                for operation in VectorUnary.allCases { t.check("vector", "v\(operation) \(names)") { $0.vector(operation, a, b) } }
                for shift in VectorShift.allCases { t.check("vector", "v\(shift) \(names),0x7") { $0.vector(shift, a, b, 7) } }
                t.check("vround", "vroundps \(names),0xc") { $0.vround(single: true, a, b, 12) }
                t.check("vround", "vroundpd \(names),0x3") { $0.vround(single: false, a, b, 3) }
            }
        }
    }

    private static let predicates: [(Assembler.FloatPredicate, String)] = [
        (.eq, "eq"), (.unord, "unord"), (.lt, "lt"), (.le, "le"), (.ltQuiet, "lt_oq"), (.leQuiet, "le_oq"), (.eqSignalling, "eq_os"),
        (.unordSignalling, "unord_s"),
    ]

    func packedWithImmediates(_ t: AssemblerTrial) {
        vectors { a, b, c in
            let names = "\(T.name(a)),\(T.name(b)),\(T.name(c))"
            t.check("vinsertps", "vinsertps \(names),0x30") { $0.vinsertps(a, b, c, 0x30) }
            t.check("vpalignr", "vpalignr \(names),0x5") { $0.vpalignr(a, b, c, 5) }
            t.check("vshufps", "vshufps \(names),0x88") { $0.vshufps(a, b, c, 0x88) }
            t.check("vpblendw", "vpblendw \(names),0xaa") { $0.vpblendw(a, b, c, 0xaa) }
        }
        for a in T.vectors {
            for b in T.vectors { t.check("vpshufd", "vpshufd \(T.name(a)),\(T.name(b)),0xee") { $0.vpshufd(a, b, 0xee) } }
        }
    }

    func packedMoves(_ t: AssemblerTrial) {
        for a in T.vectors {
            for register in T.registers {
                for width in Width.allCases {
                    let suffix = ["b", "w", "d", "q"][Int(width.rawValue)]
                    let name = T.name(register, width == .b64 ? .b64 : .b32)
                    t.check("vpinsr", "vpinsr\(suffix) \(T.name(a)),xmm9,\(name),0x1") { $0.vpinsr(width, a, .xmm9, register, 1) }
                }
                t.check("vpextr", "vpextrb \(T.name(register, .b32)),\(T.name(a)),0x9") { $0.vpextr(.b8, register, a, 9) }
                t.check("vpextr", "vpextrw \(T.name(register, .b32)),\(T.name(a)),0x5") { $0.vpextr(.b16, register, a, 5) }
            }
            for memory in T.someMemory {
                let whole = T.text(memory, "XMMWORD"), half = T.text(memory, "QWORD")
                t.check("vmovups", "vmovups \(T.name(a)),\(whole)", target: T.target) { $0.vmovups(a, memory) }
                t.check("vmovups", "vmovups \(whole),\(T.name(a))", target: T.target) { $0.vmovups(memory, a) }
                t.check("vmovhps", "vmovhps \(T.name(a)),xmm12,\(half)", target: T.target) { $0.vmovhps(a, .xmm12, memory) }
                t.check("vmovhps", "vmovhps \(half),\(T.name(a))", target: T.target) { $0.vmovhps(memory, a) }
            }
        }
    }
}
