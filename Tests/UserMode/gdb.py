#!/usr/bin/env python3
"""Debugs a small program of each guest with gdb-multiarch and looks at what gdb says.

usage: gdb.py [--bin DIR] [--peer] [CASE...]

--peer compares gdb's words with those it has for the distribution's QEMU, where that one can do the same.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Guests and the triples of their compilers and libraries.
GUESTS = {"riscv64": "riscv64-linux-gnu", "aarch64": "aarch64-linux-gnu", "arm": "arm-linux-gnueabihf"}
SETTINGS = ["set confirm off", "set pagination off", "set debuginfod enabled off", "set auto-load safe-path /", "set sysroot target:"]

# Name: kind and part of the program, gdb's commands, what gdb must say in this order, what the program must print and its status.
CASES = {
    "steps": (
        "static", "plain",
        ["break inner", "continue", "print number", "backtrace", "finish", "next", "step", "print pair", "print outer(1)", "stepi", "continue"],
        [r"Breakpoint 1, inner \(number=", r"\$1 = 20", r"#1 .* in outer", r"#2 .* in main", r"Value returned is \$2 = 43",
         r"main \(", r"\$3 = \{first = 3, second = 1\.5\}", r"Breakpoint 1, inner|\$4 = 6"],
        None, None),
    "values": (
        "static", "plain",
        ["break outer", "continue", "set var pair.first = 10", "print $pc == outer", "set var number = 1", "delete", "continue"],
        [r"Breakpoint 1, outer", r"\$1 = 1", r"exited with code 05"], "plain 13\n", 5),
    "hardware": (
        "static", "plain", ["hbreak inner", "continue", "info auxv", "info proc exe", "delete", "continue"],
        [r"Hardware assisted breakpoint 1", r"Breakpoint 1, inner", r"AT_ENTRY", r"exited with code 05"], "plain 44\n", 5),
    "libraries": (
        "dynamic", "plain", ["break main", "continue", "break write", "continue", "info sharedlibrary", "delete", "continue"],
        [r"Breakpoint 1, main", r"Breakpoint 2, .*write", r"target:/lib/libc\.so\.6", r"exited with code 05"], "plain 44\n", 5),
    "threads": (
        "dynamic", "threads",
        ["break worker", "continue", "info threads", "delete", "watch watched", "continue", "continue", "delete", "continue"],
        [r"hit Breakpoint 1, worker", r"clone|worker", r"hit Hardware watchpoint 2: watched", r"Old value = 0", r"hit Hardware watchpoint 2",
         r"New value = 3", r"exited with code 05"], "threads 44\nwatched 3\n", 5),
    "reads": (
        "static", "plain", ["rwatch pair.first", "continue", "delete", "awatch pair.first", "delete", "continue"],
        [r"Hardware read watchpoint 1: pair\.first", r"Value = 3", r"in inner", r"exited with code 05"], "plain 44\n", 5),
    "pass": (
        "static", "signals", ["handle SIGUSR1 stop print pass", "continue", "print $_siginfo.si_signo", "continue"],
        [r"received signal SIGUSR1", r"\$1 = 10", r"exited with code 05"], "signals 44\nhandled 10\n", 5),
    "nopass": (
        "static", "signals", ["handle SIGUSR1 stop print nopass", "continue", "continue"],
        [r"received signal SIGUSR1", r"exited with code 05"], "signals 44\nhandled 0\n", 5),
    "handler": (
        "static", "signals", ["handle SIGUSR1 nostop noprint pass", "break on_signal", "continue", "backtrace", "finish", "continue"],
        [r"Breakpoint 1, on_signal \(number=10\)", r"#1 +<signal handler called>", r"#\d .* in signals", r"#\d .*main \(",
         r"<signal handler called>", r"exited with code 05"],
        "signals 44\nhandled 10\n", 5),
    "segmentation": (
        "static", "fault", ["continue", "print $_siginfo._sifields._sigfault.si_addr", "backtrace 1", "continue"],
        [r"received signal SIGSEGV", r"\$1 = \(void \*\) 0x10", r"in main", r"terminated with signal SIGSEGV"], "fault 44\n", -11),
    "deadly": (
        "static", "deadly", ["continue", "signal 0"],
        [r"received signal SIGUSR2", r"exited with code 05"], "deadly 44\n", 5),
    "child": (
        "static", "fork",
        ["set follow-fork-mode child", "break inner if number == 7", "continue", "print number", "delete", "break outer", "continue", "delete",
         "continue"],
        [r"[Aa]ttaching after .* fork to child", r"hit Breakpoint 1.*inner", r"\$1 = 7", r"is executing new program", r"hit Breakpoint 2.*outer",
         r"exited with code 05"], "fork 44\nplain 44\nchild 5\n", 5),
    "parent": (
        "static", "fork", ["catch fork", "continue", "delete", "continue"],
        [r"Catchpoint 1 \(forked process", r"exited with code 05"], "fork 44\nplain 44\nchild 5\n", 5),
    "leave": ("static", "plain", ["break inner", "continue", "detach"], [r"Breakpoint 1, inner", r"detached"], "plain 44\n", 5),
    "kill": ("static", "plain", ["break inner", "continue", "kill"], [r"Breakpoint 1, inner", r"killed"], "", -9),
    "monitor": (
        "static", "plain", ["monitor help", "monitor maps", "monitor nonsense", "continue"],
        [r"maps -- ", r"\[stack\]", r"'nonsense' is no command", r"exited with code 05"], "plain 44\n", 5),
    "interrupt": (
        "static", "spin", ["continue", "print watched > 0", "kill"],
        [r"received signal SIGINT", r"spins", r"\$1 = 1", r"killed"], "spin 44\n", -9),
}
# gdb does not know riscv64's system calls by itself.
ARM_CASES = {
    "calls": (
        "static", "plain", ["catch syscall 64", "continue", "continue", "delete", "continue"],
        [r"call to syscall write", r"returned from syscall write", r"exited with code 05"], "plain 44\n", 5),
}
# What gdb says for both emulators alike: no stack addresses and no process numbers.
PEER_COMMANDS = [
    "break inner", "continue", "x/6i $pc", "print number", "backtrace 2", "stepi", "stepi", "print $pc", "finish", "next", "step", "info line",
    "print pair", "ptype pair", "print $_exitcode", "info frame 0", "delete", "continue", "print $_exitcode",
]


def compile_program(guest, kind, folder):
    output = f"{folder}/{guest}-{kind}"
    options = ["-g", "-O1", "-pthread"] + (["-static"] if kind == "static" else [])
    subprocess.run([f"{GUESTS[guest]}-gcc", *options, f"{HERE}/gdb/debugged.c", "-o", output], check=True)
    return output


def await_work(pid):
    """Waits until a process that has been let go spins: for a second of its own time, which a busy host may take long to give."""
    def seconds():
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")

    start, end = seconds(), time.monotonic() + 50
    while seconds() < start + 1 and time.monotonic() < end:
        time.sleep(0.05)


def debug(emulator, guest, kind, program, part, commands, interrupts=False):
    """gdb's words, the program's output and its status."""
    place = tempfile.mktemp(dir=os.path.dirname(program))
    options = ["-L", f"/usr/{GUESTS[guest]}"] if kind == "dynamic" else []
    words = [word for command in [*SETTINGS, f"file {program}", f"target remote {place}", *commands] for word in ("-ex", command)]
    with subprocess.Popen([emulator, "-g", place, *options, program, part], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL) as guest_process:
        while not os.path.exists(place) and guest_process.poll() is None:
            time.sleep(0.01)
        with subprocess.Popen(["gdb-multiarch", "-nx", "-batch", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL) as gdb:
            if interrupts:
                await_work(guest_process.pid)
                gdb.send_signal(signal.SIGINT)
            try:
                said = gdb.communicate(timeout=60)[0].decode(errors="replace")
            except subprocess.TimeoutExpired:
                gdb.kill()
                said = gdb.communicate()[0].decode(errors="replace") + "gdb timed out\n"
        try:
            output = guest_process.communicate(timeout=20)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            guest_process.kill()
            output = "the program timed out\n"
    return said, output, guest_process.returncode


def missing(said, patterns):
    """The first pattern that does not follow the ones before it."""
    place = 0
    for pattern in patterns:
        found = re.compile(pattern).search(said, place)
        if not found:
            return pattern
        place = found.end()
    return None


def check(emulator, guest, name, case, programs):
    kind, part, commands, patterns, output, status = case
    said, printed, code = debug(emulator, guest, kind, programs[kind], part, commands, name == "interrupt")
    lack = missing(said, patterns)
    problems = [f"gdb did not say {lack}"] if lack else []
    if output is not None and (printed, code) != (output, status):
        problems.append(f"the program printed {printed!r} and ended with {code}")
    print(f"{guest} {name}: {'; '.join(problems) if problems else 'ok'}" + (f"\n{said}" if problems else ""), flush=True)
    return len(problems)


def compare(emulator, guest, program):
    def words(which):
        said, printed, code = debug(which, guest, "static", program, "plain", PEER_COMMANDS)
        return re.sub(r"0x[0-9a-f]{9,}|process \d+", "…", said) + printed + str(code)

    ours, theirs = words(emulator), words(f"/usr/bin/qemu-{guest}")
    print(f"{guest} beside the peer: {'ok' if ours == theirs else 'differs'}")
    if ours != theirs:
        print(f"--- Apus\n{ours}\n--- the peer\n{theirs}")
    return ours != theirs


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", default=f"{HERE}/../../build/bin")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for guest in GUESTS:
            emulator = f"{os.path.realpath(arguments.bin)}/qemu-{guest}"
            programs = {kind: compile_program(guest, kind, folder) for kind in ("static", "dynamic")}
            cases = {**CASES, **(ARM_CASES if guest == "aarch64" else {})}
            wanted = [name for name in cases if not arguments.cases or name in arguments.cases]
            # Most of the time they wait for each other.
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                results = pool.map(lambda name: check(emulator, guest, name, cases[name], programs), wanted)
                failed += [f"{guest} {name}" for name, problems in zip(wanted, results) if problems]
            if arguments.peer:
                failed += [f"{guest} beside the peer"] if compare(emulator, guest, programs["static"]) else []
    print(f"{len(failed)} failures{': ' if failed else ''}{', '.join(failed)}")
    return len(failed) != 0


if __name__ == "__main__":
    sys.exit(main())
