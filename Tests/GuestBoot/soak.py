#!/usr/bin/env python3
"""Real programs on a Debian root file system on virtio-blk: interpreters, a compiler, cryptography with known answers, stress.

usage: soak.py --system PATH [--minutes N] [--smp N] [--only NAME]...      scripts/make-rootfs makes the file system
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from guest import FILES, Guest, command

PYTHON_TESTS = "test_math test_cmath test_float test_complex test_json test_struct test_decimal test_hashlib test_zlib test_re test_threading test_mmap test_signal"

HELLO = r"""
#include <math.h>
#include <stdio.h>
int main(void) {
    double sum = 0;
    for (int i = 1; i <= 100000; i++) sum += sin(i) / i;
    printf("hello %.9f\n", sum);
    return 0;
}
"""

# (name, lines typed, what the output must hold, seconds)
STEPS = [
    ("python3, its own tests", ["cd /tmp", f"NO_COLOR=1 PYTHONWARNINGS=ignore python3 -m test -q {PYTHON_TESTS}"], ["Result: SUCCESS"], 3000),
    ("python3, threads and big numbers", [
        "python3 -c 'import concurrent.futures as f,math; print(sum(f.ThreadPoolExecutor(4).map(lambda n: math.factorial(n)%1000003, range(500,900))))'"],
     [str(sum(__import__("math").factorial(n) % 1000003 for n in range(500, 900)))], 300),
    ("gcc compiles and its program runs", ["cd /tmp", "gcc -O2 -o hello hello.c -lm", "./hello"], ["hello 1.070805652"], 300),
    ("gcc at every level", ["cd /tmp", "for o in 0 1 2 3 s; do gcc -O$o -o hello$o hello.c -lm && ./hello$o; done | sort | uniq -c"], ["5 hello 1.070805652"], 600),
    ("perl", [r"""perl -MDigest::SHA=sha256_hex -e 'my %h; $h{$_ % 97} .= $_ for 1..200000; print sha256_hex(join ",", map {"$_=$h{$_}"} sort {$a <=> $b} keys %h), "\n"'"""],
     [__import__("hashlib").sha256(",".join(f"{k}={''.join(str(i) for i in range(1, 200001) if i % 97 == k)}" for k in range(97)).encode()).hexdigest()], 300),
    ("openssl, digests with known answers", ["for d in md5 sha1 sha256 sha512 sha3-256 blake2b512; do printf abc | openssl dgst -$d; done"], [
        "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"], 120),
    ("openssl, AES of FIPS 197", [
        "printf '00112233445566778899aabbccddeeff' | perl -ne 'print pack(\"H*\",$_)' | "
        "openssl enc -aes-128-ecb -K 000102030405060708090a0b0c0d0e0f -nopad | od -An -tx1 | tr -d ' '"], ["69c4e0d86a7b0430d8cdb78070b4c55a"], 60),
    ("openssl, signatures", [
        "cd /tmp", "openssl genrsa -out rsa.pem 2048 2>/dev/null", "openssl ecparam -genkey -name prime256v1 -out ec.pem", "openssl genpkey -algorithm ed25519 -out ed.pem",
        "for k in rsa ec; do openssl pkey -in $k.pem -pubout -out $k.pub && openssl dgst -sha256 -sign $k.pem -out $k.sig hello.c && "
        "openssl dgst -sha256 -verify $k.pub -signature $k.sig hello.c; done | uniq -c",
        "openssl pkeyutl -sign -rawin -inkey ed.pem -in hello.c -out ed.sig && openssl pkeyutl -verify -rawin -inkey ed.pem -in hello.c -sigfile ed.sig"],
     ["2 Verified OK", "Signature Verified Successfully"], 300),
    ("openssl speed", ["openssl speed -seconds 1 -evp sha256", "openssl speed -seconds 1 -evp aes-128-gcm", "openssl speed -seconds 1 ecdsap256"], [], 200),
]

COMPLAINTS = re.compile(r"BUG:|WARNING:|Oops|Call Trace|rcu: INFO|stall|soft lockup|hung_task|blocked for more than|Kernel panic|Unable to handle|unhandled signal|I/O error|EXT4-fs error")


class Machine:
    """A booted guest whose shell runs lines."""

    def __init__(self, system, image, cpus):
        self.guest = Guest(command(
            system, "-smp", str(cpus), "-drive", f"file={image},format=raw,if=none,id=root", "-device", "virtio-blk-device,drive=root", "-device",
            "virtio-rng-device", append="apus.root=/dev/vda", memory="1024"))
        self.guest.expect("# ", 120)
        self.run("stty -echo cols 400; bind 'set enable-bracketed-paste off'; PS1='# '; dmesg -n 4", 60)

    def run(self, line, seconds):
        """The status and the output of a shell line."""
        before = self.guest.seen
        self.guest.type(line + "\necho END$((0))=$?=\n")
        self.guest.expect("END0=", seconds)
        end = self.guest.seen
        self.guest.expect("=", 20)
        return int(self.guest.output[end:self.guest.seen - 1]), self.guest.output[before:end].decode(errors="replace").replace("\r", "")


def run_step(machine, lines, wanted, seconds):
    """What went wrong, or nothing."""
    text = ""
    for line in lines:
        status, output = machine.run(line, seconds)
        text += output
        if status != 0:
            return f"status {status} of {line!r}:\n{output[-3000:]}"
    lacking = [answer for answer in wanted if answer not in text]
    return f"no {lacking} in:\n{text[-3000:]}" if lacking else ""


def write_hello(machine):
    machine.run("cat > /tmp/hello.c <<'EOF'\n" + HELLO + "EOF", 30)


def stress(minutes):
    # The timeout of the step leaves room for what stress-ng does after its time is up.
    line = f"stress-ng --verify --cpu 1 --vm 1 --vm-bytes 128M --atomic 1 --futex 1 -t {int(minutes * 60)}s --metrics-brief"
    return f"stress-ng --verify for {minutes:g} minutes", [line], ["successful run completed"], minutes * 60 + 300


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--minutes", type=float, default=10, help="how long stress-ng runs")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], help="only the steps with this in their name")
    arguments = parser.parse_args()
    root = f"{FILES}/rootfs.ext4"
    if not os.path.exists(root):
        sys.exit(f"soak: {root} is missing: scripts/make-rootfs makes it")
    steps = [step for step in [*STEPS, stress(arguments.minutes)] if not arguments.only or any(name in step[0] for name in arguments.only)]
    failures = 0
    with tempfile.TemporaryDirectory(dir=FILES) as work:
        image = f"{work}/root.ext4"
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", root, image], check=True)
        machine = Machine(arguments.system, image, arguments.smp)
        write_hello(machine)
        for name, lines, wanted, seconds in steps:
            start = time.time()
            try:
                wrong = run_step(machine, lines, wanted, seconds)
            except AssertionError as error:
                wrong = str(error)
            print(f"{'FAILED' if wrong else 'ok':8}{name} ({time.time() - start:.0f} s)" + (f": {wrong}" if wrong else ""), flush=True)
            failures += bool(wrong)
            if machine.guest.process.poll() is not None:
                break
        messages = machine.run("dmesg", 60)[1] if machine.guest.process.poll() is None else machine.guest.output.decode(errors="replace")
        complaints = [line for line in messages.splitlines() if COMPLAINTS.search(line)] + machine.guest.complaints()
        print(f"{'FAILED' if complaints else 'ok':8}no complaint of the kernel" + "".join("\n" + line for line in complaints[:20]), flush=True)
        machine.guest.type("exit\n")
        ended = machine.guest.wait(120) == 0
        checked = subprocess.run(["/sbin/e2fsck", "-fn", image], capture_output=True, text=True, check=False)
        print(f"{'ok' if ended and checked.returncode == 0 else 'FAILED':8}power-off, and a clean file system" +
              ("" if checked.returncode == 0 else ":\n" + checked.stdout[-2000:]), flush=True)
        failures += bool(complaints) + (not ended or checked.returncode != 0)
    return 1 if failures else 0


sys.exit(main())
