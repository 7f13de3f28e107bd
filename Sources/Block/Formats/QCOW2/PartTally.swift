import BlockCore

/// Ends when all parts of a request have ended, with the first failure.
final class PartTally {
    private var left: Int
    private var result = BlockResult.ok
    private let done: (BlockResult) -> Void

    init(_ parts: Int, _ done: @escaping (BlockResult) -> Void) { (left, self.done) = (parts, done) }

    func ended(_ part: BlockResult) {
        if result == .ok { result = part }
        left -= 1
        if left == 0 { done(result) }
    }
}
