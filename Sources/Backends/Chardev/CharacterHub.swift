import HostOS

/// Several back ends as one: what is written goes to all of them, and what any of them has is input.
public final class CharacterHub: CharacterBackend {
    /// How many back ends there may be.
    public static let most = 4

    private let members: [Member]

    /// One back end, and what it talks to.
    private final class Member: CharacterFrontEnd {
        let backend: CharacterBackend
        weak var hub: CharacterHub?

        init(_ backend: CharacterBackend) { self.backend = backend }

        func receivableBytes() -> Int { hub?.frontEnd?.receivableBytes() ?? 0 }
        func receive(_ bytes: [UInt8]) { hub?.frontEnd?.receive(bytes) }
        func handle(_ event: CharacterEvent) { hub?.handle(event, of: self) }
        func backendHasRoom() { if hub?.unsentBytes == 0 { hub?.frontEnd?.backendHasRoom() } }
    }

    /// - Parameter backends: 1 to `most`, whose front end the hub is.
    public init(_ backends: [CharacterBackend]) {
        precondition((1...CharacterHub.most).contains(backends.count), "a hub has back ends")
        members = backends.map(Member.init)
        super.init()
        for member in members {
            member.hub = self
            member.backend.frontEnd = member
        }
    }

    public var backends: [CharacterBackend] { members.map(\.backend) }

    public override var filename: String { "hub" }
    public override var isOpen: Bool { members.contains { $0.backend.isOpen } }
    public override func write(_ bytes: [UInt8]) { for member in members { member.backend.write(bytes) } }
    public override var unsentBytes: Int { members.map(\.backend.unsentBytes).max() ?? 0 }
    public override func frontEndIsReady() { for member in members { member.backend.frontEndIsReady() } }
    public override func takeDescriptors() -> [HostStream] { members.flatMap { $0.backend.takeDescriptors() } }

    /// Somebody is there as long as anybody is.
    private func handle(_ event: CharacterEvent, of member: Member) {
        let others = members.contains { $0 !== member && $0.backend.isOpen }
        if event == .lineBreak || !others { frontEnd?.handle(event) }
    }
}
