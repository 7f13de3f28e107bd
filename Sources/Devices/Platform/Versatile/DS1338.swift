import EventLoop
import Snapshot

/// Dallas' real-time clock DS1338 (data sheet 19-5820): calendar in BCD, a control register, 56 bytes of memory. It has no square wave and never stops
/// for want of a battery.
public final class DS1338: TwoWireDevice {
    public let address: UInt8 = 0x68

    private enum Hour { static let twelve: UInt8 = 1 << 6, afternoon: UInt8 = 1 << 5 }
    private static let halt: UInt8 = 1 << 7
    private static let size = 64, calendarSize = 7
    private static let second: Int64 = 1_000_000_000

    private let loop: EventLoop
    /// What it follows; nil for the host's wall clock.
    private let clock: ClockKind?
    private let epoch: Int64
    private let initialOffset: Int64
    /// The guest's seconds less those of what it follows.
    private var offset: Int64
    /// The calendar as it was when it was last asked for, or written, the control register and the memory.
    private var bytes = [UInt8](repeating: 0, count: size)
    private var pointer: UInt8 = 0
    private var awaitsPointer = false
    /// Days of the week are counted by the guest: how far its count is from Sunday being the first.
    private var weekdayOffset: UInt8 = 0

    /// A clock that is `offset` nanoseconds ahead of the host's at the start and follows that one, or another if one is named.
    public init(loop: EventLoop, offset: Int64 = 0, clock: ClockKind? = nil) {
        (self.loop, self.clock) = (loop, clock)
        epoch = clock.map { loop.wallClock() &- loop.now($0) } ?? 0
        initialOffset = offset / DS1338.second
        self.offset = initialOffset
    }

    public func reset() {
        (offset, pointer, awaitsPointer, weekdayOffset) = (initialOffset, 0, false, 0)
        for index in bytes.indices { bytes[index] = 0 }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("offset", &offset)
        visitor.table("bytes", &bytes)
        visitor.field("pointer", &pointer)
        visitor.field("awaitsPointer", &awaitsPointer)
        visitor.field("weekdayOffset", &weekdayOffset)
        let (place, days, far) = (pointer, weekdayOffset, offset)
        visitor.check("the pointer is in the memory", Int(place) < DS1338.size)
        visitor.check("a week has seven days", days < 7)
        visitor.check("the clock is set to some thousand years' distance at most", far.magnitude < 1 << 40)
        if visitor.isReading { (pointer, weekdayOffset) = (place % UInt8(DS1338.size), days % 7) }
    }

    private var now: Int64 { (clock.map { loop.now($0) &+ epoch } ?? loop.wallClock()) / DS1338.second &+ offset }

    // MARK: The bus

    public func start(isRead: Bool) {
        awaitsPointer = !isRead
        // Reading shows one moment, however long it takes.
        if isRead { showCalendar() }
    }

    public func write(_ byte: UInt8) -> Bool {
        if awaitsPointer {
            (pointer, awaitsPointer) = (byte % UInt8(DS1338.size), false)
            showCalendar()
            return true
        }
        bytes[Int(pointer)] = pointer == 7 ? byte & 0xb3 : byte
        if Int(pointer) < DS1338.calendarSize { takeCalendar() }
        advance()
        return true
    }

    public func read() -> UInt8 {
        defer { advance() }
        return bytes[Int(pointer)]
    }

    private func advance() {
        pointer = (pointer + 1) % UInt8(DS1338.size)
        if pointer == 0 { showCalendar() }
    }

    // MARK: The calendar

    private static func bcd(_ value: Int) -> UInt8 { UInt8(value / 10 % 10 * 16 + value % 10) }
    private static func number(_ bcd: UInt8) -> Int { Int(bcd >> 4) * 10 + Int(bcd & 15) }

    private func showCalendar() {
        guard bytes[0] & DS1338.halt == 0 else { return }
        let date = CalendarDate(seconds: now)
        bytes[0] = DS1338.bcd(date.second)
        bytes[1] = DS1338.bcd(date.minute)
        if bytes[2] & Hour.twelve != 0 {
            bytes[2] = Hour.twelve | (date.hour >= 12 ? Hour.afternoon : 0) | DS1338.bcd((date.hour + 11) % 12 + 1)
        } else {
            bytes[2] = DS1338.bcd(date.hour)
        }
        bytes[3] = UInt8((date.weekday + Int(weekdayOffset)) % 7 + 1)
        bytes[4] = DS1338.bcd(date.day)
        bytes[5] = DS1338.bcd(date.month)
        bytes[6] = DS1338.bcd(date.year % 100)
    }

    /// The guest has written a part of the calendar: the rest stays as it was shown.
    private func takeCalendar() {
        let isTwelve = bytes[2] & Hour.twelve != 0
        let shown = DS1338.number(bytes[2] & (isTwelve ? 0x1f : 0x3f))
        let hour = isTwelve ? shown % 12 + (bytes[2] & Hour.afternoon != 0 ? 12 : 0) : shown
        let date = CalendarDate(
            year: 2000 + DS1338.number(bytes[6]), month: max(DS1338.number(bytes[5] & 0x1f), 1), day: max(DS1338.number(bytes[4] & 0x3f), 1),
            hour: hour,
            minute: DS1338.number(bytes[1] & 0x7f), second: DS1338.number(bytes[0] & 0x7f))
        offset = offset &+ (date.seconds &- now)
        let weekday = CalendarDate(seconds: date.seconds).weekday
        weekdayOffset = UInt8((Int(bytes[3] & 7) + 6 - weekday + 7) % 7)
    }
}

/// A day and time of the Gregorian calendar.
struct CalendarDate: Equatable {
    var year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int

    init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        (self.year, self.month, self.day, self.hour, self.minute, self.second) = (year, month, day, hour, minute, second)
    }

    private static let daySeconds: Int64 = 86400
    /// Days of four centuries, and from March 1st of year 0 to 1970.
    private static let cycle = 146_097, before1970 = 719_468

    /// Days since 1970.
    private var days: Int {
        // Years begin in March, so that leap days come last.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - CalendarDate.before1970
    }

    /// Seconds since 1970; months and days beyond the calendar's are counted on.
    var seconds: Int64 { Int64(days) * CalendarDate.daySeconds + Int64(hour * 3600 + minute * 60 + second) }

    /// 0 for Sunday.
    var weekday: Int { ((days + 4) % 7 + 7) % 7 }

    /// Of times before year 0, or too far away, the nearest that there is.
    init(seconds: Int64) {
        let bounded = min(max(seconds, -62_000_000_000), 250_000_000_000)
        let (whole, rest) = (Int((bounded - (bounded % 86400 + 86400) % 86400) / 86400), Int((bounded % 86400 + 86400) % 86400))
        let shifted = whole + CalendarDate.before1970
        let (era, dayOfEra) = (shifted / CalendarDate.cycle, shifted % CalendarDate.cycle)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let place = (5 * dayOfYear + 2) / 153
        month = place < 10 ? place + 3 : place - 9
        day = dayOfYear - (153 * place + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    }
}
