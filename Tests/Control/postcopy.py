#!/usr/bin/env python3
"""Moves a working guest to another emulator before its memory is there (postcopy-ram), cuts the connection in between, and looks whether the guest finds everything.

usage: postcopy.py --system PATH [--rounds N] [--megabytes N] [--smp N] [--bus device|pci] [--options="…"]
"""
import argparse
import os
import shutil
import socket
import struct
import sys
import tempfile
import time
import zlib

import migrate
from migrate import Proxy, Side, check, initramfs, results
from guest import board


def prepare(side, state=True, **parameters):
    answer = side.ask("migrate-set-capabilities", capabilities=[{"capability": "postcopy-ram", "state": state}])
    if answer == {} and parameters:
        answer = side.ask("migrate-set-parameters", **parameters)
    if answer != {}:
        raise AssertionError(answer)


def await_status(side, *wanted, seconds=60):
    deadline = time.time() + seconds
    while time.time() < deadline:
        info = side.ask("query-migrate")
        if info.get("status") in wanted:
            return info
        time.sleep(0.02)
    raise AssertionError(f"it is {info}, not {wanted}")


def await_job(side, name):
    """A job when it is over."""
    for _ in range(100):
        job = next(job for job in side.ask("query-jobs") if job["id"] == name)
        if job["status"] == "concluded":
            break
        time.sleep(0.05)
    return job


class Ear:
    """Whether a target whose connection is broken hears its client: not while a device of its waits for a page, with the machine lock held."""

    def __init__(self, side):
        self.side = side
        side.client.send('{"execute": "query-migrate"}')
        side.client.socket.settimeout(5)
        try:
            self.heard = side.client.answer()["return"]["status"] == "postcopy-paused"
            self.owed = False
        except TimeoutError:
            self.heard, self.owed = False, True
            print("        the target's monitor waits for a page", flush=True)
        side.client.socket.settimeout(60)

    def settle(self):
        """Takes the answer that has come meanwhile."""
        if self.owed:
            self.side.client.answer()


