#!/usr/bin/env python3
"""What the arm64 board `virt` tells firmware of itself: ACPI's tables and SMBIOS's structures as firmware gets them, and a guest that boots by them.

usage: acpi.py --system PATH [--peer QEMU] [--full]

With --peer the files are compared with those that Debian's qemu-system-aarch64 gives. Where iasl is installed it has to read the tables without complaint.
"""
import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from fat import boot_disk
from guest import ROOT, Guest, board, command, run

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = ["APIC", "DBG2", "DSDT", "FACP", "GTDT", "IORT", "MCFG", "PPTT", "SPCR"]
ROOT_FILE, TABLES_FILE, LOADER_FILE = "etc/acpi/rsdp", "etc/acpi/tables", "etc/table-loader"
SMBIOS_FILES = ["etc/smbios/smbios-anchor", "etc/smbios/smbios-tables"]
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


# What firmware finds.

def payload(work):
    """Firmware that writes the configuration device's files to the serial port."""
    compiler = shutil.which("aarch64-linux-gnu-gcc")
    if not compiler:
        return None
    subprocess.run([compiler, "-nostdlib", "-static", "-Wl,-Ttext=0", "-o", f"{work}/tables.elf", f"{HERE}/tables.S"], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", f"{work}/tables.elf", f"{work}/tables"], check=True)
    return f"{work}/tables"


def files(system, firmware, work, words):
    """The files of the firmware configuration device by their names."""
    path = f"{work}/serial"
    subprocess.run([system, *words, "-bios", firmware, "-display", "none", "-monitor", "none", "-serial", f"file:{path}"], timeout=60, check=True)
    with open(path, "rb") as file:
        data = file.read()
    count = struct.unpack_from(">I", data)[0]
    place, found = 4 + 64 * count, {}
    for index in range(count):
        size = struct.unpack_from(">I", data, 4 + 64 * index)[0]
        name = data[12 + 64 * index:68 + 64 * index].split(b"\0")[0].decode()
        found[name] = data[place:place + size]
        place += size
    assert place == len(data), "the files are as long as the directory says"
    return found


def load(found):
    """Does what the loader's script says, and gives the tables that the root leads to by their signatures."""
    memory = {name: bytearray(found[name]) for name in (ROOT_FILE, TABLES_FILE)}
    bases = {ROOT_FILE: 0x7f000000, TABLES_FILE: 0x7e000000}
    script = found[LOADER_FILE]

    def name(place):
        return script[place:place + 56].split(b"\0")[0].decode()

    for start in range(0, len(script), 128):
        kind = struct.unpack_from("<I", script, start)[0]
        blob = memory[name(start + 4)]
        if kind == 2:
            offset, size = struct.unpack_from("<IB", script, start + 116)
            assert size == 8
            struct.pack_into("<Q", blob, offset, struct.unpack_from("<Q", blob, offset)[0] + bases[name(start + 60)])
        elif kind == 3:
            offset, first, length = struct.unpack_from("<III", script, start + 60)
            blob[offset] = 0
            blob[offset] = -sum(blob[first:first + length]) & 0xff

    def table(address):
        blob, place = memory[TABLES_FILE], address - bases[TABLES_FILE]
        length = struct.unpack_from("<I", blob, place + 4)[0]
        data = bytes(blob[place:place + length])
        assert sum(data) & 0xff == 0, data[:4]
        return data

    root = memory[ROOT_FILE]
    assert sum(root) & 0xff == 0 and sum(root[:20]) & 0xff == 0
    listed = table(struct.unpack_from("<Q", root, 24)[0])
    tables = [table(address) for (address,) in struct.iter_unpack("<Q", listed[36:])]
    tables += [table(struct.unpack_from("<Q", data, 140)[0]) for data in tables if data[:4] == b"FACP"]
    return {data[:4].decode(): data for data in tables}


def disassembled(tables, work):
    """What iasl complains of: nothing, when it reads every table, and makes the same code of what it read."""
    problems = []
    for name, data in tables.items():
        with open(f"{work}/{name}.aml", "wb") as file:
            file.write(data)
        done = subprocess.run(["iasl", "-d", f"{work}/{name}.aml"], capture_output=True, text=True)
        if done.returncode or "Error" in done.stdout + done.stderr:
            problems.append(f"{name}: {done.stderr[-500:]}")
    done = subprocess.run(["iasl", "-p", f"{work}/again", f"{work}/DSDT.dsl"], capture_output=True, text=True)
    if done.returncode or " 0 Errors" not in done.stdout:
        problems.append(done.stdout[-500:])
    return "\n".join(problems)


MACHINES = {
    "GICv2": ["-M", "virt", "-smp", "4"],
    "GICv3 with ITS": ["-M", "virt,gic-version=3", "-smp", "20"],
    "virt-4.1": ["-M", "virt-4.1", "-smp", "2"],
    "names and structures": [
        "-M", "virt,gic-version=3,x-oem-id=APUS,x-oem-table-id=TABLES", "-smp", "4", "-m", "1500", "-uuid", "33db4d5b-1ff7-401c-9657-7441c03dd766",
        "-smbios", "type=0,vendor=V,version=1.2,date=01/02/2020,release=3.4,uefi=on", "-smbios", "type=1,manufacturer=M,serial=S,sku=K,family=F",
        "-smbios", "type=2,asset=A,location=L", "-smbios", "type=3,sku=K", "-smbios", "type=4,sock_pfx=P,max-speed=3000,processor-id=4660",
        "-smbios", "type=11,value=one,value=two", "-smbios", "type=17,loc_pfx=L,bank=B,speed=2666"],
}
MORE = {
    "virt-2.6": ["-M", "virt-2.6", "-smp", "6"], "virt-5.0": ["-M", "virt-5.0", "-smp", "3"],
    "virt-6.1": ["-M", "virt-6.1,gic-version=2"], "no high memory": ["-M", "virt,highmem=off"],
    "ACPI off": ["-M", "virt,acpi=off"], "-no-acpi": ["-M", "virt", "-no-acpi"],
}


def as_firmware_sees(system, peer, full):
    with tempfile.TemporaryDirectory() as work:
        firmware = payload(work)
        if not firmware:
            print("skipped what firmware sees: there is no aarch64-linux-gnu-gcc")
            return
        for name, words in {**MACHINES, **(MORE if full else {})}.items():
            # A PMU's interrupt is not there.
            words = ["-cpu", "max" if not peer else "max,pmu=off", *words]
            found = files(system, firmware, work, [word.replace(",pmu=off", "") for word in words])
            check(f"{name}: tables or none", (LOADER_FILE in found) == (name not in ("ACPI off", "-no-acpi")))
            if LOADER_FILE in found:
                tables = load(found)
                check(f"{name}: tables", "DSDT" in tables and set(tables) <= set(TABLES), " ".join(tables))
                if shutil.which("iasl"):
                    problems = disassembled(tables, work)
                    check(f"{name}: iasl reads them", not problems, problems)
            if peer:
                theirs = files(peer, firmware, work, words)
                for key in (ROOT_FILE, TABLES_FILE, LOADER_FILE, *SMBIOS_FILES):
                    # QEMU fills its tables up with zeros.
                    same = theirs.get(key, b"").rstrip(b"\0") == found.get(key, b"").rstrip(b"\0")
                    check(f"{name}: {key} is the peer's", same)


# A guest.

def press(guest, client, name):
    """The power button reaches a program that listens for it."""
    run(guest, "rm -f /tmp/key; d=$(grep -l 'Power Button' /sys/class/input/event*/device/name | cut -d / -f 5); head -c 48 /dev/input/$d > /tmp/key & sleep 1")
    check(f"{name}: system_powerdown", client.ask("system_powerdown") == {} and client.wait("POWERDOWN", 10) == {})
    text = run(guest, "for i in $(seq 20); do [ -s /tmp/key ] && break; sleep 0.2; done; hexdump -v -e '12/2 \"%u \" \"\\n\"' /tmp/key; grep Ged /proc/interrupts")
    row = next((line.split() for line in text.splitlines() if line[:1].isdigit()), [])
    # EV_KEY, KEY_POWER, pressed.
    check(f"{name}: the button's event", row[8:11] == ["1", "116", "1"], text)


def looks(guest, name, count, messages):
    """What the kernel made of the tables."""
    log = run(guest, "dmesg | grep -iE 'ACPI|psci|GIC|firmware bug|PCI.*windows|MSI|IORT|ITS'")
    wrong = [line for line in log.splitlines() if any(sign in line for sign in ("Error", "Warning", "Exception", "Firmware Bug", "Invalid", "failed"))]
    check(f"{name}: the kernel has nothing against the tables", not wrong and "ACPI: Interpreter enabled" in log, "\n".join(wrong) or log)
    found = run(guest, "ls /sys/firmware/acpi/tables; ls /proc/device-tree 2>&1 | wc -l").split()
    check(f"{name}: all tables are there", set(TABLES) <= set(found), " ".join(found))
    check(f"{name}: all cpus", run(guest, "nproc").split() == [str(count)])
    interrupts = run(guest, "cat /proc/interrupts")
    check(f"{name}: the event device's interrupt", "ACPI:Ged" in interrupts, interrupts)
    check(f"{name}: the serial port's", "uart-pl011" in interrupts, interrupts)
    check(f"{name}: messages of PCI devices", sum(messages in line and "virtio" in line for line in interrupts.splitlines()) >= 2, interrupts)
    check(f"{name}: bridges are the system's to watch", "pcieport" in run(guest, "ls /sys/bus/pci/drivers; ls -l /sys/bus/pci/drivers/pcieport"))
    text = run(guest, "cat /sys/devices/system/cpu/cpu1/topology/core_siblings_list; cat /sys/class/dmi/id/product_name /sys/class/dmi/id/product_version /sys/class/dmi/id/product_serial")
    check(f"{name}: topology and SMBIOS", text.splitlines()[-4:] == [f"0-{count - 1}", "QEMU Virtual Machine", "virt-7.2", "apus-1"], text)


def guest_boots(system, version, messages):
    """Debian's kernel behind AAVMF, which reads it from fw_cfg; a move to another emulator in between."""
    name, kind = f"GICv{version}", board(system)
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/disk", "wb") as disk:
            disk.truncate(4 << 20)
        words = [
            "-M", f"virt,gic-version={version}", "-smp", "4", "-bios", f"{kind.files}/AAVMF_CODE.fd", "-smbios", "type=1,serial=apus-1", "-serial", "stdio",
            "-device", "pcie-root-port,id=one", "-drive", f"file={work}/disk,format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d",
            "-device", "virtio-rng-pci,bus=one"]
        guest = Guest(command(system, *words, "-qmp", f"unix:{work}/one,server=on,wait=off"))
        try:
            guest.expect(kind.prompt, 120)
            client = Client(f"{work}/one")
            looks(guest, name, 4, messages)
            press(guest, client, name)
            client.ask("migrate", uri=f"file:{work}/state")
            for _ in range(200):
                if client.ask("query-migrate").get("status") in ("completed", "failed"):
                    break
                time.sleep(0.1)
            check(f"{name}: it leaves", client.ask("query-migrate")["status"] == "completed")
            client.ask("quit")
            guest.wait(20)
            guest = Guest(command(system, *words, "-incoming", f"file:{work}/state", "-qmp", f"unix:{work}/two,server=on,wait=off"))
            for _ in range(200):
                if os.path.exists(f"{work}/two"):
                    break
                time.sleep(0.05)
            client = Client(f"{work}/two")
            for _ in range(200):
                if client.ask("query-status")["running"]:
                    break
                time.sleep(0.05)
            # The terminal may still become the guest's.
            time.sleep(0.3)
            press(guest, client, f"{name}, moved")
            guest.type("poweroff\n")
            check(f"{name}: the end", guest.wait(60) == 0 and not guest.complaints(), "\n".join(guest.complaints()))
        except (AssertionError, OSError) as error:
            check(f"{name}: a guest boots", False, str(error))
            guest.process.kill()


def tree_instead(system):
    """Without ACPI firmware hands the device tree on, and the power key is at a pin."""
    guest = Guest(command(system, "-M", "virt,acpi=off", "-bios", f"{board(system).files}/AAVMF_CODE.fd"))
    try:
        guest.expect(board(system).prompt, 120)
        text = run(guest, "ls -d /sys/firmware/acpi/tables /sys/firmware/devicetree/base /sys/firmware/efi; grep -ci poweroff /proc/interrupts")
        check("acpi=off: the tree", "acpi/tables: No such" in text and "/sys/firmware/devicetree/base" in text and text.split()[-1] == "1", text)
        guest.type("poweroff\n")
        check("acpi=off: the end", guest.wait(60) == 0)
    except AssertionError as error:
        check("acpi=off", False, str(error))
        guest.process.kill()


def from_disk(system):
    """A kernel that AAVMF finds on a disk boots by ACPI too."""
    files_of = board(system).files
    with tempfile.TemporaryDirectory() as work:
        boot_disk(f"{work}/disk", f"{files_of}/Image")
        guest = Guest([
            system, "-M", "virt,gic-version=3", "-m", "512", "-nographic", "-bios", f"{files_of}/AAVMF_CODE.fd", "-drive",
            f"file={work}/disk,format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d,bootindex=0"])
        try:
            guest.expect("ACPI: Interpreter enabled", 120)
            check("a kernel from a disk", True)
        except AssertionError as error:
            check("a kernel from a disk", False, str(error))
        guest.process.kill()


def refusals(system):
    cases = {
        "type=5": "type=5", "type=1,nope=1": "nope", "vendor=x": "type=NUMBER", "type=0,release=x": "MAJOR.MINOR", "type=1,uuid=x": "550e8400",
        "type=41,kind=x": "ethernet", "file=/nonexistent": "/nonexistent", "file=/dev/null": "one structure", "type=17,speed=70000": "65535",
    }
    for value, expected in cases.items():
        done = subprocess.run([system, "-M", "virt", "-display", "none", "-S", "-smbios", value], capture_output=True, text=True, timeout=20)
        check(f"-smbios {value} is refused", done.returncode == 1 and expected in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    as_firmware_sees(arguments.system, arguments.peer, arguments.full)
    refusals(arguments.system)
    guest_boots(arguments.system, "3", "ITS-MSI")
    if arguments.full:
        guest_boots(arguments.system, "2", "MSI")
        tree_instead(arguments.system)
        from_disk(arguments.system)
    sys.exit(0 if all(results) else 1)


main()
