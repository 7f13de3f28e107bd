#!/usr/bin/env python3
"""Jobs on the disks of a guest that writes, zeroes and verifies them all the while: snapshots, streams, commits, mirrors, backups, transactions, errors, kills. Afterwards qemu-img
must find the images sound, and copies equal.

usage: blockjobs.py --system PATH [--kills N]
"""
import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import migrate
from guest import board, initramfs_with
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


def ask(side, command, /, **arguments):
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
    def refused(words, command, /, **arguments):
        answer = side.ask(command, **arguments)
        check(f"{command}: {words}", isinstance(answer, tuple) and words in answer[1], answer)
    refused("Cannot find device", "block-stream", device="nothing")
    refused("no other image", "block-stream", device="first")
    refused("no image below", "block-commit", device="first")
    refused("is that file", "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/moved.qcow2")
    refused("No such file", "blockdev-snapshot-sync", device="first", snapshot__file="/nowhere/over.qcow2")
    refused("different sizes", "drive-mirror", device="first", target=f"{test.work}/small.raw", format="raw", sync="full", mode="existing")
    refused("could not be found", "drive-backup", device="first", target=f"{test.work}/x.raw", sync="incremental", bitmap="b")
    refused("not supported", "block-dirty-bitmap-add", node="first", name="b", persistent=True)
    refused("power of 2", "block-dirty-bitmap-add", node="first", name="b", granularity=5000)
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


def bitmaps(test, side):
    """Backups of what has changed since the last one, brought together with it, are what the disk was."""
    place = {"node": "first", "name": "b"}

    def copy(number, actions, **more):
        """The disk stands still when a backup begins, so that there is something to compare with."""
        ask(side, "stop")
        ask(side, "drive-backup", job__id="judge", device="first", target=f"{test.work}/state{number}.raw", format="raw", sync="full")
        done(side, "judge")
        data = {"job-id": "inc", "device": "first", "target": f"{test.work}/inc{number}.qcow2", "format": "qcow2", **more}
        ask(side, "transaction", actions=actions + [{"type": "drive-backup", "data": data}])
        ask(side, "cont")
        done(side, "inc")
    def written():
        """The bitmap, when the guest has written something."""
        for _ in range(600):
            info = next(one for one in image(side)["dirty-bitmaps"] if one["name"] == "b")
            if info["count"] > 1 << 20:
                break
            time.sleep(0.1)
        return info
    copy(0, [{"type": "block-dirty-bitmap-add", "data": place}], sync="full")
    info = written()
    check("a bitmap", info["name"] == "b" and info["count"] > 0 and info["recording"] and not info["busy"] and info["granularity"] == 65536, info)
    for number in (1, 2):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"inc{number - 1}.qcow2", f"{test.work}/inc{number}.qcow2"], check=True)
        copy(number, [], sync="incremental", bitmap="b", mode="existing")
        written()
        answer = tool("compare", f"{test.work}/inc{number}.qcow2", f"{test.work}/state{number}.raw")
        check(f"incremental backup {number}", answer.returncode == 0, answer.stdout + answer.stderr)
    # A backup that is given up leaves the bitmap as it was, and more.
    ask(side, "block-dirty-bitmap-add", node="first", name="other", disabled=True, granularity=4096)
    count = next(one["count"] for one in image(side)["dirty-bitmaps"] if one["name"] == "b")
    ask(side, "drive-backup", job__id="inc", device="first", target=f"{test.work}/never.qcow2", format="qcow2", sync="bitmap", bitmap="b", bitmap__mode="on-success", speed=65536)
    busy = next(one for one in image(side)["dirty-bitmaps"] if one["name"] == "b")
    answer = side.ask("block-dirty-bitmap-clear", **place)
    check("a bitmap in use", busy["busy"] and isinstance(answer, tuple) and "in use by another operation" in answer[1], answer)
    ask(side, "block-job-cancel", device="inc", force=True)
    told(side, "BLOCK_JOB_CANCELLED", "inc")
    after = next(one for one in image(side)["dirty-bitmaps"] if one["name"] == "b")
    check("a backup that is given up", not after["busy"] and after["count"] >= count, (count, after))
    ask(side, "transaction", actions=[
        {"type": "block-dirty-bitmap-merge", "data": {"node": "first", "target": "other", "bitmaps": ["b"]}},
        {"type": "block-dirty-bitmap-disable", "data": place}, {"type": "block-dirty-bitmap-clear", "data": place}])
    time.sleep(1)
    found = {one["name"]: one for one in image(side)["dirty-bitmaps"]}
    check("merged, cleared and at rest", found["other"]["count"] >= after["count"] and found["b"]["count"] == 0 and not found["b"]["recording"], found)
    answer = side.ask("transaction", actions=[{"type": "block-dirty-bitmap-remove", "data": place}, {"type": "abort", "data": {}}])
    check("undone", isinstance(answer, tuple) and len(image(side)["dirty-bitmaps"]) == 2, answer)
    for name in ("b", "other"):
        ask(side, "block-dirty-bitmap-remove", node="first", name=name)
    check("removed", "dirty-bitmaps" not in image(side))
    test.verify(side, "bitmaps")


