import BlockFormats
import CommandLine
import MachineModel

/// The flash banks' files: `-drive if=pflash,file=FILE,format=raw[,unit=N][,readonly=on]`. Without a unit a file goes to the next bank.
///
/// - Parameter arePrivate: changes do not reach the files.
func flashImages(_ options: ParsedCommandLine, arePrivate: Bool) throws -> [Int: FlashImage] {
    var images: [Int: FlashImage] = [:]
    for text in options.all("drive") {
        let list = PropertyList(text, option: "drive", implied: "file")
        guard list["if"] == "pflash" else { continue }
        try list.check(["file", "if", "format", "unit", "index", "readonly", "id", "cache"])
        guard let path = list["file"] else { throw CommandLineError.badValue(option: "drive", value: text, expected: "file=IMAGE") }
        if let format = list["format"], format != "raw" { throw BlockError.unsupportedFormat(format) }
        let unit = try list.integer("unit") ?? list.integer("index") ?? (images.keys.max().map { $0 + 1 } ?? 0)
        guard images[unit] == nil else { throw CommandLineError.badValue(option: "drive", value: "unit=\(unit)", expected: "each unit once") }
        images[unit] = FlashImage(path: path, isReadOnly: try list.bool("readonly", default: false), isPrivate: arePrivate)
    }
    return images
}
