#!/usr/bin/env python3
"""Jobs on the disks of a guest that writes, zeroes and verifies them all the while: snapshots, streams, commits, mirrors, backups, transactions, errors, kills. Afterwards qemu-img
must find the images sound, and copies equal.

usage: blockjobs.py --system PATH [--kills N]
"""
import argparse
import gzip
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import migrate
from guest import board
from migrate import HERE, Side, check, results

MEGABYTES = 48


def tool(*words):
    return subprocess.run(["qemu-img", *words], capture_output=True, text=True)


class Test(migrate.Test):
    """Two disks; the guest works on the first."""

    def __init__(self, arguments, work):
        super().__init__(arguments, work)
        self.first, self.second, self.checks = "first.qcow2", "second.raw", 0

    def devices(self):
        return [
            "-drive", f"file={self.work}/{self.first},format={self.first.split('.')[-1]},if=none,id=first,discard=unmap", "-device", "virtio-blk-device,drive=first",
            "-drive", f"file={self.work}/{self.second},format=raw,if=none,id=second", "-device", "virtio-blk-device,drive=second",
        ]

    def boot(self):
        side = Side(self)
        self.checks = 0
        side.guest.expect(board(self.system).prompt, 300)
        side.guest.type(f"/test/blocks /dev/vda {MEGABYTES} 4 &\n")
        side.works()
        return side

    def verify(self, side, what):
        """The guest reads all of its disk."""
        self.checks += 1
        side.guest.type("kill -USR1 $!\n")
        side.guest.expect(f"[{self.checks} ", 180)
        side.guest.expect("]", 5)
        good = side.guest.output[:side.guest.seen].endswith(b"all good]") and b"DAMAGED" not in side.guest.output
        check(f"{what}: the guest finds what it has written", good, "" if good else side.guest.output[-600:].decode(errors="replace"))

    def end(self, side, what):
        """The guest writes no more, the emulator ends, and the images are judged."""
        self.verify(side, what)
        side.ask("quit")
        side.guest.wait(30)
        side.end()
        self.judge(what)

    def judge(self, what, allowed=(0,)):
        for name in sorted(os.listdir(self.work)):
            if name.endswith(".qcow2"):
                done = tool("check", f"{self.work}/{name}")
                check(f"{what}: {name} is sound", done.returncode in allowed, "" if done.returncode in allowed else (done.stdout + done.stderr)[-300:])

    def create(self, name, *words):
        subprocess.run(["qemu-img", "create", "-q", "-f", name.split(".")[-1], *words, f"{self.work}/{name}", f"{MEGABYTES}M"], check=True)


def image(side, device="first"):
    return next(disk["inserted"] for disk in side.ask("query-block") if disk["device"] == device)


def file(side, device="first"):
    return os.path.basename(image(side, device)["file"])


