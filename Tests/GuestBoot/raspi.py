#!/usr/bin/env python3
"""Raspberry Pis: U-Boot with an SD card, a picture and a move to another process; with --full Debian's kernels with their root on the card."""
import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time

from guest import ROOT, Guest

FILES = os.path.join(ROOT, "build", "guests")


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(condition)


class Pi:
    """What differs from one board to the next: firmware, kernel, and the port that the device tree's console is."""

    def __init__(self, guest, tree, u_boot, kernel, initrd, console, device, cpus, prompt="U-Boot> "):
        self.guest, self.tree, self.u_boot, self.kernel, self.initrd = guest, f"{FILES}/{tree}", f"{FILES}/{u_boot}", f"{FILES}/{kernel}", f"{FILES}/{initrd}"
        self.console, self.device, self.cpus, self.prompt = console, device, cpus, prompt
        self.serial = ["-serial", "null", "-serial", "mon:stdio"] if console == "ttyS1" else ["-serial", "mon:stdio"]


BOARDS = {
    "raspi3b": Pi("aarch64", "arm64/rpi_3/bcm2837-rpi-3-b.dtb", "arm64/rpi_3/u-boot.bin", "arm64/Image", "arm64/initramfs.cpio.gz", "ttyS1", "mmcblk1", 4),
    "raspi3ap": Pi("aarch64", "arm64/rpi_3/bcm2837-rpi-3-a-plus.dtb", "arm64/rpi_3/u-boot.bin", "arm64/Image", "arm64/initramfs.cpio.gz", "ttyS1", "mmcblk1", 4),
    "raspi2b": Pi("arm", "armhf/rpi_2/bcm2836-rpi-2-b.dtb", "armhf/rpi_2/u-boot.bin", "armhf/armmp/Image", "armhf/armmp/initramfs.cpio.gz", "ttyAMA0", "mmcblk0", 4),
    "raspi0": Pi("arm", "armel/bcm2835-rpi-zero.dtb", "armel/u-boot.bin", "armel/Image", "armel/initramfs.cpio.gz", "ttyAMA0", "mmcblk0", 1),
    "raspi1ap": Pi("arm", "armel/bcm2835-rpi-a-plus.dtb", "armel/u-boot.bin", "armel/Image", "armel/initramfs.cpio.gz", "ttyAMA0", "mmcblk0", 1),
}


def command(name, *more):
    board = BOARDS[name]
    return [f"{arguments.bin}/qemu-system-{board.guest}", "-M", name, "-nographic", "-dtb", board.tree, *board.serial, *more]


def until_prompt(guest, prompt):
    guest.expect("Hit any key to stop autoboot", 60)
    guest.type(" ")
    guest.expect(prompt, 20)


def u_boot(name):
    """To the prompt, blocks to the card and back, a picture, a reset, and on in another process."""
    board = BOARDS[name]
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/card", "wb") as card:
            card.truncate(16 << 20)
        words = command(name, "-kernel", board.u_boot, "-drive", f"if=sd,file={work}/card,format=raw")
        guest = Guest(words)
        try:
            until_prompt(guest, board.prompt)
            seconds = time.time() - guest.start
            guest.type("mw.b 1000000 a5 20000; mmc write 1000000 8 100; mmc read 2000000 8 100; cmp.b 1000000 2000000 20000\n")
            guest.expect("Total of 131072 byte(s) were the same", 30)
            guest.expect(board.prompt, 20)
            guest.type("reset\n")
            until_prompt(guest, board.prompt)
            guest.type("\x01c")
            guest.type(f"screendump {work}/picture\n")
            guest.expect("(qemu)", 20)
            guest.type(f"migrate file:{work}/moved\nquit\n")
            guest.wait(60)
            with open(f"{work}/card", "rb") as card:
                card.seek(8 * 512)
                kept = card.read(0x20000) == b"\xa5" * 0x20000
            check(f"U-Boot on {name}", kept, f"{seconds:.1f} s to the prompt")
            with open(f"{work}/picture", "rb") as picture:
                pixels = picture.read()
            check(f"the picture of {name}", pixels.startswith(b"P6") and len(set(pixels[32:])) > 1, pixels[:15].decode(errors="replace").replace("\n", " "))
            guest = Guest(words + ["-incoming", f"file:{work}/moved"])
            time.sleep(0.5)
            guest.type("setexpr answer 0x6 * 0x7; echo answer=$answer; mmc read 2000000 8 1; md.b 2000000 4\n")
            guest.expect("answer=2a", 20)
            guest.expect("a5 a5 a5 a5", 20)
            check(f"{name} goes on in another process", True)
            guest.process.kill()
        except (AssertionError, OSError) as error:
            check(f"U-Boot on {name}", False, str(error))
            guest.process.kill()


def usb(name):
    """A hub, a keyboard that types at U-Boot's prompt, and a disk behind the hub, at the chip's own controller."""
    board = BOARDS[name]
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/disk", "wb") as disk:
            disk.write(b"\x5a" * (4 << 20))
        guest = Guest(command(
            name, "-kernel", board.u_boot, "-drive", f"if=none,id=d,file={work}/disk,format=raw", "-device", "usb-hub,port=1",
            "-device", "usb-storage,drive=d,port=1.1", "-device", "usb-kbd,port=1.2"))
        try:
            until_prompt(guest, board.prompt)
            guest.type("usb tree\n")
            guest.expect("Mass Storage", 20)
            guest.type("mw.b 1000000 a5 20000; usb write 1000000 8 100; usb read 2000000 7 101; md.b 2000000 4; cmp.b 1000000 2000200 20000\n")
            guest.expect("5a 5a 5a 5a", 30)
            guest.expect("Total of 131072 byte(s) were the same", 30)
            guest.expect(board.prompt, 20)
            guest.type("\x01c")
            for key in ["v", "e", "r", "s", "i", "o", "n", "ret"]:
                guest.type(f"sendkey {key}\n")
                guest.expect("(qemu)", 20)
                time.sleep(0.25)
            guest.type("\x01c")
            guest.expect("GNU ld", 20)
            check(f"USB of {name}: hub, disk and keyboard", True)
            guest.process.kill()
        except (AssertionError, OSError) as error:
            check(f"USB of {name}: hub, disk and keyboard", False, str(error))
            guest.process.kill()


