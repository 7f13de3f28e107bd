#!/usr/bin/env python3
"""-sandbox: what is given up is given up, for all threads. gdb makes the emulator call the host.

usage: sandbox.py --system PATH
"""
import argparse
import errno
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

from client import Client, Emulator

GETPID, SETUID, FORK, SCHED_SETPARAM, SYSFS, SWAPON = 39, 105, 57, 142, 139, 167
KILLED = -31
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def status(pid, task):
    with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
        return dict(line.split(":", 1) for line in file)


def call(pid, number):
    """What the emulator's call gives, or the negative number of its error, by gdb; nothing if it dies of it, which gdb does not survive either."""
    said = subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "handle SIGSYS nostop noprint pass", "-p", str(pid),
         "-ex", f"print ((long (*)(long, ...))syscall)({number}, 0, 0, 0)",
         "-ex", "print *((int *(*)(void))__errno_location)()"],
        capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))).stdout
    found = {name: int(value) for name, value in re.findall(r"\$(\d) = (-?\d+)", said)}
    return -found["2"] if found.get("1") == -1 and "2" in found else found.get("1")


def ended(process):
    """The status, negative for a signal; nothing while it runs."""
    for _ in range(50):
        if process.poll() is not None:
            return process.returncode
        time.sleep(0.02)
    return None


def case(system, work, option, allowed, failing, deadly):
    with Emulator(system, work, "-sandbox", option, "-smp", "2") as emulator:
        client = Client(emulator.path)
        pid = emulator.process.pid
        tasks = os.listdir(f"/proc/{pid}/task")
        modes = {status(pid, task)["Seccomp"].strip() for task in tasks}
        check(f"{option}: all {len(tasks)} threads", modes == {"2"} and len(tasks) > 2, str(modes))
        check(f"{option}: children", status(pid, pid)["NoNewPrivs"].strip() == "1")
        check(f"{option}: getpid", call(pid, GETPID) == pid)
        for number in allowed:
            check(f"{option}: call {number}", call(pid, number) is not None and emulator.process.poll() is None)
        for number in failing:
            check(f"{option}: call {number} fails", call(pid, number) == -errno.EPERM and emulator.process.poll() is None)
        check(f"{option}: the machine", client.ask("query-status")["status"] == "running")
        call(pid, deadly)
        check(f"{option}: call {deadly} kills", ended(emulator.process) == KILLED, str(emulator.process.returncode))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    system = parser.parse_args().system
    with tempfile.TemporaryDirectory() as work:
        case(system, work, "on", [SETUID, SCHED_SETPARAM], [], SWAPON)
        case(system, work, "on,obsolete=allow", [SYSFS], [], SWAPON)
        case(system, work, "on,elevateprivileges=deny", [], [], SETUID)
        case(system, work, "on,elevateprivileges=children,spawn=deny", [SETUID], [], FORK)
        case(system, work, "on,resourcecontrol=deny", [], [SCHED_SETPARAM], SYSFS)
        with Emulator(system, work, "-sandbox", "off") as emulator:
            Client(emulator.path)
            check("off", status(emulator.process.pid, emulator.process.pid)["Seccomp"].strip() == "0")
        said = subprocess.run([system, "-sandbox", "on,spawn=maybe"], capture_output=True, text=True, timeout=20, check=False)
        check("a value that is none", said.returncode == 1 and "spawn=maybe" in said.stderr and "allow, deny" in said.stderr, said.stderr)
    print(f"{sum(results)} of {len(results)} checks passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
