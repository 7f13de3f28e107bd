#!/usr/bin/env python3
"""A guest whose devices are on PCI: what its kernel finds there, data on disks, the network, messages and pins, devices that come and go.

usage: pci.py --system PATH [--full]
"""
import argparse
import hashlib
import http.server
import os
import random
import sys
import tempfile
import threading
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


class Pages(http.server.BaseHTTPRequestHandler):
    """20 MiB for whoever asks."""
    data = random.Random(5).randbytes(20 * MIB)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def log_message(self, *arguments):
        pass


def complaints(text):
    """Lines of the kernel's about PCI that are more than information."""
    signs = ("no space", "failed to assign", "can't claim", "error", "timed out", "timeout", "no irq", "bad ", "disabled", "Failed")
    # A board without messages is told of by drivers that would like to have them.
    return [line for line in text.splitlines() if "Falling back to" not in line and any(name in line for name in ("pci", "nvme", "virtio", "e1000e", "ata", "scsi")) and any(sign in line for sign in signs)]


def disks_and_network(system, name, more, messages):
    """Everything at once: behind a port, behind a bridge, on the root bus."""
    with tempfile.TemporaryDirectory() as work:
        sums = {disk: random_image(f"{work}/{disk}", 8 * MIB, disk) for disk in ("root", "port", "bridge", "nvme")}
        drives = [word for disk in sums for word in ("-drive", f"file={work}/{disk},format=raw,if=none,id={disk}")]
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        guest = Guest(command(
            system, "-smp", "2", *more, *drives, "-device", "virtio-blk-pci,drive=root,serial=root", "-netdev", "user,id=n", "-device",
            "virtio-net-pci,netdev=n,addr=8.0", "-device", "pcie-root-port,id=slot,chassis=1,slot=1,addr=5.0,multifunction=on",
            "-device", "pcie-root-port,id=second,chassis=2,slot=2,addr=5.1", "-device", "virtio-blk-pci,drive=port,bus=slot,serial=port",
            "-device", "pci-bridge,id=bridge,chassis_nr=3", "-device", "virtio-blk-pci,drive=bridge,bus=bridge,addr=3,serial=bridge",
            "-device", "nvme,drive=nvme,serial=nvme,bus=second", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"))
        try:
            guest.expect(board(system).prompt, 300)
            found = run(guest, "for d in /sys/bus/pci/devices/*; do echo $(basename $d) $(cat $d/vendor $d/device $d/class); done")
            for wanted in ("00:00.0 0x1b36 0x0008 0x060000", "00:08.0 0x1af4 0x1000 0x020000", "00:05.1 0x1b36 0x000c 0x060400", "0x1b36 0x0010 0x010802"):
                check(f"{name}: {wanted}", wanted in found, found)
            for disk, digest in sums.items():
                where = "/dev/nvme0n1" if disk == "nvme" else f"$(grep -l '^{disk}$' /sys/block/vd*/serial | sed 's,/sys/block/,/dev/,;s,/serial,,')"
                check(f"{name}: disk '{disk}'", digest in run(guest, f"sha256sum {where}", 60))
                text = run(guest, f"dd if=/dev/urandom of=/tmp/x bs=1M count=8 2>/dev/null; cp /tmp/x {where}; sync; sha256sum /tmp/x", 60)
                with open(f"{work}/{disk}", "rb") as file:
                    check(f"{name}: what is written to it", hashlib.sha256(file.read()).hexdigest() in text, text)
            page = run(guest, f"wget -q -O - http://10.0.2.2:{server.server_port}/ | sha256sum", 120)
            check(f"{name}: network", hashlib.sha256(Pages.data).hexdigest() in page, page)
            check(f"{name}: randomness", "16" in run(guest, "dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c"))
            lines = run(guest, "cat /proc/interrupts")
            check(f"{name}: {'messages' if messages else 'pins'}", ("MSI" in lines) == messages, lines)
            warnings = complaints(run(guest, "dmesg -r | grep '^<[0-4]>'")) + complaints(run(guest, "dmesg"))
            check(f"{name}: the kernel has nothing against it", not warnings and not guest.complaints(), "\n".join(warnings + guest.complaints()))
            guest.type("poweroff\n")
            check(f"{name}: the end", guest.wait(60) == 0)
        except AssertionError as error:
            check(name, False, str(error))
            guest.process.kill()
        server.shutdown()


def other_controllers(system, more=()):
    """SCSI and SATA disks and discs, and Intel's network card."""
    with tempfile.TemporaryDirectory() as work:
        kinds = {"scsi": "scsi-hd,bus=scsi.0", "scsidisc": "scsi-cd,bus=scsi.0,scsi-id=3,lun=2", "sata": "ide-hd,bus=sata.2", "satadisc": "ide-cd"}
        sums = {disk: random_image(f"{work}/{disk}", 8 * MIB, disk) for disk in kinds}
        devices = [word for disk, kind in kinds.items() for word in (
            "-drive", f"file={work}/{disk},format=raw,if=none,id={disk}", "-device", f"{kind},drive={disk},serial={disk}")]
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        guest = Guest(command(
            system, "-smp", "2", *more, "-device", "virtio-scsi-pci", "-device", "ahci,id=sata", *devices, "-netdev", "user,id=n", "-device", "e1000e,netdev=n"))
        try:
            guest.expect(board(system).prompt, 300)
            found = run(guest, "for i in $(seq 10); do [ -b /dev/sdb ] && [ -b /dev/sr1 ] && break; sleep 1; done; sha256sum /dev/sd? /dev/sr?", 60)
            check("four disks and discs", all(digest in found for digest in sums.values()), found)
            for disk in ("scsi", "sata"):
                digest = hashlib.sha256(open(f"{work}/{disk}", "rb").read()).hexdigest()
                text = run(guest, f"d=$(sha256sum /dev/sd? | grep {digest} | sed 's/.* //'); dd if=/dev/urandom of=/tmp/x bs=1M count=8 2>/dev/null; "
                           "cp /tmp/x $d; sync; sha256sum /tmp/x", 60)
                with open(f"{work}/{disk}", "rb") as file:
                    check(f"what is written to the {disk} disk", hashlib.sha256(file.read()).hexdigest() in text, text)
            page = run(guest, f"wget -q -O - http://10.0.2.2:{server.server_port}/ | tee /tmp/page | sha256sum", 120)
            check("download by e1000e", hashlib.sha256(Pages.data).hexdigest() in page, page)
            texts = run(guest, "dmesg")
            check("the kernel has nothing against them", not guest.complaints() and not complaints(texts), "\n".join(complaints(texts)))
            guest.type("poweroff\n")
            check("the end", guest.wait(60) == 0)
        except AssertionError as error:
            check("other controllers", False, str(error))
            guest.process.kill()
        server.shutdown()


def short_forms(system, name, *more):
    """-drive if=virtio and -nic: on PCI by themselves."""
    with tempfile.TemporaryDirectory() as work:
        digest = random_image(f"{work}/disk", 4 * MIB, 1)
        guest = Guest(command(system, "-drive", f"file={work}/disk,format=raw,if=virtio", "-nic", "user", *more))
        try:
            guest.expect(board(system).prompt, 300)
            found = run(guest, "ls -l /sys/block/vda /sys/class/net/eth0; sha256sum /dev/vda; ip addr show eth0")
            check(name, found.count("/pci0000:00/") == 2 and digest in found and "10.0.2.15" in found, found)
            guest.type("poweroff\n")
            guest.wait(60)
        except AssertionError as error:
            check(name, False, str(error))
            guest.process.kill()


def coming_and_going(system):
    """A disk and a card are plugged into ports of the running machine, and taken out again."""
    with tempfile.TemporaryDirectory() as work:
        digests = {disk: random_image(f"{work}/{disk}", 4 * MIB, disk) for disk in ("a", "b")}
        drives = [word for disk in digests for word in ("-drive", f"file={work}/{disk},format=raw,if=none,id={disk}")]
        guest = Guest(command(
            system, "-smp", "2", *drives, "-netdev", "user,id=n", "-serial", "stdio", "-qmp", f"unix:{work}/qmp,server=on,wait=off",
            "-device", "pcie-root-port,id=one,chassis=1,slot=1", "-device", "pcie-root-port,id=two,chassis=2,slot=2"))
        try:
            guest.expect(board(system).prompt, 300)
            client = Client(f"{work}/qmp")
            check("query-pci", [device["qdev_id"] for device in client.ask("query-pci")[0]["devices"]] == ["", "one", "two"])
            # Debian's kernel for riscv64 knows no slots: it looks again when it is told to.
            looks, leaves = ("echo 1 > /sys/bus/pci/rescan; ", "for d in /sys/bus/pci/devices/*0000:0[1-9]*; do echo 1 > $d/remove; done") \
                if system.endswith("riscv64") else ("", "true")
            for _ in range(2):
                check("device_add of a disk", client.ask("device_add", driver="virtio-blk-pci", drive="a", id="disk", bus="one") == {})
                check("device_add of an NVMe disk", client.ask("device_add", driver="nvme", drive="b", id="nvme", serial="b", bus="two") == {})
                found = run(guest, looks + "for i in $(seq 30); do [ -b /dev/vda ] && [ -b /dev/nvme0n1 ] && break; sleep 1; done; sha256sum /dev/vda /dev/nvme0n1", 60)
                check("the guest reads them", all(digest in found for digest in digests.values()), found)
                run(guest, leaves)
                for device in ("disk", "nvme"):
                    check(f"device_del of '{device}'", client.ask("device_del", id=device) == {})
                    check("the guest lets it go", client.wait("DEVICE_DELETED", 60)["device"] == device)
                found = run(guest, "sleep 1; ls /dev/vda /dev/nvme0n1")
                check("it is gone", found.count("No such file") == 2, found)
            check("a card", client.ask("device_add", driver="virtio-net-pci", netdev="n", id="card", bus="one") == {})
            check("the guest sees it", "eth0" in run(guest, looks + "for i in $(seq 30); do [ -e /sys/class/net/eth0 ] && break; sleep 1; done; ls /sys/class/net", 60))
            check("the root bus is fixed", "hotplugging" in client.ask("device_add", driver="virtio-rng-pci")[1])
            check("a full slot", "all in use" in client.ask("device_add", driver="virtio-rng-pci", bus="one")[1])
            check("the kernel has nothing against it", not guest.complaints(), "\n".join(guest.complaints()))
            guest.type("poweroff\n")
            check("the end", guest.wait(60) == 0)
        except AssertionError as error:
            check("coming and going", False, str(error))
            guest.process.kill()


def power_key(system):
    """system_powerdown presses the key that the guest's kernel knows of."""
    with tempfile.TemporaryDirectory() as work:
        guest = Guest(command(system, "-serial", "stdio", "-qmp", f"unix:{work}/qmp,server=on,wait=off"))
        try:
            guest.expect(board(system).prompt, 300)
            client = Client(f"{work}/qmp")
            before = run(guest, "grep -i poweroff /proc/interrupts")
            check("system_powerdown", client.ask("system_powerdown") == {} and client.wait("POWERDOWN", 10) == {})
            time.sleep(1)
            after = run(guest, "grep -i poweroff /proc/interrupts")
            check("the key's interrupt", " 0 " in before and " 2 " in after, before + after)
            guest.type("poweroff\n")
            guest.wait(60)
        except AssertionError as error:
            check("power key", False, str(error))
            guest.process.kill()


def firmware(system, version):
    """AAVMF starts a kernel from a disk on PCI, the one that bootindex names."""
    files = board(system).files
    for device in ("virtio-blk-pci,drive=d", "nvme,drive=d,serial=x", "virtio-blk-pci,drive=d,bus=port"):
        with tempfile.TemporaryDirectory() as work:
            boot_disk(f"{work}/disk", f"{files}/Image")
            guest = Guest([
                system, "-M", f"virt,gic-version={version}", "-m", "512", "-nographic", "-bios", f"{files}/AAVMF_CODE.fd", "-device",
                "pcie-root-port,id=port", "-device", "virtio-rng-pci", "-drive", f"file={work}/disk,format=raw,if=none,id=d", "-device",
                f"{device},bootindex=0"])
            try:
                guest.expect("EFI stub: Booting Linux", 120)
                check(f"AAVMF with a GICv{version} boots from {device}", True)
            except AssertionError as error:
                check(f"AAVMF with a GICv{version} boots from {device}", False, str(error))
            guest.process.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    system = arguments.system
    if system.endswith("aarch64"):
        disks_and_network(system, "GICv2", ["-M", "virt,gic-version=2"], messages=True)
        disks_and_network(system, "GICv3", ["-M", "virt,gic-version=3"], messages=True)
        disks_and_network(system, "GICv3 without ITS, low windows", ["-M", "virt,gic-version=3,its=off,highmem=off"], messages=False)
        power_key(system)
        for version in (2, 3) if arguments.full else (3,):
            firmware(system, version)
    else:
        disks_and_network(system, "PLIC", [], messages=False)
    short_forms(system, "if=virtio and -nic")
    short_forms(system, "legacy drivers", "-global", "virtio-blk-pci.disable-modern=on", "-global", "virtio-net-pci.disable-modern=on")
    coming_and_going(system)
    other_controllers(system)
    sys.exit(0 if all(results) else 1)


main()
