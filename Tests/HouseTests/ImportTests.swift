import Foundation
import Testing

/// The rules of the house that a compiler does not know.
@Suite struct HouseTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Floors from the ground up; rooms on one floor may import each other as the manifest allows.
    private static let floors = [
        ["Base"], ["Translation"], ["Execution"], ["Block", "Backends", "Guests"], ["Devices"], ["Machines", "UserMode"], ["Control"], ["Catalog"],
        ["Tools"],
    ]

    private func sources(_ folder: String) -> [URL] {
        let base = HouseTests.root.appending(path: folder)
        let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { $0.pathExtension == "swift" }
    }

    private func floor(_ top: String) -> Int? { HouseTests.floors.firstIndex { $0.contains(top) } }

    /// The first folder below Sources.
    private func top(_ file: URL) -> String {
        let relative = file.path.dropFirst(HouseTests.root.appending(path: "Sources").path.count + 1)
        return String(relative.prefix { $0 != "/" })
    }

    private func imports(_ file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("import ") }.map { String($0.dropFirst(7)) }
    }

    /// The floor of each module, from the manifest's paths.
    private func moduleFloors() throws -> [String: Int] {
        let manifest = try String(contentsOf: HouseTests.root.appending(path: "Package.swift"), encoding: .utf8)
        var result: [String: Int] = [:]
        for match in manifest.matches(of: /(?:module\(\s*|name: )"(\w+)",\s*(?:path: )?"(?:Sources\/)?(\w+)/) {
            if let floor = floor(String(match.2)) { result[String(match.1)] = floor }
        }
        return result
    }

    @Test func importsPointDownwards() throws {
        let floors = try moduleFloors()
        #expect(floors["IR"] == 1 && floors["GuestRISCV"] == 3 && floors["CHost"] == 0 && floors["DeviceTree"] == 5, "the manifest was understood")
        let files = sources("Sources")
        #expect(files.count > 100)
        for file in files {
            guard let own = floor(top(file)) else {
                Issue.record("\(file.path) stands on no floor")
                continue
            }
            for name in try imports(file) {
                if let other = floors[name], other > own { Issue.record("\(file.path) imports \(name), which is above it") }
            }
        }
    }

    /// Unsafe Swift has its addresses: what a guest, an image or a peer reaches first is none of them.
    @Test func unsafeCodeStaysInItsModules() throws {
        for folder in ["Block", "Devices", "Machines", "Control", "Catalog"] {
            for file in sources("Sources/\(folder)") {
                let text = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
                for line in text where line.contains(/\bunsafe [a-zA-Z(]|\bUnsafe\w*Pointer\b|withUnsafe|unsafeBitCast/) {
                    Issue.record("\(file.path): \(line)")
                }
            }
        }
        let manifest = try String(contentsOf: HouseTests.root.appending(path: "Package.swift"), encoding: .utf8)
        for match in manifest.matches(of: /"(?:Block|Devices|Machines|Control|Catalog)\/[\w\/]+", \.unsafe/) { Issue.record("\(match.0)") }
    }

    @Test func sharedFloorsKnowNoGuest() throws {
        for folder in ["Sources/Base", "Sources/Translation", "Sources/Execution"] {
            for file in sources(folder) where try imports(file).contains(where: { $0.hasPrefix("Guest") }) {
                Issue.record("\(file.path) imports a guest")
            }
        }
    }

    @Test func sourcesDoWithoutFoundation() throws {
        for file in sources("Sources") where try imports(file).contains("Foundation") { Issue.record("\(file.path) imports Foundation") }
    }

    @Test func filesStaySmall() throws {
        // What a program has written, nobody has to read.
        for file in sources("Sources") where !file.path.contains("/Generated/") {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).count
            if lines > 520 { Issue.record("\(file.path) has \(lines) lines") }
        }
    }
}
