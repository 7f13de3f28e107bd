#!/usr/bin/env python3
"""A guest's disk in a qcow2 image on a backing file: what it reads is there, what it writes is found, and qemu-img has nothing to complain of.

usage: qcow2.py --system PATH
"""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from guest import Guest, board, command

results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def tool(*words):
    return subprocess.run(["qemu-img", *words], capture_output=True, text=True)


def digest(path, start=0, count=None):
    with open(path, "rb") as file:
        file.seek(start)
        return hashlib.md5(file.read(count)).hexdigest()


def sums(guest, line, count, seconds=120):
    """The MD5 sums that a line prints."""
    guest.type(line + "; echo en''d\n")
    guest.expect("end", seconds)
    return re.findall(rb"\b([0-9a-f]{32})\b", guest.output[:guest.seen])[-count:]


def run(system, work, drive):
    words = command(system, "-drive", f"file={work}/top.qcow2,format=qcow2,if=none,id=disk,{drive}", "-device", "virtio-blk-device,drive=disk", append="quiet")
    guest = Guest(words)
    try:
        guest.expect(board(system).prompt, 300)
        read = sums(guest, "dd if=/dev/vda bs=1M 2>/dev/null | md5sum", 1)
        check(f"{drive}: the guest reads what is below", read == [digest(f"{work}/flat").encode()], read)
        guest.type("for i in 0 1 2 3 4 5 6 7; do dd if=/dev/urandom of=/tmp/r$i bs=33k count=7; dd if=/tmp/r$i of=/dev/vda bs=512 seek=$((i*5000+17)) conv=fsync; done; echo writ''ten\n")
        guest.expect("written", 60)
        wrote = sums(guest, "md5sum /tmp/r0 /tmp/r3 /tmp/r7", 3)
        guest.type("poweroff\n")
        check(f"{drive}: the guest switches off", guest.wait(60) == 0)
    finally:
        guest.process.kill()
        guest.process.wait()
    answer = tool("check", f"{work}/top.qcow2")
    check(f"{drive}: qemu-img check", answer.returncode == 0, answer.stdout + answer.stderr)
    tool("convert", "-O", "raw", f"{work}/top.qcow2", f"{work}/flat")
    found = [digest(f"{work}/flat", (i * 5000 + 17) * 512, 33 * 1024 * 7).encode() for i in (0, 3, 7)]
    check(f"{drive}: what it wrote is in the image", wrote == found, (wrote, found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    if not shutil.which("qemu-img"):
        sys.exit("qcow2: qemu-img is missing: scripts/setup test installs it")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(board(arguments.system).files)) as work:
        with open(f"{work}/raw", "wb") as raw:
            raw.write(os.urandom(8 << 20) + bytes(16 << 20) + os.urandom(1 << 20))
        # Compressed below, as distributions' images are.
        tool("convert", "-c", "-O", "qcow2", f"{work}/raw", f"{work}/base.qcow2")
        tool("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", f"{work}/top.qcow2", "32M")
        tool("convert", "-O", "raw", f"{work}/top.qcow2", f"{work}/flat")
        below = digest(f"{work}/base.qcow2")
        for drive in ("cache=writeback", "cache=none", "cache=writethrough,aio=threads", "discard=unmap"):
            run(arguments.system, work, drive)
        check("the image below is as it was", digest(f"{work}/base.qcow2") == below)
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


sys.exit(main())
