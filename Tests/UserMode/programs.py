#!/usr/bin/env python3
"""Runs small programs of each guest and compares what they print with what they should.

usage: programs.py [--bin DIR] [--all] [--peer] [--write] [--guest NAME]... [PROGRAM...]

--all runs them in every mode (static without tier 2, interpreted, at other addresses), --peer shows where the distribution's QEMU differs, --write
makes the output of this run the expected one.
"""
import argparse
import difflib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = f"{HERE}/programs"

# A guest's compiler and its options; the triple is also the folder of its libraries, None where there is no C library for it.
class Guest:
    def __init__(self, name, compiler, triple, options=(), without=()):
        self.name, self.compiler, self.triple, self.options, self.without = name, compiler, triple, list(options), list(without)


# A host file system's offsets in a folder need 64 bits. Programs about instructions or addresses that 32-bit guests do not have, and about a float unit.
LARGE = ["-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]
WIDE_ONLY = ["atomics", "faults"]
FLOAT_ONLY = ["modes"]
GUESTS = {
    "riscv64": Guest("riscv64", "riscv64-linux-gnu-gcc", "riscv64-linux-gnu"),
    "aarch64": Guest("aarch64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu"),
    "arm": Guest("arm", "arm-linux-gnueabihf-gcc", "arm-linux-gnueabihf", LARGE, WIDE_ONLY),
    "armel": Guest("arm", "arm-linux-gnueabi-gcc", "arm-linux-gnueabi", LARGE, WIDE_ONLY + FLOAT_ONLY),
    "riscv32": Guest(
        "riscv32", "riscv64-linux-gnu-gcc", None,
        ["-march=rv32imac", "-mabi=ilp32", "-nostdlib", "-ffreestanding", "-fno-stack-protector"]),
}
NARROW = ["riscv32", "arm"]
# What single programs are compiled with.
OPTIONS = {"unwinding": ["-fexceptions", "-fnon-call-exceptions", "-fasynchronous-unwind-tables"]}
MODES = {
    "static": [], "dynamic": ["-L", "/usr/{triple}"], "interpreter": ["-interpreter"], "single": ["-one-insn-per-tb"],
    # Translations kept by the programs before, and by this one.
    "saved": ["-L", "/usr/{triple}", "-code-cache", "{folder}"], "again": ["-L", "/usr/{triple}", "-code-cache", "{folder}"],
    "loops": ["-tier2", "1"], "reserved": ["-R", "0x4000000000"], "based": ["-B", "0x100000000000"],
}


DYNAMIC = ["dynamic", "saved", "again"]


def programs_of(guest):
    """The programs for every guest with a C library, and those in the folder of this one."""
    folder = GUESTS[guest].name
    own = f"{PROGRAMS}/{folder}"
    common = sorted(name[:-2] for name in os.listdir(PROGRAMS) if name.endswith(".c")) if GUESTS[guest].triple else []
    common = [name for name in common if name not in GUESTS[guest].without]
    return common + sorted(f"{folder}/{name[:-2]}" for name in (os.listdir(own) if os.path.isdir(own) else []) if name.endswith(".c"))


def compile_program(name, guest, folder, static):
    output = f"{folder}/{guest}-{'static' if static else 'dynamic'}/{name}"
    os.makedirs(os.path.dirname(output), exist_ok=True)
    options = ["-O2", "-w", "-pthread", *GUESTS[guest].options, *OPTIONS.get(name, [])] + (["-static"] if static else [])
    subprocess.run([GUESTS[guest].compiler, *options, f"{PROGRAMS}/{name}.c", "-o", output], check=True)
    return output


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, stdin=subprocess.DEVNULL, env=os.environ | {"APUS_CODE_CACHE": "off"})
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "timed out\n"
    status = f"status {done.returncode}\n"
    return done.stdout.decode(errors="replace") + status


def difference(expected, got):
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got", n=0))


def modes_of(guest, modes):
    """Without a C library there is nothing to load; 32-bit guests have all their memory reserved anyway, and no more than 4 GiB of it."""
    absent = ([] if guest.triple else DYNAMIC) + (["reserved"] if guest.name in NARROW else [])
    return [mode for mode in modes if mode not in absent]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", default=f"{HERE}/../../build/bin")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--guest", action="append", choices=GUESTS)
    parser.add_argument("programs", nargs="*")
    arguments = parser.parse_args()
    modes = list(MODES) if arguments.all else ["dynamic", "loops"]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for guest in arguments.guest or GUESTS:
            kind = GUESTS[guest]
            emulator = os.path.realpath(arguments.bin) + f"/qemu-{kind.name}"
            for name in [name for name in programs_of(guest) if not arguments.programs or name in arguments.programs]:
                built = {static: compile_program(name, guest, folder, static) for static in ((True, False) if kind.triple else (True,))}
                if arguments.write:
                    with open(f"{PROGRAMS}/{name}.expected", "w", encoding="utf-8") as file:
                        file.write(run([emulator, built[True]]))
                with open(f"{PROGRAMS}/{name}.expected", encoding="utf-8") as file:
                    expected = file.read()
                for mode in modes_of(kind, modes):
                    options = [word.format(triple=kind.triple, folder=f"{folder}/code") for word in MODES[mode]]
                    lines = difference(expected, run([emulator, *options, built[mode not in DYNAMIC]]))
                    failures += lines != ""
                    print(f"{guest} {name} {mode}: {'differs' if lines else 'ok'}\n{lines}", end="", flush=True)
                if arguments.peer:
                    print(f"{guest} {name}, the peer:\n{difference(expected, run([f'/usr/bin/qemu-{kind.name}', built[True]]))}", end="")
    print(f"{failures} differences")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
