#!/usr/bin/env python3
"""Moves a working guest over several connections (multifd), packed and not, and into files that are mapped again (mapped-ram); and lets both fail in the middle.

usage: channels.py --system PATH [--rounds N] [--megabytes N]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import migrate
from migrate import Proxy, Side, check, initramfs, results
from guest import board, command


def configure(side, channels=2, compression="none", capability="multifd", state=True, **more):
    side.ask("migrate-set-capabilities", capabilities=[{"capability": capability, "state": state}])
    answer = side.ask("migrate-set-parameters", multifd__channels=channels, multifd__compression=compression, **more)
    if answer != {}:
        raise AssertionError(answer)


class Test(migrate.Test):
    def target(self, place, channels=2, compression="none"):
        target = Side(self, "-incoming", "defer")
        if channels:
            configure(target, channels, compression)
        target.ask("migrate-incoming", uri=place)
        return target

    def moved(self, source, kind, channels, compression):
        place = self.place(kind)
        target = self.target(place, channels, compression)
        configure(source, channels, compression)
        if source.ask("migrate", uri=place) != {}:
            raise AssertionError(place)
        info = source.await_migration("completed")
        target.await_migration("completed")
        source.end()
        ram = info["ram"]
        check(f"{channels} channels over {kind}, compression {compression}", target.status() == "running" and target.works() and ram["multifd-bytes"] > 0,
              f"{info['total-time']} ms, {info['downtime']} ms standing still, {ram['normal'] * 4 >> 10} MiB in {ram['transferred'] >> 20} MiB, "
              f"{ram['multifd-bytes'] >> 20} MiB of them by channels")
        return target

    def cut(self, source, victim, most):
        place = self.place("unix")
        target = self.target(place)
        configure(source)
        proxy = f"{self.work}/proxy{victim}"
        Proxy(proxy, place[5:], most, victim)
        source.ask("migrate", uri=f"unix:{proxy}")
        info = source.await_migration("failed")
        name = "the first connection" if victim == 0 else f"channel {victim}"
        check(f"{name} is cut: the target ends with an error", target.guest.wait(30) == 1, target.guest.output[-200:].decode(errors="replace").strip())
        check(f"{name} is cut: the guest works on", source.status() == "running" and source.works(), info["error-desc"])
        target.end()

    def killed(self, source):
        configure(source, max__bandwidth=16 << 20)
        place = self.place("tcp")
        target = self.target(place)
        source.ask("migrate", uri=place)
        time.sleep(1)
        target.end()
        info = source.await_migration("failed")
        check("target killed: the guest works on", source.status() == "running" and source.works(), info["error-desc"])
        place = self.place("unix")
        target = self.target(place)
        source.ask("migrate", uri=place)
        time.sleep(1)
        source.ask("migrate_cancel")
        source.await_migration("cancelled")
        check("cancelled: the guest works on, the target ends", source.status() == "running" and source.works() and target.guest.wait(30) == 1)
        target.end()
        configure(source, max__bandwidth=128 << 20)

    def mismatched(self, source):
        for name, channels, own, wanted in (
                ("another number of channels", 3, 2, "the source has 2 channels"), ("no channels there", 0, 2, "multifd is off"),
                ("no channels here", 2, 0, "the source has none")):
            place = self.place("unix")
            target = self.target(place, channels)
            configure(source, own or 2, state=own > 0)
            source.ask("migrate", uri=place)
            info = source.await_migration("failed")
            check(f"{name}: the source hears why", wanted in info["error-desc"], info["error-desc"])
            check(f"{name}: the guest works on", source.status() == "running" and source.works() and target.guest.wait(30) == 1)
            target.end()
        configure(source)
        told = source.ask("migrate", uri=f"file:{self.work}/nothing")[1]
        check("channels into a file", "multifd is for" in told, told)
        told = source.ask("migrate-set-parameters", multifd__channels=0)[1]
        check("no channels at all", "multifd-channels" in told, told)
        configure(source, state=False)

    # Files that are mapped.

    def mapped(self, source):
        path = f"{self.work}/mapped"
        configure(source, capability="mapped-ram", max__bandwidth=0)
        if source.ask("migrate", uri=f"file:{path}") != {}:
            raise AssertionError(path)
        info = source.await_migration("completed")
        source.end()
        check("the file has its name when it is whole", os.path.exists(path) and not os.path.exists(f"{path}.part"))
        start = time.time()
        target = Side(self, "-incoming", f"file:{path}")
        target.await_arrival()
        size = os.stat(path)
        check("saved and mapped", target.status() == "running" and target.works(),
              f"{info['total-time']} ms, {info['downtime']} ms standing still, {size.st_blocks >> 11} of {size.st_size >> 20} MiB on the disk; back after {time.time() - start:.2f} s")
        # The next file takes the name, and not the bytes, of the one that is mapped.
        configure(target, capability="mapped-ram", max__bandwidth=0)
        target.ask("migrate", uri=f"file:{path}")
        target.await_migration("completed")
        check("saved to the same name", target.ask("cont") == {} and target.works())
        return target

    def mapped_by_channels(self, source, channels):
        """Several threads write the file; it is mapped, or several threads read it, after which it may go."""
        path = f"{self.work}/mapped-by-channels"
        configure(source, channels, capability="multifd")
        configure(source, channels, "zstd", capability="mapped-ram", max__bandwidth=0)
        told = source.ask("migrate", uri=f"file:{path}")[1]
        check("packed into a file", "not supported" in told, told)
        configure(source, channels, capability="mapped-ram")
        if source.ask("migrate", uri=f"file:{path}") != {}:
            raise AssertionError(path)
        info = source.await_migration("completed")
        source.end()
        target = Side(self, "-incoming", "defer")
        configure(target, channels)
        start = time.time()
        target.ask("migrate-incoming", uri=f"file:{path}")
        target.await_arrival()
        took = time.time() - start
        os.truncate(path, 0)
        check(f"saved and read by {channels} channels", target.status() == "running" and target.works() and info["ram"]["multifd-bytes"] > 0,
              f"{info['total-time']} ms, {info['downtime']} ms standing still, {info['ram']['multifd-bytes'] >> 20} MiB by channels; back after {took:.2f} s")
        configure(target, capability="mapped-ram", state=False)
        configure(target, capability="multifd", state=False, max__bandwidth=128 << 20)
        return target

    def mapped_fails(self, source):
        configure(source, capability="mapped-ram", max__bandwidth=16 << 20)
        told = source.ask("migrate", uri="unix:/nowhere")[1]
        check("mapped-ram elsewhere than in a file", "for file:PATH" in told, told)
        source.ask("migrate", uri=f"file:{self.work}/no/where")
        info = source.await_migration("failed")
        check("a file that cannot be made: the guest works on", source.status() == "running" and source.works(), info["error-desc"])
        source.ask("migrate", uri=f"file:{self.work}/given-up")
        time.sleep(1)
        source.ask("migrate_cancel")
        source.await_migration("cancelled")
        left = [name for name in os.listdir(self.work) if name.startswith("given-up")]
        check("cancelled: the guest works on, no file is left", source.status() == "running" and source.works() and not left, left)
        configure(source, capability="mapped-ram", state=False, max__bandwidth=128 << 20)
        self.torn()

    def torn(self):
        with open(f"{self.work}/mapped", "rb") as file:
            whole = file.read()
        cases = {f"{part} of the file": whole[:int(len(whole) * part)] for part in (0.1, 0.9)}
        cases["all but the last byte"] = whole[:-1]
        cases["no beginning"] = bytes(4096) + whole[4096:]
        for place in (9, 20, 60, len(whole) - 100):
            cases[f"a flipped bit at {place}"] = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:]
        for name, data in cases.items():
            with open(f"{self.work}/torn", "wb") as file:
                file.write(data)
            words = command(self.system, "-smp", str(self.smp), "-serial", "null", "-monitor", "none", *self.devices(), "-incoming",
                            f"file:{self.work}/torn", memory=str(self.memory))
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
            check(f"{name} is refused", done.returncode == 1, done.stderr.decode().strip()[-200:])


def run(test, rounds):
    side = test.boot()
    ways = [("unix", 2, "none"), ("tcp", 4, "zstd"), ("unix", 3, "zlib"), ("tcp", 1, "none"), ("unix", 16, "zstd")]
    for number in range(rounds):
        side = test.moved(side, *ways[number % len(ways)])
    test.cut(side, 1, 4 << 20)
    test.cut(side, 2, 10)
    test.cut(side, 0, 300)
    test.killed(side)
    test.mismatched(side)
    side = test.mapped(side)
    side = test.mapped_by_channels(side, 4)
    test.mapped_fails(side)
    check("no complaints of the kernel's", not side.guest.complaints(), side.guest.complaints())
    side.ask("quit")
    side.guest.wait(30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--rounds", type=int, default=3, help="moves under load")
    parser.add_argument("--megabytes", type=int, default=16, help="memory that the guest rewrites all the time")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--bus", choices=["device", "pci"], default="device", help="how virtio devices are attached: on virtio-mmio, or on PCI")
    arguments = parser.parse_args()
    arguments.options = ""
    kind = board(arguments.system)
    if not shutil.which(kind.compiler):
        sys.exit(f"channels: {kind.compiler} is missing: scripts/setup test installs it")
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
