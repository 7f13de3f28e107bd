import Diagnostics
import HostOS
import PCI
import Snapshot

/// A port: its registers, its list of commands and the received frames in memory (AHCI 1.3.1, sections 3.3, 4 and 5).
final class AHCIPort {
    private unowned let owner: AHCI
    let number: Int
    var drive: ATADrive?

    private var commandList: UInt64 = 0, frames: UInt64 = 0
    private var status: UInt32 = 0, mask: UInt32 = 0
    private var command: UInt32 = AHCIPort.idle
    private var taskFile: UInt32 = 0x7f
    private var signature: UInt32 = 0xffff_ffff
    private var linkControl: UInt32 = 0, errors: UInt32 = 0
    private var active: UInt32 = 0, issued: UInt32 = 0
    /// Commands that the drive has.
    private var underWay: UInt32 = 0
    private var epoch = 0

    private enum Register {
        static let commandList = 0x00, frames = 0x08, status = 0x10, mask = 0x14, command = 0x18, taskFile = 0x20, signature = 0x24, link = 0x28
        static let linkControl = 0x2c, errors = 0x30, active = 0x34, issued = 0x38
    }
    private enum Command {
        static let start: UInt32 = 1, override: UInt32 = 1 << 3, receive: UInt32 = 1 << 4, receiving: UInt32 = 1 << 14, running: UInt32 = 1 << 15
        static let writable: UInt32 = 0x0f3f_0017
    }
    enum Event {
        static let registers: UInt32 = 1, pio: UInt32 = 1 << 1, bits: UInt32 = 1 << 3, connection: UInt32 = 1 << 6, fatal: UInt32 = 1 << 30
    }
    /// Spun up and powered.
    private static let idle: UInt32 = 6

    init(_ owner: AHCI, number: Int) { (self.owner, self.number) = (owner, number) }

    var signals: Bool { status & mask != 0 }

    func reset() {
        stop()
        (commandList, frames, status, mask, command, linkControl, errors, active, issued) = (0, 0, 0, 0, AHCIPort.idle, 0, 0, 0, 0)
        resetDrive()
    }

    /// The drive tells what it is, as after each reset of the link.
    private func resetDrive() {
        drive?.reset()
        taskFile = drive == nil ? 0x7f : 0x150
        signature = drive?.signature ?? 0xffff_ffff
        if drive != nil { errors |= 1 << 26 }
    }

    private func stop() {
        epoch += 1
        underWay = 0
        drive?.drain()
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("commandList", &commandList)
        visitor.field("frames", &frames)
        visitor.field("status", &status)
        visitor.field("mask", &mask)
        visitor.field("command", &command)
        visitor.field("taskFile", &taskFile)
        visitor.field("signature", &signature)
        visitor.field("linkControl", &linkControl)
        visitor.field("errors", &errors)
        visitor.field("active", &active)
        visitor.field("issued", &issued)
        if visitor.isReading { underWay = 0 }
        if let drive { visitor.group("drive") { drive.visit(&$0) } }
    }

    // MARK: Registers

    func read(_ register: Int) -> UInt32 {
        switch register {
        case Register.commandList: UInt32(truncatingIfNeeded: commandList)
        case Register.commandList + 4: UInt32(commandList >> 32)
        case Register.frames: UInt32(truncatingIfNeeded: frames)
        case Register.frames + 4: UInt32(frames >> 32)
        case Register.status: status
        case Register.mask: mask
        case Register.command: command
        case Register.taskFile: taskFile
        case Register.signature: signature
        // Device, speed, active.
        case Register.link: drive == nil || linkControl & 15 == 4 ? 0 : 0x113
        case Register.linkControl: linkControl
        case Register.errors: errors
        case Register.active: active
        case Register.issued: issued
        default: 0
        }
    }

    func write(_ register: Int, _ value: UInt32) {
        func low(_ old: UInt64, _ mask: UInt32) -> UInt64 { old & ~0xffff_ffff | UInt64(value & mask) }
        func high(_ old: UInt64) -> UInt64 { old & 0xffff_ffff | UInt64(value) << 32 }
        switch register {
        case Register.commandList: commandList = low(commandList, ~0x3ff)
        case Register.commandList + 4: commandList = high(commandList)
        case Register.frames: frames = low(frames, ~0xff)
        case Register.frames + 4: frames = high(frames)
        case Register.status: status &= ~value
        case Register.mask: mask = value & 0xfdc0_00ff
        case Register.command: write(command: value)
        case Register.linkControl: write(link: value)
        case Register.errors: errors &= ~value
        case Register.active: if command & Command.start != 0 { active |= value }
        case Register.issued:
            if command & Command.start != 0 { issued |= value }
            process()
        default: break
        }
        owner.portChanged(number)
    }

    private func write(command value: UInt32) {
        let old = command
        command = command & ~Command.writable | value & Command.writable | AHCIPort.idle
        command = command & Command.receive != 0 ? command | Command.receiving : command & ~Command.receiving
        if command & Command.start != 0 {
            command |= Command.running
            if old & Command.start == 0 { sendSignature() }
            process()
        } else if old & Command.start != 0 {
            stop()
            (issued, active) = (0, 0)
            command &= ~Command.running
        }
        command &= ~Command.override
    }

    private func write(link value: UInt32) {
        let wasResetting = linkControl & 15 == 1
        linkControl = value & 0xfff
        guard wasResetting, linkControl & 15 == 0 else { return }
        stop()
        (issued, active) = (0, 0)
        resetDrive()
        if drive != nil { raise(Event.connection) }
    }

    private func sendSignature() {
        guard let drive else { return }
        taskFile = 0x150
        signature = drive.signature
    }

    private func raise(_ events: UInt32) {
        status |= events
        owner.portChanged(number)
    }

