// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Forms of a memory dump. There are elf and kdump-zlib; the others are refused.
public enum DumpGuestMemoryFormat: String, QAPIEnumeration {
    case elf
    case kdumpZlib = "kdump-zlib"
    case kdumpLzo = "kdump-lzo"
    case kdumpSnappy = "kdump-snappy"
    case winDmp = "win-dmp"
}

/// Writes the guest's memory and its cpus' registers to a file, while the machine stands still.
public enum DumpGuestMemoryCommand: QAPICommand {
    public static let name = "dump-guest-memory"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// by the cpus' addresses; not supported
        public var paging: Bool
        /// file:NAME, or fd:NAME for a descriptor that getfd has named
        public var `protocol`: String
        /// answers at once, and DUMP_COMPLETED tells of the end
        public var detach: Bool?
        /// the first physical address
        public var begin: Int64?
        /// bytes
        public var length: Int64?
        public var format: DumpGuestMemoryFormat?

        public init(
            paging: Bool,
            `protocol`: String,
            detach: Bool? = nil,
            begin: Int64? = nil,
            length: Int64? = nil,
            format: DumpGuestMemoryFormat? = nil
        ) {
            self.paging = paging
            self.protocol = `protocol`
            self.detach = detach
            self.begin = begin
            self.length = length
            self.format = format
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            paging = try input.take("paging")
            `protocol` = try input.take("protocol")
            detach = try input.takeOptional("detach")
            begin = try input.takeOptional("begin")
            length = try input.takeOptional("length")
            format = try input.takeOptional("format")
        }

        public func write(to output: inout JSONObject) {
            output["paging"] = paging.json
            output["protocol"] = `protocol`.json
            output["detach"] = detach?.json
            output["begin"] = begin?.json
            output["length"] = length?.json
            output["format"] = format?.json
        }
    }
}

/// What a dump does.
public enum DumpStatus: String, QAPIEnumeration {
    case none
    case active
    case completed
    case failed
}

/// How far a dump is.
public struct DumpQueryResult: QAPIObject {
    public var status: DumpStatus
    /// bytes
    public var completed: Int64
    public var total: Int64

    public init(
        status: DumpStatus,
        completed: Int64,
        total: Int64
    ) {
        self.status = status
        self.completed = completed
        self.total = total
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        status = try input.take("status")
        completed = try input.take("completed")
        total = try input.take("total")
    }

    public func write(to output: inout JSONObject) {
        output["status"] = status.json
        output["completed"] = completed.json
        output["total"] = total.json
    }
}

/// Says how far the latest dump is.
public enum QueryDumpCommand: QAPICommand {
    public static let name = "query-dump"
    public typealias Return = DumpQueryResult
    public typealias Arguments = QAPIEmpty
}

/// A dump has ended.
public struct DumpCompletedEvent: QAPIEvent {
    public static let name = "DUMP_COMPLETED"
    public var result: DumpQueryResult
    public var error: String?

    public init(
        result: DumpQueryResult,
        error: String? = nil
    ) {
        self.result = result
        self.error = error
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        result = try input.take("result")
        error = try input.takeOptional("error")
    }

    public func write(to output: inout JSONObject) {
        output["result"] = result.json
        output["error"] = error?.json
    }
}

/// Forms of dumps that there are.
public struct DumpGuestMemoryCapability: QAPIObject {
    public var formats: [DumpGuestMemoryFormat]

    public init(
        formats: [DumpGuestMemoryFormat]
    ) {
        self.formats = formats
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        formats = try input.take("formats")
    }

    public func write(to output: inout JSONObject) {
        output["formats"] = formats.json
    }
}

/// Lists the forms of dumps.
public enum QueryDumpGuestMemoryCapabilityCommand: QAPICommand {
    public static let name = "query-dump-guest-memory-capability"
    public typealias Return = DumpGuestMemoryCapability
    public typealias Arguments = QAPIEmpty
}
