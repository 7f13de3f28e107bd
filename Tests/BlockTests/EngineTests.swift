import BlockCore
import BlockFormats
import EventLoop
import Glibc
import HostOS
import Testing

/// Many requests at a time, and those that the host fails.
@Suite struct EngineTests {
    /// More than a ring or the threads take at once, all parts of the disk at the same time.
    @Test(arguments: Engine.allCases) func manyUnderWay(_ engine: Engine) throws {
        let disk = try Disk(engine, [UInt8](repeating: 0, count: 1 << 20))
        let memory = (0..<256).map { Memory(pattern(4096, seed: $0)) }
        var left = memory.count
        disk.loop.lock.withLock {
            for (index, item) in memory.enumerated() {
                disk.node.write(UInt64(index) * 4096, from: [item.buffer]) {
                    #expect($0 == .ok)
                    left -= 1
                    if left == 0 { disk.loop.stop(status: 0) }
                }
            }
        }
        _ = disk.loop.run()
        #expect(try disk.content == memory.flatMap { $0.buffer.bytes() })
    }

    @Test(arguments: Engine.allCases) func drainCallsEveryCompletion(_ engine: Engine) throws {
        let disk = try Disk(engine, [UInt8](repeating: 0, count: 1 << 20))
        let memory = Memory(pattern(1 << 16))
        var ended = 0
        disk.loop.lock.withLock {
            for index in 0..<16 {
                disk.node.write(UInt64(index) << 16, from: [memory.buffer]) { _ in
                    // What a completion starts is waited for too.
                    disk.node.flush { if $0 == .ok { ended += 1 } }
                }
            }
            disk.node.drain()
            #expect(ended == 16)
            disk.node.drain()
        }
    }

    /// A vCPU's thread resets a device while the loop's thread serves it.
    @Test(arguments: Engine.allCases) func anotherThreadDrains(_ engine: Engine) throws {
        let disk = try Disk(engine, [UInt8](repeating: 0, count: 1 << 20))
        let server = try HostThread(name: "loop") { [loop = disk.loop] in _ = loop.run() }
        let memory = Memory(pattern(1 << 14))
        for _ in 0..<100 {
            disk.loop.lock.withLock {
                var ended = 0
                for index in 0..<20 { disk.node.write(UInt64(index) << 14, from: [memory.buffer]) { if $0 == .ok { ended += 1 } } }
                disk.node.flush { _ in }
                disk.node.drain()
                #expect(ended == 20)
            }
            disk.loop.lock.withLock { disk.node.flush { #expect($0 == .ok) } }
        }
        disk.loop.lock.withLock {
            disk.node.drain()
            disk.loop.stop(status: 0)
        }
        server.join()
    }

    /// With threads that post and a loop that sleeps in between, no wake-up may be lost.
    @Test(arguments: Engine.allCases) func oneAfterTheOther(_ engine: Engine) throws {
        let disk = try Disk(engine, pattern(4096))
        let memory = Memory(count: 512)
        for _ in 0..<2000 { #expect(disk.read(0, memory) == .ok) }
    }

    @Test(arguments: Engine.allCases) func aFullDeviceSaysSo(_ engine: Engine) throws {
        let loop = try EventLoop()
        let file = try HostFile("/dev/full", .readWrite)
        let engine = try engine.make(loop)
        let memory = Memory(count: 4096)
        var code: Int32?
        loop.lock.withLock {
            engine.start(FileRequest(file, .write, at: 0, [memory.buffer])) { code = $0 }
            engine.drain()
        }
        #expect(code == ENOSPC)
    }

    /// A transfer that the host ends early goes on where it stopped.
    @Test func shortStepsGoOn() throws {
        let file = try HostFile("/dev/zero", .readOnly)
        let memory = [Memory(count: 100), Memory(count: 200)]
        let request = FileRequest(file, .read, at: 0, memory.map(\.buffer))
        #expect(request.advance(50) == nil)
        #expect(request.advance(-Int(EINTR)) == nil)
        #expect(request.advance(-Int(EAGAIN)) == nil)
        #expect(request.advance(120) == nil)
        #expect(request.perform() == 0)
        #expect(memory[0].buffer.bytes() == [UInt8](repeating: 0xee, count: 100))
        #expect(memory[1].buffer.bytes() == [UInt8](repeating: 0xee, count: 70) + [UInt8](repeating: 0, count: 130))
        let failing = FileRequest(file, .read, at: 0, [memory[0].buffer])
        #expect(failing.advance(-Int(EIO)) == EIO)
        let stuck = FileRequest(file, .write, at: 0, [memory[0].buffer])
        #expect(stuck.advance(0) == EIO)
    }

    /// A ring in place of which the kernel has nothing to give.
    @Test func aRingTooLargeIsRefused() throws {
        #expect(throws: HostError.self) { try IORing(capacity: 1 << 20) }
    }
}
