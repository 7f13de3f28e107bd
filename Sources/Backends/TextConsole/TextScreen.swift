/// A character on the screen, with its colours 0x00RRGGBB.
struct Cell: Equatable {
    var character: UInt32 = 0x20
    var foreground: UInt32
    var background: UInt32
    var isUnderlined = false

    init(_ character: UInt32, _ pen: Pen) {
        self.character = character
        (foreground, background) = pen.colours
        isUnderlined = pen.isUnderlined
    }
}

/// The characters of a terminal, its cursor, and the lines that have gone off at the top. Rows and columns count from 0.
struct TextScreen {
    let columns: Int, rows: Int
    private var lines: [[Cell]]
    private var history: [[Cell]] = []
    /// Lines that somebody has gone back by.
    private(set) var back = 0
    private(set) var x = 0, y = 0
    /// The last column has been written: the next character begins a new row.
    private var wraps = false
    /// Rows that scroll.
    private var region: ClosedRange<Int>
    private var saved: (x: Int, y: Int, pen: Pen)?
    var pen = Pen()
    var showsCursor = true { didSet { if showsCursor != oldValue { touch(y...y) } } }
    var wrapsAround = true
    var inserts = false
    /// Rows are counted from the top of those that scroll.
    var countsFromRegion = false
    /// Whether each row as it is seen is to be drawn.
    private var touched: [Bool]

    static let mostColumns = 1000, mostRows = 1000
    private static let longestHistory = 512
    private static let tab = 8

    init(columns: Int, rows: Int) {
        precondition((1...TextScreen.mostColumns).contains(columns) && (1...TextScreen.mostRows).contains(rows), "a screen has a size")
        (self.columns, self.rows) = (columns, rows)
        region = 0...rows - 1
        lines = Array(repeating: Array(repeating: Cell(0x20, Pen()), count: columns), count: rows)
        touched = Array(repeating: true, count: rows)
    }

    // MARK: What is seen

    /// A row as it is seen, which may be one that has gone off.
    func seen(_ row: Int) -> [Cell] { row < back ? history[history.count - back + row] : lines[row - back] }

    /// Where the cursor is seen; nil if it is not.
    var seenCursor: (x: Int, y: Int)? { showsCursor && y + back < rows ? (x, y + back) : nil }

    mutating func takeTouched() -> [Int] {
        defer { touched = Array(repeating: false, count: rows) }
        return touched.indices.filter { touched[$0] }
    }

    private mutating func touch(_ range: ClosedRange<Int>) { for row in range where row + back < rows { touched[row + back] = true } }
    private mutating func touchAll() { touched = Array(repeating: true, count: rows) }

    /// Goes back by so many lines, or forth if negative.
    mutating func look(back count: Int) {
        let wanted = min(max(back + count, 0), history.count)
        guard wanted != back else { return }
        back = wanted
        touchAll()
    }

    // MARK: Writing

    private var blank: Cell {
        var plain = Pen()
        plain.background = pen.background
        return Cell(0x20, plain)
    }

    mutating func put(_ character: UInt32) {
        if wraps, wrapsAround {
            x = 0
            lineFeed()
        }
        if inserts { insertCharacters(1) }
        lines[y][x] = Cell(character, pen)
        touch(y...y)
        wraps = x == columns - 1
        if !wraps { x += 1 }
    }

    mutating func carriageReturn() { move(x: 0, y: y) }

    mutating func backspace() { move(x: x - 1, y: y) }

    mutating func tabulate(_ count: Int = 1) { move(x: (x / TextScreen.tab + count) * TextScreen.tab, y: y) }

    mutating func lineFeed() {
        wraps = false
        if y == region.upperBound { scrollUp(1) } else { move(x: x, y: y + 1) }
    }

    mutating func reverseLineFeed() {
        wraps = false
        if y == region.lowerBound { scrollDown(1) } else { move(x: x, y: y - 1) }
    }

    // MARK: The cursor

    /// Puts the cursor somewhere, as near as it can be.
    mutating func move(x newX: Int, y newY: Int) {
        touch(y...y)
        (x, y, wraps) = (min(max(newX, 0), columns - 1), min(max(newY, 0), rows - 1), false)
        touch(y...y)
    }

