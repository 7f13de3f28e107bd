#!/usr/bin/env python3
"""Loads streams that earlier builds have written (Tests/Golden/corpus), looks whether registers and memory are what was noted then, and lets their guests go on.

usage: corpus.py --bin FOLDER [--add NAME] [--only TEXT]

--add keeps streams of this build for ever: NAME-riscv64, NAME-arm64 and so on. It wants Debian's cross compilers. docs/adding-a-device.md says when one does that.
"""
import argparse
import hashlib
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
import time

from client import Client

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(os.path.dirname(HERE), "Golden", "corpus")
# All streams together, in bytes: they are carried along for ever.
MOST = 300_000

DISKS = ["disk", "nvme", "scsi", "sata", "stick"]
DEVICES = [
    "-nodefaults", "-display", "none",
    "-device", "virtio-blk-device,drive=disk", "-netdev", "user,id=net0", "-device", "virtio-net-device,netdev=net0,mac=52:54:00:12:34:56",
    "-device", "virtio-rng-device", "-device", "virtio-serial-device", "-device", "virtio-balloon-device",
    "-netdev", "user,id=net1", "-device", "e1000e,netdev=net1,addr=1,mac=52:54:00:12:34:57", "-device", "nvme,drive=nvme,serial=corpus,addr=2",
    "-device", "qemu-xhci,addr=3,id=usb", "-device", "usb-kbd,bus=usb.0,port=1", "-device", "usb-storage,bus=usb.0,port=2,drive=stick",
    "-device", "virtio-scsi-pci,id=scsi,addr=4", "-device", "scsi-hd,drive=scsi,bus=scsi.0", "-device", "ahci,id=sata,addr=5",
    "-device", "ide-hd,drive=sata,bus=sata.0", "-device", "virtio-gpu-pci,addr=6", "-device", "bochs-display,addr=7",
    "-device", "virtio-tablet-pci,addr=8", "-device", "pcie-root-port,id=port,addr=9,chassis=1", "-device", "virtio-rng-pci,bus=port",
]
FLAGS = ("-O1 -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-builtin -fno-stack-protector -Wall -Werror "
         "-Wl,--build-id=none -Wl,-z,max-page-size=4096").split()
# Compiler with its options, emulator, where the program lies, where memory lies and how much there is, and the machine.
GUESTS = {
    "riscv64": (["riscv64-linux-gnu-gcc", "-mcmodel=medany"], "riscv64", 0x80000000, 0x80000000, ["-M", "virt", "-bios", "none", "-smp", "2"]),
    "arm64": (["aarch64-linux-gnu-gcc", "-mstrict-align"], "aarch64", 0x40080000, 0x40000000, ["-M", "virt,highmem=off", "-cpu", "cortex-a57"]),
    "arm64-gicv3": (["aarch64-linux-gnu-gcc", "-mstrict-align", "-DGICV3"], "aarch64", 0x40080000, 0x40000000,
                    ["-M", "virt,highmem=off,gic-version=3", "-cpu", "cortex-a72", "-smp", "2"]),
    "arm": (["arm-linux-gnueabihf-gcc", "-marm", "-march=armv7-a+fp"], "arm", 0x40010000, 0x40000000,
            ["-M", "virt,highmem=off", "-cpu", "cortex-a15"]),
}
MEGABYTES = 8

results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


