import BlockFormats
import CommandLine
import Diagnostics

/// How `-drive` and `-blockdev` spell the ways of opening an image.
struct ImageProperties {
    let list: PropertyList

    /// What both understand of a file, without a prefix.
    static let names = ["read-only", "auto-read-only", "discard", "detect-zeroes", "cache.direct", "cache.no-flush", "aio", "locking"]

    /// A property of the file below, or the same of the format above it.
    private func value(_ name: String) -> String? { list["file.\(name)"] ?? list[name] }

    private func bool(_ name: String, default value: Bool) throws(CommandLineError) -> Bool {
        try list.bool(list["file.\(name)"] == nil ? name : "file.\(name)", default: value)
    }

    private func choice<Choice: CaseIterable & RawRepresentable<String>>(_ name: String, default value: Choice) throws(CommandLineError) -> Choice {
        guard let text = self.value(name) else { return value }
        guard let choice = Choice(rawValue: text) else {
            throw .badValue(option: list.option, value: "\(name)=\(text)", expected: Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// Changes what is named and leaves the rest as it is.
    func apply(to options: inout ImageOptions) throws(CommandLineError) {
        options.isReadOnly = try bool("read-only", default: try list.bool("readonly", default: options.isReadOnly))
        options.mayBecomeReadOnly = try bool("auto-read-only", default: options.mayBecomeReadOnly)
        options.cache.direct = try bool("cache.direct", default: options.cache.direct)
        options.cache.ignoresFlushes = try bool("cache.no-flush", default: options.cache.ignoresFlushes)
        options.cache.writeback = try list.bool("cache.writeback", default: options.cache.writeback)
        options.locking = try choice("locking", default: options.locking)
        if let discard = value("discard") {
            guard ["unmap", "on", "ignore", "off"].contains(discard) else {
                throw .badValue(option: list.option, value: "discard=\(discard)", expected: "unmap, ignore")
            }
            options.discards = ["unmap", "on"].contains(discard)
        }
        options.zeroDetection = try choice("detect-zeroes", default: options.zeroDetection)
        if options.zeroDetection == .unmap, !options.discards {
            throw .badValue(option: list.option, value: "detect-zeroes=unmap", expected: "discard=unmap with it")
        }
    }

    /// `aio=`; nil if it is left to us.
    func engine(cache: ImageOptions.Cache) throws(CommandLineError) -> BlockSetup.EngineKind? {
        guard let text = value("aio") else { return nil }
        if text == "native" { throw .notSupported("-\(list.option) aio=native (Linux AIO); use aio=io_uring") }
        guard let kind = BlockSetup.EngineKind(rawValue: text) else {
            throw .badValue(option: list.option, value: "aio=\(text)", expected: "threads, io_uring")
        }
        return kind
    }
}
