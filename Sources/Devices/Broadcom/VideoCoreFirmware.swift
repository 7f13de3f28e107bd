import AddressSpace
import DeviceModel
import Diagnostics
import Snapshot

/// What the firmware on the GPU answers through mailboxes (Raspberry Pi firmware wiki, "Mailbox property interface" and "Mailbox framebuffer interface"; Linux's
/// include/soc/bcm2835/raspberrypi-firmware.h names later tags).
public final class VideoCoreFirmware: Device {
    public static let typeName = "bcm2835-property"

    /// What a board tells of itself.
    public struct Board: Sendable {
        /// "New-style revision codes" of Raspberry Pi's documentation.
        public var revision: UInt32
        public var serial: UInt64
        public var address: [UInt8]
        /// Bytes that the Arm has, and those of the GPU behind it.
        public var memory: UInt32, videoMemory: UInt32
        public var commandLine: String

        public init(revision: UInt32, serial: UInt64, address: [UInt8], memory: UInt32, videoMemory: UInt32, commandLine: String) {
            (self.revision, self.serial, self.address, self.memory) = (revision, serial, address, memory)
            (self.videoMemory, self.commandLine) = (videoMemory, commandLine)
        }
    }

    /// Numbers of clocks, and how fast firmware lets them be, in Hz. 0: there is none.
    static let clocks: [UInt32] = [
        0, 200_000_000, 48_000_000, 700_000_000, 250_000_000, 250_000_000, 250_000_000, 250_000_000, 250_000_000, 108_000_000, 100_000_000, 2_400_000,
        50_000_000, 0, 108_000_000,
    ]
    /// Requests are at most as long as this, in bytes.
    private static let limit: UInt32 = 1 << 20
    private enum Code { static let request: UInt32 = 0, success: UInt32 = 0x8000_0000, failure: UInt32 = 0x8000_0001, answered: UInt32 = 1 << 31 }
    static let domains = 32, pins = 8

    let board: Board
    let framebuffer: VideoCoreFramebuffer
    let bus: BroadcomBus
    private let memory: AddressSpace
    /// Frequencies that software has set; 0 as firmware has them.
    var rates = [UInt32](repeating: 0, count: clocks.count)
    var clockStates = [UInt32](repeating: 1, count: clocks.count)
    /// Devices and domains that have power.
    var devicePower: UInt32 = 1, domainPower: UInt32 = 0
    /// Levels, directions and polarities of the expander's pins (numbers from 128 on).
    var pinLevels: UInt32 = 0, pinDirections: UInt32 = 0, pinPolarities: UInt32 = 0
    var turbo: UInt32 = 0
    /// A display's margins: top, bottom, left, right.
    var overscan = [UInt32](repeating: 0, count: 4)

    public init(_ board: Board, memory: AddressSpace, bus: BroadcomBus, framebuffer: VideoCoreFramebuffer) {
        (self.board, self.memory, self.bus, self.framebuffer) = (board, memory, bus, framebuffer)
    }

    public func reset() {
        for index in rates.indices { (rates[index], clockStates[index]) = (0, 1) }
        // The SD card has been started from.
        (devicePower, domainPower, pinLevels, pinDirections, pinPolarities, turbo) = (1, 0, 0, 0, 0, 0)
        for index in overscan.indices { overscan[index] = 0 }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("rates", &rates)
        visitor.table("clockStates", &clockStates)
        visitor.field("devicePower", &devicePower)
        visitor.field("domainPower", &domainPower)
        visitor.field("pinLevels", &pinLevels)
        visitor.field("pinDirections", &pinDirections)
        visitor.field("pinPolarities", &pinPolarities)
        visitor.field("turbo", &turbo)
        visitor.table("overscan", &overscan)
    }

    // MARK: Channels

    /// A mailbox message; nil for channels that firmware does not listen to.
    public func message(_ channel: UInt32, _ value: UInt32) -> UInt32? {
        switch channel {
        case BroadcomMailboxes.Channel.power:
            // The old interface: one bit for each device from bit 4 on.
            devicePower = value >> 4
            return value
        case BroadcomMailboxes.Channel.framebuffer: return describe(value)
        case BroadcomMailboxes.Channel.property:
            properties(value)
            return value
        default: return nil
        }
    }

    /// The framebuffer's ten words: sizes, sizes of the whole, pitch, depth, place, address, bytes. The answer is 0 if all is well.
    private func describe(_ address: UInt32) -> UInt32 {
        let start = bus.physical(address)
        guard let bytes = memory.read(start, count: 40) else { return 16 }
        let words = BroadcomWords.words(bytes)
        var wanted = framebuffer.layout
        (wanted.width, wanted.height, wanted.virtualWidth, wanted.virtualHeight) = (words[0], words[1], words[2], words[3])
        (wanted.depth, wanted.x, wanted.y) = (words[5], words[6], words[7])
        guard framebuffer.set(wanted) else { return 16 }
        framebuffer.allocate()
        let layout = framebuffer.layout
        let answer = [
            layout.width, layout.height, layout.virtualWidth, layout.virtualHeight, layout.pitch, layout.depth, layout.x, layout.y,
            framebufferAddress, layout.size,
        ]
        return memory.write(start, answer.flatMap(BroadcomWords.bytes)) == .ok ? 0 : 16
    }

    /// Where the picture is, as the bus has it.
    var framebufferAddress: UInt32 { UInt32(truncatingIfNeeded: framebuffer.base) | bus.alias }

    /// A list of tags: size, code, and for each its number, the room for values, how much of it is used, and the room.
    private func properties(_ address: UInt32) {
        let start = bus.physical(address)
        guard let size = memory.load(start, as: UInt32.self), size >= 12, size <= VideoCoreFirmware.limit, size & 3 == 0,
            var bytes = memory.read(start, count: Int(size))
        else { return Log.write(.guestErrors, "\(VideoCoreFirmware.typeName): the request at \(hex(start)) has no sane size") }
        func word(_ place: Int) -> UInt32 { BroadcomWords.word(bytes, place) }
        func set(_ place: Int, _ value: UInt32) { bytes.replaceSubrange(place..<place + 4, with: BroadcomWords.bytes(value)) }
        var place = 8
        var isGood = word(4) == Code.request
        while isGood, place + 4 <= bytes.count, word(place) != 0 {
            guard place + 12 <= bytes.count, Int(word(place + 4)) <= bytes.count - place - 12 else {
                isGood = false
                break
            }
            let tag = word(place), room = Int(word(place + 4)), first = place + 12
            let values = (0..<room / 4).map { word(first + 4 * $0) }
            if let answer = answer(tag, values) {
                let shown = answer.prefix(room)
                bytes.replaceSubrange(first..<first + shown.count, with: shown)
                set(place + 8, UInt32(answer.count) | Code.answered)
            } else {
                Log.write(.unimplemented, "\(VideoCoreFirmware.typeName): tag \(hex(UInt64(tag))) is not supported")
            }
            place = first + (room + 3) & ~3
        }
        set(4, isGood ? Code.success : Code.failure)
        guard memory.write(start, bytes) == .ok else {
            return Log.write(.guestErrors, "\(VideoCoreFirmware.typeName): the answer to \(hex(start)) cannot be written")
        }
    }
}
