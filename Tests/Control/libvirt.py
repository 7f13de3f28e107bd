#!/usr/bin/env python3
"""Debian's libvirt and virt-install drive the emulator: what virsh can do is done to a booted guest, and each is judged by what it does there.

usage: libvirt.py --system PATH [--rounds N]
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

from certificates import context
from daemon import Daemon, Failed, missing
from migrate import check, initramfs, results
from guest import Guest, board
from viewer import Refused, Viewer

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY = 512

# A guest agent of a few lines: libvirt asks it whether it is there, and to switch the machine off.
AGENT = r"""
while read -r line; do
    case $line in
        *guest-sync*) id=${line##*\"id\":}; printf '{"return": %s}\n' "${id%%[!0-9]*}" >&3 ;;
        *guest-shutdown*) echo asked; poweroff -f ;;
        *guest-ping*) printf '{"return": {}}\n' >&3 ;;
        *) printf '{"error": {"class": "CommandNotFound", "desc": "no"}}\n' >&3 ;;
    esac
done <&3
"""

# How a machine moves, one after the other.
WAYS = [[], ["--p2p"], ["--p2p", "--tunnelled"], ["--tls"], ["--p2p", "--tls", "--parallel"], ["--p2p", "--postcopy", "--postcopy-after-precopy"],
        ["--tls", "--auto-converge"], ["--p2p", "--tls", "--postcopy", "--postcopy-after-precopy"]]

DOMAIN = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='{arch}' machine='virt'>hvm</type>
    <kernel>{files}/Image</kernel>
    <initrd>{work}/initramfs.gz</initrd>
    <cmdline>console={console} quiet</cmdline>
  </os>
  {cpu}
  <clock offset='utc'/>
  <devices>
    <emulator>{system}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{work}/{name}.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <serial>first</serial>
    </disk>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='pty'/>
    <console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='tablet' bus='virtio'/>
    <input type='keyboard' bus='virtio'/>
    <graphics type='vnc' port='-1' listen='127.0.0.1'/>
    <video><model type='virtio' heads='1'/></video>
    <memballoon model='virtio'><stats period='1'/></memballoon>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""

DISCS = """
    <controller type='scsi' model='virtio-scsi'/>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <target dev='sda' bus='scsi'/>
      <readonly/>
    </disk>
  </devices>
"""

DISK = """
<disk type='file' device='disk'>
  <driver name='qemu' type='{format}'/>
  <source file='{path}'/>
  <target dev='vdb' bus='virtio'/>
  <serial>{serial}</serial>
