import Decoding

/// Cryptographic instructions (DDI 0487, C4.1.90): AES, SHA-1, SHA-2, SHA-3, SM3, SM4.
enum CryptoInstruction: Int, ChapterInstruction {
    case aese, aesd, aesmc, aesimc, sha1c, sha1p, sha1m, sha1su0, sha256h, sha256h2, sha256su1, sha1h, sha1su1, sha256su0, sha512h
    case sha512h2, sha512su1, rax1, sm3partw1, sm3partw2, sm4ekey, sm3tt1a, sm3tt1b, sm3tt2a, sm3tt2b, eor3, bcax, sm3ss1, xar, sha512su0
    case sm4e

    static let chapter = Chapter.crypto
}

let cryptoRows: [DecodeRow] = [
    .init(CryptoInstruction.aese, "01001110 0010100 00100 10 NNNNN DDDDD", .aes),
    .init(CryptoInstruction.aesd, "01001110 0010100 00101 10 NNNNN DDDDD", .aes),
    .init(CryptoInstruction.aesmc, "01001110 0010100 00110 10 NNNNN DDDDD", .aes),
    .init(CryptoInstruction.aesimc, "01001110 0010100 00111 10 NNNNN DDDDD", .aes),
    .init(CryptoInstruction.sha1c, "01011110 000 MMMMM 000000 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha1p, "01011110 000 MMMMM 000100 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha1m, "01011110 000 MMMMM 001000 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha1su0, "01011110 000 MMMMM 001100 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha256h, "01011110 000 MMMMM 010000 NNNNN DDDDD", .sha256),
    .init(CryptoInstruction.sha256h2, "01011110 000 MMMMM 010100 NNNNN DDDDD", .sha256),
    .init(CryptoInstruction.sha256su1, "01011110 000 MMMMM 011000 NNNNN DDDDD", .sha256),
    .init(CryptoInstruction.sha1h, "01011110 0010100 00000 10 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha1su1, "01011110 0010100 00001 10 NNNNN DDDDD", .sha1),
    .init(CryptoInstruction.sha256su0, "01011110 0010100 00010 10 NNNNN DDDDD", .sha256),
    .init(CryptoInstruction.sha512h, "11001110011 MMMMM 1000 00 NNNNN DDDDD", .sha512),
    .init(CryptoInstruction.sha512h2, "11001110011 MMMMM 1000 01 NNNNN DDDDD", .sha512),
    .init(CryptoInstruction.sha512su1, "11001110011 MMMMM 1000 10 NNNNN DDDDD", .sha512),
    .init(CryptoInstruction.rax1, "11001110011 MMMMM 1000 11 NNNNN DDDDD", .sha3),
    .init(CryptoInstruction.sm3partw1, "11001110011 MMMMM 1100 00 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.sm3partw2, "11001110011 MMMMM 1100 01 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.sm4ekey, "11001110011 MMMMM 1100 10 NNNNN DDDDD", .sm4),
    .init(CryptoInstruction.sm3tt1a, "11001110010 MMMMM 10 ii 00 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.sm3tt1b, "11001110010 MMMMM 10 ii 01 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.sm3tt2a, "11001110010 MMMMM 10 ii 10 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.sm3tt2b, "11001110010 MMMMM 10 ii 11 NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.eor3, "11001110000 MMMMM 0 AAAAA NNNNN DDDDD", .sha3),
    .init(CryptoInstruction.bcax, "11001110001 MMMMM 0 AAAAA NNNNN DDDDD", .sha3),
    .init(CryptoInstruction.sm3ss1, "11001110010 MMMMM 0 AAAAA NNNNN DDDDD", .sm3),
    .init(CryptoInstruction.xar, "11001110100 MMMMM iiiiii NNNNN DDDDD", .sha3),
    .init(CryptoInstruction.sha512su0, "110011101100000010 00 00 NNNNN DDDDD", .sha512),
    .init(CryptoInstruction.sm4e, "110011101100000010 00 01 NNNNN DDDDD", .sm4),
]
