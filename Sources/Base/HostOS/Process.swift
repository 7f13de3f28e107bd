import Glibc

/// Bytes of memory and swap space that the host has (proc(5), meminfo).
public func hostMemorySize() -> UInt64 {
    guard let bytes = try? HostFile("/proc/meminfo", .readOnly).read(at: 0, count: 4096) else { return .max }
    let lines = bytes.split(separator: UInt8(ascii: "\n")).map { $0.split(separator: UInt8(ascii: " ")) }
    return ["MemTotal:", "SwapTotal:"].reduce(UInt64(0)) { sum, name in
        let line = lines.first { $0.count > 1 && $0[0].elementsEqual(name.utf8) }
        return sum + (line.flatMap { UInt64(String(decoding: $0[1], as: UTF8.self)) } ?? 0) << 10
    }
}

/// Ends the process with a status, after the terminal has been put back.
public func exitProcess(_ status: Int32) -> Never { exit(status) }

/// Keeps a closed pipe from killing the process.
public func setUpStandardStreams() { signal(SIGPIPE, SIG_IGN) }

nonisolated(unsafe) private var terminationHandler: (() -> Void)?

/// Calls back, on a thread of its own, when the process is asked to end (SIGINT, SIGTERM, SIGHUP).
public func onTermination(_ handler: @escaping () -> Void) {
    unsafe terminationHandler = handler
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let set = signals
    _ = try? HostThread(name: "signals") {
        var waiting = set
        var number: Int32 = 0
        while unsafe sigwait(&waiting, &number) == 0 { unsafe terminationHandler?() }
    }
}

/// Seconds that local time is ahead of UTC.
public func localTimeOffset() -> Int {
    var now = time(nil)
    var parts = tm()
    unsafe localtime_r(&now, &parts)
    return parts.tm_gmtoff
}

/// Seconds since 1970 of a date in UTC, `2006-06-17T16:01:21` or `2006-06-17`; nil if it is neither.
public func secondsSinceEpoch(_ text: String) -> Int64? {
    let parts = text.split(separator: "T").map(String.init)
    guard let date = parts.first?.split(separator: "-").compactMap({ Int32($0) }), date.count == 3, parts.count <= 2 else { return nil }
    let clock = parts.count == 2 ? parts[1].split(separator: ":").compactMap { Int32($0) } : [0, 0, 0]
    guard clock.count == 3, (1...12).contains(date[1]), (1...31).contains(date[2]) else { return nil }
    var broken = tm()
    (broken.tm_year, broken.tm_mon, broken.tm_mday) = (date[0] - 1900, date[1] - 1, date[2])
    (broken.tm_hour, broken.tm_min, broken.tm_sec) = (clock[0], clock[1], clock[2])
    return Int64(unsafe timegm(&broken))
}

/// The number of this process.
public var processNumber: Int64 { Int64(getpid()) }

/// The numbers of the process's threads by their names, as the kernel knows them (15 bytes).
public func threadNumbers() -> [String: Int64] {
    guard let folder = unsafe opendir("/proc/self/task") else { return [:] }
    defer { unsafe closedir(folder) }
    var numbers: [String: Int64] = [:]
    while let entry = unsafe readdir(folder) {
        let number = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: unsafe $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let id = Int64(number), let file = try? HostFile("/proc/self/task/\(number)/comm", .readOnly) else { continue }
        if let name = try? file.read(at: 0, count: 64) { numbers[String(decoding: name.dropLast(), as: UTF8.self)] = id }
    }
    return numbers
}
