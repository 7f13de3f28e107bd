#!/usr/bin/env python3
"""Keeps a working guest in its disks' qcow2 images, again and again, at moments that chance chooses, and brings it back in another emulator: memory, registers and devices must be what they
were, byte for byte, the guest must go on, and qemu-img must find the images sound.

usage: snapshots.py --system PATH [--rounds N] [--bus device|pci]
"""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import migrate
from guest import board
from migrate import Side, check, initramfs, results


class Test(migrate.Test):
    """Two disks, one of them on an image below it."""

    def devices(self):
        second = ["-device", "nvme,drive=second,serial=2"] if self.bus == "pci" else ["-device", "virtio-blk-device,drive=second"]
        return ["-drive", f"file={self.work}/first,format=qcow2,if=none,id=first", "-device", f"virtio-blk-{self.bus},drive=first", "-drive",
                f"file={self.work}/second,format=qcow2,if=none,id=second", *second, "-netdev", "user,id=net", "-device", f"virtio-net-{self.bus},netdev=net"]

    def sound(self, name):
        """0: sound; 3: clusters that nobody uses are counted as used."""
        for disk in ("first", "second"):
            done = subprocess.run(["qemu-img", "check", f"{self.work}/{disk}"], capture_output=True, text=True)
            check(f"{name}: {disk} is sound", done.returncode == 0, done.stdout.strip()[-300:] if done.returncode else "")


def monitor(side, line):
    return side.ask("human-monitor-command", command__line=line)


def stream(side, work, name):
    """The machine's state as migration sends it, without its end, which says what the machine was doing."""
    side.ask("migrate", uri=f"file:{work}/{name}")
    side.await_migration("completed")
    with open(f"{work}/{name}", "rb") as file:
        content = file.read()
    os.unlink(f"{work}/{name}")
    # The magic and the version, then sections: a kind, the length of what it holds, that, a check sum.
    place, sections = 12, {}
    while place < len(content):
        kind, length = struct.unpack_from("<BI", content, place)
        body = content[place + 5:place + 5 + length]
        part = body[2:2 + struct.unpack_from("<H", body)[0]].decode() if kind == STATE else len(sections)
        if kind != END:
            sections[part] = body
        place += 5 + length + 4
    return sections


STATE, END = 3, 4


def kept_and_brought_back(test, side, tag):
    """A moment of the guest, in this emulator and in the next one."""
    time.sleep(random.uniform(0, 1))
    side.ask("stop")
    said = monitor(side, f"savevm {tag}")
    if said:
        raise AssertionError(said)
    before = stream(side, test.work, "before")
    side.ask("quit")
    side.guest.wait(30)
    side.end()
    other = Side(test, "-S", "-loadvm", tag)
    after = stream(other, test.work, "after")
    if before != after:
        parts = [part for part in before.keys() | after.keys() if before.get(part) != after.get(part)]
        first = next(((i, a, b) for i, (a, b) in enumerate(zip(before.get(parts[0], b""), after.get(parts[0], b""))) if a != b), None)
        raise AssertionError(f"{tag}: {parts} differ, the first at {first} of {len(before.get(parts[0], b''))}")
    other.ask("cont")
    other.works()
    return other


def judged(test):
    """What qemu-img says of each disk's image: whether it is marked as left in the middle, the status (0: sound; 3: clusters are counted that nobody uses), the words."""
    for disk in ("first", "second"):
        image = f"{test.work}/{disk}"
        info = json.loads(subprocess.run(["qemu-img", "info", "--output=json", image], capture_output=True, text=True).stdout)
        done = subprocess.run(["qemu-img", "check", image], capture_output=True, text=True)
        yield info.get("dirty-flag", False), done.returncode, (done.stdout + done.stderr)[-300:]


def killed(test, side, rounds):
    """The emulator is killed while it keeps a moment: what was kept before is there, and the next emulator makes the image sound if it is not."""
    torn, bad = 0, []
    for number in range(rounds):
        side.client.send(json.dumps({"execute": "human-monitor-command", "arguments": {"command-line": f"savevm torn{number}"}}))
        time.sleep(random.uniform(0, 0.4))
        side.end()
        marked = []
        for is_marked, status, words in judged(test):
            marked.append(is_marked)
            if not is_marked and status not in (0, 3):
                bad.append(words)
        torn += any(marked)
        side = Side(test, "-loadvm", "good")
        side.works()
        side.ask("quit")
        side.guest.wait(30)
        side.end()
        for was_marked, (is_marked, status, words) in zip(marked, judged(test)):
            if is_marked or status not in ((0,) if was_marked else (0, 3)):
                bad.append(words)
        for disk in ("first", "second"):
            subprocess.run(["qemu-img", "check", "-q", "-r", "leaks", f"{test.work}/{disk}"], capture_output=True)
        side = Side(test, "-loadvm", "good")
        side.works()
    check(f"killed {rounds} times, {torn} times in the middle", not bad, bad[:1])
    return side


