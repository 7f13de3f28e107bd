import HostOS

/// Lets a file's requests through to the engine, but those that must be alone one at a time.
public final class RequestGate {
    private let engine: any FileEngine
    private var waiting: [(request: FileRequest, done: (Int32) -> Void)] = []
    private var underWay = 0
    private var isClosed = false

    public init(_ engine: any FileEngine) { self.engine = engine }

    public func start(_ request: FileRequest, _ done: @escaping (Int32) -> Void) {
        waiting.append((request, done))
        letThrough()
    }

    /// Waits until nothing is under way and every completion has been called.
    public func drain() { engine.drain() }

    private func letThrough() {
        while let (request, done) = waiting.first, !isClosed, !request.needsToBeAlone || underWay == 0 {
            waiting.removeFirst()
            isClosed = request.needsToBeAlone
            underWay += 1
            engine.start(request) { [self] code in
                underWay -= 1
                isClosed = false
                done(code)
                letThrough()
            }
        }
    }
}