</disk>
"""


def picture(path):
    """Width and height of a PNG or PPM file."""
    with open(path, "rb") as file:
        start = file.read(64)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", start[16:24])
    found = re.match(rb"P6\s+(\d+)\s+(\d+)\s", start)
    return (int(found[1]), int(found[2])) if found else None


def fields(text):
    """`name=value` or `name value` in lines."""
    return dict(re.split(r"[=\s]+", line.strip(), maxsplit=1) for line in text.splitlines() if re.search(r"\S[=\s]+\S", line.strip()))


class Machine:
    """A domain of a daemon's with its console."""

    def __init__(self, test, daemon, name):
        self.test, self.daemon, self.name = test, daemon, name
        self.console = None

    def __call__(self, verb, *words):
        return self.daemon.virsh(verb, self.name, *words)

    def refuses(self, verb, *words):
        return self.daemon.refuses(verb, self.name, *words)

    def open(self):
        """Begins to read the console."""
        self.close()
        self.console = Guest(["virsh", "-c", self.daemon.uri, "console", "--force", self.name])
        self.console.expect("Escape character", 60)

    def close(self):
        if self.console:
            self.console.process.kill()
            self.console.process.wait()
            os.close(self.console.main)
            self.console = None

    def boot(self):
        self.open()
        self.await_shell()

    def await_shell(self):
        """The guest has started."""
        self.console.expect("'poweroff' ends the machine", 300)
        self.console.expect(board(self.test.system).prompt, 60)

    def run(self, line, seconds=60):
        """What a line prints in the guest, less what the background says."""
        self.console.type(f"echo BEG''IN; {line}; echo E''ND\n")
        self.console.expect("BEGIN", seconds)
        start = self.console.seen
        self.console.expect("END", seconds)
        text = self.console.output[start:self.console.seen - 3].decode(errors="replace").replace("\r", "")
        return "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("tick"))

    def await_run(self, line, wanted, seconds=60):
        """Asks again until the guest's answer is the wanted one; gives the last."""
        deadline = time.time() + seconds
        while True:
            answer = self.run(line)
            if answer == wanted or time.time() > deadline:
                return answer
            time.sleep(0.5)

    def begin_ticking(self):
        """A program in the guest that counts, once a second, and says so."""
        self.console.type("tick() { while :; do ticks=$((ticks+1)); echo tick $ticks.; sleep 1; done; }; ticks=0; tick &\n")
        self.tick()

    def tick(self, seconds=60):
        """The number that comes next."""
        self.console.expect("tick ", seconds)
        start = self.console.seen
        self.console.expect(".", seconds)
        text = self.console.output[start:self.console.seen - 1]
        return int(text) if text.isdigit() else self.tick(seconds)

    def is_silent(self, seconds):
        """Whether nothing comes for so long, after what was under way."""
        self.console.read(time.time() + 0.5)
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.console.read(deadline):
                return False
        return True


