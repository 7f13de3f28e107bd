#!/usr/bin/env python3
"""Boots Debian's kernel to a shell, types, powers off; and tries the escapes of the console."""
import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from guest import FILES, Guest, board, command

HERE = os.path.dirname(os.path.abspath(__file__))


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(condition)


# A register that the monitor shows.
REGISTER = {"riscv64": "satp", "arm64": "PSTATE=", "armhf": "PSR="}


def architecture(system):
    return os.path.basename(board(system).files)


def boot(system, cpus, *more):
    guest = Guest(command(system, "-smp", str(cpus), *more))
    prompt = board(system).prompt
    try:
        guest.expect(prompt, 300)
        seconds = time.time() - guest.start
        guest.type("grep -c ^processor /proc/cpuinfo; echo six=$((2*3))\n")
        guest.expect("six=6", 60)
        guest.expect(prompt, 60)
        guest.type("poweroff\n")
        status = guest.wait(120)
        complaints = guest.complaints()
        name = f"boot with -smp {cpus} {' '.join(more)}".strip()
        check(name, status == 0 and not complaints and f"\n{cpus}\r" in guest.output.decode(errors="replace"), f"{seconds:.1f} s to the shell, status {status} {complaints[:3]}")
    except AssertionError as error:
        check(f"boot with -smp {cpus}", False, str(error))
        guest.process.kill()


def escapes(system):
    guest = Guest([system, "-M", "virt", "-m", "64", "-nographic", "-bios", "none"])
    try:
        guest.type("\x01h")
        guest.expect("C-a x    exit emulator", 20)
        guest.type("\x01x")
        guest.expect("QEMU: Terminated", 20)
        check("Ctrl-A h and Ctrl-A x", guest.wait(20) == 0)
    except AssertionError as error:
        check("Ctrl-A h and Ctrl-A x", False, str(error))
        guest.process.kill()


def monitor(system):
    """The monitor behind Ctrl-A c, and what the machine does without it."""
    guest = Guest(command(system, "-smp", "2", "-S", "-no-reboot"))
    try:
        guest.type("\x01c")
        for line, answer in {"info status": "paused (prelaunch)", "cont": "(qemu)", "info block": "(qemu)"}.items():
            guest.type(line + "\n")
            guest.expect(answer, 20)
        guest.type("\x01c")
        guest.expect(board(system).prompt, 300)
        guest.type("\x01c")
        for line, answer in {"stop": "(qemu)", "info status": "VM status: paused", "x/2i $pc": ":  ", "info registers": REGISTER[architecture(system)], "cont": "(qemu)"}.items():
            guest.type(line + "\n")
            guest.expect(answer, 20)
        guest.type("\x01c")
        guest.type("echo six=$((2*3)); reboot\n")
        guest.expect("six=6", 60)
        check("monitor: stop, cont, registers; -S and -no-reboot", guest.wait(60) == 0 and not guest.complaints())
    except AssertionError as error:
        check("monitor", False, str(error))
        guest.process.kill()


def consoles(system, legacy):
    """A virtio console on a Unix socket, a disk and randomness, over modern or legacy virtio-mmio."""
    name = f"virtio console and disk, {'legacy' if legacy else 'modern'}"
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/disk", "wb") as disk:
            disk.truncate(4 << 20)
        guest = Guest(command(
            system, "-global", f"virtio-mmio.force-legacy={'on' if legacy else 'off'}", "-chardev", f"socket,id=c,path={work}/socket,server=on,wait=off",
            "-device", "virtio-serial-device", "-device", "virtconsole,chardev=c", "-device", "virtio-rng-device",
            "-drive", f"file={work}/disk,format=raw,if=none,id=d", "-device", "virtio-blk-device,drive=d"))
        try:
            with socket.socket(socket.AF_UNIX) as line:
                guest.expect(board(system).prompt, 300)
                line.connect(f"{work}/socket")
                line.settimeout(60)
                guest.type("dd if=/dev/urandom of=/tmp/x bs=64k count=64; cp /tmp/x /dev/vda; sync; echo 3 > /proc/sys/vm/drop_caches; cmp /tmp/x /dev/vda && echo sa''me\n")
                guest.expect("same", 60)
                guest.type("dd if=/dev/hwrng bs=16 count=1 | wc -c; (stty raw -echo; echo re''ady > /dev/console; head -c 6 | tr a-z A-Z) < /dev/hvc0 > /dev/hvc0\n")
                guest.expect("ready", 60)
                line.sendall(b"words.")
                answer = b""
                while len(answer) < 6:
                    answer += line.recv(100)
            guest.type("poweroff\n")
            check(name, guest.wait(60) == 0 and answer == b"WORDS." and not guest.complaints(), answer.decode())
        except (AssertionError, OSError) as error:
            check(name, False, str(error))
            guest.process.kill()


