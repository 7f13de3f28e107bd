#!/usr/bin/env python3
"""Makes a template of a booted guest, starts clones of it and looks whether each answers, differs from the others when it writes, and leaves template and source alone; whether
templates that are not whole are refused; and measures how long a start takes and how much memory clones share.

usage: clones.py --system PATH [--clones N] [--rootfs IMAGE] [--write]
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from client import Client
from migrate import check, results
from guest import ROOT, Guest, board, command

PAGE = os.path.join(ROOT, "docs", "clones.md")


class Machine:
    """An emulator with its console and a client of its machine protocol."""

    count = 0
    all = []

    def __init__(self, test, words):
        Machine.count += 1
        path = f"{test.work}/qmp{Machine.count}"
        self.start, self.client = time.time(), None
        self.guest = Guest([*words, "-qmp", f"unix:{path},server=on,wait=off"])
        Machine.all.append(self)
        for _ in range(3000):
            if os.path.exists(path) or self.guest.process.poll() is not None:
                break
            time.sleep(0.001)
        self.client = Client(path)
        self.client.socket.settimeout(120)

    def ask(self, name, **arguments):
        return self.client.ask(name, **arguments)

    def shell(self, line, seconds=60):
        """What the guest's shell prints."""
        self.guest.type(f"{line}; echo end-$((6*7))\n")
        start = self.guest.seen
        self.guest.expect("end-42", seconds)
        return self.guest.output[start:self.guest.seen].decode(errors="replace").split("42))", 1)[-1]

    def end(self):
        self.guest.process.kill()
        self.guest.process.wait()
        if self.client:
            self.client.close()
        os.close(self.guest.main)
        Machine.all.remove(self)


