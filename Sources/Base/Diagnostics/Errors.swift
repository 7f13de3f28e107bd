/// An error that says what went wrong and what its reader can do.
public protocol ExplainedError: Error, CustomStringConvertible {
    var cause: String { get }
    var remedy: String? { get }
}

extension ExplainedError {
    public var description: String { remedy.map { "\(cause); \($0)" } ?? cause }
}

/// `"0x…"` with at least `digits` hexadecimal digits.
public func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// The candidate that a mistyped word most likely meant; nil if none is near.
public func nearestName(to word: String, in candidates: [String]) -> String? {
    // One letter in three may be wrong; for shorter words everything would be near.
    let limit = word.count / 3
    return candidates.map { (name: $0, distance: editDistance(word, $0)) }
        .filter { $0.distance <= limit || (word.count >= 3 && $0.name.hasPrefix(word)) }
        .min { $0.distance < $1.distance }?.name
}

/// A sentence's ending for an unknown name: the nearest one, and everything that is accepted.
public func suggestion(for word: String, among candidates: [String]) -> String {
    let accepted = "accepted: " + candidates.joined(separator: ", ")
    return nearestName(to: word, in: candidates).map { "did you mean '\($0)'? \(accepted)" } ?? accepted
}

/// Levenshtein distance, in characters.
func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first), b = Array(second)
    var previous = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var current = [i + 1]
        for (j, y) in b.enumerated() {
            current.append(min(previous[j + 1] + 1, current[j] + 1, previous[j] + (x == y ? 0 : 1)))
        }
        previous = current
    }
    return previous[b.count]
}
