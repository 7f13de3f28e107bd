import Diagnostics
import HostOS

/// Why there is no template, or no clone of it.
public enum TemplateError: ExplainedError {
    case notThere(String)
    case torn(String)
    case damaged(String, String)
    case otherFormat(String, Int64)
    case otherGuest(String, template: String, program: String)
    case changed(String, of: String)
    case missing(String, of: String)
    case cannotKeep(String)
    case notYours(String)
    case otherCards(given: Int, needed: Int)

    public var cause: String {
        switch self {
        case .notThere(let path): "-clone: there is no template '\(path)'"
        case .torn(let path): "-clone: the template '\(path)' is not complete: it was not written to its end"
        case .damaged(let path, let what): "-clone: the template '\(path)' is damaged: \(what)"
        case .otherFormat(let path, let format): "-clone: the template '\(path)' has format \(format), and format \(TemplateManifest.format) is known"
        case .otherGuest(let path, let template, let program): "-clone: the template '\(path)' is of a \(template) machine, and this is \(program)"
        case .changed(let file, let path): "-clone: '\(file)' is not what it was when the template '\(path)' was made"
        case .missing(let file, let path): "-clone: '\(file)', which the template '\(path)' stands on, is not there"
        case .cannotKeep(let reason): "no template can be made: \(reason)"
        case .notYours(let option): "-\(option) beside -clone: the machine is the template's"
        case .otherCards(let given, let needed): "-nic \(given) times beside -clone: the template has \(needed)"
        }
    }

    public var remedy: String? {
        switch self {
        case .notThere: "template-save makes one of a running machine"
        case .torn, .damaged, .changed: "make the template anew"
        case .otherFormat: "make the template with the same Apus"
        case .otherGuest(_, let template, _): "use qemu-system-\(template), or apus, which takes any"
        case .missing: "put it back, or make the template anew"
        case .cannotKeep: nil
        case .notYours: "a clone has consoles, monitors, back ends and a name of its own; what the machine is made of comes from the template"
        case .otherCards: "give as many, in their order, or none"
        }
    }
}
