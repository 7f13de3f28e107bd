#!/usr/bin/env python3
"""A guest on a user network: DHCP, ping, names, files in both directions with checksums, forwarded ports.

usage: network.py --system PATH [--full] [--peer PATH]
"""
import argparse
import hashlib
import os
import random
import socket
import sys
import tempfile
import time

import servers
from guest import Guest, board, command, initramfs_with

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 20 << 20
FORWARDS = "hostfwd=tcp:127.0.0.1:7001-:80,hostfwd=udp::7002-:7,guestfwd=tcp:10.0.2.100:8080-tcp:127.0.0.1:8000,guestfwd=tcp:10.0.2.101:7-cmd:cat"
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail else ""), flush=True)
    results.append(bool(condition))


class Shell:
    """A booted guest whose shell runs lines."""

    def __init__(self, system, work, *more):
        words = command(system, *more, append="quiet")
        words[words.index("-initrd") + 1] = f"{work}/initramfs.gz"
        self.guest = Guest(words)
        self.guest.expect(board(system).prompt, 300)

    def run(self, line, seconds=60):
        """Output of a line; its status must be 0."""
        self.guest.type(line + "; echo EN''D=$?=\n")
        self.guest.expect("\n", 20)
        before = self.guest.seen
        self.guest.expect("END=", seconds)
        output = self.guest.output[before:self.guest.seen - 4].decode(errors="replace").replace("\r", "")
        place = self.guest.seen
        self.guest.expect("=", 20)
        status = int(self.guest.output[place:self.guest.seen - 1])
        if status != 0:
            raise AssertionError(f"status {status} of {line!r}:\n{output}")
        return output

    def monitor(self, line):
        self.guest.type("\x01c\n" + line + "\n")
        self.guest.expect(line.split()[-1], 20)
        before = self.guest.seen
        self.guest.expect("(qemu)", 20)
        self.guest.type("\x01c\n")
        return self.guest.output[before:self.guest.seen].decode(errors="replace")

    def end(self):
        self.guest.type("poweroff\n")
        return self.guest.wait(60) == 0 and not self.guest.complaints()


def over_tcp(port, words):
    """What a TCP port of the host answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(words)
        answer = b""
        while data := line.recv(65536):
            answer += data
    return answer


def over_udp(port, words):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(20)
        line.sendto(words, ("127.0.0.1", port))
        return line.recv(65536)


def steps(shell, digest, tftp):
    """Name and function of each step; a function gives whether all is well."""
    def uploads():
        return f"{digest} {SIZE}" in shell.run("nc 10.0.2.2 8001 < /tmp/data", 120)

    def serves_pages():
        shell.run("mkdir -p /tmp/www; echo from the guest > /tmp/www/page; httpd -p 80 -h /tmp/www")
        return b"from the guest" in over_tcp(7001, b"GET /page HTTP/1.0\r\n\r\n")

    def serves_datagrams():
        shell.run("/test/datagrams serve 7 & sleep 1")
        return over_udp(7002, b"stressed") == b"desserts" and over_udp(7002, b"x" * 4000) == b"x" * 4000

    return [
        ("DHCP lease", lambda: "inet 10.0.2.15/24" in shell.run("ip addr show eth0") and "nameserver 10.0.2.3" in shell.run("cat /etc/resolv.conf")),
        ("ping of the gateway", lambda: "3 packets received" in shell.run("ping -c 3 -i 0.2 10.0.2.2")),
        ("ping over IPv6", lambda: "2 packets received" in shell.run("for i in 1 2 3 4 5 6 7 8 9; do ping6 -c 2 -i 0.2 fec0::2 && break; sleep 1; done")),
        ("names", lambda: "Address: 10.0.2.2" in shell.run(f"nslookup -type=a {servers.NAME}").split("Name:")[-1]),
        ("a name that is not there", lambda: "NXDOMAIN" in shell.run("nslookup -type=a absent.apus.test; true")),
        ("download of 20 MiB", lambda: digest in shell.run(f"wget -q -O /tmp/data http://{servers.NAME}:8000/ && sha256sum /tmp/data", 120)),
        ("upload of 20 MiB", uploads),
        ("datagrams to the host", lambda: "desserts" in shell.run("/test/datagrams ask 10.0.2.2 8002 stressed")),
        ("hostfwd over TCP", serves_pages),
        ("hostfwd over UDP", serves_datagrams),
        ("guestfwd to a server", lambda: digest in shell.run("wget -q -O - http://10.0.2.100:8080/ | sha256sum", 120)),
        ("guestfwd to a command", lambda: "round" in shell.run("echo round | nc 10.0.2.101 7")),
        ("TFTP", lambda: hashlib.sha256(tftp).hexdigest() in shell.run("tftp -g -l /tmp/t -r file 10.0.2.2 && sha256sum /tmp/t", 60)),
        ("info network", lambda: "macaddr=52:54:00:12:34:56" in shell.monitor("info network")),
        ("info usernet", lambda: "TCP[HOST_FORWARD]" in shell.monitor("info usernet")),
    ]


def user_network(system, work, digest, tftp, title, *more):
    """One boot and all steps."""
    try:
        shell = Shell(system, work, *more)
    except AssertionError as error:
        return check(f"{title}: boot", False, str(error))
    for name, step in steps(shell, digest, tftp):
        start = time.time()
        try:
            good, detail = step(), f"{time.time() - start:.1f} s"
        except (AssertionError, OSError) as error:
            good, detail = False, str(error)
        check(f"{title}: {name}", good, detail)
        if not good:  # the shell may hang in it
            return shell.guest.process.kill()
    try:
        check(f"{title}: power-off without complaints", shell.end())
    except AssertionError as error:
        check(f"{title}: power-off", False, str(error))


def two_guests(system, work, digest, title, first, second):
    """Two machines on a wire: one serves a file, the other takes it."""
    try:
        pair = [Shell(system, work, "-netdev", f"socket,id=n,{wire}", "-device", f"virtio-net-device,netdev=n,mac=52:54:00:12:34:{number}", *more)
                for number, (wire, more) in enumerate([(first, ["-netdev", "user,id=u", "-device", "virtio-net-device,netdev=u"]), (second, [])], 60)]
        for number, shell in enumerate(pair, 1):
            shell.run(f"ip addr flush dev eth0; ip addr add 192.168.7.{number}/24 dev eth0; ip link set eth0 up")
        pair[0].run("ip link set eth1 up; udhcpc -q -n -i eth1 -s /etc/udhcpc.script >/dev/null && wget -q -O /tmp/data http://10.0.2.2:8000/", 120)
        pair[0].run("httpd -p 80 -h /tmp")
        good = digest in pair[1].run("wget -q -O - http://192.168.7.1/data | sha256sum", 120)
        check(title, good and all(shell.end() for shell in pair))
    except AssertionError as error:
        check(title, False, str(error))


def speed(system, work, rounds=3):
    """MB/s of downloads to and uploads from a guest's memory, the best of some rounds."""
    shell = Shell(system, work, "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n")
    rates = {}
    for name, line in {"download": "wget -q -O /dev/null http://10.0.2.2:8000/", "upload": "nc 10.0.2.2 8001 < /tmp/data"}.items():
        shell.run("[ -s /tmp/data ] || wget -q -O /tmp/data http://10.0.2.2:8000/", 200)
        times = []
        for _ in range(rounds):
            start = time.time()
            shell.run(line, 200)
            times.append(time.time() - start)
        rates[name] = SIZE / min(times) / 1e6
    shell.end()
    return rates


