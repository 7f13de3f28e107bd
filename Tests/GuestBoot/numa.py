#!/usr/bin/env python3
"""A guest with two nodes: what its kernel and the monitors say of memory, cpus, distances and groups of cpus, and how it moves.

usage: numa.py --system PATH
"""
import argparse
import os
import re
import sys
import tempfile
import time

from guest import ROOT, Guest, board, command, run

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client, Emulator  # noqa: E402

results = []
NODES = ["-object", "memory-backend-ram,id=near,size=384M", "-object", "memory-backend-memfd,id=far,size=256M,share=on,policy=interleave,host-nodes=0",
         "-numa", "node,memdev=near,cpus=0-1", "-numa", "node,memdev=far,cpus=2-3", "-numa", "dist,src=0,dst=1,val=25"]


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def said(guest, line, seconds=60):
    return run(guest, line, seconds).strip()


def kernels_cpus(guest, arm):
    """The board's number of each cpu of the kernel's: with RISC-V any hart may be the first to start."""
    if arm:
        return list(range(4))
    return [int(number) for number in re.findall(r"hart\s*: (\d+)", said(guest, "cat /proc/cpuinfo"))]


def numbers(text, cpus):
    """Of a list such as 0-1,3."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += [cpus[number] for number in range(int(first), int(last or first) + 1)]
    return found


def boot(system, work, arm):
    groups = "4,sockets=1,clusters=2,cores=2" if arm else "4"
    guest = Guest(command(system, *NODES, "-smp", groups, "-qmp", f"unix:{work}/qmp,server=on,wait=off", memory="640"))
    guest.expect(board(system).prompt, 120)
    said(guest, "mkdir -p /sys; mount -t sysfs sysfs /sys 2>/dev/null; mkdir -p /proc; mount -t proc proc /proc 2>/dev/null; true")
    nodes = "/sys/devices/system/node"
    check("the kernel's nodes", said(guest, f"cat {nodes}/online") == "0-1")
    lists = said(guest, f"cat {nodes}/node0/cpulist {nodes}/node1/cpulist").split()
    check("their cpus", [sorted(numbers(text, kernels_cpus(guest, arm))) for text in lists] == [[0, 1], [2, 3]], lists)
    check("their distances", said(guest, f"cat {nodes}/node0/distance {nodes}/node1/distance").split() == ["10", "25", "25", "10"])
    sizes = [int(word) >> 10 for word in re.findall(r"MemTotal: *(\d+)", said(guest, f"cat {nodes}/node0/meminfo {nodes}/node1/meminfo"))]
    check("their memory", len(sizes) == 2 and 200 < sizes[0] <= 384 and 150 < sizes[1] <= 256, sizes)
    check("no complaints", "NUMA: Failed" not in guest.output.decode(errors="replace"))
    if arm:
        clusters = said(guest, "cat /sys/devices/system/cpu/cpu*/topology/cluster_cpus_list").split()
        check("clusters of cores", clusters == ["0-1", "0-1", "2-3", "2-3"], clusters)
    client = Client(f"{work}/qmp")
    check("places of cpus", [cpu["props"]["node-id"] for cpu in client.ask("query-cpus-fast")] == [0, 0, 1, 1])
    check("back ends", [(m["id"], m["policy"], m["host-nodes"]) for m in client.ask("query-memdev")] == [("near", "default", []), ("far", "interleave", [0])])
    check("what people are shown", client.ask("x-query-numa")["human-readable-text"] ==
          "2 nodes\nnode 0 cpus: 0 1\nnode 0 size: 384 MB\nnode 0 plugged: 0 MB\nnode 1 cpus: 2 3\nnode 1 size: 256 MB\nnode 1 plugged: 0 MB\n")
    check("words of the monitor", client.ask("human-monitor-command", **{"command-line": "info numa"}).replace("\r", "").startswith("2 nodes\n"))
    said(guest, "dd if=/dev/urandom of=/tmp/x bs=1M count=16 2>/dev/null; sha256sum /tmp/x > /tmp/sum")
    client.ask("migrate", uri=f"file:{work}/state")
    for _ in range(300):
        if client.ask("query-migrate").get("status") in ("completed", "failed"):
            break
        time.sleep(0.1)
    client.ask("quit")
    guest.wait(30)
    there = Guest(command(system, *NODES, "-smp", groups, "-incoming", f"file:{work}/state", memory="640"))
    for attempt in range(60):
        there.type("\n")
        try:
            there.expect(board(system).prompt, 1)
            break
        except AssertionError:
            if attempt == 59:
                raise
    check("a machine with nodes moves", "OK" in said(there, "sha256sum -c /tmp/sum"))
    there.process.kill()
    there.process.wait()


def preconfiguration(system, work):
    with Emulator(system, work, "-preconfig", "-m", "64", "-smp", "2", "-object", "memory-backend-ram,id=m,size=64M") as emulator:
        client = Client(emulator.path)
        check("a node", client.ask("set-numa-node", type="node", memdev="m", cpus=[0]) == {})
        check("the same again", "Duplicate" in client.ask("set-numa-node", type="node", nodeid=0)[1])
        check("a cpu", client.ask("set-numa-node", type="cpu", **{"node-id": 0, "core-id": 1}) == {})
        check("a cpu that is not there", client.ask("set-numa-node", type="cpu", **{"node-id": 0, "core-id": 9})[1] == "no match found")
        check("the machine", client.ask("x-exit-preconfig") == {})
        check("too late", isinstance(client.ask("set-numa-node", type="node"), tuple))
        check("all cpus of it", client.ask("x-query-numa")["human-readable-text"].startswith("1 nodes\nnode 0 cpus: 0 1\n"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        preconfiguration(arguments.system, work)
        boot(arguments.system, work, "aarch64" in arguments.system)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
