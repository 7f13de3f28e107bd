/// What comes from a debugger, piece by piece: `$data#checksum`, `+`, `-`, and the interrupt, a byte of 3 between packets.
public struct PacketReader {
    public enum Item: Equatable, Sendable {
        case packet([UInt8])
        /// A packet whose checksum or length is wrong.
        case damaged
        case acknowledgement
        case retransmission
        case interrupt
    }

    /// Bytes of a packet's data at most, as `PacketSize` promises.
    public static let most = 0x4000

    private enum State { case outside, data, firstDigit, secondDigit(UInt8?) }
    private var state = State.outside
    private var data: [UInt8] = []
    private var isTooLong = false

    public init() {}

    /// Takes one byte; what it completes, if it completes something. Bytes between packets that mean nothing are skipped.
    public mutating func take(_ byte: UInt8) -> Item? {
        switch state {
        case .outside: return begin(byte)
        case .data: collect(byte)
        case .firstDigit: state = .secondDigit(Hexadecimal.digit(byte))
        case .secondDigit(let high): return finish(high, Hexadecimal.digit(byte))
        }
        return nil
    }

    private mutating func begin(_ byte: UInt8) -> Item? {
        switch byte {
        case UInt8(ascii: "$"): start()
        case UInt8(ascii: "+"): return .acknowledgement
        case UInt8(ascii: "-"): return .retransmission
        case 3: return .interrupt
        default: break
        }
        return nil
    }

    private mutating func start() {
        state = .data
        data.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    private mutating func collect(_ byte: UInt8) {
        switch byte {
        // A packet that was cut off, and the next one.
        case UInt8(ascii: "$"): start()
        case UInt8(ascii: "#"): state = .firstDigit
        default: if data.count < PacketReader.most { data.append(byte) } else { isTooLong = true }
        }
    }

    private mutating func finish(_ high: UInt8?, _ low: UInt8?) -> Item {
        state = .outside
        guard let high, let low, !isTooLong, PacketCoding.checksum(data) == high << 4 | low, let content = PacketCoding.unescaped(data) else {
            return .damaged
        }
        return .packet(content)
    }
}

/// How a packet's data is written: escapes, runs of a byte, the sum.
public enum PacketCoding {
    private static let escape = UInt8(ascii: "}"), run = UInt8(ascii: "*")

    static func checksum(_ data: [UInt8]) -> UInt8 { data.reduce(0, &+) }

    /// Data without escapes and runs; nil if it ends in the middle of one, or would be longer than a packet may be.
    public static func unescaped(_ data: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        while index < data.count {
            let byte = data[index]
            index += 1
            guard byte == escape || byte == run else {
                result.append(byte)
                continue
            }
            guard index < data.count else { return nil }
            let operand = data[index]
            index += 1
            if byte == escape {
                result.append(operand ^ 0x20)
            } else {
                guard let last = result.last, operand >= 29 + 3, operand < 127 else { return nil }
                result += [UInt8](repeating: last, count: Int(operand) - 29)
            }
            if result.count > PacketReader.most { return nil }
        }
        return result
    }

    /// Bytes with those escaped that mean something else in a packet.
    static func escaped(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.flatMap { byte in
            switch byte {
            case escape, run, UInt8(ascii: "#"), UInt8(ascii: "$"): [escape, byte ^ 0x20]
            default: [byte]
            }
        }
    }

    /// Data with runs of four and more bytes shortened. The counts that would be `#` or `$` are not used, nor what is in an escape.
    static func shortened(_ data: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < data.count {
            let byte = data[index]
            let length = byte == escape ? 1 : data[index...].prefix(98, while: { $0 == byte })
            if byte == escape, index + 1 < data.count {
                result += data[index...index + 1]
                index += 2
                continue
            }
            index += length
            result.append(byte)
            var more = length - 1
            if more == 6 || more == 7 { more = 5 }
            guard more >= 3 else {
                result += [UInt8](repeating: byte, count: length - 1)
                continue
            }
            result += [run, UInt8(more + 29)]
            result += [UInt8](repeating: byte, count: length - 1 - more)
        }
        return result
    }

    /// `$data#checksum`. `data` is already escaped where it must be.
    public static func packet(_ data: [UInt8]) -> [UInt8] {
        let short = shortened(data)
        return [UInt8(ascii: "$")] + short + [UInt8(ascii: "#")] + Hexadecimal.text([checksum(short)])
    }
}

extension ArraySlice<UInt8> {
    /// The length of the longest prefix of at most `most` bytes that pass.
    fileprivate func prefix(_ most: Int, while passes: (UInt8) -> Bool) -> Int { prefix(most).prefix(while: passes).count }
}
