#!/usr/bin/env python3
"""A guest with drives whose media are exchanged: discs on SCSI and SATA, a removable disk on USB, a memory card; trays that the guest moves and locks; SCSI disks that come and go.

usage: media.py --system PATH
"""
import argparse
import os
import sys
import tempfile
import time

from guest import ROOT, Guest, board, command, initramfs_with, random_image, run

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client  # noqa: E402

results = []
MIB = 1 << 20


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def shown(client, device):
    return next(disk for disk in client.ask("query-block") if disk.get("qdev") == device)


def ask(client, command_name, **arguments):
    answer = client.ask(command_name, **arguments)
    if isinstance(answer, tuple):
        raise AssertionError(f"{command_name}: {answer[1]}")
    return answer


def discs(guest, client, work, sums, device, path):
    """One disc after the other; the guest reads each, opens the tray, keeps it locked."""
    def read():
        return run(guest, f"for i in $(seq 30); do s=$(sha256sum {path} 2>/dev/null) && [ $(cat /sys/block/{os.path.basename(path)}/size) -gt 0 ] && break; sleep 0.3; done; echo $s")
    check(f"{device}: nothing is in it at first", "No medium found" in run(guest, f"cat {path} > /dev/null") and "inserted" not in shown(client, device))
    for name in ("a", "b", "a"):
        ask(client, "blockdev-change-medium", id=device, filename=f"{work}/{name}", format="raw")
        text = read()
        check(f"{device}: the guest reads '{name}'", sums[name] in text, text)
    check(f"{device}: it is only read", shown(client, device)["inserted"]["ro"])
    # The guest opens the tray, and closes it.
    client.events.clear()
    run(guest, f"/test/tray eject {path}")
    state = shown(client, device)
    check(f"{device}: the guest opens the tray", state["tray_open"] and "inserted" in state and client.wait("DEVICE_TRAY_MOVED", 5)["tray-open"], state)
    run(guest, f"/test/tray close {path}")
    text = read()
    check(f"{device}: the guest closes it", sums["a"] in text and not client.wait("DEVICE_TRAY_MOVED", 5)["tray-open"], text)
    run(guest, f"/test/tray eject {path}")
    ask(client, "blockdev-close-tray", id=device)
    text = read()
    check(f"{device}: a command closes it", sums["a"] in text and not shown(client, device)["tray_open"], text)
    # Whoever has it open keeps the tray locked.
    run(guest, f"exec 5<{path}")
    answer = client.ask("eject", id=device)
    check(f"{device}: the guest keeps the tray locked", shown(client, device)["locked"] and isinstance(answer, tuple) and "is locked" in answer[1], answer)
    ask(client, "eject", id=device, force=True)
    state = shown(client, device)
    check(f"{device}: unless force is used", state["tray_open"] and not state["locked"] and "inserted" not in state, state)
    run(guest, "exec 5<&-")
    # As libvirt does it.
    ask(client, "blockdev-add", driver="file", node__name=f"f-{device}", filename=f"{work}/b", read__only=True)
    ask(client, "blockdev-add", driver="raw", node__name=f"r-{device}", file=f"f-{device}", read__only=True)
    ask(client, "blockdev-insert-medium", id=device, node__name=f"r-{device}")
    ask(client, "blockdev-close-tray", id=device)
    text = read()
    check(f"{device}: a node", sums["b"] in text, text)
    ask(client, "blockdev-open-tray", id=device)
    ask(client, "blockdev-remove-medium", id=device)
    ask(client, "blockdev-del", node__name=f"r-{device}")
    ask(client, "blockdev-del", node__name=f"f-{device}")


def removable(guest, client, work, sums):
    """A disk at a USB port that can be written, and be taken out."""
    find = "for d in /sys/block/sd*; do readlink -f $d | grep -q /usb && grep -q 1 $d/removable && echo ${d##*/}; done"
    disk = run(guest, f"for i in $(seq 30); do [ -n \"$({find})\" ] && break; sleep 0.3; done; {find}").split()[-1]
    for name in ("c", "d"):
        ask(client, "blockdev-change-medium", id="stick", filename=f"{work}/{name}", format="raw", read__only__mode="read-write")
        text = run(guest, f"for i in $(seq 30); do s=$(sha256sum /dev/{disk} 2>/dev/null) && [ $(cat /sys/block/{disk}/size) -gt 0 ] && break; sleep 0.3; done; echo $s")
        check(f"usb: the guest reads '{name}'", sums[name] in text, text)
    run(guest, f"echo written | dd of=/dev/{disk} conv=notrunc,fsync 2>/dev/null")
    ask(client, "eject", id="stick", force=True)
    with open(f"{work}/d", "rb") as file:
        check("usb: what is written is on the medium that was in", file.read(7) == b"written")


