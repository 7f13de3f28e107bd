import Diagnostics
import NetBackends
import PCI
import Packets

extension E1000e {
    private typealias Control = E1000eRegister.ReceiveControl

    private enum Status {
        static let done: UInt32 = 1, end: UInt32 = 2, ignoreChecksum: UInt32 = 4, vlan: UInt32 = 8, tcpChecked: UInt32 = 1 << 5
        static let ipChecked: UInt32 = 1 << 6
    }

    public func receive(_ frame: [UInt8]) -> Bool {
        let control = word(Register.receiveControl)
        // Without a driver the frame is lost, as one that no card listens for.
        guard control & Control.enable != 0, hasLink, passes(frame, control) else { return true }
        var frame = frame
        var tag: UInt32 = 0, status = Status.done | Status.end | checked(frame)
        if stripsVLAN, frame.count >= 18, frame.half(12) == 0x8100 {
            tag = UInt32(frame.half(14))
            frame.removeSubrange(12..<16)
            status |= Status.vlan
        }
        if frame.count < 60 { frame += [UInt8](repeating: 0, count: 60 - frame.count) }
        // The check sequence, which the network does not carry.
        if control & Control.stripChecksum == 0 { frame += [0, 0, 0, 0] }
        let size = bufferSize(control)
        // What the whole ring has no room for is lost: nothing else would ever be received behind it.
        if ringSize > 0, frame.count > size * (Int(ringSize) - 1) { return true }
        guard put(frame, size, status, tag) else { return false }
        note(frame)
        raise(Cause.received | Cause.receivedQueue0 | (isShort(control) ? Cause.fewDescriptors : 0))
        return true
    }

    private func note(_ frame: [UInt8]) {
        count(Register.Statistics.receivedGood)
        count(Register.Statistics.received)
        count(Register.Statistics.receivedBytes, frame.count)
        if MACAddress(frame[..<6]) == .broadcast {
            count(Register.Statistics.receivedBroadcast)
        } else if frame[0] & 1 != 0 {
            count(Register.Statistics.receivedMulticast)
        }
    }

    /// Whether the card vouches for the checksums.
    private func checked(_ frame: [UInt8]) -> UInt32 {
        let isGood = backend?.makesGoodChecksums == true && frame.count >= 34 && frame.half(12) == 0x0800 && frame.half(20) & 0x3fff == 0
        guard isGood, [6, 17].contains(frame[23]), word(Register.receiveChecksum) & 0x300 == 0x300 else { return Status.ignoreChecksum }
        return Status.ipChecked | Status.tcpChecked
    }

    // MARK: Filters (section 7.1.2)

    private func passes(_ frame: [UInt8], _ control: UInt32) -> Bool {
        let largest = control & Control.long != 0 ? 16384 : 1522
        guard frame.count >= 14, frame.count + 4 <= largest else { return false }
        if control & Control.vlanFilter != 0, frame.count >= 18, frame.half(12) == 0x8100 {
            let number = frame.half(14) & 0xfff
            guard word(Register.vlanTable + number / 32 * 4) >> UInt32(number % 32) & 1 != 0 else { return false }
        }
        let target = MACAddress(frame[..<6])
        if target == .broadcast, control & Control.broadcast != 0 { return true }
        if control & (target.isMulticast ? Control.multicastPromiscuous : Control.unicastPromiscuous) != 0 { return true }
        return isOwn(target) || target.isMulticast && isInTable(frame, control)
    }

    private func isOwn(_ target: MACAddress) -> Bool {
        (0..<16).contains { index in
            let low = word(Register.addresses + 8 * index), high = word(Register.addresses + 8 * index + 4)
            guard high >> 31 != 0 else { return false }
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: low >> UInt32(8 * $0)) } + [UInt8(high & 0xff), UInt8(high >> 8 & 0xff)]
            return MACAddress(bytes[...]) == target
        }
    }

    /// Twelve bits of the address choose a bit of the multicast table.
    private func isInTable(_ frame: [UInt8], _ control: UInt32) -> Bool {
        let shift = [4, 3, 2, 0][Int(control >> 12 & 3)]
        let hash = (Int(frame[5]) << 8 | Int(frame[4])) >> shift & 0xfff
        return word(Register.multicastTable + hash / 32 * 4) >> UInt32(hash % 32) & 1 != 0
    }

    // MARK: Descriptors (section 7.1.4)

    private func bufferSize(_ control: UInt32) -> Int {
        let flexible = Int(control >> 27 & 15)
        if flexible > 0 { return flexible * 1024 }
        let code = Int(control >> 16 & 3)
        return control >> 25 & 1 != 0 && code > 0 ? 32768 >> code : 2048 >> code
    }

    private var ringSize: UInt32 { word(Register.receiveLength) / 16 }
    private var freeDescriptors: UInt32 {
        let (head, tail, size) = (word(Register.receiveHead), word(Register.receiveTail), ringSize)
        guard head < size, tail < size else { return 0 }
        return tail >= head ? tail - head : size - head + tail
    }

    private func isShort(_ control: UInt32) -> Bool { freeDescriptors <= ringSize >> (control >> 8 & 3 + 1) }

    /// Fills buffers with a frame; false if there are too few.
    private func put(_ frame: [UInt8], _ size: Int, _ status: UInt32, _ tag: UInt32) -> Bool {
        let pieces = (frame.count + size - 1) / size
        guard freeDescriptors >= pieces else { return false }
        let base = UInt64(word(Register.receiveBaseHigh)) << 32 | UInt64(word(Register.receiveBase))
        var head = word(Register.receiveHead)
        for piece in 0..<pieces {
            let bytes = Array(frame[piece * size..<min((piece + 1) * size, frame.count)])
            let isLast = piece == pieces - 1
            let place = base &+ 16 * UInt64(head)
            guard let address = function.load(place, as: UInt64.self), function.write(address, bytes) else {
                Log.write(.guestErrors, "e1000e: receive descriptor \(head) is not in memory, or its buffer is not")
                return true
            }
            writeBack(place, bytes.count, isLast ? status : Status.done, isLast ? tag : 0)
            head = (head + 1) % ringSize
        }
        words[Register.receiveHead / 4] = head
        return true
    }

    /// Tells the driver of a filled buffer; the status comes last.
    private func writeBack(_ place: UInt64, _ count: Int, _ status: UInt32, _ tag: UInt32) {
        if word(Register.receiveFilter) & Register.extendedDescriptors != 0 {
            function.store(place, 0 as UInt64)
            function.store(place &+ 12, UInt32(count) | tag << 16)
            function.store(place &+ 8, status)
        } else {
            function.store(place &+ 8, UInt32(count))
            function.store(place &+ 12, status | tag << 16)
        }
    }
}
