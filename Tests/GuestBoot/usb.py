#!/usr/bin/env python3
"""A guest with USB: what its kernel finds, disks in both directions, keys and pointers, a move, devices that come and go.

usage: usb.py --system PATH [--full]
"""
import argparse
import hashlib
import os
import sys
import tempfile
import time

from fat import boot_disk
from guest import ROOT, Guest, board, command, random_image, run

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client  # noqa: E402

results = []
MIB = 1 << 20


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def listen(guest, handler, count):
    """Begins to read events of a kind of device."""
    run(guest, f"rm -f /tmp/events; for d in /sys/class/input/event*; do grep -q '{handler}' $d/device/name && head -c {24 * count} "
        "/dev/input/$(basename $d) > /tmp/events & done; sleep 1")


def heard(guest):
    """Type, code and value of the events that have been read."""
    text = run(guest, "for i in $(seq 20); do [ -s /tmp/events ] && break; sleep 0.2; done; sleep 0.3; hexdump -v -e '12/2 \"%u \" \"\\n\"' /tmp/events")
    rows = [[int(word) for word in line.split()] for line in text.splitlines() if line[:1].isdigit()]
    return [(row[8], row[9], row[10]) for row in rows if len(row) == 12]


def complaints(text):
    """Lines of the kernel's about USB that are more than information."""
    signs = ("error", "WARN", "ERROR", "timed out", "timeout", "failed", "reset ", "not responding", "disabled", "babble", "unable")
    # Disks tell that they have been reset at the start, and cannot be flushed any more when they are gone.
    usual = ("Power-on or device reset occurred", "hostbyte=DID_NO_CONNECT")
    return [line for line in text.splitlines() if not any(words in line for words in usual) and any(name in line for name in ("usb", "xhci", "hid", "sd ")) and any(sign in line for sign in signs)]


def everything(system, controller):
    """Disks at SuperSpeed and behind a hub, a keyboard, a tablet, a mouse behind the hub; then some come and go."""
    with tempfile.TemporaryDirectory() as work:
        sums = {disk: random_image(f"{work}/{disk}", 8 * MIB, disk) for disk in ("fast", "slow", "late")}
        drives = [word for disk in sums for word in ("-drive", f"file={work}/{disk},format=raw,if=none,id={disk}")]
        words = command(
            system, "-smp", "2", *drives, "-serial", "stdio", "-qmp", f"unix:{work}/qmp,server=on,wait=off", "-device", f"{controller},id=usb",
            "-device", "usb-storage,drive=fast,serial=FAST,port=1", "-device", "usb-hub,port=2", "-device", "usb-storage,drive=slow,serial=SLOW,port=2.1,removable=on",
            "-device", "usb-mouse,port=2.2", "-device", "usb-kbd,id=keys", "-device", "usb-tablet,bus=usb.0")
        guest = Guest(words)
        try:
            guest.expect(board(system).prompt, 300)
            client = Client(f"{work}/qmp")
            found = run(guest, "for i in $(seq 20); do [ -b /dev/sdb ] && break; sleep 0.5; done; "
                        "for d in /sys/bus/usb/devices/*-*; do [ -f $d/product ] && echo $(basename $d): $(cat $d/product $d/speed); done")
            for wanted in ("-1: QEMU USB HARDDRIVE 5000", "-2: QEMU USB Hub 480", "-2.1: QEMU USB HARDDRIVE 480", "-2.2: QEMU USB Mouse 480",
                           "QEMU USB Keyboard 480", "QEMU USB Tablet 480"):
                check(f"{controller}: {wanted}", wanted in found, found)
            shown = client.ask("human-monitor-command", **{"command-line": "info usb"})
            check(f"{controller}: info usb", "Port 2.1, Speed 480 Mb/s, Product QEMU USB HARDDRIVE" in shown and "ID: keys" in shown, shown)
            for serial in ("FAST", "SLOW"):
                disk = serial.lower()
                where = run(guest, f"for d in /sys/block/sd*; do grep -q {serial} $(readlink -f $d/device)/../../../../serial && echo /dev/$(basename $d); done").split()[-1]
                text = run(guest, f"sha256sum {where}", 60)
                check(f"{controller}: disk '{disk}'", sums[disk] in text, text)
                text = run(guest, f"dd if=/dev/urandom of=/tmp/x bs=1M count=8 2>/dev/null; cp /tmp/x {where}; sync; sha256sum /tmp/x", 60)
                with open(f"{work}/{disk}", "rb") as file:
                    check(f"{controller}: what is written to it", hashlib.sha256(file.read()).hexdigest() in text, text)
            check(f"{controller}: a medium that can be taken out", "1" in run(guest, f"cat /sys/block/{os.path.basename(where)}/removable"))
            listen(guest, "Keyboard", 6)
            client.ask("send-key", keys=[{"type": "qcode", "data": "a"}])
            events = heard(guest)
            check(f"{controller}: a key", (1, 30, 1) in events and (1, 30, 0) in events, events)
            listen(guest, "Tablet", 3)
            client.ask("input-send-event", events=[{"type": "abs", "data": {"axis": "x", "value": 1000}}, {"type": "abs", "data": {"axis": "y", "value": 2000}}])
            events = heard(guest)
            check(f"{controller}: the tablet", (3, 0, 1000) in events and (3, 1, 2000) in events, events)
            guest, client = moved(guest, client, words, work)
            listen(guest, "Keyboard", 2)
            client.ask("send-key", keys=[{"type": "qcode", "data": "b"}])
            events = heard(guest)
            check(f"{controller}: a key after the move", (1, 48, 1) in events, events)
            text = run(guest, f"echo 3 > /proc/sys/vm/drop_caches; sha256sum {where}", 60)
            with open(f"{work}/slow", "rb") as file:
                check(f"{controller}: the disk after the move", hashlib.sha256(file.read()).hexdigest() in text, text)
            coming_and_going(guest, client, controller, sums["late"])
            lines = run(guest, "cat /proc/interrupts")
            check(f"{controller}: messages", "xhci" in lines and "MSI" in lines, lines)
            warnings = complaints(run(guest, "dmesg"))
            check(f"{controller}: the kernel has nothing against it", not warnings and not guest.complaints(), "\n".join(warnings + guest.complaints()))
            guest.type("poweroff\n")
            check(f"{controller}: the end", guest.wait(60) == 0)
        except AssertionError as error:
            check(controller, False, str(error))
            guest.process.kill()


