/// A vector instruction in VEX.128 form without an immediate, with its encoding (Intel SDM volume 2); mnemonics lack their `v`.
package struct VectorEncoding {
    let map: VectorMap
    let prefix: VectorPrefix
    let opcode: UInt8
    var wide = false
}

/// Instructions of two sources.
package enum VectorBinary: UInt8, CaseIterable {
    case paddb, paddw, paddd, paddq, psubb, psubw, psubd, psubq
    case pmullw, pmulld, pmulhw, pmulhuw, pmuludq, pmuldq, phaddd, pmulhrsw, pmaddwd
    case pminub, pminuw, pminud, pminsb, pminsw, pminsd, pmaxub, pmaxuw, pmaxud, pmaxsb, pmaxsw, pmaxsd
    case paddsb, paddsw, paddusb, paddusw, psubsb, psubsw, psubusb, psubusw
    case pavgb, pavgw
    case pcmpeqb, pcmpeqw, pcmpeqd, pcmpeqq, pcmpgtb, pcmpgtw, pcmpgtd, pcmpgtq
    case punpcklbw, punpcklwd, punpckldq, punpcklqdq, punpckhbw, punpckhwd, punpckhdq, punpckhqdq
    case packsswb, packssdw, packuswb, packusdw
    case pshufb, pand, por, pxor, pandn
    case psllvd, psllvq, psrlvd, psrlvq, psravd
    case aesenc, aesenclast, aesdeclast
    case psadbw
    case addps, addpd, subps, subpd, mulps, mulpd, divps, divpd, minps, minpd, maxps, maxpd

    @inline(__always) package var encoding: VectorEncoding { VectorBinary.encodings[Int(rawValue)] }

    private static let encodings: [VectorEncoding] = allCases.map { operation in
        if let (opcode, wide) = second[operation] { return VectorEncoding(map: .m0F38, prefix: .p66, opcode: opcode, wide: wide) }
        guard let (opcode, prefix) = first[operation] else { preconditionFailure("\(operation) has no opcode") }
        return VectorEncoding(map: .m0F, prefix: prefix, opcode: opcode)
    }

    /// Opcodes in map 0F.
    private static let first: [VectorBinary: (UInt8, VectorPrefix)] = {
        let packed: [VectorBinary: UInt8] = [
            .paddb: 0xfc, .paddw: 0xfd, .paddd: 0xfe, .paddq: 0xd4, .psubb: 0xf8, .psubw: 0xf9, .psubd: 0xfa, .psubq: 0xfb,
            .pmullw: 0xd5, .pmulhw: 0xe5, .pmulhuw: 0xe4, .pmuludq: 0xf4, .pmaddwd: 0xf5, .pminub: 0xda, .pminsw: 0xea, .pmaxub: 0xde, .pmaxsw: 0xee,
            .paddsb: 0xec, .paddsw: 0xed, .paddusb: 0xdc, .paddusw: 0xdd, .psubsb: 0xe8, .psubsw: 0xe9, .psubusb: 0xd8, .psubusw: 0xd9,
            .pavgb: 0xe0, .pavgw: 0xe3, .pcmpeqb: 0x74, .pcmpeqw: 0x75, .pcmpeqd: 0x76, .pcmpgtb: 0x64, .pcmpgtw: 0x65, .pcmpgtd: 0x66,
            .punpcklbw: 0x60, .punpcklwd: 0x61, .punpckldq: 0x62, .punpcklqdq: 0x6c, .punpckhbw: 0x68, .punpckhwd: 0x69, .punpckhdq: 0x6a,
            .punpckhqdq: 0x6d, .packsswb: 0x63, .packssdw: 0x6b, .packuswb: 0x67, .pand: 0xdb, .por: 0xeb, .pxor: 0xef, .pandn: 0xdf,
            .psadbw: 0xf6, .addpd: 0x58, .subpd: 0x5c, .mulpd: 0x59, .divpd: 0x5e, .minpd: 0x5d, .maxpd: 0x5f,
        ]
        let single: [VectorBinary: UInt8] = [.addps: 0x58, .subps: 0x5c, .mulps: 0x59, .divps: 0x5e, .minps: 0x5d, .maxps: 0x5f]
        return packed.mapValues { ($0, .p66) }.merging(single.mapValues { ($0, .none) }) { first, _ in first }
    }()

    /// Opcodes in map 0F38, with VEX.W.
    private static let second: [VectorBinary: (UInt8, Bool)] = [
        .pmulld: (0x40, false), .pmuldq: (0x28, false), .phaddd: (0x02, false), .pmulhrsw: (0x0b, false), .pminuw: (0x3a, false),
        .pminud: (0x3b, false),
        .pminsb: (0x38, false), .pminsd: (0x39, false), .pmaxuw: (0x3e, false), .pmaxud: (0x3f, false), .pmaxsb: (0x3c, false),
        .pmaxsd: (0x3d, false), .pcmpeqq: (0x29, false), .pcmpgtq: (0x37, false), .packusdw: (0x2b, false), .pshufb: (0x00, false),
        .psllvd: (0x47, false), .psllvq: (0x47, true), .psrlvd: (0x45, false), .psrlvq: (0x45, true), .psravd: (0x46, false),
        .aesenc: (0xdc, false), .aesenclast: (0xdd, false), .aesdeclast: (0xdf, false),
    ]
}