    // MARK: Commands

    func process() {
        // After an error nothing is begun until the port has been stopped (section 5.3.8.1).
        guard command & Command.running != 0, drive != nil, taskFile & 1 == 0 else { return }
        for slot in 0..<32 as Range<UInt32> where (issued & ~underWay) >> slot & 1 != 0 { start(slot) }
    }

    private func start(_ slot: UInt32) {
        guard let drive, let header = owner.function.read(commandList &+ 32 * UInt64(slot), count: 32) else { return fail(slot, "its header") }
        let word = header.little(0, 4), entries = Int(word >> 16), table = header.little(8, 8) & ~0x7f
        guard let frame = owner.function.read(table, count: 0x50) else { return fail(slot, "its table") }
        // A register frame from host to device.
        guard frame[0] == 0x27 else { return fail(slot, "its frame") }
        guard frame[1] & 0x80 != 0 else { return softReset(slot, frame) }
        guard let data = data(table &+ 0x80, entries) else { return fail(slot, "memory for its data") }
        underWay |= 1 << slot
        taskFile |= 0x80
        let epoch = epoch
        let request = ATARequest(
            frame: Array(frame[..<20]), packet: Array(frame[0x40...]), isPacket: word >> 5 & 1 != 0, buffers: data.buffers)
        drive.execute(request) { [weak self] ending in
            guard let self else { return }
            // Also what a command has moved that is not waited for any more.
            for piece in data.pieces { owner.function.noteWritten(piece.address, count: piece.count) }
            guard epoch == self.epoch else { return }
            finish(slot, request, ending)
        }
    }

    /// The control register's SRST, set and cleared by two commands.
    private func softReset(_ slot: UInt32, _ frame: [UInt8]) {
        issued &= ~(1 << slot)
        if frame[15] & 4 == 0 {
            drive?.reset()
            sendSignature()
            postRegisters(ATAEnding())
        }
    }

    private func data(_ table: UInt64, _ entries: Int) -> (pieces: [(address: UInt64, count: Int)], buffers: [GuestBuffer])? {
        guard entries > 0 else { return ([], []) }
        guard let list = owner.function.read(table, count: 16 * entries) else { return nil }
        var pieces: [(address: UInt64, count: Int)] = []
        var buffers: [GuestBuffer] = []
        for entry in 0..<entries {
            let address = list.little(16 * entry, 8), count = Int(list.little(16 * entry + 12, 4) & 0x3f_ffff) + 1
            guard let some = owner.function.map(address, count: count, writing: true) else { return nil }
            pieces.append((address, count))
            buffers += some
        }
        return (pieces, buffers)
    }

    /// What the host has set up makes no sense: the port stops until it is restarted.
    private func fail(_ slot: UInt32, _ what: String) {
        Log.write(.guestErrors, "ahci: port \(number), slot \(slot): \(what) cannot be used")
        taskFile = 0x0451
        raise(Event.fatal)
    }

    private func finish(_ slot: UInt32, _ request: ATARequest, _ ending: ATAEnding) {
        let bit: UInt32 = 1 << slot
        underWay &= ~bit
        // Bytes that were moved.
        owner.function.store(commandList &+ 32 * UInt64(slot) &+ 4, UInt32(clamping: ending.count))
        let isQueued = request.isQueued
        // A queued command that has failed is still active: the drive has taken it, and it is not done once more.
        // Any other that has failed is still issued: by that drivers tell it from those that went well (section 6.2.2.1).
        if isQueued || !ending.hasFailed { issued &= ~bit }
        if ending.hasFailed {
            taskFile = UInt32(ending.error) << 8 | UInt32(ending.status)
            if isQueued { postBits(ending, done: 0) } else { postRegisters(ending) }
            return raise(Event.fatal)
        }
        if isQueued {
            active &= ~bit
            postBits(ending, done: bit)
            if underWay == 0 { taskFile = UInt32(ending.status) }
        } else {
            if request.isPIO { postPIO(ending) }
            postRegisters(ending)
        }
        process()
    }

    // MARK: Frames (section 4.2.1)

    private func post(_ offset: UInt64, _ frame: [UInt8]) {
        if command & Command.receive != 0 { owner.function.write(frames &+ offset, frame) }
    }

    /// A register frame from the device.
    private func postRegisters(_ ending: ATAEnding) {
        taskFile = UInt32(ending.error) << 8 | UInt32(ending.status)
        var frame = [UInt8](repeating: 0, count: 20)
        (frame[0], frame[1], frame[2], frame[3], frame[12]) = (0x34, 0x40, ending.status, ending.error, ending.sectorCount)
        post(0x40, frame)
        raise(Event.registers)
    }

    private func postPIO(_ ending: ATAEnding) {
        var frame = [UInt8](repeating: 0, count: 20)
        (frame[0], frame[1], frame[2], frame[3], frame[15]) = (0x5f, 0x60, 0x58, ending.error, ending.status)
        (frame[16], frame[17]) = (UInt8(truncatingIfNeeded: ending.count), UInt8(truncatingIfNeeded: ending.count >> 8))
        post(0x20, frame)
        raise(Event.pio)
    }

    /// Queued commands that have ended.
    private func postBits(_ ending: ATAEnding, done: UInt32) {
        var frame: [UInt8] = [0xa1, 0x40, ending.status & 0x77, ending.error]
        frame += (0..<4).map { UInt8(truncatingIfNeeded: done >> UInt32(8 * $0)) }
        post(0x58, frame)
        raise(Event.bits)
    }
}

extension Array where Element == UInt8 {
    /// A little-endian number.
    func little(_ offset: Int, _ size: Int) -> UInt64 { (0..<size).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) } }
}
