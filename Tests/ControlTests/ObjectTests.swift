import JSON
import MachineControl
import ObjectModel
import QAPI
import Testing
import VirtioDevices

@Suite struct ObjectTests {
    private let type = ObjectType(
        "thing", parent: "device",
        [
            Property("on", .bool, default: true, "a switch"), Property("size", .size, range: 512...4096, powerOfTwo: true, "a size"),
            Property("count", .unsigned(bits: 16), default: 1, "a number"), Property("mode", .choice("Mode", ["a", "b"]), default: "a", "a word"),
            Property("name", .string, required: true, "a text"), Property("auto", .onOffAuto, default: "auto", "a switch with a mind"),
        ])

    @Test func textBecomesValues() throws {
        var values = PropertyValues(type)
        for (name, text) in [("on", "no"), ("size", "2K"), ("count", "0x10"), ("mode", "b"), ("name", "5"), ("auto", "yes")] {
            try values.set(name, text: text)
        }
        #expect(!values.bool("on") && values.integer("size") == 2048 && values.integer("count") == 16 && values.string("mode") == "b")
        #expect(values.string("name") == "5" && values.onOff("auto") == true)
        try values.checkComplete()
    }

    @Test(arguments: [
        ("on", "maybe", "on, off"), ("size", "3k", "a power of two from 512 to 4096"), ("size", "8k", "a power of two from 512 to 4096"),
        ("count", "65536", "a number"),
        ("count", "-1", "a number"), ("mode", "c", "a, b"), ("auto", "x", "on, off, auto"),
        ("size", "99999999999999999999", "a power of two from 512 to 4096"),
    ]) func badTextIsRefused(_ name: String, _ text: String, _ accepted: String) {
        var values = PropertyValues(type)
        #expect(throws: PropertyError.badValue(type: "thing", name: name, value: text, accepted: accepted)) { try values.set(name, text: text) }
    }

    @Test func devicesKnowTheirPathsBeforeTheirMachine() {
        let tree = ObjectTree(types: TypeRegistry([type]))
        let node = ObjectNode(type: "thing")
        #expect(tree.add(device: node, id: "x") && node.path == "/machine/peripheral/x")
        #expect(tree.root.find("/machine/peripheral/x").node === node)
    }

    @Test func messagesBecomeValues() throws {
        var values = PropertyValues(type)
        for (name, value) in [("on", false), ("size", 1024), ("count", "7"), ("name", "x")] as [(String, JSONValue)] { try values.set(name, value) }
        #expect(!values.bool("on") && values.integer("size") == 1024 && values.integer("count") == 7)
        #expect(throws: PropertyError.badType(name: "name", expected: "string")) { try values.set("name", 5) }
        #expect(throws: PropertyError.badType(name: "on", expected: "boolean")) { try values.set("on", 1) }
        #expect(throws: PropertyError.self) { try values.set("size", 3) }
        #expect(throws: PropertyError.self) { try values.set("nothing", 3) }
        #expect(throws: PropertyError.missing(name: "name")) { try PropertyValues(type).checkComplete() }
    }

    @Test func pathsAreFound() {
        let root = ObjectNode(), first = ObjectNode(), second = ObjectNode()
        root.add(first, as: "a")
        root.add(second, as: "b")
        for parent in [first, second] { parent.add(ObjectNode(type: "leaf"), as: "c") }
        first.addNumbered(ObjectNode(), base: "d")
        first.addNumbered(ObjectNode(), base: "d")
        #expect(root.find("/").node === root && root.find("/a/c").node?.path == "/a/c" && root.find("b/c").node?.path == "/b/c")
        #expect(root.find("c").isAmbiguous && root.find("d[1]").node?.path == "/a/d[1]" && root.find("/c").node == nil && root.find("x").node == nil)
        #expect(!root.add(ObjectNode(), as: "a"), "each name once")
    }

    @Test func objectsShowWhatTheyAre() throws {
        var values = PropertyValues(type)
        try values.set("size", text: "1k")
        var level: JSONValue = 3
        let node = ObjectNode(values, [.init("level", "int", set: { level = $0 }, get: { level })])
        #expect(node.properties.map(\.name) == ["type", "on", "size", "count", "mode", "name", "auto", "level"])
        #expect(node.property("size")?.get() == 1024 && node.property("name")?.get() == "" && node.property("type")?.get() == "thing")
        try node.set("level", 4)
        #expect(level == 4)
        #expect(throws: PropertyError.fixed(type: "thing", name: "size")) { try node.set("size", 5) }
    }

    @Test func backEndsComeAndGo() throws {
        let tree = ObjectTree(types: .init(BackEndTypes.all))
        let backEnds = BackEnds(tree: tree) { [UInt8](repeating: 7, count: $0) }
        try backEnds.define("rng-builtin,id=r")
        try backEnds.define("{'qom-type':'memory-backend-ram','id':'m','size':1048576}")
        try backEnds.add(["qom-type": "secret", "id": "s", "data": "aGk=", "format": "base64"])
        #expect(tree.objects.children.map(\.path) == ["/objects/r", "/objects/m", "/objects/s"])
        #expect(tree.root.find("/objects/s").node?.property("data")?.get() == "", "a secret stays one")
        #expect(try backEnds.random("r")(2) == [7, 7] && backEnds.memory("m").size == 1 << 20)
        #expect(throws: QAPIError(.generic, "object 'm' is in use, can not be deleted")) { try backEnds.remove("m") }
        try backEnds.remove("s")
        #expect(throws: QAPIError(.generic, "attempt to add duplicate property 'm' to object (type 'container')")) {
            try backEnds.add(["qom-type": "rng-builtin", "id": "m"])
        }
    }

    @Test(arguments: [
        ("{'id':'x'}", "Parameter 'qom-type' is missing"), ("{'qom-type':'bad','id':'x'}", "Parameter 'qom-type' does not accept value 'bad'"),
        ("{'qom-type':'rng-builtin'}", "Parameter 'id' is missing"), ("{'qom-type':'rng-builtin','id':'x','foo':1}", "Parameter 'foo' is unexpected"),
        ("{'qom-type':'memory-backend-ram','id':'x'}", "Parameter 'size' is missing"),
        ("{'qom-type':'secret','id':'x'}", "Must provide 'file' or 'data' property"),
        ("{'qom-type':'iothread','id':'x'}", "the object 'iothread' is not supported"),
    ]) func badObjectsAreRefused(_ text: String, _ expected: String) throws {
        let backEnds = BackEnds(tree: ObjectTree(types: .init(BackEndTypes.all))) { _ in [] }
        let object = try #require(try JSONValue(parsing: text).object)
        do {
            try backEnds.add(object)
            Issue.record("it was accepted")
        } catch { #expect("\(error)" == expected) }
    }

    /// Declarations and what is made of them agree: every default is a value of its own property.
    @Test(arguments: [VirtioBlock.type, VirtioNet.type, VirtioConsole.type, VirtioEntropy.type, VirtioConsolePort.portType] + BackEndTypes.all)
    func defaultsAreValues(_ type: ObjectType) throws {
        for property in type.properties {
            guard let value = property.defaultValue else { continue }
            var values = PropertyValues(type)
            try values.set(property.name, value)
            #expect(values[property.name] == value && !property.help.isEmpty)
        }
        #expect(Set(type.properties.map(\.name)).count == type.properties.count)
    }
}