class Test:
    def __init__(self, arguments, work):
        self.system, self.work, self.smp = arguments.system, work, arguments.smp
        self.template, self.rootfs = f"{work}/template", arguments.rootfs

    def boot(self):
        disks = ["-blockdev", f"driver=file,node-name=file,filename={self.work}/first", "-blockdev", "driver=qcow2,node-name=first,file=file",
                 "-device", "virtio-blk-device,drive=first", "-drive", f"file={self.work}/second,format=raw,snapshot=on,if=none,id=second", "-device", "virtio-blk-device,drive=second"]
        words = ""
        if self.rootfs:
            words = "apus.root=/dev/vdc"
            disks += ["-drive", f"file={self.rootfs},format=raw,snapshot=on,if=none,id=root", "-device", "virtio-blk-device,drive=root"]
        machine = Machine(self, command(
            self.system, "-smp", str(self.smp), *disks, "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net", "-device",
            "virtio-rng-device", append=f"quiet {words}", memory="1024" if self.rootfs else "256"))
        machine.guest.expect("# " if self.rootfs else board(self.system).prompt, 300)
        machine.cold = time.time() - machine.start
        return machine

    def clone(self, *more, template=None, own=""):
        return Machine(self, [self.system, "-clone", (template or self.template) + own, "-nographic", *more])

    def refusal(self, *words, system=None):
        """What an emulator says that must not start."""
        done = subprocess.run([system or self.system, *words, "-display", "none"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.stderr if done.returncode == 1 else f"status {done.returncode}: {done.stderr}"


def sums(machine):
    return re.findall(r"\b[0-9a-f]{32}\b", machine.shell("md5sum /dev/vda /dev/vdb"))


def answers(machine, name):
    """How long it took until the shell answers, from the start of the emulator."""
    machine.guest.type(f"echo {name}-$((6*7))\n")
    machine.guest.expect(f"{name}-42", 120)
    return time.time() - machine.start


def copies(test, source, count):
    """Clones that run side by side."""
    machines = [test.clone() for _ in range(count)]
    times = [answers(machine, f"clone{number}") for number, machine in enumerate(machines)]
    check(f"{count} clones answer", len(times) == count, f"after {max(times):.1f} s")
    before = sums(source)
    check("they have the source's disks", len(before) == 2 and all(sums(machine) == before for machine in machines), before)
    for number, machine in enumerate(machines):
        machine.shell(f"me=number{number}; echo number{number} > /tmp/me; for d in a b; do echo number{number} | dd of=/dev/vd$d conv=sync 2>/dev/null; done; sync")
    told = [machine.shell("echo $me $(cat /tmp/me) $(head -n 1 /dev/vda) $(head -n 1 /dev/vdb)") for machine in machines]
    check("each has what it wrote", all(f" {' '.join([f'number{number}'] * 4)}" in " " + " ".join(text.split()) for number, text in enumerate(told)), told[0][-40:])
    check("and nobody else has", sums(source) == before and "no" in source.shell("test -e /tmp/me || echo no"))
    for machine in machines:
        machine.end()
    late = test.clone()
    check("a later one has the template's disks", sums(late) == before)
    late.end()
    return before


def kept_disks(test, before):
    """A clone whose disks are kept."""
    os.makedirs(f"{test.work}/kept")
    machine = test.clone(own=f",disks={test.work}/kept")
    machine.shell("echo stays | dd of=/dev/vda conv=sync 2>/dev/null; sync")
    machine.ask("quit")
    machine.guest.wait(30)
    machine.end()
    start = subprocess.run(["qemu-io", "-r", "-f", "qcow2", "-c", "read -v 0 16", f"{test.work}/kept/disk0.qcow2"], capture_output=True, text=True).stdout
    check("what it wrote is there", "stays" in start, start[:200])
    told = test.refusal("-clone", f"{test.template},disks={test.work}/kept")
    check("disks that are there already are not overwritten", "there already" in told, told)
    # A template of a clone: its disks stand on the first one's.
    machine = test.clone()
    machine.shell("echo second > /tmp/me; echo second | dd of=/dev/vdb conv=sync 2>/dev/null; sync")
    said = machine.ask("human-monitor-command", command__line=f"template_save {test.work}/nested")
    check("a template of a clone", said == "", said)
    machine.end()
    machine = test.clone(template=f"{test.work}/nested")
    told = machine.shell("cat /tmp/me; head -n 1 /dev/vdb; md5sum /dev/vda")
    check("has what the clone wrote", told.count("second") == 2 and before[0] in told, told[-100:])
    machine.end()


def sound(test):
    """qemu-img wants the image below for itself, so this is when the source has ended."""
    for disk in ("disk0", "disk1"):
        done = subprocess.run(["qemu-img", "check", f"{test.work}/kept/{disk}.qcow2"], capture_output=True, text=True, check=False)
        check(f"{disk} is kept and sound", done.returncode == 0, (done.stdout + done.stderr)[-300:] if done.returncode else "")


def restarts(test):
    """A guest that reboots in a clone starts as the first one did; so does one of a machine that is moved on."""
    machine = test.clone()
    machine.guest.type("reboot -f\n")
    # The shell that reboots may show its prompt once more.
    machine.guest.expect("built-in shell", 300)
    machine.guest.expect(board(test.system).prompt, 300)
    check("a clone reboots", "no" in machine.shell("test -e /tmp/hello || echo no"))
    machine.end()
    machine = test.clone("-S", "-name", "other", "-uuid", "550e8400-e29b-41d4-a716-446655440000")
    check("-S, -name, -uuid", (machine.ask("query-status")["status"], machine.ask("query-name"), machine.ask("query-uuid")["UUID"]) == (
        "prelaunch", {"name": "other"}, "550e8400-e29b-41d4-a716-446655440000"))
    machine.ask("cont")
    check("it runs when it is told to", answers(machine, "cont") > 0)
    machine.ask("device_del", id="nothing")
    machine.end()


def alone(test, before):
    """A disk that the template has a copy of is not wanted any more."""
    os.unlink(f"{test.work}/first")
    machine = test.clone()
    check("a clone does without the source's own disk", sums(machine) == before)
    machine.end()


def refused(test):
    folder = f"{test.work}/bad"

    def damaged(change):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(test.template, folder)
        change()
        return test.refusal("-clone", folder)

    def rewrite(**changes):
        with open(f"{folder}/template.json", encoding="utf-8") as file:
            manifest = json.load(file)
        with open(f"{folder}/template.json", "w", encoding="utf-8") as file:
            json.dump(manifest | changes, file)

    def patch(place, data, name="machine"):
        with open(f"{folder}/{name}", "r+b") as file:
            file.seek(place)
            file.write(data)

    with open(f"{test.template}/template.json", encoding="utf-8") as file:
        options = [(option, "128" if option == "m" else value) for option, value in json.load(file)["options"]]
    cases = {
        "no template": (lambda: shutil.rmtree(folder), "there is no template"),
        "a template without its end": (lambda: os.unlink(f"{folder}/template.json"), "not complete"),
        "a machine cut short": (lambda: os.truncate(f"{folder}/machine", os.path.getsize(f"{folder}/machine") - 100), "is not what it was"),
        "a machine that was torn": (lambda: patch(0, bytes(4096)), "not written to its end"),
        "a machine with a damaged beginning": (lambda: patch(30, b"\xff"), "checksum"),
        "a machine with a damaged state": (lambda: patch(os.path.getsize(f"{folder}/machine") - 200, b"damage"), "checksum"),
        "a damaged description": (lambda: patch(0, b"no", "template.json"), "damaged"),
        "another format": (lambda: rewrite(format=2), "has format 2"),
        "another size of memory": (lambda: rewrite(options=options), "bytes of memory"),
        "a disk that is gone": (lambda: os.unlink(f"{folder}/disk0.qcow2"), "is not there"),
        "a disk that has changed": (lambda: os.truncate(f"{folder}/disk0.qcow2", 100), "is not what it was"),
        "a machine of a later version": (lambda: patch(8, b"\x09"), "version 9"),
    }
    for name, (change, wanted) in cases.items():
        told = damaged(change)
        check(f"{name} is refused", wanted in told, told.strip())
    told = test.refusal("-clone", test.template, "-m", "512")
    check("-m is the template's", "-m beside -clone" in told, told)
    told = test.refusal("-clone", test.template, "-nic", "user")
    check("cards are the template's", "-nic 1 times" in told, told)
    other = os.path.join(os.path.dirname(test.system), "qemu-system-riscv32")
    told = test.refusal("-clone", test.template, system=other)
    check("another guest's program", "machine, and this is qemu-system-riscv32" in told, told)
    os.utime(f"{test.work}/second")
    told = test.refusal("-clone", test.template)
    check("an image below that was touched", "is not what it was" in told, told)


def saving_refused(test, source):
    def told(path):
        return source.ask("template-save", path=path)[1]

    check("a template is not overwritten", "File exists" in told(test.template), told(test.template))
    check("a folder that cannot be made", "No such file" in told(f"{test.work}/no/where"))


def memory(process):
    """Bytes that a process has of its own, with its share of what others have too, and all that it sees."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        values = {line.split(":")[0]: int(line.split()[1]) for line in file.readlines()[1:]}
    return values["Private_Clean"] + values["Private_Dirty"], values["Pss"], values["Rss"]


def measure(test, source, count):
    """Clones one after the other, all of which stay; those that have answered stand still, so that the next one is not measured beside their timers."""
    source.ask("stop")
    running, answering, machines = [], [], []
    for number in range(count):
        machine = test.clone()
        machine.ask("query-status")
        running.append(time.time() - machine.start)
        answering.append(answers(machine, f"clone{number}"))
        machine.ask("stop")
        machines.append(machine)
    own, shares, seen = (statistics.median(column) / 1024 for column in zip(*(memory(machine.guest.process) for machine in machines)))
    for machine in machines:
        machine.end()
    source.ask("cont")

    def milliseconds(times):
        return f"{statistics.median(times) * 1000:.0f} ms | {max(times) * 1000:.0f} ms"

    name = os.path.basename(test.system).rsplit("-", 1)[-1] + (", Debian" if test.rootfs else "")
    row = (f"| {name} | {count} | {source.cold * 1000:.0f} ms | {milliseconds(running)} | {milliseconds(answering)} | {own:.0f} MiB | {shares:.0f} MiB | "
           f"{seen:.0f} MiB | {memory(source.guest.process)[0] / 1024:.0f} MiB |")
    print(row)
    return name, row


def write(name, row):
    with open(PAGE, encoding="utf-8") as file:
        lines = file.read().split("\n")
    kept = [line for line in lines if not line.startswith(f"| {name} |")]
    place = next(index for index, line in enumerate(kept) if line.startswith("| guest |")) + 2
    while place < len(kept) and kept[place].startswith("|") and kept[place] < row:
        place += 1
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join([*kept[:place], row, *kept[place:]]))


def run(test, arguments):
    source = test.boot()
    source.shell("echo hello > /tmp/hello; for d in a b; do dd if=/dev/urandom of=/dev/vd$d bs=64k count=20 2>/dev/null; done; sync")
    start = time.time()
    said = source.ask("template-save", path=test.template)
    check("template-save", said == {}, f"{said} in {time.time() - start:.2f} s")
    check("the source goes on", answers(source, "source") > 0)
    before = None if test.rootfs else copies(test, source, 5)
    if test.rootfs or arguments.clones > 5:
        name, row = measure(test, source, arguments.clones)
        if arguments.write:
            write(name, row)
    if test.rootfs:
        return source.end()
    kept_disks(test, before)
    restarts(test)
    saving_refused(test, source)
    source.end()
    sound(test)
    alone(test, before)
    refused(test)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--clones", type=int, default=5, help="how many are measured, side by side")
    parser.add_argument("--rootfs", help="an image of a Debian system that the guest works in, as scripts/make-rootfs makes it; only measures")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/clones.md")
    arguments = parser.parse_args()
    if not shutil.which("qemu-img"):
        sys.exit("clones: qemu-img is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(board(arguments.system).files)) as work:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{work}/first", "64M"], check=True)
        with open(f"{work}/second", "wb") as raw:
            raw.truncate(32 << 20)
        try:
            run(Test(arguments, work), arguments)
        except (AssertionError, OSError, EOFError, TypeError, KeyError, IndexError) as error:
            check("the conversation", False, f"{type(error).__name__}: {error}")
        for machine in [*Machine.all]:
            machine.end()
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
