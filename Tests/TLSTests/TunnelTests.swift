import Foundation
import HostOS
import TLS
import Testing
import VNC

/// Both ends of secured connections in one process.
@Suite struct TunnelTests {
    private func anonymous(_ endpoint: TLSCredentials.Endpoint) throws -> TLSCredentials {
        try TLSCredentials(.anonymous, endpoint, folder: nil, verifiesPeer: true, priorities: nil)
    }

    /// Secures a pair of sockets at both ends at once.
    private func connect(_ server: TLSCredentials, _ client: TLSCredentials) throws -> (HostStream, HostStream) {
        let (one, other) = try HostStream.pair()
        nonisolated(unsafe) var accepted: Result<HostStream, any Error>?
        let thread = try HostThread(name: "server") {
            let result = Result { try TLSTunnel.open(one, server) }
            one.shutDownIfFailed(result)
            accepted = result
        }
        let made = Result { try TLSTunnel.open(other, client, hostName: "localhost") }
        other.shutDownIfFailed(made)
        thread.join()
        return (try #require(accepted).get(), try made.get())
    }

    /// Everything that comes until the end.
    private func readAll(_ stream: HostStream) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            switch try stream.readNow(into: &bytes, count: 65536) {
            case 0: return bytes
            case nil: guard stream.wait(writable: false, milliseconds: 10_000) else { return bytes }
            default: break
            }
        }
    }

    /// So many bytes, or what has come in ten seconds.
    private func read(_ stream: HostStream, _ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            switch try stream.readNow(into: &bytes, count: count - bytes.count) {
            case 0: return bytes
            case nil: guard stream.wait(writable: false, milliseconds: 10_000) else { return bytes }
            default: break
            }
        }
        return bytes
    }

    @Test func bytesGoBothWaysAtOnce() throws {
        let (server, client) = try connect(anonymous(.server), anonymous(.client))
        let up = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }, down = Array(up.reversed())
        let writers = try [(server, down), (client, up)].map { stream, bytes in
            try HostThread(name: "writer") { try? stream.writeAll(bytes) }
        }
        nonisolated(unsafe) var atServer: [UInt8] = []
        let reader = try HostThread(name: "reader") { atServer = (try? read(server, up.count)) ?? [] }
        let atClient = try read(client, down.count)
        reader.join()
        for thread in writers { thread.join() }
        #expect(atServer == up)
        #expect(atClient == down)
    }

    @Test func anEndIsTold() throws {
        var (server, client): (HostStream, HostStream?) = try connect(anonymous(.server), anonymous(.client))
        try client?.writeAll(Array("the last words".utf8))
        client = nil
        #expect(try readAll(server) == Array("the last words".utf8))
    }

    @Test func keysThatBothKnow() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-psk-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func credentials(_ endpoint: TLSCredentials.Endpoint, _ user: String, key: String) throws -> TLSCredentials {
            try "somebody:00112233\n\(user):\(key)\n".write(toFile: folder + "/keys.psk", atomically: true, encoding: .utf8)
            return try TLSCredentials(.preSharedKey(user: user), endpoint, folder: folder, verifiesPeer: true, priorities: nil)
        }
        let server = try credentials(.server, "qemu", key: "00aa11bb22cc33dd")
        let (one, other) = try connect(server, try credentials(.client, "qemu", key: "00aa11bb22cc33dd"))
        try one.writeAll([1, 2, 3])
        #expect(try read(other, 3) == [1, 2, 3])
        #expect(throws: TLSError.self) { try credentials(.client, "else", key: "not hexadecimal") }
        let wrong = try credentials(.client, "qemu", key: "00aa11bb22cc33de")
        try "qemu:00aa11bb22cc33dd\n".write(toFile: folder + "/keys.psk", atomically: true, encoding: .utf8)
        #expect(throws: TLSError.self) { _ = try connect(server, wrong) }
    }

    @Test func whatIsNotTLSIsTurnedAway() throws {
        let (one, other) = try HostStream.pair()
        try other.writeAll(Array("GET / HTTP/1.0\r\n\r\n".utf8))
        #expect(throws: TLSError.self) { _ = try TLSTunnel.open(one, anonymous(.server)) }
        // Somebody who says nothing is waited for as long as he is wanted.
        let (silent, _other) = try HostStream.pair()
        var looks = 0
        #expect(throws: TLSError.self) {
            _ = try TLSTunnel.open(
                silent, anonymous(.server),
                while: {
                    looks += 1
                    return looks < 3
                })
        }
        #expect(looks == 3)
        _ = _other
    }

    @Test func foldersWithoutFilesAreRefused() throws {
        #expect(throws: TLSError.self) {
            _ = try TLSCredentials(.certificates(password: nil, checksOwn: true), .server, folder: "/nowhere", verifiesPeer: true, priorities: nil)
        }
        #expect(throws: TLSError.self) { _ = try TLSCredentials(.anonymous, .server, folder: nil, verifiesPeer: true, priorities: "NONSENSE") }
    }

    @Test func viewersWithoutVeNCryptAreTurnedAway() throws {
        let encryption = try #require(VeNCrypt(anonymous(.server), asksPassword: false))
        #expect(encryption.kind == .tlsNone)
        for (words, told) in [
            ("RFB 003.003\n", 12), ("RFB 003.008\n\u{1}", 14), ("RFB 003.008\n\u{13}\0\u{1}", 16), ("HELLO WORLD\n", 12),
        ] {
            let (one, other) = try HostStream.pair()
            try other.writeAll(Array(words.utf8))
            #expect(throws: (any Error).self) { _ = try encryption.secure(one) }
            #expect(try read(other, told).count == told)
        }
    }
}

extension HostStream {
    /// So that the other end does not wait for this one.
    fileprivate func shutDownIfFailed(_ result: Result<HostStream, any Error>) { if case .failure = result { shutDown() } }
}
