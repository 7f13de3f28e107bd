/// Writes a schema for people: `docs/qmp.md`.
public enum SchemaDocument {
    public static func text(of schema: Schema) -> String {
        var text = """
            # The machine protocol

            Commands and events of QMP that Apus has, from the schema's text by `make schema`. The conversation itself is QEMU's: a greeting,
            `qmp_capabilities`, then one JSON object for each command (`execute`, `arguments`, `id`). A question mark stands behind what may be left out.

            """
        var events = ""
        for entry in schema.entries {
            switch entry.definition {
            case .command(let command): text += "\n## \(entry.name)\n\n\(entry.help)\(notes(command))\n\(arguments(command))"
            case .event(let members): events += "\n### \(entry.name)\n\n\(entry.help)\n\(lines(members))"
            default: break
            }
        }
        return text + "\n## Events\n" + events
    }

    private static func notes(_ command: Schema.Command) -> String {
        (command.result.map { " Returns `\(name($0))`." } ?? "")
            + (command.flags.contains(.early) ? " Also before the machine is made." : "") + (command.flags.contains(.oob) ? " Also out of band." : "")
    }

    private static func arguments(_ command: Schema.Command) -> String {
        let box = command.box.map { "\n- the members of `\($0)`\n" } ?? ""
        let open = command.flags.contains(.open) ? "- and the properties of what is made\n" : ""
        return box + lines(command.arguments) + open
    }

    private static func lines(_ members: [Schema.Member]) -> String {
        if members.isEmpty { return "" }
        return "\n"
            + members.map { member in
                "- `\(member.name)\(member.isOptional ? "?" : "")`: `\(name(member.type))`\(member.help.isEmpty ? "" : ", \(member.help)")\n"
            }.joined()
    }

    private static func name(_ type: Schema.TypeReference) -> String { type.isList ? "[\(type.name)]" : type.name }
}
