import CommandLine
import HostOS
import VNC

/// What `-vnc` says.
struct VNCOptions {
    /// Where to listen, nearest first; empty for nowhere.
    var places: [SocketAddress] = []
    /// Where to listen for WebSockets.
    var webPlaces: [SocketAddress] = []
    var server = VNCServer.Options()
    var display: String?
    var head = 0
    var secret: String?
    /// The id of the credentials for TLS.
    var credentials: String?
    var id: String?
    /// It connects to a viewer that waits, instead of waiting for viewers.
    var isReverse = false
    /// The back end that sound comes from: there is none that makes any.
    var audio: String?

    private static let firstPort = 5900, firstWebPort = 5700
    private static let refused = [
        "tls-authz", "sasl", "sasl-authz", "lossy", "non-adaptive", "power-control", "acl", "key-delay-ms",
        "lock-key-sync",
    ]

    /// `none`, `:N`, `HOST:N` or `unix:PATH`, and properties.
    init(_ text: String) throws(CommandLineError) {
        let list = PropertyList(text, option: "vnc", implied: "vnc")
        for name in VNCOptions.refused where list[name] != nil { throw .notSupported("-vnc \(name)=\(list[name] ?? "")") }
        try list.checkDeclared()
        let place = list["vnc"] ?? ""
        let last = try list.integer("to") ?? 0
        server.asksPassword = try list.bool("password", default: false)
        secret = list["password-secret"]
        if secret != nil { server.asksPassword = true }
        server.sharing = try VNCOptions.sharing(list["share"])
        server.mostViewers = try list.integer("connections") ?? 32
        credentials = list["tls-creds"]
        audio = list["audiodev"]
        (display, head) = (list["display"], try list.integer("head") ?? 0)
        id = list["id"]
        isReverse = try list.bool("reverse", default: false)
        if place == "none" { return }
        if isReverse {
            if let web = list["websocket"], web != "off" { throw .notSupported("-vnc websocket=\(web) with reverse=on") }
            places = [try VNCOptions.viewer(place)]
            return
        }
        places = try VNCOptions.places(place, upTo: last)
        if let web = list["websocket"], web != "off" {
            webPlaces = try VNCOptions.webPlaces(web, place)
        }
    }

    private static func sharing(_ word: String?) throws(CommandLineError) -> VNCServer.Sharing {
        switch word {
        case nil, "allow-exclusive": return .allowExclusive
        case "force-shared": return .forceShared
        case "ignore": return .ignore
        case let other?: throw .badValue(option: "vnc", value: "share=\(other)", expected: "allow-exclusive, force-shared, ignore")
        }
    }

    /// The host and the number of the display.
    private static func display(_ text: String) throws(CommandLineError) -> (host: String, number: Int) {
        guard let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]), (0...59635).contains(number) else {
            throw .badValue(option: "vnc", value: text, expected: "none, :DISPLAY, HOST:DISPLAY (0 to 59635) or unix:PATH")
        }
        let host = text[..<colon]
        return (host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host), number)
    }

    private static func places(_ text: String, upTo last: Int) throws(CommandLineError) -> [SocketAddress] {
        if text.hasPrefix("unix:") { return [.unix(path: String(text.dropFirst(5)))] }
        let (host, number) = try display(text)
        return (number...max(number, last)).map { .tcp(host: host, port: "\(firstPort + $0)") }
    }

    /// Where a viewer waits: a TCP port and not a display's number.
    private static func viewer(_ text: String) throws(CommandLineError) -> SocketAddress {
        if text.hasPrefix("unix:") { return .unix(path: String(text.dropFirst(5))) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw .badValue(option: "vnc", value: text, expected: "HOST:PORT or unix:PATH with reverse=on")
        }
        let host = text[..<colon]
        return .tcp(host: host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host), port: "\(port)")
    }

    /// `on`, or `[HOST:]PORT`.
    private static func webPlaces(_ text: String, _ place: String) throws(CommandLineError) -> [SocketAddress] {
        if text == "on" {
            guard !place.hasPrefix("unix:") else {
                throw .badValue(option: "vnc", value: "websocket=on", expected: "websocket=[HOST:]PORT beside a Unix socket")
            }
            let (host, number) = try display(place)
            return [.tcp(host: host, port: "\(firstWebPort + number)")]
        }
        let colon = text.lastIndex(of: ":")
        let port = colon.map { String(text[text.index(after: $0)...]) } ?? text
        guard UInt16(port) != nil else { throw .badValue(option: "vnc", value: "websocket=\(text)", expected: "on, or [HOST:]PORT") }
        return [.tcp(host: colon.map { String(text[..<$0]) } ?? "", port: port)]
    }
}