class Test(migrate.Test):
    def target(self, place, *more):
        target = Side(self, "-incoming", "defer", *more)
        prepare(target)
        if target.ask("migrate-incoming", uri=place) != {}:
            raise AssertionError(place)
        return target

    def switched(self, source, way, rest, place=None):
        """Sends a little, then lets the guest go on at the other side, to which the rest goes so fast; gives that side."""
        place = place or self.place(way)
        target = self.target(place)
        prepare(source, max__bandwidth=16 << 20, max__postcopy__bandwidth=rest)
        if source.ask("migrate", uri=place) != {}:
            raise AssertionError(place)
        await_status(source, "active")
        time.sleep(0.5)
        if source.ask("migrate-start-postcopy") != {}:
            raise AssertionError("migrate-start-postcopy")
        await_status(source, "postcopy-active", "completed")
        return target

    def arrived(self, source, target):
        """Both sides say that it is over; what has been done."""
        source.await_migration("completed")
        info = source.ask("query-migrate")
        target.await_arrival()
        if (source.status(), target.status()) != ("postmigrate", "running"):
            raise AssertionError((source.status(), target.status()))
        source.end()
        target.works()
        return info

    def possible(self):
        """Whether the host lets this process have what postcopy needs."""
        side = Side(self, "-incoming", "defer")
        answer = side.ask("migrate-set-capabilities", capabilities=[{"capability": "postcopy-ram", "state": True}])
        side.end()
        if answer == {}:
            return True
        check("the host does not allow it, which is said", "Postcopy is not supported" in answer[1] and "userfaultfd" in answer[1], answer[1])
        return False

    def told_when(self, source):
        """With pause-before-switchover it waits for migrate-continue."""
        capabilities = [{"capability": "pause-before-switchover", "state": True}]
        source.ask("migrate-set-capabilities", capabilities=capabilities)
        place = self.place("unix")
        target = self.target(place, "-S")
        prepare(source, max__bandwidth=16 << 20, max__postcopy__bandwidth=0)
        source.ask("migrate", uri=place)
        await_status(source, "active")
        source.ask("migrate-start-postcopy")
        await_status(source, "pre-switchover")
        check("migrate-continue", source.ask("migrate-continue", state="pre-switchover") == {})
        source.await_migration("completed")
        await_status(target, "completed")
        target.client.events.clear()
        check("-S on the target", target.status() == "paused" and target.ask("cont") == {} and target.works())
        source.end()
        return target

    def moved(self, source, way, rest):
        target = self.switched(source, way, rest)
        works = target.works() if rest else True
        info = self.arrived(source, target)
        ram = info["ram"]
        check(f"{way}, {rest >> 20 or 'all'} MiB/s", works and ram["postcopy-requests"] > 0 and ram["postcopy-bytes"] > 0,
              f"{info['total-time']} ms, {info['downtime']} ms standing still, {ram['precopy-bytes'] >> 20} MiB before and {ram['postcopy-bytes'] >> 20} after, "
              f"{ram['postcopy-requests']} pages asked for")
        return target

    def paused(self, source):
        """Both notice when the connection breaks, and go on over another, elsewhere if the target hears where, else where they met first."""
        place = self.place("unix")
        target = self.switched(source, "unix", 8 << 20, place)
        target.works()
        told = [source.ask("migrate_cancel")[1], source.ask("cont")[1], target.ask("migrate", uri="unix:/nowhere")[1],
                target.ask("snapshot-save", **{"job__id": "job", "tag": "t", "vmstate": "disk", "devices": ["disk"]})]
        check("what cannot be done meanwhile", "too late" in told[0] and "not finalized" in told[1] and "not all come" in told[2], told)
        check("a snapshot of what has not all come", "not all come" in await_job(target, "job").get("error", ""))
        check("migrate-pause", source.ask("migrate-pause") == {})
        info = await_status(source, "postcopy-paused")
        time.sleep(0.5)
        ear = Ear(target)
        check("both are paused", source.status() == "finish-migrate" and (ear.owed or target.status() == "running"), info.get("error-desc"))
        check("migrate-pause once only", "postcopy-active" in source.ask("migrate-pause")[1])
        nowhere = source.ask("migrate", uri="unix:/nowhere", resume=True)
        time.sleep(0.3)
        info = await_status(source, "postcopy-paused")
        check("nobody there: it stays paused", nowhere == {} and "/nowhere" in info.get("error-desc", ""), info.get("error-desc"))
        if ear.heard:
            place = self.place("tcp")
            check("migrate-recover", target.ask("migrate-recover", uri=place) == {})
            self.strangers(int(place.rsplit(":", 1)[1]))
        time.sleep(0.3)
        source.ask("migrate-set-parameters", max__postcopy__bandwidth=0)
        check("migrate with resume", source.ask("migrate", uri=place, resume=True) == {})
        ear.settle()
        self.arrived(source, target)
        check("recovered: the guest works", target.works())
        return target

    @staticmethod
    def strangers(port):
        """Who comes and is not the source is turned away: the target waits on."""
        section = struct.pack("<BIQ", 17, 8, 12345)
        for data in (b"", b"GET / HTTP/1.0\r\n\r\n", os.urandom(100), b"APUSRSM\0", b"APUSRSM\0\1\0\0\0" + section + struct.pack("<I", zlib.crc32(section))):
            for _ in range(50):
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
                        stranger.sendall(data)
                        stranger.shutdown(socket.SHUT_WR)
                        answer = stranger.recv(100)
                    break
                except ConnectionRefusedError:
                    time.sleep(0.1)
                except ConnectionResetError:
                    answer = b""
                    break
            if answer:
                raise AssertionError(f"a stranger is answered {answer}")

    def cut(self, source, round_):
        """The network cuts it, twice; the source comes again where it came first."""
        place = self.place("unix")
        proxy = f"{self.work}/postcopy-proxy{round_}"
        Proxy(proxy, place[5:], 30 << 20, 0)
        target = self.target(place)
        prepare(source, max__bandwidth=16 << 20, max__postcopy__bandwidth=32 << 20)
        source.ask("migrate", uri=f"unix:{proxy}")
        await_status(source, "active")
        time.sleep(0.5)
        source.ask("migrate-start-postcopy")
        await_status(source, "postcopy-paused")
        time.sleep(0.5)
        Proxy(f"{proxy}b", place[5:], 8 << 20, 0)
        source.ask("migrate", uri=f"unix:{proxy}b", resume=True)
        await_status(source, "postcopy-active", "postcopy-recover")
        await_status(source, "postcopy-paused")
        time.sleep(0.5)
        source.ask("migrate-set-parameters", max__postcopy__bandwidth=0)
        source.ask("migrate", uri=place, resume=True)
        self.arrived(source, target)
        check("cut twice, and resumed where it began: the guest works", target.works())
        return target

    def failed(self, source):
        """Before the guest runs at the other side nothing is lost."""
        place = self.place("unix")
        target = Side(self, "-incoming", place)
        prepare(source, max__bandwidth=16 << 20)
        source.ask("migrate", uri=place)
        info = source.await_migration("failed")
        check("the capability is off there: the source hears why", "postcopy-ram is off" in info["error-desc"], info["error-desc"])
        check("the guest works on", source.works() and target.guest.wait(30) == 1)
        target.end()
        told = [source.ask("migrate-start-postcopy")[1], source.ask("migrate-recover", uri="unix:/x")[1], source.ask("migrate-pause")[1],
                source.ask("migrate", uri="unix:/x", resume=True)[1], source.ask("migrate", uri="file:/x")[1]]
        check("orders out of place", all(isinstance(text, str) for text in told), told)
        told = [source.ask("migrate-set-capabilities", capabilities=[{"capability": name, "state": True}])[1]
                for name in ("multifd", "mapped-ram", "postcopy-preempt")]
        check("what does not go together", all("not supported" in text for text in told), told)
        prepare(source, state=False)
        check("without the capability", "Enable postcopy" in source.ask("migrate-start-postcopy")[1])
        side = Side(self, "-incoming", "defer", "-object", f"memory-backend-file,id=m,size={self.memory}M,mem-path={self.work}/ram,share=on",
                    "-machine", "memory-backend=m")
        told = side.ask("migrate-set-capabilities", capabilities=[{"capability": "postcopy-ram", "state": True}])[1]
        check("memory on a file", "Postcopy is not supported" in told, told)
        side.end()
        check("the guest works on", source.works())

    def lost(self, source):
        """Whoever ends a side after the switch loses the guest, and the other side hears of it and does not hang."""
        target = self.switched(source, "unix", 1 << 20)
        target.works()
        source.ask("migrate-pause")
        time.sleep(1)
        if Ear(target).heard:
            target.ask("quit")
            status = target.guest.wait(30)
            check("the target ends while it is paused", status in (0, 1), target.guest.output[-200:].decode(errors="replace").strip())
        check("the source stays as it is", source.ask("query-migrate")["status"] == "postcopy-paused" and source.status() == "finish-migrate")
        source.ask("quit")
        check("the source ends", source.guest.wait(30) == 0)
        target.end()


def run(test, rounds):
    if not test.possible():
        return
    side = test.boot()
    ways = [("unix", 0), ("tcp", 16 << 20), ("tcp", 0), ("unix", 4 << 20)]
    for number in range(rounds):
        side = test.moved(side, *ways[number % len(ways)])
    side = test.told_when(side)
    for number in range(max(1, rounds // 4)):
        side = test.paused(side)
        side = test.cut(side, number)
    test.failed(side)
    check("no complaints of the kernel's", not side.guest.complaints(), side.guest.complaints())
    test.lost(side)


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
        sys.exit(f"postcopy: {kind.compiler} is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(kind.files)) as work:
        initramfs(kind, work)
        with open(f"{work}/disk", "wb") as disk:
            disk.truncate(16 << 20)
        try:
            run(Test(arguments, work), arguments.rounds)
        except (AssertionError, OSError, EOFError, TypeError, KeyError, IndexError) as error:
            check("the conversation", False, f"{type(error).__name__}: {error}")
        for side in Side.all:
            if side.guest.process.poll() is None:
                side.guest.process.kill()
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
