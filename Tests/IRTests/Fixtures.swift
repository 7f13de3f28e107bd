import IR
import Interpreter
import Optimizer
import RandomIR
import Testing

func parse(_ text: String) throws -> IRBlock {
    try Parser.parse(text, layout: TestGuest.layout, helpers: TestGuest.helpers)
}

func verify(_ block: borrowing IRBlock) throws {
    try Verifier(layout: TestGuest.layout, helpers: TestGuest.helpers).verify(block)
}

/// The text of a block without its first line.
func text(_ block: borrowing IRBlock) -> String {
    let whole = Printer(layout: TestGuest.layout, helpers: TestGuest.helpers).text(block)
    return String(whole.drop { $0 != "\n" }.dropFirst())
}

func optimized(_ text: String, countsInstructions: Bool = false) throws -> String {
    var block = try parse(text)
    try verify(block)
    var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
    optimizer.countsInstructions = countsInstructions
    optimizer.run(&block)
    try verify(block)
    return IRTests.text(block)
}

/// Checks that the optimizer turns `before` into `after`.
func expectOptimized(_ before: String, _ after: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let result = try optimized(before)
    let expected = after.split(separator: "\n").map { $0.hasPrefix("L") ? String($0) : "    " + $0.drop { $0 == " " } }
    #expect(result == expected.joined(separator: "\n") + "\n", sourceLocation: sourceLocation)
}

/// Runs a text on a guest.
@discardableResult
func run(_ text: String, _ guest: TestGuest) throws -> ExitReason {
    let block = try parse(text)
    try verify(block)
    var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
    return interpreter.run(block, guest.header)
}
