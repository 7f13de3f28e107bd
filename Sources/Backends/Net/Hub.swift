/// Joins any number of network cards and back ends: what one sends, all others get. QEMU's `hubport` and `-net`.
public final class Hub {
    public let number: Int
    public private(set) var ports: [Port] = []

    public init(number: Int) { self.number = number }

    /// A new port; `backend` is the network behind it, or nil if a network card is going to be.
    public func makePort(name: String, to backend: NetworkBackend?) -> Port {
        let port = Port(self, name: name, backend)
        ports.append(port)
        return port
    }

    fileprivate func distribute(_ frame: [UInt8], from source: Port) { for port in ports where port !== source { port.pass(frame) } }

    /// A socket of the hub's. A hub holds nobody up: each port keeps what its own side has no room for.
    public final class Port: NetworkBackend, NetworkFrontEnd {
        public let name: String
        private unowned let hub: Hub
        public let backend: NetworkBackend?

        fileprivate init(_ hub: Hub, name: String, _ backend: NetworkBackend?) {
            (self.hub, self.name, self.backend) = (hub, name, backend)
            super.init()
            backend?.frontEnd = self
        }

        /// A frame from the hub to what is plugged in here.
        fileprivate func pass(_ frame: [UInt8]) {
            guard let backend else { return deliver(frame) }
            if backend.hasRoom { backend.send(frame) }
        }

        /// From the network card.
        public override func send(_ frame: [UInt8]) { hub.distribute(frame, from: self) }

        /// From the back end.
        public func receive(_ frame: [UInt8]) -> Bool {
            hub.distribute(frame, from: self)
            return true
        }

        public func backendHasRoom() {}

        public override var description: String { "type=hubport,hubid=\(hub.number)" }
    }
}
