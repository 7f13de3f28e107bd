import Diagnostics
import HostOS
import Schema

// usage: apus-schema FOLDER
// Writes the types of the machine protocol's schema, a file for each part.

func writeTypes(_ folder: String) throws {
    for (name, text) in SchemaText.parts {
        let file = try HostFile("\(folder)/\(name).swift", .create)
        try file.write(at: 0, Array(SwiftTypes.file(try SchemaReader.read(text), in: .all).utf8))
    }
}

guard let folder = CommandLine.arguments.dropFirst().first else {
    writeLine("usage: apus-schema FOLDER", to: 2)
    exitProcess(2)
}
do { try writeTypes(folder) } catch {
    writeLine("apus-schema: \(error)", to: 2)
    exitProcess(1)
}
