#!/usr/bin/env python3
"""Runs the distribution's own programs of another architecture in a chroot that scripts/make-chroot made: every script of distribution/ whose
program is there, Python's own tests, loops of threaded programs, stress-ng. Needs root; binfmt_misc is not used but for the peer.

usage: distribution.py --packages [--guest riscv64|arm64]
       distribution.py CHROOT [--guest riscv64|arm64] [--bin DIR] [--only WORD] [--suites] [--loops N] [--soak SECONDS] [--peer] [--write]

A script says in its first lines what it shows, which program it needs (`# needs: PATH`), what it writes last (`# prints: TEXT`) and what to install
(`# packages: NAME… (GUEST only)`).
"""
import argparse
import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = f"{ROOT}/docs/distribution.md"
EMULATORS = {"riscv64": "qemu-riscv64", "arm64": "qemu-aarch64"}
SUITES = ["test_threading", "test_signal", "test_subprocess", "test_socket", "test_mmap", "test_os", "test_asyncio"]
STRESSORS = ["cpu", "vm", "futex", "signal", "pthread", "mmap", "pipe", "sock", "clone", "fork"]
TESTSUITES = {"riscv64": "libpython3.13-testsuite", "arm64": "libpython3.11-testsuite"}
LOOPS = ["go", "java", "node"]
BINFMT = "/proc/sys/fs/binfmt_misc"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}


class Check:
    """A script of distribution/."""

    def __init__(self, path):
        self.name = os.path.basename(path)[:-3]
        with open(path) as source:
            self.script = source.read()
        self.what, needs, prints, packages = (line[2:] for line in self.script.splitlines()[:4])
        self.needs, self.prints = needs.removeprefix("needs: "), prints.removeprefix("prints: ")
        names, _, only = packages.removeprefix("packages: ").partition(" (")
        self.packages, self.guests = names.split(), [only.removesuffix(" only)")] if only else list(EMULATORS)


class Runner:
    """Runs commands in the chroot, in folders of their own; `emulator` is the path in the chroot, or none where binfmt_misc finds it."""

    def __init__(self, root, emulator, label):
        self.root, self.emulator, self.label = root, emulator, label

    def run(self, folder, words, timeout):
        """Status, output and seconds; a command that hangs is killed with all its children."""
        place = f"/tmp/apus-distribution/{self.label}-{folder}"
        shutil.rmtree(self.root + place, ignore_errors=True)
        os.makedirs(self.root + place)
        command = ["chroot", self.root, *([self.emulator] if self.emulator else []), "/bin/sh", "-c", f'cd {place} && exec "$@"', "sh", *words]
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # shells ignore it for what is in the background
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[0] + b"\n(no end within %d seconds)" % timeout
        return process.returncode, output.decode(errors="replace"), time.monotonic() - start


def right(runner, check):
    """What a row says of the check, and whether it passed."""
    status, output, seconds = runner.run(check.name, ["/bin/sh", "-c", check.script], 900)
    if status == 0 and output.rstrip().endswith(check.prints):
        return f"right ({seconds:.1f} s)", True
    print(f"{runner.label} {check.name}: status {status}\n{output[-1500:]}", file=sys.stderr)
    return f"wrong: status {status}", False


def suite(runner, name):
    """One of Python's own test modules; threads that speak by vsock with the host itself hang natively, too."""
    status, output, seconds = runner.run(name, ["/usr/bin/python3", "-m", "test", "-v", "-i", "*VSOCK*", name], 1800)
    # A package's modules are counted one by one.
    counts = [re.findall(pattern, output, re.M) for pattern in (r"^Ran (\d+) tests?", r"failures=(\d+)", r"errors=(\d+)", r"skipped=(\d+)")]
    ran, failures, errors, skipped = (sum(map(int, found)) for found in counts)
    said = f"{ran} run, {skipped} skipped, {failures} failures, {errors} errors ({seconds:.0f} s)"
    if status != 0 or ran == 0:
        bad = re.findall(r"^(?:FAIL|ERROR): (.*)$", output, re.M)
        print(f"{runner.label} {name}: status {status}: {bad}\n{output[-600:] if not bad else ''}", file=sys.stderr)
        return f"{said}: {', '.join(line.split()[0] for line in bad) or output.strip().splitlines()[-1]}", False
    return said, True


