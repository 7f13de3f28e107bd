import ARMMachines
import AddressSpace
import DeviceModel
import EventLoop
import Input
import MachineModel
import NetBackends

/// A hostile guest on a Versatile baseboard: register traffic to all devices that share it, much of it almost right, with frames, keys, moves, time and
/// snapshots in between. No instruction runs.
struct BaseboardTarget: FuzzTarget {
    private let loop: EventLoop
    private static let ram = 1 << 20
    /// Windows of devices, the ones with the most in them more than once.
    private static let windows: [UInt64] = [
        0x1000_0000, 0x1000_1000, 0x1000_2000, 0x1000_3000, 0x1000_5000, 0x1000_6000, 0x1000_7000, 0x1001_0000, 0x1001_0000, 0x1001_0000, 0x1012_0000,
        0x1013_0000, 0x1013_0000, 0x1014_0000, 0x101e_1000, 0x101e_2000, 0x101e_4000, 0x101e_8000, 0x101f_1000, 0x4200_5800, 0x3400_0000,
    ]

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var random = random
        let board = try Board(loop)
        for _ in 0..<random.below(2000) { try board.step(&random) }
        return board.sent > 0
    }

    /// A network that counts and answers what it is sent with the same.
    private final class Echo: NetworkBackend {
        var count = 0
        private var isAnswering = false

        override func send(_ frame: [UInt8]) {
            precondition((1...2048).contains(frame.count), "a frame of \(frame.count) bytes")
            count += 1
            if isAnswering { return }
            isAnswering = true
            deliver(frame)
            isAnswering = false
        }
    }

    private final class Board {
        private let loop: EventLoop
        private let network = Echo()
        private let hub: InputHub
        private var machine: Machine

        var sent: Int { network.count }

        init(_ loop: EventLoop) throws {
            self.loop = loop
            hub = InputHub(loop: loop)
            machine = try Board.make(loop)
            machine.plugInput?(hub)
            machine.onboardCard?.connect(network, address: MACAddress(0x5254_0012_3456))
            machine.reset()
            // As a driver of good will begins: clocks, receiver and transmitter, sockets, DMA.
            for (address, value) in [(0x1001_000e, 0), (0x1001_0000, 0x81), (0x1001_0004, 0x302), (0x1001_000e, 2)] as [(UInt64, UInt16)] {
                machine.memory.store(address, value)
            }
            for (address, value) in [(0x1000_6000, 0x14), (0x1000_7000, 0x14), (0x1000_7008, 0xf4), (0x1013_0030, 1)] as [(UInt64, UInt32)] {
                machine.memory.store(address, value)
            }
        }

        private static func make(_ loop: EventLoop) throws -> Machine {
            var configuration = MachineConfiguration()
            configuration.memory = UInt64(BaseboardTarget.ram)
            configuration.clock = .virtual
            return try VersatileBoard.types[0].build(configuration, "arm", loop) { _ in }
        }

        func step(_ random: inout RandomSource) throws {
            switch random.below(24) {
            case 0: hub.send([.key(Key.all[random.below(Key.all.count)], isDown: random.chance(2))])
            case 1: hub.send([.relative(.x, Int(truncatingIfNeeded: random.nasty())), .button(.wheelUp, isDown: true)])
            case 2: network.deliver((0..<14 + random.below(2100)).map { $0 < 6 ? 0xff : UInt8(truncatingIfNeeded: $0) })
            case 3:
                loop.setVirtualTime(loop.now(.virtual) + Int64(random.below(1 << 30)))
                loop.fireDueVirtualTimers()
            case 4: if random.chance(8) { try move(damaging: random.chance(3), &random) }
            case 5...9: sendFrame(&random)
            case 10...12: transfer(&random)
            default: access(&random)
            }
        }

        private func access(_ random: inout RandomSource) {
            let window = BaseboardTarget.windows[random.below(BaseboardTarget.windows.count)]
            let isCard = window == 0x1001_0000
            let limit: Int = isCard ? 16 : random.chance(3) ? 0x1000 : 0x80
            let size = random.below(3), address = window + UInt64(random.below(limit)) & ~(1 << UInt64(size) - 1)
            let value = random.chance(2) ? UInt64(random.below(256)) : random.nasty()
            if random.chance(3) {
                _ = machine.memory.load(address, as: UInt32.self)
            } else if size == 0 {
                machine.memory.store(address, UInt8(truncatingIfNeeded: value))
            } else if size == 1 {
                machine.memory.store(address, UInt16(truncatingIfNeeded: value))
            } else {
                machine.memory.store(address, UInt32(truncatingIfNeeded: value))
            }
        }

        /// A packet that is nearly what it should be.
        private func sendFrame(_ random: inout RandomSource) {
            let memory = machine.memory
            memory.store(0x1001_000e, UInt16(2))
            memory.store(0x1001_0000, UInt16(1 << 5))
            let packet = memory.load(0x1001_0003, as: UInt8.self) ?? 0
            memory.store(0x1001_0002, random.chance(8) ? UInt8(random.below(64)) : packet)
            memory.store(0x1001_0006, UInt16(0x4000 | (random.chance(8) ? random.below(0x800) : 0)))
            memory.store(0x1001_0008, UInt32(random.below(random.chance(4) ? 0x1_0000 : 0x600)) << 16)
            for _ in 0..<random.below(64) { memory.store(0x1001_0008, UInt32(truncatingIfNeeded: random.next())) }
            memory.store(0x1001_0000, UInt16((random.chance(8) ? random.below(8) : 6) << 5))
            if random.chance(2) { memory.store(0x1001_0000, UInt16((4 + random.below(2)) << 5)) }
        }

        /// A channel of the DMA controller with addresses in and out of memory.
        private func transfer(_ random: inout RandomSource) {
            let channel = 0x1013_0100 + 0x20 * UInt64(random.below(8))
            func address(_ random: inout RandomSource) -> UInt32 {
                random.chance(6) ? UInt32(truncatingIfNeeded: random.nasty()) : UInt32(random.below(BaseboardTarget.ram))
            }
            for offset in [0, 4, 8] as [UInt64] { machine.memory.store(channel + offset, address(&random)) }
            machine.memory.store(channel + 12, UInt32(truncatingIfNeeded: random.next()))
            machine.memory.store(channel + 16, UInt32(truncatingIfNeeded: random.next()) & 0x3ffff | 1)
            if random.chance(2) { machine.memory.store(0x1013_0020 + 4 * UInt64(random.below(4)), UInt32(random.below(1 << 16))) }
        }

        /// The devices' state goes to the same devices, and comes back as it was; a damaged one is refused or does no harm.
        private func move(damaging: Bool, _ random: inout RandomSource) throws {
            var saved = DeviceSnapshot.save(machine.devices)
            if damaging { for _ in 0..<1 + random.below(4) { saved[5 + random.below(saved.count - 5)] ^= UInt8(1 + random.below(255)) } }
            do {
                try DeviceSnapshot.restore(machine.devices, from: saved)
                if !damaging { precondition(DeviceSnapshot.save(machine.devices) == saved, "a state is another after it has come back") }
            } catch {
                precondition(damaging, "its own snapshot is refused: \(error)")
                machine.reset()
            }
        }
    }
}