def compare(system, peer, work):
    ours, theirs = speed(system, work), speed(peer, work)
    for name, rate in ours.items():
        print(f"{name}: {rate:.1f} MB/s, peer {theirs[name]:.1f} MB/s, ratio {rate / theirs[name]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--full", action="store_true", help="legacy transport, fewer features, a hub and pairs of machines too")
    parser.add_argument("--peer", help="only compare the speed with that of another emulator")
    arguments = parser.parse_args()
    servers.enter_namespace()
    content, tftp = random.Random(1).randbytes(SIZE), random.Random(2).randbytes(100_000)
    digest = hashlib.sha256(content).hexdigest()
    servers.start_all(content)
    with tempfile.TemporaryDirectory() as work:
        initramfs_with(board(arguments.system), work, f"{HERE}/datagrams.c")
        if arguments.peer:
            return compare(arguments.system, arguments.peer, work)
        os.mkdir(f"{work}/tftp")
        with open(f"{work}/tftp/file", "wb") as file:
            file.write(tftp)
        options = f"{FORWARDS},tftp={work}/tftp"
        card = ["-netdev", f"user,id=n,{options}", "-device", "virtio-net-device,netdev=n"]
        user_network(arguments.system, work, digest, tftp, "modern", *card)
        if arguments.full:
            legacy = ["-global", "virtio-mmio.force-legacy=on"]
            user_network(arguments.system, work, digest, tftp, "legacy", *legacy, *card)
            user_network(arguments.system, work, digest, tftp, "legacy, short headers", *legacy, *card[:3], card[3] + ",mrg_rxbuf=off,csum=off,guest_csum=off")
            user_network(arguments.system, work, digest, tftp, "-nic, four harts", "-smp", "4", "-nic", f"user,model=virtio-net-device,{options}")
            user_network(arguments.system, work, digest, tftp, "hub", "-net", "nic,model=virtio-net-device", "-net", f"user,{options}")
            two_guests(arguments.system, work, digest, "two machines over TCP", "listen=127.0.0.1:7100", "connect=127.0.0.1:7100")
            two_guests(arguments.system, work, digest, "two machines over UDP", "udp=127.0.0.1:7102,localaddr=127.0.0.1:7101", "udp=127.0.0.1:7101,localaddr=127.0.0.1:7102")
    return 0 if all(results) else 1


sys.exit(main())
