import Glibc
import HostOS

/// Carries bytes between a TLS connection and a pair of sockets, on a thread of its own: whoever has the pair's other end reads and writes plain bytes as on any
/// stream.
public final class TLSTunnel: @unchecked Sendable {
    private let session: TLSSession
    private let inner: HostStream
    private var toPeer = Flow()
    private var toInner = Flow()
    private var hasSaidGoodbye = false
    private var hasToldEnd = false

    /// Bytes on their way in one direction.
    private struct Flow {
        private static let size = 16 << 10
        var bytes = [UInt8](repeating: 0, count: size)
        var range = 0..<0
        /// Nothing more comes in.
        var isEnded = false
        /// They would go out at once if the receiver could take them.
        var isStuck = false
    }

    private static let lock = Mutex()
    private static let changed = ConditionVariable()
    nonisolated(unsafe) private static var all: [ObjectIdentifier: TLSTunnel] = [:]
    nonisolated(unsafe) private static var areEnding = false

    private init(_ session: TLSSession, _ inner: HostStream) { (self.session, self.inner) = (session, inner) }

    /// Nanoseconds that the other end has for its part of the handshake.
    public static let patience: Int64 = 10_000_000_000

    /// Secures a connection; waits for the other end to do its part.
    ///
    /// - Parameters:
    ///   - hostName: whom a client wants to be connected to.
    ///   - greeting: done before bytes are carried, with this end of the stream that is returned; if it fails, nothing is carried.
    ///   - isWanted: asked again and again while the other end does not answer.
    /// - Returns: the stream for plain bytes.
    public static func open(
        _ stream: HostStream, _ credentials: TLSCredentials, hostName: String? = nil, greeting: @escaping (HostStream) throws -> Void = { _ in },
        while isWanted: () -> Bool = { true }
    ) throws(TLSError) -> HostStream {
        let session = try TLSSession(stream, credentials, hostName: hostName)
        try session.shakeHands(until: monotonicNanoseconds() + patience, while: isWanted)
        do throws(HostError) {
            let (inner, outer) = try HostStream.pair()
            let tunnel = TLSTunnel(session, inner)
            lock.withLock { all[ObjectIdentifier(tunnel)] = tunnel }
            do throws(HostError) { _ = try HostThread(name: "tls") { tunnel.run(greeting) } } catch {
                tunnel.forget()
                throw error
            }
            return outer
        } catch { throw .host(error) }
    }

    /// The emulator ends: sends what has been given to tunnels, for no longer than so many nanoseconds.
    public static func finishAll(within time: Int64) {
        let deadline = monotonicNanoseconds() + time
        lock.withLock {
            areEnding = true
            // What has been written there is still read, then comes the end.
            for tunnel in all.values { shutdown(tunnel.inner.descriptor, Int32(SHUT_RD)) }
            while !all.isEmpty, monotonicNanoseconds() < deadline { changed.wait(lock, until: deadline) }
        }
    }

    private func forget() {
        TLSTunnel.lock.withLock {
            TLSTunnel.all[ObjectIdentifier(self)] = nil
            TLSTunnel.changed.broadcast()
        }
    }

    // MARK: The thread

    private func run(_ greeting: (HostStream) throws -> Void) {
        if (try? greeting(inner)) != nil {
            repeat {
                carryToPeer()
                carryToInner()
            } while !isOver && wait()
        }
        shutdown(session.stream.descriptor, Int32(SHUT_RDWR))
        inner.shutDown()
        forget()
    }

    private var isOver: Bool { hasSaidGoodbye && (toInner.isEnded && toInner.range.isEmpty || TLSTunnel.lock.withLock { TLSTunnel.areEnding }) }

    /// Waits until something can go on; false if nothing can any more.
    private func wait() -> Bool {
        var places = [pollfd(fd: session.stream.descriptor, events: 0, revents: 0), pollfd(fd: inner.descriptor, events: 0, revents: 0)]
        if toInner.range.isEmpty, !toInner.isEnded { places[0].events |= Int16(POLLIN) }
        if toPeer.isStuck { places[0].events |= Int16(POLLOUT) }
        if toPeer.range.isEmpty, !toPeer.isEnded { places[1].events |= Int16(POLLIN) }
        if toInner.isStuck { places[1].events |= Int16(POLLOUT) }
        // That it has gone is told without being asked for, again and again, also while nothing can be done about it.
        if toPeer.isStuck && !toInner.isStuck || toPeer.isEnded && toInner.isEnded && toInner.range.isEmpty { places[1].fd = -1 }
        if toInner.isStuck && !toPeer.isStuck { places[0].fd = -1 }
        while poll(&places, 2, -1) < 0 { if errno != EINTR { return false } }
        let gone = Int16(POLLHUP | POLLERR | POLLNVAL)
        if places[1].revents & gone != 0, toPeer.isEnded { (toInner.range, toInner.isEnded) = (0..<0, true) }
        return places[0].revents & gone == 0 || !toInner.isEnded || !toInner.range.isEmpty
    }

    private func carryToPeer() {
        while true {
            if toPeer.range.isEmpty, !fillFromInner() { break }
            let result = toPeer.bytes.withUnsafeBytes { session.send(UnsafeRawBufferPointer(rebasing: $0[toPeer.range])) }
            switch result {
            case .done(let count): toPeer.range = toPeer.range.lowerBound + count..<toPeer.range.upperBound
            case .later:
                toPeer.isStuck = true
                return
            case .ended:
                // Nobody takes anything any more; what has been sent to here still comes.
                (toPeer.range, toPeer.isEnded, hasSaidGoodbye) = (0..<0, true, true)
                shutdown(inner.descriptor, Int32(SHUT_RD))
            }
        }
        toPeer.isStuck = false
        if toPeer.isEnded, !hasSaidGoodbye {
            hasSaidGoodbye = session.sayGoodbye()
            toPeer.isStuck = !hasSaidGoodbye
        }
    }

    /// False if there is nothing now, or nothing any more.
    private func fillFromInner() -> Bool {
        guard !toPeer.isEnded else { return false }
        let got = toPeer.bytes.withUnsafeMutableBytes { read(inner.descriptor, $0.baseAddress, $0.count) }
        if got > 0 {
            toPeer.range = 0..<got
            return true
        }
        if got == 0 || errno != EAGAIN && errno != EINTR { toPeer.isEnded = true }
        return false
    }

    private func carryToInner() {
        while true {
            if toInner.range.isEmpty, !fillFromPeer() { break }
            let put = toInner.bytes.withUnsafeBytes { bytes in
                send(inner.descriptor, bytes.baseAddress.map { $0 + toInner.range.lowerBound }, toInner.range.count, Int32(MSG_NOSIGNAL))
            }
            if put > 0 {
                toInner.range = toInner.range.lowerBound + put..<toInner.range.upperBound
            } else if errno == EAGAIN || errno == EINTR {
                toInner.isStuck = true
                return
            } else {
                // Nobody reads there any more.
                (toInner.range, toInner.isEnded) = (0..<0, true)
            }
        }
        toInner.isStuck = false
        if toInner.isEnded, !hasToldEnd {
            hasToldEnd = true
            shutdown(inner.descriptor, Int32(SHUT_WR))
        }
    }

    private func fillFromPeer() -> Bool {
        guard !toInner.isEnded else { return false }
        switch toInner.bytes.withUnsafeMutableBytes({ session.receive(into: $0) }) {
        case .done(let count):
            toInner.range = 0..<count
            return true
        case .later: return false
        case .ended:
            toInner.isEnded = true
            return false
        }
    }
}
