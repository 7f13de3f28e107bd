import AddressSpace
import HostOS
import MachineModel
import QAPI

/// A machine that goes into a file that can be mapped.
extension OutgoingMigration {
    /// The file has its name when it is whole.
    func transfer(to path: String, channels: Int?) throws(MigrationError) {
        let draft = path + ".part"
        let writer = try MappedWriter(draft, host.machine, guest: host.guest)
        file = writer
        defer { fileChannels?.end() }
        do throws(MigrationError) {
            fileChannels = try channels.map { (count) throws(MigrationError) in try FileChannels(count, name: "multifdsend") }
            var pages = try begin()
            try copyWhileRunning(&pages)
            try stopMachine()
            try waitBeforeSwitchover()
            takeWrittenPages(into: &pages)
            try send(&pages, throttled: false)
            let sections = try captureRest(into: writer)
            try giveDisksAway()
            try writer.finish(sections, stateBefore)
            try check()
            do throws(HostError) { try HostFile.rename(draft, to: path) } catch { throw .host(error) }
            try commit()
        } catch {
            fileChannels?.end()
            HostFile.remove(draft)
            throw error
        }
    }

    /// Has pages put into the file by whichever channel is free.
    func put(_ number: Int, _ pages: inout PageSet, _ file: MappedWriter, _ channels: FileChannels, throttled: Bool) throws(MigrationError) {
        var cursor = 0
        while let range = MappedWriter.takeNext(&pages, cursor: &cursor) {
            try channels.perform { [self] () throws(MigrationError) in
                let tally = try file.putAll(number, range)
                let (now, bytes) = (monotonicNanoseconds(), tally.normal * RAMBlock.pageSize)
                lock.withLock {
                    statistics.note(sent: bytes, tally, at: now)
                    statistics.channelBytes += UInt64(bytes)
                    statistics.remaining = max(0, statistics.remaining - Int64(range.count * RAMBlock.pageSize))
                    untoldBytes += bytes
                }
            }
            try check()
            let gone = lock.withLock { () -> Int in
                defer { untoldBytes = 0 }
                return untoldBytes
            }
            if throttled { try pause(until: throttle.note(gone, limit: settings.maxBandwidth, now: monotonicNanoseconds())) }
        }
    }

    /// Pages have gone into the file.
    func noteWritten(_ tally: PageSender.Tally, throttled: Bool) throws(MigrationError) {
        try check()
        let (now, bytes) = (monotonicNanoseconds(), tally.normal * RAMBlock.pageSize)
        lock.withLock {
            statistics.note(sent: bytes, tally, at: now)
            statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
        }
        if throttled { try pause(until: throttle.note(bytes, limit: settings.maxBandwidth, now: now)) }
    }

    /// Writes what back ends have written until now; under the machine lock nobody does. The state of everything.
    private func captureRest(into file: MappedWriter) throws(MigrationError) -> [StateSection] {
        let outcome = withMachineLock { () -> Result<[StateSection], MigrationError> in
            do { try host.settleDisks() } catch { return .failure(.disks("\(error)")) }
            do throws(MigrationError) {
                for (number, block) in blocks.enumerated() {
                    var pages = block.takeWrittenPages()
                    var cursor = 0
                    while try file.putNext(number, &pages, cursor: &cursor) != nil {}
                }
            } catch { return .failure(error) }
            return .success(MachineState.save(host.machine))
        }
        return try outcome.get()
    }
}
