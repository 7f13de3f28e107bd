#!/usr/bin/env python3
"""Moves a booted guest from emulator to emulator while it rewrites memory, computes and writes a disk, and looks whether it still finds what it wrote.

usage: migrate.py --system PATH [--rounds N] [--megabytes N] [--smp N] [--options="…"]
"""
import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "GuestBoot"))
from client import Client  # noqa: E402
from guest import Guest, board, command, initramfs_with  # noqa: E402

results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


def initramfs(kind, work):
    """The guest's initramfs with the working program behind it."""
    return initramfs_with(kind, work, f"{HERE}/memory.c")


class Side:
    """An emulator with its console and a client of its machine protocol."""

    count = 0
    all = []

    def __init__(self, test, *more, descriptors=()):
        Side.count += 1
        path = f"{test.work}/qmp{Side.count}"
        words = command(
            test.system, "-smp", str(test.smp), "-serial", "stdio", "-qmp", f"unix:{path},server=on,wait=off", *test.devices(), *test.options, *more,
            append="quiet", memory=str(test.memory))
        words[words.index("-initrd") + 1] = f"{test.work}/initramfs.gz"
        self.guest = Guest(words, pass_fds=descriptors)
        Side.all.append(self)
        for _ in range(500):
            if os.path.exists(path) or self.guest.process.poll() is not None:
                break
            time.sleep(0.02)
        self.client = Client(path)
        self.client.socket.settimeout(60)
        self.ask("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])

    def ask(self, name, /, **arguments):
        return self.client.ask(name, **arguments)

    def status(self):
        return self.ask("query-status")["status"]

    def await_migration(self, wanted, seconds=120):
        """Waits for an event that says how a migration has ended; gives what query-migrate says then."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            told = (self.client.wait("MIGRATION", deadline - time.time()) or {}).get("status")
            if told in ("completed", "failed", "cancelled"):
                break
        info = self.ask("query-migrate")
        if told != wanted:
            raise AssertionError(f"the migration is {told}, not {wanted}: {info}")
        return info

    def await_arrival(self, seconds=120):
        """Waits for a machine that may have come before anybody could be told of it."""
        deadline = time.time() + seconds
        while self.ask("query-migrate").get("status") not in ("completed", "failed") and time.time() < deadline:
            time.sleep(0.02)
        info = self.ask("query-migrate")
        if info.get("status") != "completed":
            raise AssertionError(f"the machine has not come: {info}")
        # What was told of it is of the past.
        self.client.events.clear()

    def works(self, seconds=60):
        """The program in the guest goes on and finds nothing wrong."""
        self.guest.expect("<", seconds)
        self.guest.expect(">", seconds)
        self.guest.expect("<", seconds)
        self.guest.expect(">", seconds)
        if b"DAMAGED" in self.guest.output:
            raise AssertionError("the guest says: " + self.guest.output[-500:].decode(errors="replace"))
        return True

    def end(self):
        if self.guest.process.poll() is None:
            self.guest.process.kill()
        self.guest.process.wait()
        self.client.close()
        os.close(self.guest.main)


class Proxy:
    """Connections that are passed on; one of them, counted from 0, is cut after so many bytes from the source."""

    def __init__(self, path, target, most, victim=0):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(16)
        self.target, self.most, self.victim = target, most, victim
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        number = 0
        while True:
            source, _ = self.listener.accept()
            target = socket.socket(socket.AF_UNIX)
            target.connect(self.target)
            most = self.most if number == self.victim else None
            for pair, limit in (((source, target), most), ((target, source), None)):
                threading.Thread(target=self.pump, args=(*pair, limit), daemon=True).start()
            number += 1

    @staticmethod
    def pump(source, target, most):
        done = 0
        try:
            while most is None or done < most:
                data = source.recv(65536 if most is None else min(65536, most - done))
                if not data:
                    break
                target.sendall(data)
                done += len(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Test:
    def __init__(self, arguments, work):
        self.system, self.work, self.smp, self.memory = arguments.system, work, arguments.smp, 256
        self.megabytes, self.options, self.bus = arguments.megabytes, arguments.options.split(), arguments.bus
        self.port = 0
        self.downtimes, self.outages = [], []

    def devices(self):
        """A disk, a network card and a source of entropy on the bus."""
        return ["-drive", f"file={self.work}/disk,format=raw,if=none,id=disk", "-device", f"virtio-blk-{self.bus},drive=disk", "-netdev",
                "user,id=net", "-device", f"virtio-net-{self.bus},netdev=net", "-device", f"virtio-rng-{self.bus}"]

    def place(self, kind):
        if kind == "unix":
            self.port += 1
            return f"unix:{self.work}/way{self.port}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return f"tcp:127.0.0.1:{free.getsockname()[1]}"

    def boot(self):
        side = Side(self)
        side.guest.expect(board(self.system).prompt, 300)
        side.guest.type(f"/test/memory {self.megabytes} /dev/vda &\n")
        side.works()
        return side

    def move(self, source, kind):
        """Live, under load; gives the other side."""
        place = self.place(kind)
        target = Side(self, "-incoming", place)
        if target.status() != "inmigrate":
            raise AssertionError(f"the target is {target.status()}")
        answer = source.ask("migrate", uri=place)
        if answer != {}:
            raise AssertionError(answer)
        info = source.await_migration("completed")
        target.await_migration("completed")
        if (source.status(), target.status()) != ("postmigrate", "running"):
            raise AssertionError((source.status(), target.status()))
        source.end()
        target.works()
        self.downtimes.append(info["downtime"])
        ram = info["ram"]
        print(f"        {kind}: {info['total-time']} ms in all, {info['downtime']} ms standing still, {ram['dirty-sync-count']} passes, "
              f"{ram['transferred'] >> 20} MiB sent, {ram['duplicate']} pages of zeros, {ram['normal']} others", flush=True)
        return target

    # The ways in which it does not come to an end.

    def cancelled(self, source):
        source.ask("migrate-set-parameters", max__bandwidth=4 << 20)
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        source.ask("migrate", uri=place)
        time.sleep(1.5)
        info = source.ask("query-migrate")
        sent = info["ram"]["transferred"]
        check("max-bandwidth is kept to", info["status"] == "active" and 2 << 20 < sent < 10 << 20, f"{sent >> 10} KiB in about 1.5 s")
        check("only one migration at a time", source.ask("migrate", uri="unix:/nowhere")[1] == "There's a migration process in progress")
        source.ask("migrate_cancel")
        source.await_migration("cancelled")
        check("cancelled: the target ends with an error", target.guest.wait(30) == 1)
        source.ask("migrate-set-parameters", max__bandwidth=128 << 20)
        check("cancelled: the guest works on", source.status() == "running" and source.works())
        target.end()

    def throttled(self, source):
        """A guest that writes faster than its memory is sent is held more and more, and no longer when that is over."""
        source.ask("migrate-set-capabilities", capabilities=[{"capability": "auto-converge", "state": True}])
        told = [source.ask("migrate-set-parameters", **{name: value})[1]
                for name, value in (("cpu-throttle-initial", 0), ("cpu-throttle-increment", 100), ("max-cpu-throttle", 10), ("throttle-trigger-threshold", 101))]
        check("percentages that cannot be", all("integer in the range" in text for text in told), told)
        source.ask("migrate-set-parameters", cpu__throttle__initial=60, cpu__throttle__increment=39, max__bandwidth=24 << 20, downtime__limit=20)
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        source.ask("migrate", uri=place)
        seen = set()
        for _ in range(1200):
            seen.add(source.ask("query-migrate").get("cpu-throttle-percentage", 0))
            if 99 in seen:
                break
            time.sleep(0.05)
        check("auto-converge", seen == {0, 60, 99}, seen)
        check("stopped while it is held", source.ask("stop") == {} and source.ask("cont") == {} and source.works())
        source.ask("migrate_cancel")
        source.await_migration("cancelled")
        check("no longer held: the guest works on", "cpu-throttle-percentage" not in source.ask("query-migrate") and source.works() and target.guest.wait(30) == 1)
        target.end()
        source.ask("migrate-set-parameters", max__bandwidth=128 << 20, downtime__limit=300)
        source.ask("migrate-set-capabilities", capabilities=[{"capability": "auto-converge", "state": False}])

    def target_killed(self, source):
        source.ask("migrate-set-parameters", max__bandwidth=16 << 20)
        place = self.place("tcp")
        target = Side(self, "-incoming", place)
        source.ask("migrate", uri=place)
        time.sleep(1)
        target.end()
        info = source.await_migration("failed")
        source.ask("migrate-set-parameters", max__bandwidth=128 << 20)
        check("target killed: the guest works on", source.status() == "running" and source.works(), info["error-desc"])

    def cut(self, source):
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        Proxy(f"{self.work}/proxy", place[5:], 12 << 20)
        source.ask("migrate", uri=f"unix:{self.work}/proxy")
        info = source.await_migration("failed")
        check("connection cut: the target ends with an error", target.guest.wait(30) == 1 and b"ends before" in target.guest.output,
              target.guest.output[-300:].decode(errors="replace").strip())
        check("connection cut: the guest works on", source.status() == "running" and source.works(), info["error-desc"])
        target.end()

    def refused(self, source):
        place = self.place("unix")
        self.smp += 1
        target = Side(self, "-incoming", place)
        self.smp -= 1
        source.ask("migrate", uri=place)
        info = source.await_migration("failed")
        check("another machine: the source hears why", "cpus" in info["error-desc"], info["error-desc"])
        check("another machine: the guest works on", source.status() == "running" and source.works() and target.guest.wait(30) == 1)
        target.end()
        answer = source.ask("migrate", uri="unix:/nowhere/at/all")
        info = source.await_migration("failed")
        check("nobody there: the guest works on", answer == {} and source.status() == "running", info["error-desc"])

    def unanswered(self, source):
        """A place that takes no more connections and refuses none: whoever calls waits for minutes."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            callers = [socket.socket() for _ in range(3)]
            for caller in callers:
                caller.setblocking(False)
                caller.connect_ex(listener.getsockname())
            source.ask("migrate", uri=f"tcp:127.0.0.1:{listener.getsockname()[1]}")
            time.sleep(1)
            status = source.ask("query-migrate")["status"]
            source.ask("migrate_cancel")
            info = source.await_migration("cancelled", 10)
            for caller in callers:
                caller.close()
        check("no answer: it is cancelled at once", status == "setup" and source.status() == "running" and source.works(), info)

    def switchover_cancelled(self, source):
        """The guest stands still already, and goes on where it is."""
        source.ask("migrate-set-capabilities", capabilities=[{"capability": "pause-before-switchover", "state": True}])
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        source.ask("migrate", uri=place)
        for _ in range(600):
            status = source.ask("query-migrate")["status"]
            if status == "pre-switchover":
                break
            time.sleep(0.1)
        check("pause-before-switchover", status == "pre-switchover" and source.status() == "finish-migrate", status)
        source.ask("migrate_cancel")
        source.await_migration("cancelled")
        check("cancelled while it stands still: the guest works on", source.works() and source.status() == "running" and target.guest.wait(30) == 1)
        target.end()
        target = Side(self, "-incoming", "defer", "-S")
        target.ask("migrate-incoming", uri=place)
        source.ask("migrate", uri=place)
        for _ in range(600):
            if source.ask("query-migrate")["status"] == "pre-switchover":
                break
            time.sleep(0.1)
        check("migrate-continue", source.ask("migrate-continue", state="pre-switchover") == {})
        source.await_migration("completed")
        target.await_migration("completed")
        check("-S on the target", target.status() == "paused" and target.ask("cont") == {} and target.works())
        source.end()
        return target

    # Files.

    def saved(self, source, way_out, way_in, name):
        if source.ask("migrate", uri=way_out) != {}:
            raise AssertionError(way_out)
        info = source.await_migration("completed")
        source.end()
        target = Side(self, "-incoming", way_in)
        target.await_migration("completed")
        check(f"saved and restored, {name}", target.status() == "running" and target.works(), f"{info['total-time']} ms, {info['ram']['transferred'] >> 20} MiB")
        return target

    def saved_by_descriptor(self, source):
        """As libvirt does it: a pipe out, whose reader waits for its end, and a file in, started stopped."""
        path = f"{self.work}/saved"
        end, out = os.pipe()
        with open(path, "wb") as file:
            reader = subprocess.Popen(["cat"], stdin=end, stdout=file)
        os.close(end)
        source.ask("stop")
        source.client.ask("getfd", [out], fdname="migrate")
        os.close(out)
        source.ask("migrate", uri="fd:migrate", detach=True, blk=False, inc=False)
        source.await_migration("completed")
        check("the pipe is closed while the source is still there", reader.wait(20) == 0 and source.status() == "postmigrate")
        source.end()
        back = os.open(path, os.O_RDONLY)
        target = Side(self, "-S", "-incoming", f"fd:{back}", descriptors=(back,))
        os.close(back)
        target.await_migration("completed")
        check("saved and restored, fd:", target.status() == "paused" and target.ask("cont") == {} and target.works())
        return target

    def kept(self, source):
        """A file is not another emulator: the guest may go on here as well."""
        source.ask("migrate", uri=f"file:{self.work}/kept")
        source.await_migration("completed")
        check("cont after a save goes on here", source.status() == "postmigrate" and source.ask("cont") == {} and source.works())

    def torn(self):
        """A file that ends too soon, at several places, and one with a flipped bit."""
        with open(f"{self.work}/saved", "rb") as file:
            whole = file.read()
        cases = {f"{part} of the file": whole[:int(len(whole) * part)] for part in (0, 0.1, 0.9)}
        cases["all but the last byte"] = whole[:-1]
        cases["a flipped bit"] = whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 4]) + whole[len(whole) // 2 + 1:]
        for name, data in cases.items():
            with open(f"{self.work}/torn", "wb") as file:
                file.write(data)
            words = command(self.system, "-smp", str(self.smp), "-serial", "null", "-monitor", "none", *self.devices(), "-incoming",
                            f"file:{self.work}/torn", memory=str(self.memory))
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            check(f"{name} is refused", done.returncode == 1 and b"stream" in done.stderr, done.stderr.decode().strip()[-200:])

    def command_lingers(self, source):
        """A command that takes everything and does not end is cancelled, and does not keep the emulator from ending."""
        lingering = "exec:cat > /dev/null; exec sleep 1000"
        source.ask("migrate", uri=lingering)
        time.sleep(3)
        check("a lingering command is cancelled", source.ask("migrate_cancel") == {} and source.await_migration("cancelled", 20) and source.works(),
              source.status())
        source.ask("migrate", uri=lingering)
        time.sleep(3)
        source.ask("quit")
        check("a lingering command does not keep the emulator", source.guest.wait(20) == 0)
        source.end()

    def source_killed(self, source):
        """After that there is no guest any more."""
        source.ask("migrate-set-parameters", max__bandwidth=16 << 20)
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        source.ask("migrate", uri=place)
        time.sleep(1)
        source.end()
        check("source killed: the target ends with an error", target.guest.wait(30) == 1)
        target.end()


def only_migratable(test):
    """A machine that could not be moved is refused by name."""
    for more, status in ((["-snapshot"], 1), ([], 0)):
        words = command(test.system, "-serial", "null", "-monitor", "none", "-qmp", "stdio", "-S", *test.devices(), "-only-migratable", *more)
        done = subprocess.run(words, input=b'{"execute": "qmp_capabilities"} {"execute": "quit"}', capture_output=True, timeout=60, check=False)
        text = done.stderr.decode().strip()
        check(f"-only-migratable {' '.join(more)}", done.returncode == status and ("snapshot=on" in text) == (status == 1), text[-200:])


def run(test, arguments):
    only_migratable(test)
    side = test.boot()
    print(f"        booted, with {test.megabytes} MiB being rewritten", flush=True)
    for number in range(arguments.rounds):
        side = test.move(side, ["unix", "tcp"][number % 2])
    times = sorted(test.downtimes)
    check(f"{arguments.rounds} moves under load", len(times) == arguments.rounds,
          f"standing still {times[0]} to {times[-1]} ms, {times[len(times) // 2]} in the middle")
    test.cancelled(side)
    test.throttled(side)
    test.target_killed(side)
    test.cut(side)
    test.refused(side)
    test.unanswered(side)
    side = test.switchover_cancelled(side)
    side = test.saved(side, f"file:{test.work}/state", f"file:{test.work}/state", "file:")
    side = test.saved(side, f"exec:gzip -1 > {test.work}/state.gz", f"exec:gunzip -c {test.work}/state.gz", "exec:")
    side = test.saved_by_descriptor(side)
    test.kept(side)
    test.torn()
    side.guest.type("\necho six=$((2*3))\n")
    side.guest.expect("six=6", 60)
    check("the shell answers", True)
    check("no complaints of the kernel's", not side.guest.complaints(), side.guest.complaints())
    test.source_killed(side)
    test.command_lingers(test.boot())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--rounds", type=int, default=2, help="moves under load")
    parser.add_argument("--megabytes", type=int, default=16, help="memory that the guest rewrites all the time")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--bus", choices=["device", "pci"], default="device", help="how virtio devices are attached: on virtio-mmio, or on PCI")
    parser.add_argument("--options", default="", help="more options for all emulators: '--options=-accel interpreter'")
    arguments = parser.parse_args()
    kind = board(arguments.system)
    if not shutil.which(kind.compiler):
        sys.exit(f"migrate: {kind.compiler} is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(kind.files)) as work:
        initramfs(kind, work)
        with open(f"{work}/disk", "wb") as disk:
            disk.truncate(16 << 20)
        try:
            run(Test(arguments, work), arguments)
        except (AssertionError, OSError, EOFError, TypeError, KeyError) as error:
            check("the conversation", False, f"{type(error).__name__}: {error}")
        for side in Side.all:
            if side.guest.process.poll() is None:
                side.guest.process.kill()
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
