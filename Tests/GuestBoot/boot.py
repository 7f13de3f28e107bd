#!/usr/bin/env python3
"""Boots Debian's kernel to a shell, types, powers off; and tries the escapes of the console."""
import argparse
import sys
import time

from guest import Guest, command


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(condition)


def boot(system, cpus, *more):
    guest = Guest(command(system, "-smp", str(cpus), *more))
    try:
        guest.expect("~ # ", 300)
        seconds = time.time() - guest.start
        guest.type("grep -c ^processor /proc/cpuinfo; echo six=$((2*3))\n")
        guest.expect("six=6", 60)
        guest.expect("~ # ", 60)
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


parser = argparse.ArgumentParser()
parser.add_argument("--system", required=True)
parser.add_argument("--smp", type=int, action="append", default=[])
parser.add_argument("--accelerators", action="store_true", help="also boot in the slower ways of running")
arguments = parser.parse_args()
results = []
escapes(arguments.system)
for count in arguments.smp or [1]:
    boot(arguments.system, count)
if arguments.accelerators:
    boot(arguments.system, 2, "-accel", "tcg,thread=single")
    boot(arguments.system, 1, "-icount", "shift=2")
    boot(arguments.system, 1, "-singlestep")
    boot(arguments.system, 1, "-accel", "interpreter")
sys.exit(0 if all(results) else 1)