def moved(guest, client, words, work):
    """The machine goes on in another emulator, which it gets to by a file."""
    client.ask("migrate", uri=f"file:{work}/state")
    for _ in range(300):
        if client.ask("query-migrate").get("status") in ("completed", "failed"):
            break
        time.sleep(0.1)
    check("the machine is saved", client.ask("query-migrate")["status"] == "completed")
    client.ask("quit")
    guest.wait(20)
    other = Guest(words + ["-incoming", f"file:{work}/state"])
    while not os.path.exists(f"{work}/qmp"):
        time.sleep(0.05)
    time.sleep(1)
    return other, Client(f"{work}/qmp")


def coming_and_going(guest, client, controller, digest):
    """A disk comes to a port and leaves it, twice; so does the keyboard."""
    for _ in range(2):
        check(f"{controller}: device_add of a disk", client.ask("device_add", driver="usb-storage", drive="late", id="late", port="2.3") == {})
        text = run(guest, "for i in $(seq 20); do [ -b /dev/sdc ] && break; sleep 0.5; done; sha256sum /dev/sdc")
        check(f"{controller}: the guest reads it", digest in text, text)
        check(f"{controller}: device_del", client.ask("device_del", id="late") == {} and client.wait("DEVICE_DELETED", 10)["device"] == "late")
        text = run(guest, "for i in $(seq 20); do [ -b /dev/sdc ] || break; sleep 0.5; done; ls /dev/sdc")
        check(f"{controller}: it is gone", "No such file" in text, text)
    check(f"{controller}: the keyboard leaves", client.ask("device_del", id="keys") == {})
    text = run(guest, "sleep 1; cat /sys/class/input/event*/device/name")
    check(f"{controller}: the guest sees that", "Keyboard" not in text, text)
    check(f"{controller}: and comes back", client.ask("device_add", driver="usb-kbd", id="keys") == {})
    text = run(guest, "sleep 1; cat /sys/class/input/event*/device/name")
    check(f"{controller}: the guest sees it", "Keyboard" in text, text)
    check(f"{controller}: a port that is taken", "in use" in client.ask("device_add", driver="usb-mouse", port="1")[1])


def firmware(system):
    """AAVMF starts a kernel from a USB disk."""
    files = board(system).files
    with tempfile.TemporaryDirectory() as work:
        boot_disk(f"{work}/disk", f"{files}/Image")
        guest = Guest([
            system, "-M", "virt", "-m", "512", "-nographic", "-bios", f"{files}/AAVMF_CODE.fd", "-device", "qemu-xhci", "-device", "usb-kbd",
            "-drive", f"file={work}/disk,format=raw,if=none,id=d", "-device", "usb-storage,drive=d,bootindex=0"])
        try:
            guest.expect("EFI stub: Booting Linux", 120)
            check("AAVMF boots from a USB disk", True)
        except AssertionError as error:
            check("AAVMF boots from a USB disk", False, str(error))
        guest.process.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    everything(arguments.system, "qemu-xhci")
    if arguments.full:
        everything(arguments.system, "nec-usb-xhci")
        if arguments.system.endswith("aarch64"):
            firmware(arguments.system)
    sys.exit(0 if all(results) else 1)


main()
