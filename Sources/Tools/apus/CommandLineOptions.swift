import BlockSetup
import CharacterSetup
import CommandLine
import QAPI

/// Options with the properties that they take, for `query-command-line-options`.
enum CommandLineOptions {
    static func describe(_ wanted: String?) throws(QAPIError) -> [CommandLineOptionInfo] {
        let options = OptionRow.all.filter { $0.properties != nil && (wanted == nil || $0.queryName == wanted) }
        guard wanted == nil || !options.isEmpty else { throw .init(.generic, "invalid option name: \(wanted ?? "")") }
        return options.map { option in
            CommandLineOptionInfo(option: option.queryName, parameters: (option.properties ?? []).map { parameter($0.name, $0.kind) })
        }
    }

    private static func parameter(_ name: String, _ kind: OptionRow.Kind) -> CommandLineParameterInfo {
        let type: CommandLineParameterType =
            switch kind {
            case .string: .string
            case .bool: .boolean
            case .number: .number
            case .size: .size
            }
        return CommandLineParameterInfo(name: name, type: type)
    }
}