def told(side, event, job, seconds=60):
    """The next event of a job."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        data = side.client.wait(event, deadline - time.time())
        if data and job in (data.get("device"), data.get("id")):
            return data
    raise AssertionError(f"no {event} of '{job}'; jobs: {side.ask('query-block-jobs')}")


def done(side, job, seconds=60):
    data = told(side, "BLOCK_JOB_COMPLETED", job, seconds)
    if "error" in data:
        raise AssertionError(f"the job '{job}': {data['error']}")
    return data


def ask(side, command, **arguments):
    answer = side.ask(command, **arguments)
    if isinstance(answer, tuple):
        raise AssertionError(f"{command}: {answer[1]}")
    return answer


def snapshots(test, side):
    """Snapshots, a stream and commits, by the names of files."""
    for number in (1, 2, 3, 4):
        ask(side, "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/over{number}.qcow2")
        side.works()
    check("four images above", file(side) == "over4.qcow2" and image(side)["backing_file_depth"] == 4, image(side))
    test.verify(side, "snapshots")
    ask(side, "block-commit", job__id="middle", device="first", top=f"{test.work}/over2.qcow2", base=f"{test.work}/over1.qcow2")
    done(side, "middle")
    check("block-commit in the middle", image(side)["backing_file_depth"] == 3, image(side))
    ask(side, "block-stream", job__id="up", device="first", base=f"{test.work}/over1.qcow2")
    done(side, "up")
    check("block-stream to a base", image(side)["backing_file_depth"] == 2 and image(side)["image"]["backing-filename"].endswith("over1.qcow2"))
    test.verify(side, "chains")
    ask(side, "block-commit", job__id="down", device="first")
    told(side, "BLOCK_JOB_READY", "down")
    side.works()
    ask(side, "block-job-complete", device="down")
    done(side, "down")
    check("block-commit of the disk's own image", file(side) == "first.qcow2" and image(side)["backing_file_depth"] == 0, image(side))
    test.verify(side, "commit")
    ask(side, "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/whole.qcow2")
    side.works()
    side.ask("human-monitor-command", command__line="block_stream first")
    done(side, "first")
    check("block_stream of everything", file(side) == "whole.qcow2" and "backing-filename" not in image(side)["image"], image(side))


def mirrors(test, side):
    """Copies that a disk goes on in, and one that it leaves behind."""
    ask(side, "drive-mirror", job__id="away", device="first", target=f"{test.work}/moved.qcow2", sync="full")
    told(side, "BLOCK_JOB_READY", "away")
    state = side.ask("query-block-jobs")[0]
    check("a mirror that is ready", state["ready"] and state["status"] == "ready" and state["type"] == "mirror", state)
    side.works()
    ask(side, "job-pause", id="away")
    side.works()
    ask(side, "job-resume", id="away")
    side.works()
    ask(side, "block-job-complete", device="away")
    done(side, "away")
    check("the disk is the copy", file(side) == "moved.qcow2", image(side))
    test.verify(side, "mirror")
    # One that is left: it is what the disk was when nobody wrote.
    test.create("left.raw")
    ask(side, "blockdev-add", driver="raw", node__name="left", file={"driver": "file", "filename": f"{test.work}/left.raw"})
    ask(side, "blockdev-mirror", job__id="leave", device="first", target="left", sync="full", copy__mode="write-blocking", auto__finalize=False)
    told(side, "BLOCK_JOB_READY", "leave")
    side.works()
    ask(side, "block-job-cancel", device="leave")
    told(side, "BLOCK_JOB_PENDING", "leave")
    side.works()
    ask(side, "stop")
    ask(side, "job-finalize", id="leave")
    done(side, "leave")
    ask(side, "blockdev-del", node__name="left")
    ask(side, "drive-backup", job__id="judge", device="first", target=f"{test.work}/judge.raw", format="raw", sync="full")
    done(side, "judge")
    check("a mirror that is left is the disk", digest(f"{test.work}/left.raw") == digest(f"{test.work}/judge.raw"))
    ask(side, "cont")
    test.verify(side, "a mirror that is left")


def digest(path):
    with open(path, "rb") as source:
        return hashlib.md5(source.read()).hexdigest()


def backups(test, side):
    """A backup is what the disk was when it began, however much is written meanwhile."""
    ask(side, "stop")
    ask(side, "drive-backup", job__id="now", device="first", target=f"{test.work}/now.raw", format="raw", sync="full")
    done(side, "now")
    ask(side, "transaction", actions=[
        {"type": "drive-backup", "data": {"job-id": "then", "device": "first", "target": f"{test.work}/then.qcow2", "format": "qcow2", "sync": "full",
                                          "speed": 16 << 20}},
        {"type": "drive-backup", "data": {"job-id": "other", "device": "second", "target": f"{test.work}/other.raw", "sync": "full"}}])
    ask(side, "cont")
    side.works()
    ask(side, "block-job-set-speed", device="then", speed=0)
    done(side, "then")
    done_other = [job for job in side.ask("query-jobs") if job["id"] == "other"]
    check("both backups are over", not done_other, done_other)
    answer = tool("compare", f"{test.work}/now.raw", f"{test.work}/then.qcow2")
    check("a backup is what the disk was", answer.returncode == 0, answer.stdout + answer.stderr)
    check("the other disk's, too", digest(f"{test.work}/other.raw") == digest(f"{test.work}/second.raw"))
    test.verify(side, "backups")


def nodes(test, side):
    """As libvirt does it: nodes with names, images made by jobs, overlays in a transaction, commits by nodes."""
    def made(number):
        path = f"{test.work}/node{number}.qcow2"
        with open(path, "wb"):
            pass
        ask(side, "blockdev-add", driver="file", node__name=f"file{number}", filename=path)
        ask(side, "blockdev-create", job__id="create", options={"driver": "qcow2", "file": f"file{number}", "size": MEGABYTES << 20,
                                                               "backing-file": image(side)["file"], "backing-fmt": "qcow2"})
        problem = [job.get("error") for job in side.ask("query-jobs")]
        check("blockdev-create", problem == [None], problem)
        ask(side, "job-dismiss", id="create")
        ask(side, "blockdev-add", driver="qcow2", node__name=f"node{number}", file=f"file{number}", backing=None)
    for number in (1, 2):
        made(number)
        before = image(side)["node-name"]
        ask(side, "transaction", actions=[{"type": "blockdev-snapshot", "data": {"node": before, "overlay": f"node{number}"}}])
        side.works()
    check("overlays by nodes", image(side)["node-name"] == "node2" and image(side)["backing_file_depth"] == 2, image(side))
    first = before
    answer = side.ask("transaction", actions=[
        {"type": "blockdev-snapshot-sync", "data": {"device": "first", "snapshot-file": f"{test.work}/never.qcow2"}},
        {"type": "blockdev-snapshot-sync", "data": {"device": "second", "snapshot-file": f"{test.work}/never2.qcow2"}}, {"type": "abort", "data": {}}])
    check("all or nothing", "aborted" in answer[1] and image(side)["node-name"] == "node2" and not os.path.exists(f"{test.work}/never.qcow2"), answer)
    side.works()
    ask(side, "block-commit", job__id="c1", device="node2", top__node="node1", base__node=image_below(side, first), auto__dismiss=False)
    done(side, "c1")
    ask(side, "job-dismiss", id="c1")
    ask(side, "blockdev-del", node__name="node1")
    ask(side, "blockdev-del", node__name="file1")
    ask(side, "block-commit", job__id="c2", device="node2")
    told(side, "BLOCK_JOB_READY", "c2")
    check("a node in use is kept", "in use" in side.ask("blockdev-del", node__name="node2")[1])
    ask(side, "job-complete", id="c2")
    done(side, "c2")
    ask(side, "blockdev-del", node__name="node2")
    ask(side, "blockdev-del", node__name="file2")
    check("back where it was", file(side) == "moved.qcow2", image(side))
    test.verify(side, "nodes")


def image_below(side, name):
    """The node of the image that node1 stands on."""
    return next(node["node-name"] for node in side.ask("query-named-block-nodes") if node["file"].endswith("moved.qcow2") and node["drv"] == "qcow2")


def errors(test, side):
    """What goes wrong is said, and nothing is lost."""
    def refused(words, command, **arguments):
        answer = side.ask(command, **arguments)
        check(f"{command}: {words}", isinstance(answer, tuple) and words in answer[1], answer)
    refused("Cannot find device", "block-stream", device="nothing")
    refused("no other image", "block-stream", device="first")
    refused("no image below", "block-commit", device="first")
    refused("is that file", "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/moved.qcow2")
    refused("No such file", "blockdev-snapshot-sync", device="first", snapshot__file="/nowhere/over.qcow2")
    refused("different sizes", "drive-mirror", device="first", target=f"{test.work}/small.raw", format="raw", sync="full", mode="existing")
    refused("not supported", "drive-backup", device="first", target=f"{test.work}/x.raw", sync="incremental", bitmap="b")
    refused("not found", "block-job-cancel", device="nothing")
    refused("Job not found", "job-cancel", id="nothing")
    refused("ID 'a b'", "drive-backup", job__id="a b", device="first", target=f"{test.work}/x.raw", sync="full")
    # A full disk stops the job, not the guest, and the job goes on when there is room.
    full = f"{test.work}/full"
    os.mkdir(full)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", full], capture_output=True).returncode == 0:
        try:
            ask(side, "drive-mirror", job__id="full", device="first", target=f"{full}/copy.raw", format="raw", sync="full", on__target__error="enospc")
            told(side, "BLOCK_JOB_ERROR", "full")
            state = side.ask("query-block-jobs")[0]
            check("a full disk stops the job", state["io-status"] == "nospace" and state["status"] == "paused" and side.works(), state)
            subprocess.run(["mount", "-o", "remount,size=100m", full], check=True)
            ask(side, "block-job-resume", device="full")
            told(side, "BLOCK_JOB_READY", "full")
            ask(side, "block-job-cancel", device="full", force=True)
            told(side, "BLOCK_JOB_CANCELLED", "full")
            subprocess.run(["mount", "-o", "remount,size=100m", full], check=True)
        finally:
            side.works()
            subprocess.run(["umount", "-l", full])
    ask(side, "drive-mirror", job__id="slow", device="first", target=f"{test.work}/slow.qcow2", sync="full", speed=1 << 20)
    refused("busy", "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/y.qcow2")
    refused("already in use", "drive-backup", job__id="slow", device="first", target=f"{test.work}/z.raw", sync="full")
    refused("cannot accept command verb 'complete'", "job-complete", id="slow")
    listed = side.ask("human-monitor-command", command__line="info block-jobs")
    check("info block-jobs", "Type mirror, device slow: Completed" in listed and "speed limit 1048576" in listed, listed)
    check("savevm meanwhile", "busy" in side.ask("human-monitor-command", command__line="savevm x"))
    ask(side, "job-cancel", id="slow")
    told(side, "BLOCK_JOB_CANCELLED", "slow")
    test.verify(side, "errors")


def killed(test, kills):
    """The emulator is killed in the middle of jobs: what was there is there, and the images are sound."""
    test.first = "kill.qcow2"
    test.create("kill.qcow2")
    side = test.boot()
    for number in range(kills):
        verb = ("commit", "stream", "mirror", "snapshots", "active")[number % 5]
        top = os.path.basename(image(side)["file"])
        for extra in range(3):
            top = f"kill{number}-{extra}.qcow2"
            ask(side, "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/{top}")
            time.sleep(0.2)
        base = f"{test.work}/kill{number}-0.qcow2"
        if verb == "commit":
            ask(side, "block-commit", job__id="j", device="first", top=f"{test.work}/kill{number}-1.qcow2", base=base)
        elif verb == "stream":
            ask(side, "block-stream", job__id="j", device="first")
        elif verb == "mirror":
            ask(side, "drive-mirror", job__id="j", device="first", target=f"{test.work}/copy{number}.qcow2", sync="full")
        elif verb == "active":
            ask(side, "block-commit", job__id="j", device="first", base=base)
        time.sleep(random.uniform(0, 0.5))
        side.guest.process.kill()
        side.end()
        test.first = top
        # Clusters that are counted and not led to are no damage.
        test.judge(f"killed in {verb}", allowed=(0, 3))
        side = test.boot()
        test.verify(side, f"after a kill in {verb}")
        if image(side)["backing_file_depth"]:
            ask(side, "block-stream", job__id="flat", device="first")
            done(side, "flat")
    test.end(side, "kills")


def run(test, kills):
    test.create("first.qcow2")
    test.create("small.raw")
    os.truncate(f"{test.work}/small.raw", 1 << 20)
    with open(f"{test.work}/second.raw", "wb") as second:
        second.write(os.urandom(8 << 20))
    side = test.boot()
    for part in (snapshots, mirrors, backups, nodes, errors):
        part(test, side)
    test.end(side, "at the end")
    killed(test, kills)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--kills", type=int, default=3, help="times that the emulator is killed in the middle of a job")
    parser.add_argument("--smp", type=int, default=2)
    arguments = parser.parse_args()
    arguments.megabytes, arguments.options, arguments.bus = 0, "", "device"
    kind = board(arguments.system)
    if not shutil.which("qemu-img"):
        sys.exit("blockjobs: qemu-img is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(kind.files)) as work:
        os.makedirs(f"{work}/root/test")
        subprocess.run([kind.compiler, "-O2", "-static", "-Wall", "-Werror", "-o", f"{work}/root/test/blocks", f"{HERE}/blocks.c"], check=True)
        archive = subprocess.run("find test | cpio --quiet -o -H newc", shell=True, cwd=f"{work}/root", capture_output=True, check=True).stdout
        with open(f"{kind.files}/initramfs.cpio.gz", "rb") as base, open(f"{work}/initramfs.gz", "wb") as output:
            output.write(base.read() + gzip.compress(archive))
        try:
            run(Test(arguments, work), arguments.kills)
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
