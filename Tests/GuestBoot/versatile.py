#!/usr/bin/env python3
"""Versatile and RealView boards: a program of ours that drives the devices of versatilepb; with --kernels also Linux 6.1 from Debian's source with its armel
user land on versatilepb (scripts/fetch-guest versatile builds it), and Debian's armhf kernel on realview-pb-a8 and vexpress-a9: the network by the boards' own
cards, keys by PS/2, disks on PCI and cards.

usage: versatile.py --system PATH (of qemu-system-arm) [--kernels] [--peer PATH]
--peer boots the same kernels in another emulator too, QEMU's.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "Control"))
from client import Client  # noqa: E402
from guest import ROOT, Guest  # noqa: E402

ARMEL = os.path.join(ROOT, "build", "guests", "versatile")
ARMHF = os.path.join(ROOT, "build", "guests", "armhf", "armmp")
PROMPT = "/ # "
STEPS = ["PL190: twenty ticks of an SP804 by their vector", "PL190: the default vector", "PL080: a list of two pieces", "LAN91C111: a frame comes back",
         "LAN91C111: as it was sent", "LAN91C111: all packets are free", "PL050: a keyboard", "PL050: a mouse"]
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


class Machine:
    """A guest with a client of its machine protocol."""

    count = 0

    def __init__(self, work, words):
        Machine.count += 1
        path = f"{work}/qmp{Machine.count}"
        self.guest = Guest([*words, "-qmp", f"unix:{path},server=on,wait=off"])
        deadline = time.time() + 30
        while not os.path.exists(path) and self.guest.process.poll() is None and time.time() < deadline:
            self.guest.read(time.time() + 0.05)
        if self.guest.process.poll() is not None:
            raise AssertionError(self.guest.output.decode(errors="replace"))
        self.client = Client(path)
        self.client.socket.settimeout(60)

    def press(self, *keys):
        for key in keys:
            answer = self.client.ask("send-key", keys=[{"type": "qcode", "data": key}], hold__time=20)
            assert answer == {}, answer

    def move(self, x, y):
        events = [{"type": "rel", "data": {"axis": axis, "value": value}} for axis, value in [("x", x), ("y", y)]]
        answer = self.client.ask("input-send-event", events=events)
        assert answer == {}, answer

    def end(self):
        self.client.close()
        if self.guest.process.poll() is None:
            self.guest.process.kill()
        self.guest.process.wait()


def compile_program(work):
    compiler = "arm-linux-gnueabi-gcc"
    if not shutil.which(compiler):
        raise AssertionError(f"{compiler} is missing: scripts/setup test installs it")
    subprocess.run(
        [compiler, "-O2", "-march=armv5te", "-marm", "-mfloat-abi=soft", "-ffreestanding", "-fno-builtin", "-fno-pic", "-no-pie", "-nostdlib", "-static",
         "-Wall", "-Wl,-Ttext=0x10000,--build-id=none,-e,_start,--no-warn-rwx-segments", "-o", f"{work}/program", f"{HERE}/versatile.c"], check=True)
    return f"{work}/program"


def program(system, core):
    """Our program: what it reports, keys and moves, a machine that goes on elsewhere, and the board's reset."""
    name = f"versatilepb with {core}"
    with tempfile.TemporaryDirectory() as work:
        words = [system, "-M", "versatilepb", "-cpu", core, "-nodefaults", "-display", "none", "-kernel", compile_program(work), "-serial", "stdio", "-serial",
                 f"file:{work}/second", "-nic", "user"]
        machine = Machine(work, words)
        try:
            for step in STEPS:
                machine.guest.expect(f"ok {step}", 30)
            machine.guest.expect("press a key", 10)
            machine.press("a")
            machine.guest.expect("key 0000001c", 10)
            machine.guest.expect("key 000000f0", 10)
            machine.guest.expect("key 0000001c", 10)
            machine.move(5, -3)
            machine.guest.expect("moved 00000008 00000005 00000003", 10)
            assert machine.client.ask("stop") == {}
            assert machine.client.ask("migrate", uri=f"file:{work}/state") == {}
            deadline = time.time() + 20
            while machine.client.ask("query-migrate").get("status") != "completed" and time.time() < deadline:
                time.sleep(0.1)
            machine.end()
            with open(f"{work}/second", encoding="ascii") as file:
                check(f"{name}: the second UART", "the second UART" in file.read())
            machine = Machine(work, [*words, "-incoming", f"file:{work}/state", "-no-reboot"])
            deadline = time.time() + 20
            while machine.client.ask("query-status").get("status") != "running" and time.time() < deadline:
                machine.client.ask("cont")
                time.sleep(0.1)
            machine.press("up")
            machine.guest.expect("key 00000075", 10)
            machine.press("q")
            machine.guest.expect("the end", 10)
            check(f"{name}: interrupts, DMA, Ethernet, keyboard and mouse, elsewhere too", machine.guest.wait(20) == 0)
        except AssertionError as error:
            check(name, False, str(error))
        finally:
            machine.end()


