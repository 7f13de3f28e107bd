#!/usr/bin/env python3
"""Runs small programs of each guest and compares what they print with what they should.

usage: programs.py [--bin DIR] [--all] [--peer] [--write] [PROGRAM...]

--all runs them in every mode (interpreted, at other addresses), --peer shows where the distribution's QEMU differs, --write
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
COMPILERS = {"riscv64": "riscv64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
MODES = {
    "static": [], "dynamic": ["-L", "/usr/{triple}"], "interpreter": ["-interpreter"], "single": ["-one-insn-per-tb"],
    "loops": ["-tier2", "1"], "reserved": ["-R", "0x4000000000"], "based": ["-B", "0x100000000000"],
}


def programs_of(guest):
    """The programs for every guest, and those in the folder of this one."""
    own = f"{PROGRAMS}/{guest}"
    common = sorted(name[:-2] for name in os.listdir(PROGRAMS) if name.endswith(".c"))
    return common + sorted(f"{guest}/{name[:-2]}" for name in (os.listdir(own) if os.path.isdir(own) else []) if name.endswith(".c"))


def compile_program(name, guest, folder, static):
    output = f"{folder}/{guest}-{'static' if static else 'dynamic'}/{name}"
    os.makedirs(os.path.dirname(output), exist_ok=True)
    options = ["-O2", "-w", "-pthread"] + (["-static"] if static else [])
    subprocess.run([f"{COMPILERS[guest]}-gcc", *options, f"{PROGRAMS}/{name}.c", "-o", output], check=True)
    return output


def run(command):
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "timed out\n"
    status = f"status {done.returncode}\n"
    return done.stdout.decode(errors="replace") + status


def difference(expected, got):
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got", n=0))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", default=f"{HERE}/../../build/bin")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("programs", nargs="*")
    arguments = parser.parse_args()
    modes = list(MODES) if arguments.all else ["static", "dynamic", "loops"]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for guest, triple in COMPILERS.items():
            emulator = os.path.realpath(arguments.bin) + f"/qemu-{guest}"
            for name in [name for name in programs_of(guest) if not arguments.programs or name in arguments.programs]:
                built = {static: compile_program(name, guest, folder, static) for static in (True, False)}
                if arguments.write:
                    with open(f"{PROGRAMS}/{name}.expected", "w", encoding="utf-8") as file:
                        file.write(run([emulator, built[True]]))
                with open(f"{PROGRAMS}/{name}.expected", encoding="utf-8") as file:
                    expected = file.read()
                for mode in modes:
                    options = [word.format(triple=triple) for word in MODES[mode]]
                    lines = difference(expected, run([emulator, *options, built[mode != "dynamic"]]))
                    failures += lines != ""
                    print(f"{guest} {name} {mode}: {'differs' if lines else 'ok'}\n{lines}", end="", flush=True)
                if arguments.peer:
                    print(f"{guest} {name}, the peer:\n{difference(expected, run([f'/usr/bin/qemu-{guest}', built[True]]))}", end="")
    print(f"{failures} differences")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