def units(guest, client, work, sums):
    """SCSI disks come and go, several times."""
    disk = "for d in /sys/block/sd*; do [ \"$(cat $d/device/model | tr -d ' ')\" = LATE ] && echo ${d##*/}; done"
    for turn in range(3):
        ask(client, "blockdev-add", driver="raw", node__name="late", file={"driver": "file", "filename": f"{work}/late"})
        ask(client, "device_add", driver="scsi-hd", id="late", drive="late", bus="scsi.0", scsi__id=7, lun=turn, product="LATE")
        text = run(guest, f"for i in $(seq 50); do d=$({disk}); [ -b /dev/$d ] && break; sleep 0.2; done; sha256sum /dev/$d")
        check(f"a SCSI disk comes ({turn})", sums["late"] in text, text)
        ask(client, "device_del", id="late")
        gone = client.wait("DEVICE_DELETED", 10)
        text = run(guest, f"for i in $(seq 50); do d=$({disk}); [ -z \"$d\" ] && break; sleep 0.2; done; echo left: $d.")
        check(f"and goes ({turn})", "left: ." in text and gone and gone.get("device") == "late", text)
        ask(client, "blockdev-del", node__name="late")


def drives(system):
    with tempfile.TemporaryDirectory() as work:
        sums = {name: random_image(f"{work}/{name}", size * MIB, name) for name, size in (("a", 2), ("b", 3), ("c", 2), ("d", 4), ("late", 2))}
        guest = Guest(command(
            system, "-initrd", initramfs_with(board(system), work, f"{ROOT}/Tests/GuestBoot/tray.c"), "-serial", "stdio", "-qmp", f"unix:{work}/qmp,server=on,wait=off", "-device", "virtio-scsi-pci,id=scsi", "-device", "ahci,id=sata",
            "-drive", "if=none,id=cd,media=cdrom", "-device", "scsi-cd,drive=cd,id=first,bus=scsi.0", "-device", "ide-cd,id=second,bus=sata.1",
            "-device", "qemu-xhci", "-drive", "if=none,id=stick", "-device", "usb-storage,drive=stick,id=stick,removable=on"))
        try:
            guest.expect(board(system).prompt, 300)
            client = Client(f"{work}/qmp")
            run(guest, "for i in $(seq 30); do [ -b /dev/sr1 ] && break; sleep 0.3; done; echo 2000 > /sys/module/block/parameters/events_dfl_poll_msecs")
            found = run(guest, "for d in sr0 sr1; do readlink -f /sys/block/$d; done")
            scsi, sata = ("/dev/sr0", "/dev/sr1") if "/virtio" in found.splitlines()[1] else ("/dev/sr1", "/dev/sr0")
            discs(guest, client, work, sums, "first", scsi)
            discs(guest, client, work, sums, "second", sata)
            removable(guest, client, work, sums)
            units(guest, client, work, sums)
            check("the kernel has nothing against it", not guest.complaints(), "\n".join(guest.complaints()))
            client.ask("system_reset")
            guest.expect("Enter 'help'", 300)
            guest.expect(board(system).prompt, 30)
            check("a reset closes the tray", not shown(client, "first")["tray_open"])
            guest.type("poweroff\n")
            check("the end", guest.wait(60) == 0)
        except (AssertionError, IndexError) as error:
            check("drives", False, f"{error}")
            guest.process.kill()


def cards(system):
    """A slot for memory cards that is empty at first (Versatile Express)."""
    files = f"{board(system).files}/armmp"
    with tempfile.TemporaryDirectory() as work:
        sums = {name: random_image(f"{work}/{name}", size * MIB, name) for name, size in (("a", 2), ("b", 4))}
        guest = Guest([
            system, "-M", "vexpress-a9", "-m", "512", "-nographic", "-kernel", f"{files}/Image", "-dtb", f"{files}/vexpress-v2p-ca9.dtb",
            "-initrd", f"{files}/initramfs.cpio.gz", "-append", "console=ttyAMA0", "-drive", "if=sd,id=card", "-qmp", f"unix:{work}/qmp,server=on,wait=off"])
        try:
            guest.expect(board(system).prompt, 300)
            client = Client(f"{work}/qmp")
            check("no card at first", "no" in run(guest, "[ -b /dev/mmcblk0 ] || echo no"))
            for name in ("a", "b"):
                ask(client, "blockdev-change-medium", device="card", filename=f"{work}/{name}", format="raw")
                text = run(guest, "for i in $(seq 50); do [ -b /dev/mmcblk0 ] && break; sleep 0.3; done; sha256sum /dev/mmcblk0")
                check(f"card '{name}'", sums[name] in text, text)
                ask(client, "eject", device="card")
                check("it is gone", "gone" in run(guest, "for i in $(seq 50); do [ -b /dev/mmcblk0 ] || break; sleep 0.3; done; [ -b /dev/mmcblk0 ] || echo gone"))
            with open(f"{work}/odd", "wb") as file:
                file.truncate(MIB + 512)
            answer = client.ask("blockdev-change-medium", device="card", filename=f"{work}/odd", format="raw")
            check("a card of a size that cards do not have", isinstance(answer, tuple) and "multiple of" in answer[1], answer)
            check("the kernel has nothing against it", not guest.complaints(), "\n".join(guest.complaints()))
            guest.type("poweroff\n")
            check("the end", guest.wait(60) == 0)
        except (AssertionError, IndexError) as error:
            check("cards", False, f"{error}")
            guest.process.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    arguments = parser.parse_args()
    start = time.time()
    if os.path.basename(arguments.system) == "qemu-system-arm":
        cards(arguments.system)
    else:
        drives(arguments.system)
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed, {time.time() - start:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