def options():
    """What cannot be otherwise is refused by name."""
    for words, reason in {
        ("-smp", "2"): "has 4 cpus",
        ("-smp", "5"): "has at most 4 cpus",
        ("-m", "512"): "has 1024 MiB",
        ("-cpu", "cortex-a57"): "it has cortex-a53",
        ("-serial", "null"): "has 2 UARTs",
    }.items():
        result = subprocess.run(command("raspi3b", *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        check(f"raspi3b {' '.join(words)}", result.returncode == 1 and reason in result.stderr, result.stderr.strip()[-100:])


def root(board, work):
    """A card with a file system of busybox."""
    tree = f"{work}/tree"
    for folder in ["bin", "dev", "proc", "sys", "tmp"]:
        os.makedirs(f"{tree}/{folder}")
    with gzip.open(board.initrd) as packed:
        archive = packed.read()
    busybox = subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", "*bin/busybox"], input=archive, capture_output=True, check=True).stdout
    with open(f"{tree}/bin/busybox", "wb") as file:
        file.write(busybox)
    os.chmod(f"{tree}/bin/busybox", 0o755)
    for link in ["sh", "cat", "cmp", "cp", "dd", "echo", "grep", "head", "hexdump", "sleep", "sync", "uname"]:
        os.symlink("busybox", f"{tree}/bin/{link}")
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", tree, f"{work}/card", "64M"], check=True)


def kernel(name):
    """Debian's kernel with its own device tree, its root on the card, all cores, random numbers, the temperature, a USB disk, and the end."""
    board = BOARDS[name]
    with tempfile.TemporaryDirectory() as work:
        root(board, work)
        with open(f"{work}/disk", "wb") as disk:
            disk.write(b"\x5a" * (3 << 20))
        run = (
            "cat /bin/busybox /bin/busybox > /tmp/x; cp /tmp/x /x; sync; echo 3 > /proc/sys/vm/drop_caches; cmp /tmp/x /x && echo sa''me; "
            "grep -c ^processor /proc/cpuinfo; cat /sys/class/thermal/thermal_zone0/temp; dd if=/dev/hwrng bs=4 count=1 2>/dev/null | hexdump; "
            "for i in 1 2 3 4 5 6 7 8 9 10; do [ -s /sys/block/sda/size ] || sleep 1; done; cat /sys/block/sda/size; dd if=/dev/sda bs=1k count=64 2>/dev/null | hexdump | head -n 2; echo d''one")
        guest = Guest(command(
            name, "-kernel", board.kernel, "-initrd", board.initrd, "-drive", f"if=sd,file={work}/card,format=raw",
            "-drive", f"if=none,id=u,file={work}/disk,format=raw", "-device", "usb-hub", "-device", "usb-storage,drive=u,port=1.2",
            "-append", f'console={board.console},115200 apus.root=/dev/{board.device} apus.run="{run}"'))
        try:
            guest.expect("same", 300)
            seconds = time.time() - guest.start
            guest.expect(f"\n{board.cpus}\r", 60)
            guest.expect("\n6144\r", 60)
            guest.expect("5a5a 5a5a", 20)
            guest.expect("done", 60)
            status = guest.wait(120)
            sound = subprocess.run(["/sbin/e2fsck", "-fn", f"{work}/card"], capture_output=True).returncode == 0
            check(f"Debian's kernel on {name}", status == 0 and sound and not guest.complaints(), f"{seconds:.1f} s, status {status} {guest.complaints()[:2]}")
        except (AssertionError, OSError) as error:
            check(f"Debian's kernel on {name}", False, str(error))
            guest.process.kill()


def reboot(name):
    board = BOARDS[name]
    guest = Guest(command(name, "-kernel", board.kernel, "-initrd", board.initrd, "-append", f"console={board.console},115200"))
    try:
        for words in ["reboot\n", "poweroff\n"]:
            guest.expect("Run /init as init process", 300)
            guest.expect("/ # ", 60)
            # Until the shell has asked where its cursor is it throws away what comes.
            time.sleep(0.5)
            guest.type("\n")
            guest.expect("/ # ", 20)
            guest.type(words)
        check(f"{name} begins anew, and ends", guest.wait(120) == 0 and not guest.complaints(), " ".join(guest.complaints()[:2]))
    except AssertionError as error:
        check(f"{name} begins anew, and ends", False, str(error))
        guest.process.kill()


parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--full", action="store_true", help="also boot Debian's kernels")
arguments = parser.parse_args()
results = []
options()
for pi in ["raspi3b", "raspi2b"]:
    u_boot(pi)
    usb(pi)
if arguments.full:
    for pi in BOARDS:
        kernel(pi)
    for pi in ["raspi3b", "raspi2b", "raspi0"]:
        reboot(pi)
sys.exit(0 if all(results) else 1)
