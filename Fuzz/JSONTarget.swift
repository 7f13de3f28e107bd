import JSON

/// Messages of the machine protocol: what is read in pieces is what is read at once, and a value that is written reads back as itself.
struct JSONTarget: FuzzTarget {
    private static let messages = [
        "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}", "{'exec-oob':'query-yank','id':[1,-2,1.5e3,null,true,{}]}",
        "{\"execute\":\"ringbuf-write\",\"arguments\":{\"device\":\"r\",\"data\":\"\\u00e9\\ud83d\\ude00\\n\\\\\"}}",
        "[18446744073709551615,-9223372036854775808]",
        "{\"a\":[[[[[[{}]]]]]],\"b\":\"\",\"c\":0}", "{\"execute\":\"stop\"}}\n{\"execute\":\"cont\"}",
    ]
    private let corpus: [[UInt8]]

    private enum Failure: Error { case piecesDiffer, doesNotReadBack(String) }

    init(corpus: [[UInt8]]) { self.corpus = corpus + JSONTarget.messages.map { Array($0.utf8) } }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let input = mutator.mutate(corpus[mutator.random.below(corpus.count)] + corpus[mutator.random.below(corpus.count)])
        let whole = results(input, pieces: [input.count])
        guard results(input, pieces: (0..<input.count).map { _ in 1 + mutator.random.below(5) }) == whole else { throw Failure.piecesDiffer }
        for case .success(let value) in whole {
            for pretty in [false, true] {
                let text = value.text(pretty: pretty)
                guard text.utf8.allSatisfy({ $0 < 0x80 }), results(Array(text.utf8), pieces: [text.utf8.count]) == [.success(value)] else {
                    throw Failure.doesNotReadBack(text)
                }
            }
        }
        return whole.contains { if case .success = $0 { true } else { false } }
    }

    private func results(_ input: [UInt8], pieces: [Int]) -> [Result<JSONValue, JSONError>] {
        var stream = JSONStream()
        var list: [Result<JSONValue, JSONError>] = []
        var rest = input[...]
        for count in pieces {
            stream.take(rest.prefix(count)) { list.append($0) }
            rest = rest.dropFirst(count)
        }
        stream.end { list.append($0) }
        return list
    }
}
