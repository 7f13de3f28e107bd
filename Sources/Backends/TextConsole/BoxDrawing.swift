/// Pictures of lines and blocks (Unicode, Box Drawing and Block Elements), which meet those of their neighbours.
enum BoxDrawing {
    /// Where the lines of an arm run, by its weight: none, one, two, or a thick one.
    private static let columns: [[Int]] = [[], [3], [2, 5], [3, 4]], lines: [[Int]] = [[], [7], [6, 9], [7, 8]]

    /// The weights of the arms up, right, down and left.
    private static let arms: KeyValuePairs<UInt32, String> = [
        0x2500: "0101", 0x2501: "0303", 0x2502: "1010", 0x2503: "3030", 0x250c: "0110", 0x250f: "0330", 0x2510: "0011", 0x2513: "0033",
        0x2514: "1100", 0x2517: "3300", 0x2518: "1001", 0x251b: "3003", 0x251c: "1110", 0x2523: "3330", 0x2524: "1011", 0x252b: "3033",
        0x252c: "0111", 0x2533: "0333", 0x2534: "1101", 0x253b: "3303", 0x253c: "1111", 0x254b: "3333", 0x2550: "0202", 0x2551: "2020",
        0x2552: "0210", 0x2553: "0120", 0x2554: "0220", 0x2555: "0012", 0x2556: "0021", 0x2557: "0022", 0x2558: "1200", 0x2559: "2100",
        0x255a: "2200", 0x255b: "1002", 0x255c: "2001", 0x255d: "2002", 0x255e: "1210", 0x255f: "2120", 0x2560: "2220", 0x2561: "1012",
        0x2562: "2021", 0x2563: "2022", 0x2564: "0212", 0x2565: "0121", 0x2566: "0222", 0x2567: "1202", 0x2568: "2101", 0x2569: "2202",
        0x256a: "1212", 0x256b: "2121", 0x256c: "2222", 0x256d: "0110", 0x256e: "0011", 0x256f: "1001", 0x2570: "1100",
    ]

    static let pictures: [UInt32: [UInt8]] = {
        var pictures: [UInt32: [UInt8]] = [:]
        for (character, text) in arms { pictures[character] = drawn(text.utf8.map { Int($0) - 0x30 }) }
        pictures[0x2580] = filled { row in row < 8 ? 0xff : 0 }
        // Eighths from below, and from the left.
        for part in 1...8 { pictures[0x2580 + UInt32(part)] = filled { row in row >= Font.height - 2 * part ? 0xff : 0 } }
        for part in 1..<8 { pictures[0x2590 - UInt32(part)] = filled { _ in 0xff << UInt8(8 - part) } }
        pictures[0x2590] = filled { _ in 0x0f }
        for (character, even, odd) in [(0x2591, 0x88, 0x22), (0x2592, 0xaa, 0x55), (0x2593, 0x77, 0xdd)] as [(UInt32, UInt8, UInt8)] {
            pictures[character] = filled { $0 % 2 == 0 ? even : odd }
        }
        return pictures
    }()

    private static func filled(_ bits: (Int) -> UInt8) -> [UInt8] { (0..<Font.height).map(bits) }

    /// Each arm goes from its edge to the farther side of what crosses it in the middle.
    private static func drawn(_ weights: [Int]) -> [UInt8] {
        let across = lines[max(weights[1], weights[3])], along = columns[max(weights[0], weights[2])]
        let middle = (rows: (across.first ?? 7)...(across.last ?? 7), columns: (along.first ?? 3)...(along.last ?? 3))
        var picture = Font.blank
        func draw(_ rows: ClosedRange<Int>, _ columns: ClosedRange<Int>) {
            for row in rows { for column in columns { picture[row] |= 0x80 >> UInt8(column) } }
        }
        for column in columns[weights[0]] { draw(0...middle.rows.upperBound, column...column) }
        for column in columns[weights[2]] { draw(middle.rows.lowerBound...Font.height - 1, column...column) }
        for line in lines[weights[1]] { draw(line...line, middle.columns.lowerBound...Font.width - 1) }
        for line in lines[weights[3]] { draw(line...line, 0...middle.columns.upperBound) }
        return picture
    }
}
