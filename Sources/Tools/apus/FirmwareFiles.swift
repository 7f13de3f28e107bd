import CommandLine
import HostOS

/// A file for the firmware configuration device: `-fw_cfg [name=]opt/…,file=FILE` or `string=TEXT`.
func firmwareFile(_ text: String) throws -> (name: String, bytes: [UInt8]) {
    let list = PropertyList(text, option: "fw_cfg", implied: "name")
    try list.check(["name", "file", "string"])
    guard let name = list["name"], !name.isEmpty, name.utf8.count <= 55 else {
        throw CommandLineError.badValue(option: "fw_cfg", value: text, expected: "name=NAME of at most 55 bytes, such as opt/org.example/key")
    }
    switch (list["file"], list["string"]) {
    case (let path?, nil): return (name, try HostFile.contents(path))
    case (nil, let text?): return (name, Array(text.utf8))
    default: throw CommandLineError.badValue(option: "fw_cfg", value: text, expected: "either file=FILE or string=TEXT")
    }
}
