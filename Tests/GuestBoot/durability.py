#!/usr/bin/env python3
"""Kills the emulator in the middle of guest writes, many times: what the guest had flushed must be in the image.

usage: durability.py --system PATH [--rounds N] [--cache MODE]... [--aio ENGINE]
"""
import argparse
import os
import random
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
import zlib

from guest import FILES, Guest, board, command, initramfs_with

HERE = os.path.dirname(os.path.abspath(__file__))
RECORD = 4096
MAGIC = 0x53555041
WRITERS = 4
SIZE = 1 << 30


def is_intact(record, seed, writer, number):
    body, checksum = record[:-4], struct.unpack("<I", record[-4:])[0]
    return struct.unpack("<IIII", record[:16]) == (MAGIC, seed, writer, number) and zlib.crc32(body) == checksum


def examine(image, seed, flushed):
    """What is missing of what was announced, how much was there, and how much lay beyond it, on its way to a flush."""
    missing, found, beyond = [], 0, 0
    share = SIZE // RECORD // WRITERS
    with open(image, "rb") as disk:
        for writer in range(WRITERS):
            last = flushed.get(writer, -1)
            disk.seek(writer * share * RECORD)
            for number in range(last + 1):
                if is_intact(disk.read(RECORD), seed, writer, number):
                    found += 1
                else:
                    missing.append((writer, number))
            number = last + 1
            while number < share and is_intact(disk.read(RECORD), seed, writer, number):
                beyond += 1
                number += 1
    return missing, found, beyond


def announced(output):
    """The last number of each writer that the console has in full."""
    last = {}
    for writer, number in re.findall(rb"<(\d+):(\d+)>", output):
        last[int(writer)] = max(last.get(int(writer), -1), int(number))
    return last


def kill_while_writing(system, work, image, cache, direct, seed, delay):
    """One boot that ends with SIGKILL; gives what it had announced."""
    if os.path.exists(image):
        os.unlink(image)
    with open(image, "wb") as disk:
        disk.truncate(SIZE)
    run = f'quiet apus.run="/test/writer /dev/vda {WRITERS} {int(direct)} {seed}"'
    words = command(system, "-smp", "2", "-drive", f"file={image},format=raw,if=none,id=disk,cache={cache}", "-device",
                    "virtio-blk-device,drive=disk", append=run, memory="256")
    words[words.index("-initrd") + 1] = f"{work}/initramfs.gz"
    guest = Guest(words)
    try:
        guest.expect("<0:", 120)
        end = time.time() + delay
        while time.time() < end:
            guest.read(end)
        was_running = guest.process.poll() is None
    finally:
        guest.process.send_signal(signal.SIGKILL)
        guest.process.wait()
    while guest.read(time.time() + 0.1):
        pass
    if not was_running or b"<full>" in guest.output:
        raise AssertionError("the guest ended before it was killed:\n" + guest.output[-1000:].decode(errors="replace"))
    return announced(guest.output)


def finds_damage(image, seed, flushed):
    """The examination itself must notice one lost record."""
    with open(image, "r+b") as disk:
        disk.seek(flushed[0] * RECORD)
        disk.write(bytes(RECORD))
    return examine(image, seed, flushed)[0] == [(0, flushed[0])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--cache", action="append", help="cache modes, taken in turn; default: writeback and none")
    parser.add_argument("--aio", help="threads or io_uring; default: what the emulator takes by itself")
    arguments = parser.parse_args()
    if not shutil.which("riscv64-linux-gnu-gcc"):
        sys.exit("durability: riscv64-linux-gnu-gcc is missing: scripts/setup test installs it")
    caches = [cache + (f",aio={arguments.aio}" if arguments.aio else "") for cache in arguments.cache or ["writeback", "none"]]
    bad = 0
    # O_DIRECT needs a real file system below, which /tmp may not be.
    with tempfile.TemporaryDirectory(dir=os.path.dirname(FILES)) as work:
        initramfs_with(board(arguments.system), work, f"{HERE}/writer.c")
        image = f"{work}/disk.img"
        for turn in range(arguments.rounds):
            cache, direct = caches[turn % len(caches)], turn // len(caches) % 2 == 1
            seed, delay = random.getrandbits(31), random.uniform(0.05, 2)
            flushed = kill_while_writing(arguments.system, work, image, cache, direct, seed, delay)
            missing, found, beyond = examine(image, seed, flushed)
            bad += bool(missing)
            print(f"{'FAILED' if missing else 'ok':8}round {turn + 1}: cache={cache}{' O_DIRECT' if direct else ''} killed after {delay:.2f} s: "
                  f"{found} flushed records are there, {len(missing)} missing {missing[:3] or ''}, {beyond} more were under way", flush=True)
        if not bad and not finds_damage(image, seed, flushed):
            print("FAILED  the examination does not notice a lost record")
            bad += 1
    print(f"{arguments.rounds} rounds, {bad} bad")
    return 1 if bad else 0


sys.exit(main())
