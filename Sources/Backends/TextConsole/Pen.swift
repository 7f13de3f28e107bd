/// What characters are written with (ECMA-48, section 8.3.117, SGR).
struct Pen: Equatable {
    enum Colour: Equatable {
        case usual
        /// Of the palette.
        case index(UInt8)
        /// 0x00RRGGBB.
        case direct(UInt32)
    }

    var foreground = Colour.usual, background = Colour.usual
    var isBold = false, isUnderlined = false, isReversed = false, isConcealed = false

    private static let usualForeground = 7, usualBackground = 0

    /// The colours that a character gets, 0x00RRGGBB.
    var colours: (foreground: UInt32, background: UInt32) {
        let (front, back) = (
            Pen.colour(foreground, Pen.usualForeground, isBright: isBold), Pen.colour(background, Pen.usualBackground, isBright: false)
        )
        let (ink, paper) = isReversed ? (back, front) : (front, back)
        return (isConcealed ? paper : ink, paper)
    }

    /// Bold letters in one of the eight colours are bright.
    private static func colour(_ colour: Colour, _ usual: Int, isBright: Bool) -> UInt32 {
        switch colour {
        case .usual: palette[usual + (isBright ? 8 : 0)]
        case .index(let number): palette[Int(number) + (isBright && number < 8 ? 8 : 0)]
        case .direct(let value): value
        }
    }

    /// Sixteen colours as PCs have them, a cube of 6×6×6, and 24 greys (xterm's 256 colours).
    private static let palette: [UInt32] = {
        let steps: [UInt32] = [0, 95, 135, 175, 215, 255]
        let first: [UInt32] = [
            0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff,
            0xff55ff,
            0x55ffff, 0xffffff,
        ]
        let cube = steps.flatMap { red in steps.flatMap { green in steps.map { red << 16 | green << 8 | $0 } } }
        return first + cube + (0..<24).map { (8 + 10 * $0) * 0x010101 }
    }()

    /// Selects attributes by their numbers; those that are not known change nothing.
    mutating func select(_ numbers: [Int]) {
        var rest = numbers[...]
        while let number = rest.popFirst() {
            switch number {
            case 0: self = Pen()
            case 1: isBold = true
            case 4: isUnderlined = true
            case 7: isReversed = true
            case 8: isConcealed = true
            case 21, 22: isBold = false
            case 24: isUnderlined = false
            case 27: isReversed = false
            case 28: isConcealed = false
            case 30...37: foreground = .index(UInt8(number - 30))
            case 38: foreground = Pen.chosen(&rest) ?? foreground
            case 39: foreground = .usual
            case 40...47: background = .index(UInt8(number - 40))
            case 48: background = Pen.chosen(&rest) ?? background
            case 49: background = .usual
            case 90...97: foreground = .index(UInt8(number - 82))
            case 100...107: background = .index(UInt8(number - 92))
            default: break
            }
        }
    }

    /// `5;N` for one of the palette, `2;R;G;B` for any; nil for what is neither.
    private static func chosen(_ rest: inout ArraySlice<Int>) -> Colour? {
        switch rest.popFirst() {
        case 5: return rest.popFirst().flatMap(UInt8.init(exactly:)).map(Colour.index)
        case 2:
            let parts = rest.prefix(3).compactMap(UInt8.init(exactly:))
            rest = rest.dropFirst(3)
            return parts.count == 3 ? .direct(UInt32(parts[0]) << 16 | UInt32(parts[1]) << 8 | UInt32(parts[2])) : nil
        default: return nil
        }
    }
}
