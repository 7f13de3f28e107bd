#!/usr/bin/env python3
"""A booted guest under the machine protocol: what it does is told, and what is done to it arrives there.

usage: control.py --system PATH
"""
import argparse
import os
import resource
import sys
import tempfile
import time

from guest import ROOT, Guest, command

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client  # noqa: E402

results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def words(system, work):
    return command(
        system, "-no-shutdown", "-smp", "2", "-serial", "stdio", "-qmp", f"unix:{work}/qmp,server=on,wait=off", "-device", "virtio-serial-device",
        "-chardev", f"socket,id=line,path={work}/line,server=on,wait=off", "-blockdev", f"driver=raw,node-name=disk,file.filename={work}/disk",
        "-device", "virtio-blk-device,drive=disk,id=vda", "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net,id=card",
        append="console=ttyS0 quiet")


def run(guest, line, answer, seconds=60):
    """Types a line whose output must hold the answer; the line itself must not."""
    guest.type(line + "\n")
    guest.expect(answer, seconds)


def steps(guest, client, work):
    pause = client.ask("stop") == {} and client.wait("STOP") == {} and client.ask("query-status")["status"] == "paused"
    check("stop and cont", pause and client.ask("cont") == {} and client.wait("RESUME") == {})
    run(guest, "echo six=$((2*3))", "six=6")

    check("device_add", client.ask("device_add", driver="virtserialport", chardev="line", id="port", name="org.test") == {})
    run(guest, "for i in 1 2 3 4 5 6 7 8 9; do [ -e /dev/vport*p1 ] && break; sleep 1; done; cat /sys/class/virtio-ports/*/name; echo en''d", "org.test")
    guest.expect("end", 30)
    run(guest, "f=$(ls /dev/vport*p1); sleep 3 < $f & echo star''ted", "started")
    check("the guest opens the port", client.wait("VSERPORT_CHANGE", 30) == {"id": "port", "open": True})
    check("the guest closes the port", client.wait("VSERPORT_CHANGE", 30) == {"id": "port", "open": False})
    check("device_del", client.ask("device_del", id="port") == {} and client.wait("DEVICE_DELETED")["device"] == "port")
    run(guest, "sleep 1; ls /dev/vport*p1; echo go''ne", "gone")

    check("block_resize", client.ask("block_resize", node__name="disk", size=8 << 20) == {})
    run(guest, "sleep 1; echo sectors=$(cat /sys/block/vda/size)=", "sectors=16384=")
    run(guest, "dd if=/dev/zero of=/dev/vda bs=64k count=16 conv=fsync 2>/dev/null; echo writ''ten", "written")
    stats = client.ask("query-blockstats")[0]["stats"]
    check("blockstats", stats["wr_bytes"] >= 1 << 20 and stats["flush_operations"] > 0 and stats["wr_total_time_ns"] > 0, stats)

    # A limit of file sizes makes the host refuse a write; the signal that tells of it is ignored as Python does.
    _, most = resource.prlimit(guest.process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    run(guest, "dd if=/dev/zero of=/dev/vda bs=64k seek=32 count=1 conv=fsync; echo refu''sed", "refused")
    event = client.wait("BLOCK_IO_ERROR", 20) or {}
    check("a write that the host refuses", (event.get("operation"), event.get("action"), event.get("node-name")) == ("write", "report", "disk"), event)
    resource.prlimit(guest.process.pid, resource.RLIMIT_FSIZE, (most, most))

    run(guest, "ip link set eth0 up; sleep 1; echo carrier=$(cat /sys/class/net/eth0/carrier)=", "carrier=1=")
    client.events.clear()
    client.ask("query-rx-filter")
    run(guest, "ip link set eth0 promisc on; ip link set eth0 promisc off; echo do''ne", "done")
    check("the driver changes its filter", (client.wait("NIC_RX_FILTER_CHANGED", 20) or {}).get("name") == "card")
    check("rx-filter", client.ask("query-rx-filter", name="card")[0]["promiscuous"] is False)
    check("set_link down", client.ask("set_link", name="card", up=False) == {})
    run(guest, "sleep 1; echo carrier=$(cat /sys/class/net/eth0/carrier)=", "carrier=0=")
    check("set_link up", client.ask("set_link", name="net", up=True) == {})
    run(guest, "sleep 1; echo carrier=$(cat /sys/class/net/eth0/carrier)=", "carrier=1=")

    check("pmemsave", client.ask("pmemsave", val=0x80000000, size=1 << 20, filename=f"{work}/memory") == {} and os.path.getsize(f"{work}/memory") == 1 << 20)
    threads = {cpu["thread-id"] for cpu in client.ask("query-cpus-fast")}
    check("a thread for each cpu", len(threads) == 2 and all(os.path.exists(f"/proc/{guest.process.pid}/task/{thread}") for thread in threads))

    client.ask("stop")
    client.ask("cont")
    check("they are the same after a stop", threads == {cpu["thread-id"] for cpu in client.ask("query-cpus-fast")}, threads)

    guest.type("poweroff\n")
    check("the guest switches off", client.wait("SHUTDOWN", 60) == {"guest": True, "reason": "guest-shutdown"})
    check("and stands still", client.wait("STOP") == {} and client.ask("query-status")["status"] == "shutdown")
    guest.expect("Power down", 60)
    check("cont needs a reset", client.ask("cont")[0] == "GenericError" and client.ask("system_reset") == {} and client.ask("cont") == {})
    client.events.clear()
    guest.expect("~ # ", 300)
    guest.type("reboot\n")
    told = client.wait("RESET", 60)
    check("the guest reboots", told == {"guest": True, "reason": "guest-reset"}, (told, guest.output[-500:]))
    check("quit", client.ask("quit") == {} and guest.wait(30) == 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/disk", "wb") as disk:
            disk.truncate(4 << 20)
        start = time.time()
        guest = Guest(words(arguments.system, work), restore_signals=False)
        try:
            guest.expect("~ # ", 300)
            steps(guest, Client(f"{work}/qmp"), work)
            check("no complaints of the kernel's", not guest.complaints(), guest.complaints())
        except (AssertionError, OSError, EOFError, TypeError) as error:
            check("the conversation", False, str(error))
            guest.process.kill()
        print(f"{time.time() - start:.0f} s")
    return 0 if all(results) else 1


sys.exit(main())