def run(test, rounds):
    side = test.boot()
    for number in range(rounds):
        side = kept_and_brought_back(test, side, f"moment{number}")
        if number > 1:
            monitor(side, f"delvm moment{number - 2}")
    check(f"{rounds} moments are the same in another emulator", True)
    # Within one emulator, running.
    check("savevm", monitor(side, "savevm good") == "" and side.status() == "running" and side.works())
    side.guest.type("\nbefore=gone; echo set\n")
    side.guest.expect("set", 60)
    check("loadvm", monitor(side, "loadvm good") == "" and side.status() == "running" and side.works())
    side.guest.type("\necho before=${before:-never}=\n")
    side.guest.expect("before=never=", 60)
    listing = monitor(side, "info snapshots")
    told = subprocess.run(["qemu-img", "info", "-U", "--output=json", f"{test.work}/first"], capture_output=True, text=True).stdout
    kept = [(one["name"], one["vm-state-size"] >> 20) for one in json.loads(told)["snapshots"]]
    listed = [(words[1], int(float(words[2]))) for words in map(str.split, listing.splitlines()[2:])]
    check("info snapshots, as qemu-img sees them", "good" in dict(kept) and kept == listed, (kept, listing))
    check("a snapshot that is not there", "does not exist" in monitor(side, "loadvm nothing") and "does not exist" in monitor(side, "delvm nothing"))
    jobs(side)
    kills = 3 if rounds < 10 else 30
    side = killed(test, side, kills)
    # What was killed may have been kept by then.
    for name in ["good", *(f"moment{number}" for number in range(rounds)), *(f"torn{number}" for number in range(kills))]:
        monitor(side, f"delvm {name}")
    check("delvm", "no snapshot" in monitor(side, "info snapshots"), monitor(side, "info snapshots"))
    check("it works on", side.works())
    side.ask("quit")
    side.guest.wait(30)
    side.end()
    test.sound("at the end")
    refused(test)


def jobs(side):
    """The machine protocol's commands."""
    nodes = [disk["inserted"]["node-name"] for disk in side.ask("query-block") if not disk["inserted"]["ro"]]
    side.ask("snapshot-save", job__id="keep", tag="byjob", vmstate=nodes[0], devices=nodes)
    told = [side.client.wait("JOB_STATUS_CHANGE", 10)["status"] for _ in range(5)]
    check("JOB_STATUS_CHANGE", told == ["created", "running", "waiting", "pending", "concluded"], told)
    job = side.ask("query-jobs")
    check("query-jobs", [(one["id"], one["status"], "error" in one) for one in job] == [("keep", "concluded", False)], job)
    side.ask("job-dismiss", id="keep")
    side.ask("snapshot-save", job__id="again", tag="byjob", vmstate=nodes[0], devices=nodes)
    check("one that is there already", "already exists" in side.ask("query-jobs")[0]["error"])
    side.ask("job-dismiss", id="again")
    side.ask("snapshot-load", job__id="load", tag="byjob", vmstate=nodes[0], devices=nodes)
    side.ask("job-dismiss", id="load")
    check("snapshot-load", side.status() == "running" and side.works())
    side.ask("snapshot-delete", job__id="delete", tag="byjob", devices=nodes)
    side.ask("job-dismiss", id="delete")
    check("snapshot-delete", side.ask("query-jobs") == [] and "byjob" not in monitor(side, "info snapshots"))


def refused(test):
    """A disk that cannot keep anything is named."""
    with open(f"{test.work}/raw", "wb") as raw:
        raw.truncate(1 << 20)
    side = Side(test, "-S", "-drive", f"file={test.work}/raw,format=raw,if=none,id=rawdisk")
    check("a raw disk is named", "rawdisk" in monitor(side, "savevm x") and "does not support snapshots" in monitor(side, "savevm x"), monitor(side, "savevm x"))
    side.ask("quit")
    side.guest.wait(30)
    side.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--rounds", type=int, default=3, help="moments that are compared")
    parser.add_argument("--bus", choices=["device", "pci"], default="device", help="where the disks are: virtio-mmio, or PCI with an NVMe disk")
    parser.add_argument("--smp", type=int, default=2)
    arguments = parser.parse_args()
    arguments.megabytes, arguments.options = 16, ""
    kind = board(arguments.system)
    if not shutil.which("qemu-img"):
        sys.exit("snapshots: qemu-img is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(kind.files)) as work:
        initramfs(kind, work)
        for name in ("below", "first"):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{work}/{name}", "64M"], check=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", "below", "-F", "qcow2", f"{work}/second"], check=True)
        try:
            run(Test(arguments, work), arguments.rounds)
        except (AssertionError, OSError, EOFError, TypeError, KeyError, IndexError) as error:
            check("the conversation", False, f"{type(error).__name__}: {error}")
        for side in Side.all:
            if side.guest.process.poll() is None:
                side.guest.process.kill()
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