/// Instructions of one source.
package enum VectorUnary: CaseIterable {
    case pabsb, pabsw, pabsd
    case pmovsxbw, pmovsxwd, pmovsxdq, pmovzxbw, pmovzxwd, pmovzxdq
    case aesimc, ptest
    case pbroadcastb, pbroadcastw, pbroadcastd, pbroadcastq
    case movddup, movq, sqrtps, sqrtpd, cvtps2pd, cvtpd2ps, cvtdq2ps, cvtps2dq, cvttps2dq

    package var encoding: VectorEncoding {
        switch self {
        case .pabsb: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x1c)
        case .pabsw: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x1d)
        case .pabsd: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x1e)
        case .pmovsxbw: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x20)
        case .pmovsxwd: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x23)
        case .pmovsxdq: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x25)
        case .pmovzxbw: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x30)
        case .pmovzxwd: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x33)
        case .pmovzxdq: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x35)
        case .aesimc: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0xdb)
        case .ptest: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x17)
        case .pbroadcastb: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x78)
        case .pbroadcastw: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x79)
        case .pbroadcastd: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x58)
        case .pbroadcastq: VectorEncoding(map: .m0F38, prefix: .p66, opcode: 0x59)
        case .movddup: VectorEncoding(map: .m0F, prefix: .pF2, opcode: 0x12)
        case .movq: VectorEncoding(map: .m0F, prefix: .pF3, opcode: 0x7e)
        case .sqrtps: VectorEncoding(map: .m0F, prefix: .none, opcode: 0x51)
        case .sqrtpd: VectorEncoding(map: .m0F, prefix: .p66, opcode: 0x51)
        case .cvtps2pd: VectorEncoding(map: .m0F, prefix: .none, opcode: 0x5a)
        case .cvtpd2ps: VectorEncoding(map: .m0F, prefix: .p66, opcode: 0x5a)
        case .cvtdq2ps: VectorEncoding(map: .m0F, prefix: .none, opcode: 0x5b)
        case .cvtps2dq: VectorEncoding(map: .m0F, prefix: .p66, opcode: 0x5b)
        case .cvttps2dq: VectorEncoding(map: .m0F, prefix: .pF3, opcode: 0x5b)
        }
    }
}

/// Shifts of every lane by an immediate: the opcode's low byte and the number in ModRM.reg.
package enum VectorShift: CaseIterable {
    case psrlw, psraw, psllw, psrld, psrad, pslld, psrlq, psrldq, psllq, pslldq

    package var encoding: (opcode: UInt8, number: UInt8) {
        switch self {
        case .psrlw: (0x71, 2)
        case .psraw: (0x71, 4)
        case .psllw: (0x71, 6)
        case .psrld: (0x72, 2)
        case .psrad: (0x72, 4)
        case .pslld: (0x72, 6)
        case .psrlq: (0x73, 2)
        case .psrldq: (0x73, 3)
        case .psllq: (0x73, 6)
        case .pslldq: (0x73, 7)
        }
    }
}
