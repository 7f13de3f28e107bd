import Diagnostics
import HostOS
import Schema

// usage: apus-schema FOLDER DOCUMENT
// Writes the types of the machine protocol's schema, a file for each part, and a document for its users.

func write(_ folder: String, _ document: String) throws {
    try HostFile(document, .create).write(at: 0, Array(SchemaDocument.text(of: .all).utf8))
    for (name, text) in SchemaText.parts {
        let file = try HostFile("\(folder)/\(name).swift", .create)
        try file.write(at: 0, Array(SwiftTypes.file(try SchemaReader.read(text), in: .all).utf8))
    }
}

let words = CommandLine.arguments.dropFirst()
guard words.count == 2, let folder = words.first, let document = words.last else {
    writeLine("usage: apus-schema FOLDER DOCUMENT", to: 2)
    exitProcess(2)
}
do { try write(folder, document) } catch {
    writeLine("apus-schema: \(error)", to: 2)
    exitProcess(1)
}