    /// Up and down stop at the edge of the rows that scroll, if the cursor is among them.
    mutating func moveRows(by count: Int) {
        let limits = region.contains(y) ? region : 0...rows - 1
        move(x: x, y: min(max(y + count, limits.lowerBound), limits.upperBound))
    }

    /// To a place that is counted as the program counts.
    mutating func goTo(x: Int, y: Int) {
        guard countsFromRegion else { return move(x: x, y: y) }
        move(x: x, y: min(region.lowerBound + max(y, 0), region.upperBound))
    }

    mutating func save() { saved = (x, y, pen) }

    mutating func restore() {
        move(x: saved?.x ?? 0, y: saved?.y ?? 0)
        pen = saved?.pen ?? Pen()
    }

    // MARK: Rows and characters that come and go

    mutating func setRegion(top: Int, bottom: Int) {
        guard top >= 0, bottom < rows, top < bottom else { return }
        region = top...bottom
        goTo(x: 0, y: 0)
    }

    mutating func scrollUp(_ count: Int) {
        let count = min(max(count, 0), region.count)
        if region.lowerBound == 0 { keep(lines[0..<count]) }
        replaceRows(from: region.lowerBound, removing: count, adding: 0)
    }

    mutating func scrollDown(_ count: Int) { replaceRows(from: region.lowerBound, removing: 0, adding: count) }

    private mutating func keep(_ gone: ArraySlice<[Cell]>) {
        history += gone
        if history.count > TextScreen.longestHistory { history.removeFirst(history.count - TextScreen.longestHistory) }
        // Who has gone back sees the same lines as long as they are there.
        if back > 0 {
            back = min(back + gone.count, history.count)
            touchAll()
        }
    }

    mutating func insertRows(_ count: Int) { if region.contains(y) { replaceRows(from: y, removing: 0, adding: count) } }
    mutating func deleteRows(_ count: Int) { if region.contains(y) { replaceRows(from: y, removing: count, adding: 0) } }

    /// Rows go at a place and others come below, or the other way round; all within the rows that scroll.
    private mutating func replaceRows(from top: Int, removing gone: Int, adding come: Int) {
        let height = region.upperBound - top + 1
        let empty = Array(repeating: blank, count: columns)
        let (gone, come) = (min(max(gone, 0), height), min(max(come, 0), height))
        lines.removeSubrange(come > 0 ? region.upperBound + 1 - come..<region.upperBound + 1 : top..<top + gone)
        lines.insert(contentsOf: Array(repeating: empty, count: max(gone, come)), at: come > 0 ? top : region.upperBound + 1 - gone)
        touch(top...region.upperBound)
    }

    mutating func insertCharacters(_ count: Int) {
        let count = min(max(count, 0), columns - x)
        lines[y].removeLast(count)
        lines[y].insert(contentsOf: Array(repeating: blank, count: count), at: x)
        touch(y...y)
    }

    mutating func deleteCharacters(_ count: Int) {
        let count = min(max(count, 0), columns - x)
        lines[y].removeSubrange(x..<x + count)
        lines[y] += Array(repeating: blank, count: count)
        touch(y...y)
    }

    mutating func eraseCharacters(_ count: Int) { erase(row: y, x..<min(x + max(count, 0), columns)) }

    private mutating func erase(row: Int, _ range: Range<Int>) {
        for place in range { lines[row][place] = blank }
        touch(row...row)
    }

    /// Parts of what is erased (ECMA-48, sections 8.3.39 and 8.3.41).
    enum Part: Int { case toEnd, toCursor, all }

    mutating func eraseInLine(_ part: Part) {
        wraps = false
        switch part {
        case .toEnd: erase(row: y, x..<columns)
        case .toCursor: erase(row: y, 0..<x + 1)
        case .all: erase(row: y, 0..<columns)
        }
    }

    mutating func eraseInScreen(_ part: Part) {
        if part != .all { eraseInLine(part) }
        let range = part == .toEnd ? y + 1..<rows : part == .toCursor ? 0..<y : 0..<rows
        for row in range { erase(row: row, 0..<columns) }
    }
}