def no_shutdown(system):
    """With -no-shutdown the machine stands still when its guest has switched it off, until the monitor resets it."""
    guest = Guest([system, "-M", "virt", "-m", "256", "-nographic", "-no-shutdown", "-bios", f"{FILES}/u-boot.bin"])
    try:
        for _ in range(2):
            guest.expect("Hit any key to stop autoboot", 60)
            guest.type(" ")
            guest.expect("=> ", 60)
            guest.type("poweroff\n")
            guest.expect("poweroff ...", 20)
            guest.type("\x01c")
            deadline = time.time() + 60
            while "paused (shutdown)" not in guest.output.decode(errors="replace")[guest.seen:] and time.time() < deadline:
                guest.type("info status\n")
                guest.read(time.time() + 1)
                time.sleep(0.3)
            guest.expect("paused (shutdown)", 5)
            for line in ["cont", "system_reset", "cont"]:
                guest.type(line + "\n")
                guest.expect("(qemu)", 20)
            guest.type("\x01c")
        guest.type("\x01cquit\n")
        check("-no-shutdown", guest.wait(20) == 0)
    except AssertionError as error:
        check("-no-shutdown", False, str(error))
        guest.process.kill()


def u_boot(system):
    """U-Boot from its package, unmodified, in machine mode and behind OpenSBI."""
    for name, words in {
        "U-Boot": ["-bios", f"{FILES}/u-boot.bin"],
        "U-Boot behind OpenSBI": ["-bios", f"{FILES}/fw_dynamic.bin", "-kernel", f"{FILES}/u-boot-smode.elf"],
        "U-Boot behind OpenSBI, raw": ["-bios", f"{FILES}/fw_dynamic.bin", "-kernel", f"{FILES}/u-boot-smode.bin"],
    }.items():
        guest = Guest([system, "-M", "virt", "-m", "256", "-nographic", *words])
        try:
            guest.expect("Hit any key to stop autoboot", 60)
            guest.type(" ")
            guest.expect("=> ", 60)
            guest.type("setexpr answer 0x6 * 0x7; echo answer=$answer\n")
            guest.expect("answer=2a", 20)
            guest.expect("=> ", 20)
            guest.type("erase 22000000 +40000; mw.b 80400000 a5 100; cp.b 80400000 22000010 100; cmp.b 80400000 22000010 100\n")
            guest.expect("Total of 256 byte(s) were the same", 20)
            guest.expect("=> ", 20)
            guest.type("poweroff\n")
            check(name, guest.wait(20) == 0)
        except AssertionError as error:
            check(name, False, str(error))
            guest.process.kill()


def arm_firmware(system):
    """U-Boot and AAVMF from their packages, unmodified."""
    files = board(system).files
    arm_u_boot(system)
    for version in ["2", "3"]:
        with tempfile.TemporaryDirectory() as work:
            shutil.copy(f"{files}/AAVMF_VARS.fd", f"{work}/vars.fd")
            guest = Guest([
                system, "-M", f"virt,gic-version={version}", "-m", "512", "-nographic", "-drive",
                f"if=pflash,format=raw,file={files}/AAVMF_CODE.fd,readonly=on", "-drive", f"if=pflash,format=raw,file={work}/vars.fd"])
            name = f"AAVMF with a GICv{version}"
            try:
                guest.expect("any other key to continue", 60)
                guest.type("\x1b")
                guest.expect("Shell>", 30)
                guest.type("reset -s\r")
                check(name, guest.wait(20) == 0)
            except AssertionError as error:
                check(name, False, str(error))
                guest.process.kill()


def arm_kernel_by_firmware(system):
    """AAVMF starts the kernel that it gets through fw_cfg."""
    files = board(system).files
    guest = Guest(command(system, "-smp", "2", "-bios", f"{files}/AAVMF_CODE.fd"))
    try:
        guest.expect(board(system).prompt, 300)
        guest.type("ls -d /sys/firmware/efi && echo six=$((2*3)) && reboot\n")
        guest.expect("six=6", 60)
        guest.expect("Run /init as init process", 300)
        guest.expect(board(system).prompt, 60)
        guest.type("poweroff\n")
        check("the kernel behind AAVMF, and a reboot", guest.wait(60) == 0 and not guest.complaints(), " ".join(guest.complaints()[:2]))
    except AssertionError as error:
        check("the kernel behind AAVMF, and a reboot", False, str(error))
        guest.process.kill()


def arm(system, counts):
    arm_firmware(system)
    arm_kernel_by_firmware(system)
    for count in counts:
        for version in ["2", "3"]:
            boot(system, count, "-M", f"virt,gic-version={version}")
    boot(system, 2, "-M", "virt,virtualization=on,gic-version=3")
    boot(system, 1, "-cpu", "cortex-a57")


