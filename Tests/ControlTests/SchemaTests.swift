import HostOS
import JSON
import QAPI
import Schema
import Testing

@Suite struct SchemaTests {
    @Test func everyTypeIsDefined() { #expect(Schema.all.undefined.isEmpty && Schema.all.entries.count > 100) }

    @Test func everythingSaysWhatItIs() {
        for entry in Schema.all.entries where !entry.name.hasSuffix("Wrapper") { #expect(!entry.help.isEmpty, "\(entry.name)") }
    }

    /// The types in the tree are those that apus-schema makes of the text.
    @Test func typesAreUpToDate() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        for (name, text) in SchemaText.parts {
            let made = SwiftTypes.file(try SchemaReader.read(text), in: .all)
            let kept = String(decoding: try HostFile.contents("\(root)/Sources/Control/QAPI/Generated/\(name).swift"), as: UTF8.self)
            #expect(made == kept, "run: make schema")
        }
        #expect(String(decoding: try HostFile.contents("\(root)/docs/qmp.md"), as: UTF8.self) == SchemaDocument.text(of: .all), "run: make schema")
    }

    @Test(arguments: [
        "struct A\n    b", "foo A", "union U by x\n    a: str", "command c foo", "struct A\nstruct A", "struct", "union U by a\n    a: E\n    case",
    ]) func mistakesAreRefused(_ text: String) { #expect(throws: SchemaReader.Failure.self) { try SchemaReader.read(text) } }

    @Test func unionsChooseTheirBranch() throws {
        let text = "{'id':'n','type':'user','net':'10.0.2.0/24','hostfwd':[{'str':'tcp::1-:1'}]}"
        let netdev = try Netdev(json: try JSONValue(parsing: text), name: "")
        guard case .user(let options) = netdev.branch else {
            Issue.record("not user: \(netdev)")
            return
        }
        #expect(options.net == "10.0.2.0/24" && options.hostfwd?.map(\.str) == ["tcp::1-:1"])
        #expect(netdev.json == (try JSONValue(parsing: text)))
    }

    @Test(arguments: [
        ("{'id':'n'}", "Parameter 'type' is missing"), ("{'type':'user'}", "Parameter 'id' is missing"),
        ("{'id':'n','type':'x'}", "Parameter 'type' does not accept value 'x'"),
        ("{'id':'n','type':'user','hubid':1}", "Parameter 'hubid' is unexpected"),
        ("{'id':'n','type':'hubport','hubid':'1'}", "Invalid parameter type for 'hubid', expected: integer"),
        ("{'id':'n','type':'user','hostfwd':[{}]}", "Parameter 'hostfwd[0].str' is missing"),
        ("{'id':'n','type':'hubport','hubid':4294967296}", "Parameter 'hubid' does not accept value '4294967296'"),
    ]) func argumentsAreChecked(_ text: String, _ expected: String) {
        #expect(throws: QAPIError(.generic, expected)) { try Netdev(json: try JSONValue(parsing: text), name: "") }
    }

    @Test func bytesAreText() {
        for (bytes, text) in [
            ([], ""), ([0x66], "Zg=="), ([0x66, 0x6f], "Zm8="), ([0x66, 0x6f, 0x6f], "Zm9v"), ([0xff, 0xfe, 0xfd, 0xfc], "//79/A=="),
        ] as [([UInt8], String)] {
            #expect(Base64.encode(bytes) == text && Base64.decode(text) == bytes)
        }
        for text in ["Z", "Zg=", "Zg==Zg==", "Z!==", "===="] { #expect(Base64.decode(text) == nil, "\(text)") }
    }
}