def loop(runner, check, count):
    """The program that a check has built, again and again: no run may differ."""
    built = {"go": ["./a"], "java": ["/usr/bin/java", "A"], "node": ["/usr/bin/node", "a.js"]}[check.name]
    each = f'rm -f lines; {" ".join(built)} > out 2>&1 || echo "run $i: status $?"; printf "%s\\n" "{check.prints}" | cmp -s - out || head -c 300 out'
    script = f"{check.script}\nfor i in $(seq {count}); do {each}; done; echo looped"
    status, output, seconds = runner.run(f"{check.name}-loop", ["/bin/sh", "-c", script], 20 * count + 900)
    if status == 0 and output == f"{check.prints}\nlooped\n":
        return f"{count} times right ({seconds / count:.2f} s each)", True
    print(f"{runner.label} {check.name} looped: status {status}\n{output[-1500:]}", file=sys.stderr)
    return f"wrong: status {status}", False


def soak(runner, seconds):
    words = ["/usr/bin/stress-ng", "--verify", "--metrics-brief", "-t", str(seconds), "--vm-bytes", "128M"]
    status, output, _ = runner.run("stress-ng", [*words, *(word for name in STRESSORS for word in (f"--{name}", "1"))], seconds + 600)
    if status == 0:
        return f"no complaint ({seconds} s)", True
    print(f"{runner.label} stress-ng: status {status}\n{output[-3000:]}", file=sys.stderr)
    return f"status {status}", False