def arm_u_boot(system):
    """U-Boot from its package, unmodified: to a prompt, what it sees of flash, a reset, and the end."""
    guest = Guest([system, "-M", "virt", "-m", "256", "-nographic", "-bios", f"{board(system).files}/u-boot.bin"])
    try:
        guest.expect("Hit any key to stop autoboot", 60)
        guest.type(" ")
        guest.expect("=> ", 60)
        guest.type("setexpr answer 0x6 * 0x7; echo answer=$answer\n")
        guest.expect("answer=2a", 20)
        guest.expect("=> ", 20)
        guest.type("erase 4080000 +40000; mw.b 40400000 a5 100; cp.b 40400000 4080010 100; cmp.b 40400000 4080010 100\n")
        guest.expect("Total of 256 byte(s) were the same", 20)
        guest.expect("=> ", 20)
        guest.type("reset\n")
        guest.expect("Hit any key to stop autoboot", 60)
        guest.type(" ")
        guest.expect("=> ", 60)
        guest.type("poweroff\n")
        check("U-Boot", guest.wait(20) == 0)
    except AssertionError as error:
        check("U-Boot", False, str(error))
        guest.process.kill()


def arm32(system, counts):
    """Debian's kernel with tables of the long format (armmp-lpae), and the one with tables of the short format (armmp), whose PCI must lie below 4 GiB."""
    arm_u_boot(system)
    for count in counts:
        boot(system, count)
    armmp = f"{board(system).files}/armmp"
    boot(system, 2, "-M", "virt,highmem=off,gic-version=3", "-kernel", f"{armmp}/Image", "-initrd", f"{armmp}/initramfs.cpio.gz", "-device", "virtio-rng-pci")
    versatile_express(system)


def versatile_express(system):
    """Debian's kernel on a Versatile Express, with the board's own network card and an SD card."""
    files = f"{board(system).files}/armmp"
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/card", "wb") as card:
            card.truncate(4 << 20)
        guest = Guest([
            system, "-M", "vexpress-a9", "-smp", "2", "-m", "512", "-nographic", "-kernel", f"{files}/Image", "-dtb", f"{files}/vexpress-v2p-ca9.dtb",
            "-initrd", f"{files}/initramfs.cpio.gz", "-append", "console=ttyAMA0", "-nic", "user,model=lan9118",
            "-drive", f"if=sd,file={work}/card,format=raw"])
        try:
            guest.expect(board(system).prompt, 300)
            guest.type("dd if=/dev/urandom of=/tmp/x bs=64k count=64; cp /tmp/x /dev/mmcblk0; sync; echo 3 > /proc/sys/vm/drop_caches; cmp /tmp/x /dev/mmcblk0 && echo sa''me\n")
            guest.expect("same", 120)
            guest.type("grep -c ^processor /proc/cpuinfo; ping -c 1 10.0.2.2\n")
            guest.expect("\n2\r", 20)
            guest.expect("1 packets received", 60)
            guest.type("poweroff\n")
            status = guest.wait(120)
            with open(f"{work}/card", "rb") as card:
                written = any(card.read())
            check("vexpress-a9: network and SD card", status == 0 and written and not guest.complaints(), " ".join(guest.complaints()[:2]))
        except AssertionError as error:
            check("vexpress-a9: network and SD card", False, str(error))
            guest.process.kill()


def rv32(system):
    """OpenSBI for RV32 and a supervisor program of ours behind it."""
    if not shutil.which("riscv64-linux-gnu-gcc"):
        check("RV32", False, "riscv64-linux-gnu-gcc is missing: scripts/setup test installs it")
        return
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            ["riscv64-linux-gnu-gcc", "-march=rv32imac_zicsr", "-mabi=ilp32", "-nostdlib", "-static", "-Wl,-N,-Ttext=0x80400000,--build-id=none,--no-warn-rwx-segments,-m,elf32lriscv",
             "-o", f"{work}/payload", f"{HERE}/payload32.S"], check=True)
        firmware = f"{os.path.dirname(FILES)}/riscv32/fw_dynamic.bin"
        guest = Guest([f"{os.path.dirname(system)}/qemu-system-riscv32", "-M", "virt", "-m", "128", "-nographic", "-bios", firmware, "-kernel", f"{work}/payload"])
        try:
            guest.expect("RV32 in Sv32: six times seven is 42", 60)
            check("RV32: OpenSBI and a program in Sv32", guest.wait(20) == 0)
        except AssertionError as error:
            check("RV32: OpenSBI and a program in Sv32", False, str(error))
            guest.process.kill()


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
parser.add_argument("--smp", type=int, action="append", default=[])
parser.add_argument("--accelerators", action="store_true", help="also boot in the slower ways of running")
arguments = parser.parse_args()
results = []
escapes(arguments.system)
monitor(arguments.system)
for legacy in [False, True]:
    consoles(arguments.system, legacy)
if architecture(arguments.system) == "arm64":
    arm(arguments.system, arguments.smp or [1])
elif architecture(arguments.system) == "armhf":
    arm32(arguments.system, arguments.smp or [1])
else:
    u_boot(arguments.system)
    no_shutdown(arguments.system)
    rv32(arguments.system)
    for count in arguments.smp or [1]:
        boot(arguments.system, count)
if arguments.accelerators:
    boot(arguments.system, 2, "-accel", "tcg,thread=single")
    boot(arguments.system, 1, "-icount", "shift=2")
    boot(arguments.system, 1, "-singlestep")
    boot(arguments.system, 1, "-accel", "interpreter")
sys.exit(0 if all(results) else 1)
