/// The schema's text, a file for each part of the house. The types in `Sources/Control/QAPI/Generated` are made from it by apus-schema.
public enum SchemaText {
    /// Parts by the names of their files.
    public static let parts: [(name: String, text: String)] = [
        ("Protocol", protocolText), ("Machine", machineText), ("NUMA", numaText),
        ("Objects", objectText), ("Block", blockText), ("BlockJobs", blockJobsText),
        ("Characters", characterText),
        ("Network", networkText), ("Display", displayText), ("Dump", dumpText), ("PCI", pciText), ("Migration", migrationText),
    ]
}

extension Schema {
    /// Everything there is. A mistake in the text is a mistake of the program's.
    public static let all: Schema = {
        do {
            return try SchemaReader.read(SchemaText.parts.map(\.text).joined(separator: "\n"))
        } catch { preconditionFailure("the schema's text: \(error)") }
    }()
}