@contextlib.contextmanager
def peer(root, guest):
    """The distribution's emulator, found by binfmt_misc while this lasts: alone it executes no program of the guest."""
    name = f"{EMULATORS[guest]}-peer"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-oAPT::Sandbox::User=root", "download", "qemu-user-static"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["dpkg", "-x", *glob.glob(f"{folder}/*.deb"), folder], check=True)
        lines = subprocess.run([f"{ROOT}/build/bin/apus-user", "--binfmt", "print"], capture_output=True, text=True, check=True).stdout.splitlines()
        line = next(line for line in lines if line.startswith(f":{EMULATORS[guest]}:"))
        fields = line.split(":")
        fields[1], fields[6], fields[7] = name, f"{folder}/usr/bin/{EMULATORS[guest]}-static", "OCF"
        if not os.path.exists(f"{BINFMT}/register"):
            subprocess.run(["mount", "-t", "binfmt_misc", "none", BINFMT], check=True)
        with open(f"{BINFMT}/register", "w") as register:
            register.write(":".join(fields))
        try:
            yield Runner(root, None, "qemu")
        finally:
            with open(f"{BINFMT}/{name}", "w") as entry:
                entry.write("-1")


def all_checks(guest):
    checks = map(Check, sorted(glob.glob(f"{HERE}/distribution/*.sh")))
    return {check.name: check for check in checks if guest in check.guests}


def tasks(root, arguments):
    """What is to be done: (row, function of a runner)."""
    checks = all_checks(arguments.guest)
    there = {name: check for name, check in checks.items() if os.path.lexists(root + check.needs)}
    for name in checks.keys() - there.keys():
        print(f"{name}: {checks[name].needs} is not in this chroot", file=sys.stderr)
    for check in there.values():
        yield check.what, lambda runner, check=check: right(runner, check)
    for name in SUITES if arguments.suites else []:
        yield f"python3 -m test {name}", lambda runner, name=name: suite(runner, name)
    for name in LOOPS if arguments.loops else []:
        if name in there:
            yield f"{name}, looped", lambda runner, name=name: loop(runner, there[name], arguments.loops)
    if arguments.soak:
        yield f"stress-ng --verify: {', '.join(STRESSORS)} at once", lambda runner: soak(runner, arguments.soak)


def write(guest, rows):
    """Puts (row, Apus, QEMU or none) into the guest's part of the page; what was not run now, and the other guests' parts, stay."""
    head = ("# The distribution's programs\n\nWhat `Tests/UserMode/distribution.py CHROOT --suites --loops 1000 --soak 1800 --peer --write` shows in a chroot of `scripts/make-chroot`: each row is a script of "
            "`Tests/UserMode/distribution`, run under Apus without binfmt_misc and, where the column says more than \"not run\", under the distribution's QEMU with it. Rows are of the last "
            "run that had them, not all of one build; seconds are of a host that did other work too. Tests of vsock want a host that has it.\n")
    old = open(PAGE).read() if os.path.exists(PAGE) else ""
    parts = {part.split("\n", 1)[0]: part for part in old.split("\n## ")[1:]}
    cells = [line.strip("| ").split(" | ") for line in parts.get(guest, "").splitlines() if line.startswith("| ")]
    table = {what: (apus, peer) for what, apus, peer in cells[2:]}
    for what, apus, peer in rows:
        table[what] = (apus, peer or table.get(what, ("", "not run"))[1])
    parts[guest] = "\n".join([guest, "", "| program | Apus | QEMU |", "| --- | --- | --- |", *(f"| {what} | {apus} | {peer} |" for what, (apus, peer) in table.items())])
    with open(PAGE, "w") as output:
        output.write(head + "".join(f"\n## {parts[name].rstrip()}\n" for name in sorted(parts, reverse=True)))


def mounted(root):
    """Goes on in a mount name space of its own with what programs want to find below the chroot; gone when this ends."""
    if os.environ.get("APUS_MOUNTED") != root:
        script = 'mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" && mount --rbind /dev "$0/dev" && APUS_MOUNTED="$0" exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, root, sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chroot", nargs="?")
    parser.add_argument("--packages", action="store_true", help="only print what the scripts want installed")
    parser.add_argument("--guest", choices=EMULATORS, default="riscv64")
    parser.add_argument("--bin", default=f"{ROOT}/build/bin")
    parser.add_argument("--only", default="", help="rows that have this word in them")
    parser.add_argument("--suites", action="store_true", help="Python's own tests too")
    parser.add_argument("--loops", type=int, default=0, help="run the threaded programs so many times")
    parser.add_argument("--soak", type=int, default=0, help="run stress-ng for so many seconds")
    parser.add_argument("--peer", action="store_true", help="the same under the distribution's QEMU, through binfmt_misc")
    parser.add_argument("--write", action="store_true", help="put the table into docs/distribution.md")
    arguments = parser.parse_args()
    if arguments.packages:
        print(*sorted({name for check in all_checks(arguments.guest).values() for name in check.packages} | {"stress-ng", TESTSUITES[arguments.guest]}))
        return
    if not arguments.chroot:
        parser.error("a chroot is wanted: scripts/make-chroot makes one")
    root = os.path.realpath(arguments.chroot)
    mounted(root)
    os.makedirs(f"{root}/bench", exist_ok=True)
    # A name of its own: several of these may run at once.
    emulator = f"/bench/{EMULATORS[arguments.guest]}-{os.getpid()}"
    shutil.copy(f"{arguments.bin}/apus-user", root + emulator)
    bad = 0
    with contextlib.ExitStack() as stack:
        stack.callback(os.unlink, root + emulator)
        runners = [Runner(root, emulator, "apus")]
        if arguments.peer:
            runners.append(stack.enter_context(peer(root, arguments.guest)))
        for what, task in tasks(root, arguments):
            if arguments.only not in what:
                continue
            results = [task(runner) for runner in runners]
            # Where the peer fails as well it is the host: Python's tests know of devices that are not everywhere.
            bad += not results[0][1] and (len(results) == 1 or results[1][1])
            print(f"| {what} | {' | '.join(said for said, _ in results)} |", flush=True)
            if arguments.write:
                write(arguments.guest, [(what, results[0][0], results[1][0] if len(results) > 1 else None)])
    print(f"{bad} wrong")
    sys.exit(bad != 0)


main()
