import CHost
import CPUModel
import Glibc
import UserCore

/// execve: a program of the host's is left to the kernel, one of a guest's is run by this file itself.
enum ExecuteCalls {
    /// An array of strings, each without its zero; nil if it cannot be read.
    private static func strings(_ thread: LinuxThread, _ address: UInt64) -> [[UInt8]]? {
        var result: [[UInt8]] = []
        var place = address
        if place == 0 { return [] }
        while let pointer = thread.memory.load(place, size: thread.wordSize) {
            if pointer == 0 { return result }
            guard let text = thread.memory.string(at: pointer) else { return nil }
            result.append(text)
            place += UInt64(thread.wordSize)
        }
        return nil
    }

    @Sendable static func execve(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.pathBytes(call[0]), let arguments = strings(thread, call[1]), let environment = strings(thread, call[2]) else {
            return -Int64(EFAULT)
        }
        let name = ProcFiles.isExecutable(path.text) ? thread.process.executable : thread.process.locate(path)
        return execute(thread, Int(AT_FDCWD), name, flags: 0, arguments, environment)
    }

    @Sendable static func execveat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let path = thread.pathBytes(call[1]), let arguments = strings(thread, call[2]), let environment = strings(thread, call[3]) else {
            return -Int64(EFAULT)
        }
        let directory = Int(Int32(truncatingIfNeeded: call[0]))
        return execute(thread, directory, thread.process.locate(path), flags: Int32(truncatingIfNeeded: call[4]), arguments, environment)
    }

    /// - Returns: -errno; it does not return otherwise.
    private static func execute(
        _ thread: LinuxThread, _ directory: Int, _ path: HostPath, flags: Int32, _ arguments: [[UInt8]], _ environment: [[UInt8]]
    ) -> Int64 {
        switch look(thread, Int32(directory), path, flags: flags, arguments) {
        case .error(let code): return -Int64(code)
        // A filter speaks of the guest's calls: nobody could judge those of a host's program.
        case .host where thread.seccomp.chain != nil: return -Int64(EACCES)
        case .host: return thread.limits.withHostLimits { host(thread, directory, path, Int(flags), arguments, environment) }
        case .guest(let abi, let path, let arguments):
            thread.process.engine.saveCode()
            return reenter(thread, abi, path, arguments, environment)
        }
    }

    // MARK: What a file is

    private enum Kind {
        case host
        /// A guest's program, by a path that can be opened from here, and its arguments.
        case guest(any LinuxABI, HostPath, [[UInt8]])
        case error(Int32)
    }

    private static func look(
        _ thread: LinuxThread, _ directory: Int32, _ path: HostPath, flags: Int32, _ arguments: [[UInt8]], depth: Int = 0
    ) -> Kind {
        if depth > 4 { return .error(ELOOP) }
        let isDescriptor = path.isEmpty && flags & 0x1000 != 0
        if !isDescriptor, unsafe path.withCString({ unsafe faccessat(directory, $0, X_OK, 0x200) }) != 0 { return .error(errno) }
        let name = isDescriptor ? HostPath("/proc/self/fd/\(directory)") : path
        let descriptor = unsafe name.withCString { unsafe openat(isDescriptor ? AT_FDCWD : directory, $0, O_RDONLY | O_CLOEXEC) }
        // What may be executed and not read is the kernel's to judge.
        guard descriptor >= 0 else { return .host }
        let file = ProgramFile(descriptor: descriptor, name: path)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .error(EACCES) }
        let start = file.read(0, 256)
        if start.starts(with: [0x23, 0x21]) { return script(thread, directory, path, name, start, arguments, depth) }
        // Without a descriptor of its own (no /proc in a chroot that binfmt_misc has led into) Apus is found by binfmt_misc again.
        guard let identity = ELFImage.identity(start), let abi = guest(thread, identity), thread.process.selfDescriptor >= 0 else { return .host }
        let reachable = directory == AT_FDCWD || path.isAbsolute ? name : HostPath("/proc/self/fd/\(directory)/") + path
        return .guest(abi, isDescriptor ? name : reachable, arguments)
    }

    private static func guest(_ thread: LinuxThread, _ identity: ELFIdentity) -> (any LinuxABI)? {
        thread.process.guests.first { $0.elf == identity }
    }

    /// `#! interpreter argument`: the script's path takes the first argument's place.
    private static func script(
        _ thread: LinuxThread, _ directory: Int32, _ path: HostPath, _ name: HostPath, _ start: [UInt8], _ arguments: [[UInt8]], _ depth: Int
    ) -> Kind {
        let line = start.dropFirst(2).prefix { $0 != 10 && $0 != 0 }
        let words = line.split(maxSplits: 1, omittingEmptySubsequences: true) { $0 == 32 || $0 == 9 }
        guard let first = words.first else { return .error(ENOEXEC) }
        let interpreter = thread.process.locate(HostPath(Array(first)))
        var list = [Array(first)]
        if words.count > 1 {
            let rest = words[1].drop { $0 == 32 || $0 == 9 }.reversed().drop { $0 == 32 || $0 == 9 || $0 == 13 }.reversed()
            if !rest.isEmpty { list.append(Array(rest)) }
        }
        list.append((path.isEmpty || directory != AT_FDCWD && !path.isAbsolute ? name : path).bytes)
        return look(thread, AT_FDCWD, interpreter, flags: 0, list + arguments.dropFirst(), depth: depth + 1)
    }

    // MARK: Execution

    /// Runs a call with the address of an array of pointers to strings.
    private static func withPointers(_ strings: [[UInt8]], _ body: (Int) -> Int64) -> Int64 {
        let bytes = Array(strings.map { $0 + [0] }.joined())
        return unsafe bytes.withUnsafeBytes { buffer in
            var place = Int(bitPattern: buffer.baseAddress)
            var pointers: [Int] = []
            for text in strings {
                pointers.append(place)
                place += text.count + 1
            }
            pointers.append(0)
            return unsafe pointers.withUnsafeBytes { body(Int(bitPattern: $0.baseAddress)) }
        }
    }

    private static func host(
        _ thread: LinuxThread, _ directory: Int, _ path: HostPath, _ flags: Int, _ arguments: [[UInt8]], _ environment: [[UInt8]]
    ) -> Int64 {
        withPointers(arguments) { arguments in
            withPointers(environment) { environment in
                thread.with(path: path) { thread.hostCall(322, directory, $0, arguments, environment, flags) }
            }
        }
    }

    /// Executes Apus itself through its open descriptor, which needs no path and so works in any root.
    private static func reenter(
        _ thread: LinuxThread, _ abi: any LinuxABI, _ path: HostPath, _ arguments: [[UInt8]], _ environment: [[UInt8]]
    ) -> Int64 {
        let process = thread.process
        // What another guest's addresses and models are does not suit this one.
        let own = ["-cpu", "-R", "-B"]
        let options = abi.name == process.abi.name ? process.options.words : process.options.words.filter { !own.contains($0[0]) }
        let filters = SeccompInheritance.descriptor(thread)
        if let filters, filters < 0 { return Int64(filters) }
        defer { if let filters { close(filters) } }
        let inherited = thread.limits.words + (filters.map { ["-seccomp-filters", "\($0)"] } ?? [])
        let head = ["qemu-" + abi.name] + options.joined() + process.debugWords + inherited + ["-0"]
        let words = head.map { Array($0.utf8) } + [arguments.first ?? []] + [path.bytes] + arguments.dropFirst()
        // The new process goes on with the descriptor.
        _ = fcntl(process.selfDescriptor, F_SETFD, 0)
        defer {
            _ = fcntl(process.selfDescriptor, F_SETFD, FD_CLOEXEC)
            process.debugger?.stay()
        }
        return host(thread, Int(process.selfDescriptor), HostPath(""), 0x1000, words, environment)
    }
}