def refusals(system):
    """What the boards have not is refused by name."""
    for words, wanted in [
            (["-M", "versatilepb", "-cpu", "cortex-a15"], "is not supported"), (["-M", "versatilepb", "-smp", "2"], "at most 1"),
            (["-M", "versatilepb", "-m", "512"], "at most 256"), (["-M", "realview-pb-a8", "-nic", "user,model=smc91c111"], "versatilepb"),
            (["-M", "versatilepb", *["-serial", "null"] * 5], "4 UARTs")]:
        done = subprocess.run([system, *words, "-display", "none"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        check(f"refused: {' '.join(words)}", done.returncode != 0 and wanted in done.stderr, done.stderr.strip()[:200])


# What a board boots with: kernel and RAM disk, device tree, the options of a disk beside the card and what the guest calls it, the network card's driver,
# and how the guest resets the board: Debian's armhf kernel knows no way, but the board's registers do it.
BOARDS = {
    "versatilepb": (ARMEL, f"{ARMEL}/versatile-pb.dtb", ["-drive", "if=none,id=disk,format=raw,file={}", "-device", "virtio-blk-pci,drive=disk"], "/dev/vda", "smc91x",
                    "reboot -f"),
    "realview-pb-a8": (ARMHF, f"{ARMEL}/arm-realview-pba8.dtb", [], None, "smsc911x", "devmem 0x10000020 32 0xa05f; devmem 0x10000040 32 4"),
    "vexpress-a9": (ARMHF, f"{ARMHF}/vexpress-v2p-ca9.dtb", [], None, "smsc911x", "reboot -f"),
}


def boot(system, board, *, isPeer=False):
    """Linux on a board: an address by DHCP, a ping, a disk on PCI and a card, keys that are seen, and a reset."""
    folder, tree, drive, disk, driver, reset = BOARDS[board]
    name = f"Linux on {board}" + (" in the peer" if isPeer else "")
    with tempfile.TemporaryDirectory() as work:
        for file in ["disk", "card"]:
            with open(f"{work}/{file}", "wb") as image:
                image.truncate(16 << 20)
        machine = Machine(work, [
            system, "-M", board, "-m", "128", "-display", "none", "-serial", "stdio", "-kernel", f"{folder}/Image", "-dtb", tree,
            "-initrd", f"{folder}/initramfs.cpio.gz", "-append", "console=ttyAMA0", "-nic", "user", "-drive", f"if=sd,format=raw,file={work}/card",
            *[word.format(f"{work}/disk") for word in drive], "-no-reboot", *(["-audiodev", "none,id=quiet"] if isPeer else [])])
        guest = machine.guest
        try:
            guest.expect(PROMPT, 300)
            seconds = time.time() - guest.start
            guest.type("readlink /sys/class/net/eth0/device/driver; ip -4 addr show eth0; ping -c 1 10.0.2.2\n")
            guest.expect(driver, 20)
            guest.expect("10.0.2.15", 20)
            guest.expect("1 packets received", 60)
            guest.expect(PROMPT, 20)
            # QEMU's system registers tell the Versatile of no card.
            for device in ["" if isPeer and board == "versatilepb" else "/dev/mmcblk0", disk]:
                if device:
                    guest.type(f"dd if=/dev/urandom of=/tmp/x bs=64k count=16; cat /tmp/x > {device}; sync; echo 3 > /proc/sys/vm/drop_caches; "
                               f"cmp -n 1048576 /tmp/x {device} && echo sa''me\n")
                    guest.expect("same", 120)
                    guest.expect(PROMPT, 20)
            guest.type("grep -l AT.*keyboard /sys/class/input/event*/device/name; (cat /dev/input/event0 & sleep 3; kill $!) | hexdump -v -e '8/2 \"%x \" \"\\n\"'; "
                       "echo do''ne\n")
            guest.expect("/device/name", 20)
            time.sleep(1)
            machine.press("a", "b")
            guest.expect("done", 20)
            seen = guest.output.decode(errors="replace")
            check(f"{name}: keys are seen", " 1 1e 1 0" in seen and " 1 30 1 0" in seen)
            guest.expect(PROMPT, 20)
            guest.type(f"hwclock -r -f /dev/rtc0; cat /proc/interrupts; {reset}\n")
            status = guest.wait(60)
            check(f"{name}: shell, network, disks, reset", status == 0 and not guest.complaints(), f"{seconds:.1f} s to the shell {guest.complaints()[:2]}")
        except AssertionError as error:
            check(name, False, str(error))
        finally:
            machine.end()


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
parser.add_argument("--kernels", action="store_true")
parser.add_argument("--peer")
arguments = parser.parse_args()
for core in ["arm926", "arm1176"]:
    program(arguments.system, core)
refusals(arguments.system)
if arguments.kernels:
    for board in BOARDS:
        boot(arguments.system, board)
        if arguments.peer:
            boot(arguments.peer, board, isPeer=True)
sys.exit(0 if all(results) else 1)
