import JSON
import QAPI

/// A command as it comes from a client.
struct QMPRequest {
    let command: String
    let arguments: JSONObject
    let id: JSONValue?
    let isOutOfBand: Bool

    /// `allowsOutOfBand`: the client has switched that on.
    init(_ value: JSONValue, allowsOutOfBand: Bool) throws(QAPIError) {
        guard case .object(let object) = value else { throw .init(.generic, "QMP input must be a JSON object") }
        let known = ["execute", "arguments", "id"] + (allowsOutOfBand ? ["exec-oob"] : [])
        if let name = object.names.first(where: { !known.contains($0) }) { throw .init(.generic, "QMP input member '\(name)' is unexpected") }
        if object["execute"] != nil, object["exec-oob"] != nil {
            throw .init(.generic, "QMP input member 'execute' clashes with 'exec-oob'")
        }
        isOutOfBand = object["exec-oob"] != nil
        let key = isOutOfBand ? "exec-oob" : "execute"
        guard let word = object[key] else { throw .init(.generic, "QMP input lacks member 'execute'") }
        guard let command = word.string else { throw .init(.generic, "QMP input member '\(key)' must be a string") }
        self.command = command
        if let value = object["arguments"] {
            guard case .object(let arguments) = value else { throw .init(.generic, "QMP input member 'arguments' must be an object") }
            self.arguments = arguments
        } else {
            arguments = JSONObject()
        }
        id = object["id"]
    }
}
