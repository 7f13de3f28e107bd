/// How a machine's cpus are grouped: `-smp sockets=,clusters=,cores=,threads=`, each within the one before.
public struct CPUTopology: Equatable, Sendable {
    public let sockets: Int
    public let clusters: Int
    public let cores: Int
    public let threads: Int

    /// One socket with as many cores as there are cpus.
    public init(cores: Int) { self.init(sockets: 1, clusters: 1, cores: cores, threads: 1) }

    public init(sockets: Int, clusters: Int, cores: Int, threads: Int) {
        (self.sockets, self.clusters, self.cores, self.threads) = (sockets, clusters, cores, threads)
    }

    /// Where a cpu sits, each number counted within the group around it.
    public func place(_ cpu: Int) -> CPUPlace {
        CPUPlace(
            socket: cpu / (clusters * cores * threads), cluster: cpu / (cores * threads) % clusters, core: cpu / threads % cores,
            thread: cpu % threads)
    }
}

/// The numbers by which a machine tells its cpus apart; nil for those that it does not use.
public struct CPUPlace: Equatable, Sendable {
    public var socket: Int?
    public var cluster: Int?
    public var core: Int?
    public var thread: Int?

    public init(socket: Int? = nil, cluster: Int? = nil, core: Int? = nil, thread: Int? = nil) {
        (self.socket, self.cluster, self.core, self.thread) = (socket, cluster, core, thread)
    }
}
