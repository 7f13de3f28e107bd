#!/usr/bin/env python3
"""Has each guest's program write down its vdso, which readelf must read without a warning and find all in that the guest's kernel has in it.

usage: vdso.py [--bin DIR]
"""
import argparse
import os
import subprocess
import sys
import tempfile

from programs import GUESTS, PROGRAMS, compile_program

HERE = os.path.dirname(os.path.abspath(__file__))
RISCV = ["__vdso_getcpu", "__vdso_flush_icache", "__vdso_riscv_hwprobe", "__vdso_rt_sigreturn"]
CLOCKS = ["clock_gettime", "clock_getres", "gettimeofday"]
# Version, functions, a segment for unwinders (Linux 6.12: arch/riscv, arch/arm64 and arch/arm, vdso.lds.S).
EXPECTED = {
    "riscv64": ("LINUX_4.15", [f"__vdso_{name}" for name in CLOCKS] + RISCV, "GNU_EH_FRAME"),
    "aarch64": ("LINUX_2.6.39", [f"__kernel_{name}" for name in [*CLOCKS, "rt_sigreturn"]], "GNU_EH_FRAME"),
    "arm": ("LINUX_2.6", [f"__vdso_{name}" for name in [*CLOCKS, "clock_gettime64"]], "EXIDX"),
    "riscv32": ("LINUX_4.15", RISCV, "GNU_EH_FRAME"),
}
# What does it where there is no C library: the page goes to the standard output.
SMALL = r"""
#include "small.h"
int run(long count, char **words) {
    char **word = words + count + 1;
    while (*word) word++;
    for (word++; *word; word += 2)
        if ((long)*word == 33) return sys(64, 1, word[1], 4096) != 4096;
    return 1;
}
"""


def dump(guest, emulator, folder):
    """The vdso of a program of a guest, in a file."""
    place = f"{folder}/{guest}.so"
    if GUESTS[guest].triple:
        subprocess.run([emulator, compile_program("vdso", guest, folder, True), place], stdout=subprocess.DEVNULL, check=True)
        return place
    kind, program = GUESTS[guest], f"{folder}/{guest}"
    options = ["-O2", "-w", "-static", f"-I{PROGRAMS}/{guest}", *kind.options, "-x", "c", "-", "-o", program]
    subprocess.run([kind.compiler, *options], input=SMALL, text=True, check=True)
    with open(place, "wb") as file:
        subprocess.run([emulator, program], stdout=file, check=True)
    return place


def readelf(options, file):
    done = subprocess.run(["readelf", "-W", *options, file], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def check(guest, file):
    """What is wrong with an object, a line each."""
    version, functions, segment = EXPECTED[guest]
    everything, warnings = readelf(["-h", "-S", "-l", "-d", "-s", "-V", "-I"], file)
    frames, more = readelf(["--debug-dump=frames"], file)
    problems = [f"readelf says {line}" for line in (warnings + more).splitlines()]
    found = sorted(line.split()[-1].split("@@") for line in everything.splitlines() if " FUNC " in line)
    if found != sorted([name, version] for name in functions):
        problems.append(f"its functions are {found}")
    for text in (segment, "linux-vdso.so.1", f"Name: {version}", "LOAD           0x000000"):
        if text not in everything:
            problems.append(f"without {text}")
    if guest != "arm" and frames.count(" FDE ") != len(functions) - (guest == "aarch64"):
        problems.append(f"without a description of each function:\n{frames}")
    if guest.startswith("riscv") and 'Augmentation:          "zRS"' not in frames:
        problems.append("its signal return is no signal frame")
    return problems


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", default=f"{HERE}/../../build/bin")
    tools = os.path.realpath(parser.parse_args().bin)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for guest in EXPECTED:
            problems = check(guest, dump(guest, f"{tools}/qemu-{guest}", folder))
            failures += len(problems)
            print("\n".join(f"{guest}: {problem}" for problem in problems or ["ok"]))
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
