import CommandLine
import JSON
import QAPI

/// Commands for jobs on disks, and for images that are put above others.
extension MonitorCommands {
    static var blockJobRows: [Row] {
        [
            jobOrder("block_job_cancel", "block-job-cancel", "[-f] device", "give a job up (-f: even if it is ready)", flags: ["-f": "force"]),
            jobOrder("block_job_complete", "block-job-complete", "device", "end a job that is ready"),
            jobOrder("block_job_pause", "block-job-pause", "device", "let a job stand still"),
            jobOrder("block_job_resume", "block-job-resume", "device", "let a job go on"),
            Row(["block_job_set_speed"], "device speed", "limit a job, in bytes a second") { commands, words in
                guard words.count == 2 else { throw QAPIError(.generic, "two arguments are needed") }
                try commands.call("block-job-set-speed", ["device": .string(words[0]), "speed": try speed(words[1])])
                return ""
            },
            Row(["block_stream"], "device [speed [base]]", "take what the images below a disk's hold into it") { commands, words in
                guard (1...3).contains(words.count) else { throw QAPIError(.generic, "a device, a speed and a base are needed") }
                var arguments: JSONObject = ["device": .string(words[0]), "job-id": .string(words[0])]
                if words.count > 1 { arguments["speed"] = try speed(words[1]) }
                if words.count > 2 { arguments["base"] = .string(words[2]) }
                try commands.call("block-stream", arguments)
                return ""
            },
            Row(["drive_backup"], "[-n] [-f] device target [format]", "copy what a disk is now (-n: the file is there, -f: all of it)") {
                try $0.copyDrive("drive-backup", $1)
            },
            Row(["drive_mirror"], "[-n] [-f] device target [format]", "keep a copy the same as a disk (-n: the file is there, -f: all of it)") {
                try $0.copyDrive("drive-mirror", $1)
            },
            Row(["snapshot_blkdev"], "[-n] device file [format]", "go on in a new image above a disk's (-n: the file is there)") { commands, words in
                let (flags, rest) = try split(words, flags: ["-n"])
                guard rest.count == 2 || rest.count == 3 else { throw QAPIError(.generic, "a device and a file are needed") }
                var arguments: JSONObject = ["device": .string(rest[0]), "snapshot-file": .string(rest[1])]
                if rest.count == 3 { arguments["format"] = .string(rest[2]) }
                if flags.contains("-n") { arguments["mode"] = "existing" }
                try commands.call("blockdev-snapshot-sync", arguments)
                return ""
            },
        ]
    }

    static var blockJobSubjects: [Subject] {
        [
            Subject("block-jobs") { commands, _ in
                let jobs = try commands.table.call(QueryBlockJobsCommand.self)
                if jobs.isEmpty { return "No active jobs\n" }
                return jobs.map { job in
                    let what = job.type == "stream" ? "Streaming device \(job.device)" : "Type \(job.type), device \(job.device)"
                    return "\(what): Completed \(job.offset) of \(job.len) bytes, speed limit \(job.speed) bytes/s\n"
                }.joined()
            }
        ]
    }

    private static func jobOrder(_ name: String, _ command: String, _ usage: String, _ help: String, flags known: [String: String] = [:]) -> Row {
        Row([name], usage, help) { commands, words in
            let (flags, rest) = try split(words, flags: Set(known.keys))
            guard rest.count == 1 else { throw QAPIError(.generic, "one argument is needed") }
            var arguments: JSONObject = ["device": .string(rest[0])]
            for flag in flags { if let argument = known[flag] { arguments[argument] = true } }
            try commands.call(command, arguments)
            return ""
        }
    }

    static func split(_ words: [String], flags known: Set<String>) throws(QAPIError) -> (flags: [String], rest: [String]) {
        let flags = words.filter { $0.hasPrefix("-") }
        if let other = flags.first(where: { !known.contains($0) }) { throw .notSupported("the flag '\(other)'") }
        return (flags, words.filter { !$0.hasPrefix("-") })
    }

    static func speed(_ word: String) throws -> JSONValue { word == "0" ? 0 : JSONValue(try parseSize(word, option: "speed", unit: 1)) }

    private func copyDrive(_ command: String, _ words: [String]) throws -> String {
        let (flags, rest) = try MonitorCommands.split(words, flags: ["-n", "-f"])
        guard rest.count == 2 || rest.count == 3 else { throw QAPIError(.generic, "a device and a file are needed") }
        var arguments: JSONObject = ["device": .string(rest[0]), "target": .string(rest[1]), "sync": flags.contains("-f") ? "full" : "top"]
        if rest.count == 3 { arguments["format"] = .string(rest[2]) }
        if flags.contains("-n") { arguments["mode"] = "existing" }
        try call(command, arguments)
        return ""
    }
}