def limits(test, side):
    """A disk under limits: what goes through, and that whoever waits hinders nobody."""
    zeros = {name: 0 for name in ("bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")}
    ask(side, "block-latency-histogram-set", id=side.ask("query-block")[0]["qdev"], boundaries=[1000000, 1000000000000])

    def written(seconds=2):
        def count():
            return next(disk["stats"]["wr_bytes"] + disk["stats"]["rd_bytes"] for disk in side.ask("query-blockstats") if disk.get("device") == "first")
        before, start = count(), time.time()
        time.sleep(seconds)
        return (count() - before) / (time.time() - start)
    free = written(1)
    ask(side, "block_set_io_throttle", device="first", bps=1 << 20, **zeros)
    written(1)
    slow = written()
    check("block_set_io_throttle", slow < 1.3 * (1 << 20) and free > 2 * slow and image(side)["bps"] == 1 << 20 and image(side)["group"] == "first", (free, slow))
    ask(side, "block_set_io_throttle", device="first", bps=4096, **zeros)
    # Held back as it is, the machine stops, is kept, is asked, and other disks are read at once.
    start = time.time()
    side.guest.type("cat /dev/vdb > /dev/null; echo re''ad\n")
    side.guest.expect("read", 20)
    ask(side, "stop")
    ask(side, "cont")
    ask(side, "blockdev-snapshot-sync", device="first", snapshot__file=f"{test.work}/limited.qcow2")
    check("limits hold nobody else up", time.time() - start < 10 and image(side)["bps"] == 4096, time.time() - start)
    bins = side.ask("query-blockstats")[0]["stats"]["wr_latency_histogram"]["bins"]
    check("latencies are counted", sum(bins) > 10 and bins[1] > 0 and bins[2] == 0, bins)
    ask(side, "block_set_io_throttle", device="first", bps=0, **zeros)
    fast = written(1)
    check("without limits", fast > 2 * (1 << 20) and "group" not in image(side), fast)
    ask(side, "block-set-write-threshold", node__name=image(side)["node-name"], write__threshold=1 << 20)
    passed = side.client.wait("BLOCK_WRITE_THRESHOLD", 30)
    check("BLOCK_WRITE_THRESHOLD", passed and passed["write-threshold"] == 1 << 20 and image(side)["write_threshold"] == 0, passed)
    size = image(side)["image"]["virtual-size"]
    ask(side, "block_resize", device="first", size=size + (1 << 30))
    side.guest.type("cat /sys/block/vda/size\n")
    side.guest.expect(str((size + (1 << 30)) // 512), 20)
    check("block_resize of a qcow2 image", image(side)["image"]["virtual-size"] == size + (1 << 30))
    test.verify(side, "limits")


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
    for part in (snapshots, mirrors, backups, nodes, errors, bitmaps, limits):
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
        initramfs_with(kind, work, f"{HERE}/blocks.c")
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
