import HostOS

extension EventLoop {
    /// Does something that may wait, on a thread of its own, and hands on what came of it, on the loop's thread with the machine lock held.
    ///
    /// - Parameters:
    ///   - name: shows in `ps`, 15 bytes at most.
    ///   - then: should hold what it is for weakly: the thread may outlive it.
    /// - Returns: false if no thread could be started; then nothing is done.
    public func doAside<Result>(_ name: String, _ work: @escaping () -> Result, then: @escaping (Result) -> Void) -> Bool {
        let thread = try? HostThread(name: name) { [self] in
            let result = work()
            post { then(result) }
        }
        return thread != nil
    }
}
