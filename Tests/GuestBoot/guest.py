"""A guest on a pseudo-terminal: what the boot tests share."""
import gzip
import hashlib
import os
import pty
import random
import select
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = os.path.join(ROOT, "build", "guests", "riscv64")


class Board:
    """What differs from one guest to the next: its fetched files, its console and what its shell asks with."""

    def __init__(self, folder, console, prompt, compiler, firmware=None):
        self.files = os.path.join(ROOT, "build", "guests", folder)
        self.console, self.prompt, self.compiler = console, prompt, compiler
        self.firmware = ["-bios", f"{self.files}/{firmware}"] if firmware else []


BOARDS = {
    "riscv64": Board("riscv64", "ttyS0", "~ # ", "riscv64-linux-gnu-gcc", "fw_dynamic.bin"),
    "aarch64": Board("arm64", "ttyAMA0", "/ # ", "aarch64-linux-gnu-gcc"),
    "arm": Board("armhf", "ttyAMA0", "/ # ", "arm-linux-gnueabihf-gcc"),
}


def board(system):
    """The board of an emulator by its name, qemu-system-GUEST."""
    return BOARDS[os.path.basename(system).rsplit("-", 1)[-1]]


def command(system, *more, append="", memory="512"):
    """The command line of a boot of the fetched kernel."""
    kind = board(system)
    return [
        system, "-M", "virt", "-m", memory, "-nographic", *kind.firmware, "-kernel", f"{kind.files}/Image",
        "-initrd", f"{kind.files}/initramfs.cpio.gz", "-append", f"console={kind.console} {append}", *more,
    ]


class Guest:
    """A running emulator whose console is read and typed on."""

    def __init__(self, words, **options):
        self.main, terminal = pty.openpty()
        self.start = time.time()
        self.process = subprocess.Popen(words, stdin=terminal, stdout=terminal, stderr=terminal, **options)
        os.close(terminal)
        self.output = b""
        self.seen = 0

    def expect(self, text, seconds):
        """Waits until the text comes behind what was expected before."""
        wanted = text.encode()
        deadline = time.time() + seconds
        while True:
            place = self.output.find(wanted, self.seen)
            if place >= 0:
                self.seen = place + len(wanted)
                return
            if not self.read(deadline):
                tail = self.output[-3000:].decode(errors="replace")
                raise AssertionError(f"no {text!r} within {seconds} s; the console ends with:\n{tail}")

    def read(self, deadline):
        left = deadline - time.time()
        if left <= 0 or not select.select([self.main], [], [], left)[0]:
            return False
        try:
            data = os.read(self.main, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def type(self, text):
        os.write(self.main, text.encode())

    def wait(self, seconds):
        """The exit status."""
        deadline = time.time() + seconds
        while self.process.poll() is None and time.time() < deadline:
            self.read(time.time() + 0.1)
        if self.process.poll() is None:
            self.process.kill()
            raise AssertionError("the emulator did not end; the console ends with:\n" + self.output[-3000:].decode(errors="replace"))
        # Its last words may not have been read yet.
        self.read(time.time() + 0.3)
        return self.process.returncode

    def complaints(self):
        """Lines in which the kernel complains."""
        text = self.output.decode(errors="replace")
        signs = ("BUG:", "WARNING:", "Oops", "Call Trace", "rcu: INFO", "soft lockup", "Kernel panic", "Unable to handle")
        return [line for line in text.splitlines() if any(sign in line for sign in signs)]


def run(guest, line, seconds=60):
    """What a line prints in the guest's shell."""
    guest.type(f"echo BEG''IN; {line}; echo E''ND\n")
    guest.expect("BEGIN", 20)
    start = guest.seen
    guest.expect("END", seconds)
    return guest.output[start:guest.seen - 3].decode(errors="replace").replace("\r", "")


def random_image(path, size, seed):
    """A disk of random bytes; their checksum."""
    data = random.Random(seed).randbytes(size)
    with open(path, "wb") as file:
        file.write(data)
    return hashlib.sha256(data).hexdigest()


def initramfs_with(kind, work, source):
    """The guest's fetched initramfs with a program in C behind it, /test/NAME; its path."""
    name = os.path.splitext(os.path.basename(source))[0]
    os.makedirs(f"{work}/root/test")
    subprocess.run([kind.compiler, "-O2", "-static", "-Wall", "-Werror", "-o", f"{work}/root/test/{name}", source], check=True)
    archive = subprocess.run("find test | cpio --quiet -o -H newc", shell=True, cwd=f"{work}/root", capture_output=True, check=True).stdout
    path = f"{work}/initramfs.gz"
    with open(f"{kind.files}/initramfs.cpio.gz", "rb") as base, open(path, "wb") as output:
        output.write(base.read() + gzip.compress(archive))
    return path