class Emulator:
    """An emulator with its disks, a client, and the guest's serial port."""

    def __init__(self, program, work, words):
        self.work = tempfile.mkdtemp(dir=work)
        for number, name in enumerate(DISKS):
            with open(f"{self.work}/{name}", "wb") as disk:
                disk.write(bytes((index * 7 + index // 512 + number) & 255 for index in range(65536)))
            words = [*words, "-drive", f"file={self.work}/{name},format=raw,if=none,id={name}"]
        words = [program, *words, "-qmp", f"unix:{self.work}/qmp,server=on,wait=off", "-chardev",
                 f"socket,id=serial,path={self.work}/serial,server=on,wait=on", "-serial", "chardev:serial"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(500):
            if os.path.exists(f"{self.work}/serial") or self.process.poll() is not None:
                break
            time.sleep(0.02)
        if self.process.poll() is not None:
            raise AssertionError(self.process.stderr.read().decode())
        self.serial = Client.connect(f"{self.work}/serial")
        for _ in range(500):
            if os.path.exists(f"{self.work}/qmp"):
                break
            time.sleep(0.02)
        self.client = Client(f"{self.work}/qmp")
        self.said = ""

    def ask(self, command, **arguments):
        answer = self.client.ask(command, **arguments)
        if isinstance(answer, tuple):
            raise AssertionError(f"{command}: {answer[1]}")
        return answer

    def hear(self, text, seconds=20):
        self.serial.settimeout(seconds)
        while text not in self.said:
            data = self.serial.recv(4096)
            if not data:
                raise AssertionError(f"the guest says no more than {self.said!r}")
            self.said += data.decode()

    def await_migration(self):
        for _ in range(1000):
            info = self.ask("query-migrate")
            if info.get("status") == "completed":
                return
            if info.get("status") == "failed" or self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{info} {self.process.poll()}")

    def registers(self):
        text = self.ask("human-monitor-command", command__line="info registers")
        return dict(re.findall(r"([A-Za-z][\w/]*)[ =]+([0-9a-f]{8,16})\b", text))

    def memory(self, start):
        self.ask("pmemsave", val=start, size=MEGABYTES << 20, filename=f"{self.work}/memory")
        with open(f"{self.work}/memory", "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def add(folder, work, name):
    for guest, (compiler, system, place, memory, machine) in GUESTS.items():
        program = f"{work}/program-{guest}"
        subprocess.run([*compiler, *FLAGS, f"-Wl,--defsym=BASE={place:#x}", "-T", f"{CORPUS}/program.ld", "-o", program, f"{CORPUS}/program.c"], check=True)
        options = [*machine, "-m", str(MEGABYTES), *DEVICES]
        path = f"{CORPUS}/{name}-{guest}"
        if os.path.exists(f"{path}.json"):
            raise AssertionError(f"{path}.json is there already: what has been kept is not changed")
        with Emulator(f"{folder}/qemu-system-{system}", work, [*options, "-kernel", program]) as side:
            side.hear("ready\n")
            side.ask("stop")
            note = {"system": system, "options": options, "version": side.ask("query-version")["package"], "registers": side.registers(),
                    "memory": [memory, side.memory(memory)]}
            side.ask("migrate", uri=f"file:{work}/stream")
            side.await_migration()
            side.ask("cont")
            side.serial.sendall(b"g")
            side.hear("as it was\n")
            note["says"] = side.said.split("ready\n")[1]
        if note["says"].startswith("not "):
            raise AssertionError(note["says"])
        with open(f"{work}/stream", "rb") as stream, open(f"{path}.xz", "wb") as file:
            file.write(lzma.compress(stream.read(), preset=9 | lzma.PRESET_EXTREME))
        with open(f"{path}.json", "w", encoding="utf-8") as file:
            json.dump(note, file, indent=1)
            file.write("\n")
        print(f"{path}.xz: {os.path.getsize(f'{path}.xz')} bytes")


def load(folder, work, name):
    with open(f"{CORPUS}/{name}.json", encoding="utf-8") as file:
        note = json.load(file)
    with lzma.open(f"{CORPUS}/{name}.xz") as packed, open(f"{work}/{name}", "wb") as stream:
        stream.write(packed.read())
    try:
        with Emulator(f"{folder}/qemu-system-{note['system']}", work, [*note["options"], "-S", "-incoming", f"file:{work}/{name}"]) as side:
            side.await_migration()
            registers = side.registers()
            others = {key: (value, registers.get(key)) for key, value in note["registers"].items() if registers.get(key) != value}
            check(f"{name}: registers", len(note["registers"]) > 16 and not others, others)
            start, digest = note["memory"]
            check(f"{name}: memory", side.memory(start) == digest)
            side.ask("cont")
            side.serial.sendall(b"g")
            side.hear("as it was\n")
            check(f"{name}: the guest goes on", side.said == note["says"], repr(side.said))
    except (AssertionError, OSError, EOFError) as error:
        check(f"{name} loads", False, f"{type(error).__name__}: {error}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, help="the folder of the emulators")
    parser.add_argument("--add", metavar="NAME", help="keep streams of this build under a name")
    parser.add_argument("--only", default="", help="those whose name has this in it")
    arguments = parser.parse_args()
    folder = os.path.abspath(arguments.bin)
    with tempfile.TemporaryDirectory() as work:
        if arguments.add:
            add(folder, work, arguments.add)
        names = sorted(name[:-5] for name in os.listdir(CORPUS) if name.endswith(".json") and arguments.only in name)
        for name in names:
            load(folder, work, name)
    size = sum(os.path.getsize(f"{CORPUS}/{name}") for name in os.listdir(CORPUS) if name.endswith(".xz"))
    check("there are streams, and they are small", names and size < MOST, f"{len(names)} streams, {size} bytes")
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