class Test:
    def __init__(self, arguments, work):
        self.system, self.work, self.rounds = os.path.abspath(arguments.system), work, arguments.rounds
        self.arch = os.path.basename(self.system).rsplit("-", 1)[-1]
        self.kind = board(self.system)

    def domain(self, name):
        """A domain's description; its disk stands on another image."""
        base, disk = f"{self.work}/base.qcow2", f"{self.work}/{name}.qcow2"
        if not os.path.exists(base):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "64M"], check=True)
        if not os.path.exists(disk):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", disk], check=True)
        cpu = "<features><gic version='3'/></features><cpu mode='custom' match='exact'><model>cortex-a76</model></cpu>" if self.arch == "aarch64" else ""
        return self.file(f"{name}.xml", DOMAIN.format(
            name=name, memory=MEMORY, arch=self.arch, files=self.kind.files, work=self.work, console=self.kind.console, system=self.system, cpu=cpu))

    def file(self, name, text):
        path = f"{self.work}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def image(self, name, megabytes, image_format="qcow2"):
        path = f"{self.work}/{name}"
        subprocess.run(["qemu-img", "create", "-q", "-f", image_format, path, f"{megabytes}M"], check=True)
        return path

    # What is asked before there is a machine.

    def capabilities(self, daemon):
        daemon.virsh("list")
        start = time.time()
        text = daemon.virsh("domcapabilities", "--emulatorbin", self.system, "--arch", self.arch, "--machine", "virt")
        took = time.time() - start
        wanted = ["<vcpu max=", "<value>pflash</value>", "<value>virtio</value>", "<value>scsi</value>", "<value>vnc</value>", "<rng supported='yes'>",
                  "<backingStoreInput supported='yes'/>", "<value>memfd</value>", "<value>unix</value>"]
        wanted += ["<model usable='unknown' vendor='unknown'>cortex-a76</model>", "<value>3</value>"] if self.arch == "aarch64" else []
        lacking = [word for word in wanted if word not in text]
        check("domcapabilities", not lacking, f"{took:.1f} s for all that there is to ask" if not lacking else lacking)
        check("the probe is quick", took < 20, f"{took:.1f} s")

    # One after the other; the machine runs before and afterwards.

    def started(self, daemon):
        daemon.virsh("define", self.domain("apus"))
        machine = Machine(self, daemon, "apus")
        check("define", "apus" in daemon.virsh("list", "--all", "--name") and machine("domstate") == "shut off")
        text = machine("dumpxml")
        check("devices are on PCI Express", "model='pcie-root'" in text and "model='pcie-root-port'" in text and "virtio-mmio" not in text)
        machine("start")
        machine.boot()
        check("start and console", machine("domstate") == "running", machine.run("uname -m"))
        machine.begin_ticking()
        return machine

    def suspended(self, machine):
        machine("suspend")
        # What was under way on the console comes first.
        check("suspend", machine("domstate", "--reason") == "paused (user)" and machine.is_silent(4))
        last = [int(number) for number in re.findall(rb"tick (\d+)\.", machine.console.output)][-1]
        machine("resume")
        machine.console.seen = len(machine.console.output)
        check("resume", machine("domstate") == "running" and machine.tick() == last + 1)

    def questions(self, machine):
        disks = machine("domblklist", "--details").split()
        check("domblklist", disks == ["file", "disk", "vda", f"{self.work}/apus.qcow2"], disks)
        size = fields(machine("domblkinfo", "vda").replace(":", " "))
        check("domblkinfo", int(size.get("Capacity", 0)) == 64 << 20, size)
        machine.run("dd if=/dev/zero of=/dev/vda bs=64k count=32 conv=fsync 2>/dev/null")
        counts = fields(machine("domblkstat", "vda").replace("vda ", ""))
        check("domblkstat", int(counts["wr_bytes"]) >= 2 << 20 and int(counts["flush_operations"]) > 0, counts)
        stats = fields(machine("domstats"))
        wanted = ["state.state", "cpu.time", "balloon.current", "balloon.available", "vcpu.current", "vcpu.0.time", "vcpu.1.state", "net.count", "block.count",
                  "block.0.backingIndex", "block.0.rd.reqs", "block.0.wr.bytes", "block.0.fl.times", "block.0.allocation", "block.0.capacity",
                  "block.0.physical"]
        lacking = [name for name in wanted if name not in stats]
        good = not lacking and stats["block.0.capacity"] == str(64 << 20) and int(stats["block.0.wr.bytes"]) >= 2 << 20 and int(stats["vcpu.0.time"]) > 0
        check("domstats", good, f"{len(stats)} figures" if good else lacking or stats)
        cpus = machine("vcpucount", "--live", "--current"), machine("vcpuinfo").count("running")
        check("vcpucount and vcpuinfo", cpus == ("2", 2), cpus)
        cards = machine("domiflist").split()
        check("domiflist", "user" in cards and "virtio" in cards, cards)
        answer = json.loads(machine("qemu-monitor-command", '{"execute":"query-version"}'))
        check("qemu-monitor-command", answer["return"]["package"].startswith("Apus"), answer)
        check("qemu-monitor-command --hmp", machine("qemu-monitor-command", "--hmp", "info status") == "VM status: running")

    def memory(self, machine):
        total = "sed -n 's/^MemTotal: *//p' /proc/meminfo"
        before = int(machine.run(total).split()[0])
        machine("setmem", f"{MEMORY - 128}M", "--live")
        wanted = (MEMORY - 128) << 10
        deadline = time.time() + 60
        while time.time() < deadline and int(fields(machine("dommemstat")).get("actual", 0)) != wanted:
            time.sleep(0.5)
        told = fields(machine("dommemstat"))
        after = int(machine.run(total).split()[0])
        check("setmem takes memory from the guest", int(told["actual"]) == wanted and before - after == 128 << 10, f"{before} KiB, then {after} KiB")
        machine("setmem", f"{MEMORY}M", "--live")
        answer = machine.await_run(total, f"{before} kB")
        check("setmem gives it back", answer == f"{before} kB", answer)
        deadline = time.time() + 60
        while time.time() < deadline and "unused" not in fields(machine("dommemstat")):
            time.sleep(0.5)
        told = fields(machine("dommemstat"))
        figures = ["swap_in", "major_fault", "unused", "available", "usable", "last_update", "disk_caches"]
        check("dommemstat tells what the guest says", all(name in told for name in figures), told)
        # QEMU 7.2 has no such thing for these boards either.
        refused = machine.refuses("setvcpus", "1", "--live") or ""
        check("setvcpus is refused as QEMU's boards refuse it", "hotpluggable vcpus" in refused, refused)

    def plugged(self, machine):
        """A disk and a card come and go, the disk several times: nothing may keep its file."""
        path = self.image("second.qcow2", 32)
        disk = self.file("disk.xml", DISK.format(format="qcow2", path=path, serial="second"))
        # Debian's kernel for riscv64 knows no slots: it looks again when it is told to, and lets go when it is told to.
        looks, leaves = ("echo 1 > /sys/bus/pci/rescan; ", "echo 1 > /sys/bus/pci/devices/{}/remove") if self.arch == "riscv64" else ("", "true")
        machine.run("disk() { for d in /sys/block/vd*; do [ \"$(cat $d/serial)\" = second ] && echo ${d##*/}; done; }")
        look = looks + "[ -b /dev/$(disk) ] && cat /sys/block/$(disk)/size"
        for number in range(3):
            machine("attach-device", disk)
            answer = machine.await_run(look, "65536")
            check(f"attach-device {number + 1}: the guest sees the disk", answer == "65536" and path in machine("domblklist"), answer)
            wrote = machine.run("d=/dev/$(disk); head -c 4096 /dev/urandom > /tmp/new; cat /tmp/new > $d; sync; echo 3 > /proc/sys/vm/drop_caches; "
                                "head -c 4096 $d | cmp - /tmp/new && echo same")
            check(f"attach-device {number + 1}: the guest writes and reads it", wrote == "same", wrote)
            machine.run(leaves.format("$(basename $(readlink -f /sys/block/$(disk)/device/..))"))
            machine("detach-device", disk)
            answer = machine.await_run("disk", "")
            check(f"detach-device {number + 1}: it is gone", answer == "" and self.forgets(machine, "domblklist", path), answer)
        done = subprocess.run(["qemu-img", "check", "-q", path], capture_output=True, text=True, check=False)
        check("its image is sound and free", done.returncode == 0, done.stdout + done.stderr)
        cards = looks + "ls /sys/class/net | grep -c eth"
        machine("attach-device", self.file("card.xml", "<interface type='user'><mac address='52:54:00:11:22:33'/><model type='virtio'/></interface>"))
        answer = machine.await_run(cards, "2")
        check("attach-device: the guest sees the card", answer == "2", answer)
        machine.run(leaves.format("$(basename $(readlink -f /sys/class/net/eth1/device/..))"))
        machine("detach-interface", "user", "--mac", "52:54:00:11:22:33")
        answer = machine.await_run("ls /sys/class/net | grep -c eth", "1")
        check("detach-interface: it is gone", answer == "1" and self.forgets(machine, "domiflist", "52:54:00:11:22:33"), answer)

    def forgets(self, machine, verb, name, seconds=60):
        """Whether a list of libvirt's has a device no more: it hears of it after the guest has let go."""
        deadline = time.time() + seconds
        while name in machine(verb):
            if time.time() > deadline:
                return False
            time.sleep(0.5)
        return True

    def seen(self, machine):
        place = f"{self.work}/screen"
        said = machine("screenshot", place)
        size = picture(place)
        check("screenshot", size == (1280, 800), f"{size}, {said}")
        address = ("127.0.0.1", 5900 + int(machine("vncdisplay").split(":")[-1]))
        viewer = Viewer(address, tls=context(f"{machine.daemon.folder}/etc/pki"))
        check("a viewer by TLS", (viewer.width, viewer.height) == (1280, 800), viewer.name)
        try:
            Viewer(address)
            check("a viewer without is turned away", False)
        except Refused as error:
            check("a viewer without is turned away", True, error)

    def kept(self, machine):
        """In a file, and in libvirt's own."""
        before = machine.tick()
        machine("save", f"{self.work}/saved")
        check("save", machine("domstate") == "shut off")
        machine.daemon.virsh("restore", f"{self.work}/saved")
        machine.open()
        after = machine.tick()
        check("restore: the guest goes on", before < after < before + 30 and machine("domstate") == "running", f"{before}, then {after}")
        before = machine.tick()
        machine("managedsave")
        check("managedsave", machine("domstate") == "shut off" and "apus" in machine.daemon.virsh("list", "--all", "--with-managed-save", "--name"))
        machine("start")
        machine.open()
        after = machine.tick()
        check("start goes on from there", before < after < before + 30, f"{before}, then {after}")

    def snapshots(self, machine):
        machine.run("echo before > /tmp/word")
        machine("snapshot-create-as", "first")
        before = machine.tick()
        machine.run("echo after > /tmp/word")
        machine("snapshot-create")
        listed = machine("snapshot-list", "--name").split()
        check("snapshot-create", len(listed) == 2 and "first" in listed, listed)
        machine.daemon.virsh("snapshot-revert", "apus", "first")
        machine.open()
        after = machine.tick()
        word = machine.run("cat /tmp/word")
        check("snapshot-revert", word == "before" and abs(after - before) < 30, f"{word}, {before}, then {after}")
        for snapshot in listed:
            machine("snapshot-delete", snapshot)
        told = subprocess.run(["qemu-img", "info", "-U", f"{self.work}/apus.qcow2"], capture_output=True, text=True, check=False).stdout
        good = machine("snapshot-list", "--name") == "" and "qcow2" in told and "Snapshot list" not in told
        check("snapshot-delete", good, "" if good else told)

    def disks(self, machine):
        """Images change below the running guest, which goes on reading what it has written."""
        def source():
            return machine("domblklist").split()[-1]

        def checksum():
            return machine.run("echo 3 > /proc/sys/vm/drop_caches; md5sum < /dev/vda | cut -c1-32", 120)

        machine("blkdeviotune", "vda", "--total-bytes-sec", str(4 << 20), "--read-iops-sec", "100")
        told = fields(machine("blkdeviotune", "vda").replace(":", " "))
        start = time.time()
        machine.run("dd if=/dev/vda of=/dev/null bs=1M count=12 iflag=direct 2>/dev/null")
        check("blkdeviotune", told["total_bytes_sec"] == str(4 << 20) and told["read_iops_sec"] == "100" and time.time() - start > 2, (told, time.time() - start))
        machine("blkdeviotune", "vda", "--total-bytes-sec", "0", "--read-iops-sec", "0")
        machine("domblkthreshold", "vda", "1048576")
        machine("blockresize", "vda", "96M")
        size = machine.await_run("cat /sys/block/vda/size", str(96 << 11))
        check("blockresize", size == str(96 << 11), size)
        first = source()
        machine.run("dd if=/dev/urandom of=/dev/vda bs=1M count=8 conv=fsync 2>/dev/null")
        machine("snapshot-create-as", "outside", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={self.work}/outside.qcow2")
        machine.run("dd if=/dev/urandom of=/dev/vda bs=1M seek=4 count=8 conv=fsync 2>/dev/null")
        wanted = checksum()
        check("snapshot-create --disk-only", source() == f"{self.work}/outside.qcow2", source())
        machine("blockcommit", "vda", "--shallow", "--active", "--pivot", "--wait")
        check("blockcommit --active --pivot", source() == first and checksum() == wanted, source())
        machine("snapshot-create-as", "again", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={self.work}/again.qcow2")
        machine("blockpull", "vda", "--wait")
        text = machine("dumpxml")
        check("blockpull", source() == f"{self.work}/again.qcow2" and "<backingStore/>" in text and checksum() == wanted, source())
        machine("blockcopy", "vda", f"{self.work}/copied.qcow2", "--transient-job", "--wait", "--pivot", "--format", "qcow2")
        check("blockcopy --pivot", source() == f"{self.work}/copied.qcow2" and checksum() == wanted, source())
        machine("blockcopy", "vda", first, "--transient-job", "--wait", "--pivot", "--format", "qcow2", "--reuse-external")
        check("blockcopy back", source() == first and checksum() == wanted, source())

    def ended(self, machine):
        machine("reset")
        machine.await_shell()
        answer = machine.run("echo counted=${ticks:-nothing}")
        check("reset: the guest starts anew", answer == "counted=nothing" and machine("domstate") == "running", answer)
        machine.run(f"cat > /tmp/agent <<'EOF'\n{AGENT}\nEOF\n"
                    "for p in /sys/class/virtio-ports/*; do grep -q guest_agent $p/name && port=/dev/${p##*/}; done; (exec 3<>$port; . /tmp/agent) & :")
        deadline = time.time() + 60
        while time.time() < deadline and "state='connected'" not in machine("dumpxml"):
            time.sleep(0.5)
        machine("shutdown", "--mode", "agent")
        check("shutdown", machine.daemon.wait("apus", "shut off"), machine("domstate"))
        machine("start")
        machine.boot()
        machine("destroy")
        check("destroy", machine("domstate") == "shut off")
        machine.close()
        machine("undefine")
        check("undefine", "apus" not in machine.daemon.virsh("list", "--all", "--name").split())

    def moved(self, source, target):
        """Live, from daemon to daemon, while the guest rewrites memory."""
        source.virsh("define", self.domain("moving"))
        machine = Machine(self, source, "moving")
        machine("start")
        machine.boot()
        machine.console.type("/test/memory 16 /dev/vda &\n")
        self.works(machine)
        for number in range(self.rounds):
            way = WAYS[number % len(WAYS)]
            place = [] if "--tunnelled" in way else ["--migrateuri", "tcp://127.0.0.1"]
            # libvirt does not know that both see the same files.
            machine("migrate", "--live", "--unsafe", "--persistent", "--undefinesource", *way, target.uri, *place)
            check(f"migrate {' '.join(way)}", "moving" not in source.virsh("list", "--all", "--name") and target.state("moving") == "running")
            machine.close()
            machine = Machine(self, target, "moving")
            machine.open()
            self.works(machine)
            source, target = target, source
        check("the guest works on after all moves", b"DAMAGED" not in machine.console.output)
        machine("destroy")
        machine.close()

    @staticmethod
    def works(machine):
        for _ in range(2):
            machine.console.expect("<", 60)
            machine.console.expect(">", 60)
        if b"DAMAGED" in machine.console.output:
            raise AssertionError("the guest says: " + machine.console.output[-500:].decode(errors="replace"))

    def discs(self, daemon):
        """Discs in a drive that is empty at first, and SCSI disks that come and go."""
        text = open(self.domain("discs"), encoding="utf-8").read().replace("  </devices>\n", DISCS)
        daemon.virsh("define", self.file("discs.xml", text))
        machine = Machine(self, daemon, "discs")
        machine("start")
        machine.boot()
        for name in ("one", "two"):
            with open(f"{self.work}/{name}.iso", "wb") as disc:
                disc.write(name.encode() * 2048 * 16)
        read = "head -c 3 /dev/sr0 2>/dev/null"
        check("an empty drive", machine.run(f"ls /dev/sr0; {read}") == "/dev/sr0", machine.run(read))
        for way, name in (("--insert", "one"), ("--update", "two")):
            machine("change-media", "sda", f"{self.work}/{name}.iso", way)
            answer = machine.await_run(read, name)
            check(f"change-media {way}", answer == name and machine("domblklist").split()[-1].endswith(f"/{name}.iso"), answer)
        machine.run("exec 5</dev/sr0")
        refused = machine.refuses("change-media", "sda", "--eject") or ""
        check("change-media: the guest keeps its tray locked", "locked" in refused or "tray" in refused, refused)
        machine("change-media", "sda", "--eject", "--force")
        check("change-media --eject --force", "-" in machine("domblklist").split() and machine.run(f"exec 5<&-; {read}") == "")
        path = self.image("scsi.raw", 16, "raw")
        for number in range(2):
            machine("attach-disk", path, "sdb", "--targetbus", "scsi", "--subdriver", "raw")
            answer = machine.await_run("cat /sys/block/sda/size", "32768")
            check(f"attach-disk on SCSI {number + 1}", answer == "32768", answer)
            machine("detach-disk", "sdb")
            answer = machine.await_run("ls /sys/block | grep -c sda", "0")
            check(f"detach-disk {number + 1}", answer == "0" and self.forgets(machine, "domblklist", path), answer)
        machine("destroy")
        machine.close()

    def imported(self, daemon):
        """virt-install with a disk that is there, as its manual page has it; what the disk boots is given beside it."""
        disk = self.image("imported.qcow2", 64)
        kernel = f"kernel={self.kind.files}/Image,initrd={self.work}/initramfs.gz,kernel_args=console={self.kind.console} quiet"
        words = ["virt-install", "--connect", daemon.uri, "--name", "imported", "--import", "--memory", str(MEMORY), "--vcpus", "2", "--disk", disk, "--osinfo",
                 "debian11", "--virt-type", "qemu", "--arch", self.arch, "--machine", "virt", "--network", "user", "--boot", kernel,
                 "--controller", "usb,model=none", "--input", "tablet,bus=virtio", "--input", "keyboard,bus=virtio", "--graphics", "vnc", "--noautoconsole"]
        # libvirt wants firmware with ACPI, and the kernel is started without.
        words += ["--features", "acpi=off"] if self.arch == "aarch64" else []
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        good = done.returncode == 0
        check("virt-install --import", good, "" if good else done.stdout + done.stderr)
        if not good:
            return
        machine = Machine(self, daemon, "imported")
        machine.boot()
        check("it has found the emulator", f"<emulator>{self.system}</emulator>" in machine("dumpxml"))
        answer = machine.run("cat /sys/block/vda/size")
        check("what it has made boots", answer == str(64 << 11), answer)
        machine("destroy")
        machine.close()


def run(test):
    first, second = (Daemon(test.work, name, os.path.dirname(test.system)) for name in ("one", "two"))
    test.capabilities(first)
    machine = test.started(first)
    for step in (test.suspended, test.questions, test.memory, test.plugged, test.seen, test.kept, test.snapshots, test.disks, test.ended):
        step(machine)
    test.moved(first, second)
    test.imported(first)
    test.discs(first)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--rounds", type=int, default=len(WAYS), help="moves between the daemons")
    arguments = parser.parse_args()
    if missing():
        sys.exit(f"libvirt: {', '.join(missing())} missing: scripts/setup libvirt installs it")
    kind = board(arguments.system)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(kind.files)) as work:
        initramfs(kind, work)
        test = Test(arguments, work)
        try:
            run(test)
        except (AssertionError, Failed, Refused, OSError, KeyError, IndexError, ValueError, subprocess.SubprocessError) as error:
            check("the conversation", False, f"{type(error).__name__}: {error}")
            for daemon in Daemon.all:
                for name in ("apus", "moving", "imported", "discs"):
                    if daemon.log(name):
                        print(f"        {daemon.name}, {name}: {daemon.log(name)}", flush=True)
        for daemon in Daemon.all:
            daemon.end()
    bad = results.count(False)
    print(f"{len(results)} checks, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
