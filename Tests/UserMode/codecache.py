#!/usr/bin/env python3
"""Translations that outlive their process: that they are used, and that nothing in the folder of theirs can make a program wrong.

usage: codecache.py --bin build/bin
"""
import argparse
import concurrent.futures
import glob
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile

COMPILERS = {"riscv64": ("riscv64-linux-gnu-gcc", "qemu-riscv64", "/usr/riscv64-linux-gnu"),
             "arm64": ("aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu")}
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static int order(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
int main(void) {
    static char text[2000][24];
    char *words[2000];
    for (int i = 0; i < 2000; i++) {
        snprintf(text[i], sizeof text[i], "%x-%.3f", i * 2654435761u, i / 7.0);
        words[i] = text[i];
    }
    qsort(words, 2000, sizeof *words, order);
    unsigned long sum = 0;
    for (int i = 0; i < 2000; i++) sum = sum * 31 + strtoul(words[i], NULL, 16) + i;
    fflush(stdout);
    if (fork() == 0) _exit(sum & 15);
    int status;
    wait(&status);
    printf("%lx %d %d\n", sum, WEXITSTATUS(status), NUMBER);
    return 0;
}
"""
failures = 0


def check(name, right, detail=""):
    global failures
    if not right:
        failures += 1
    print(f"{name}: {'ok' if right else 'FAILED ' + str(detail)}", flush=True)


class Case:
    """A guest's two programs, which differ in one number, and a folder for their code."""

    def __init__(self, guest, folder, bin_folder):
        compiler, emulator, prefix = COMPILERS[guest]
        self.guest, self.folder = guest, f"{folder}/{guest}-code"
        self.words = [f"{bin_folder}/{emulator}", "-L", prefix]
        self.random = random.Random(7)
        self.paths = [f"{folder}/{guest}-{number}" for number in (1234, 1235)]
        for path in self.paths:
            source = PROGRAM.replace("NUMBER", path[-4:])
            subprocess.run([compiler, "-O1", "-Wl,--build-id=none", "-Wl,-z,separate-code", "-xc", "-", "-o", path], input=source, text=True, check=True)
        self.expected = self.run(0, "off")

    def run(self, which=0, cache=None, prepare=None):
        environment = dict(os.environ, APUS_CODE_CACHE=cache or self.folder)
        result = subprocess.run([*self.words, self.paths[which]], env=environment, capture_output=True, text=True, timeout=120, preexec_fn=prepare)
        return result.stdout + result.stderr if result.returncode == 0 else f"ended with {result.returncode}: {result.stdout}{result.stderr}"

    def files(self):
        return sorted(glob.glob(f"{self.folder}/*.code"))

    def state(self):
        """Each archive's identity: another one once it is written anew."""
        return {path: (os.stat(path).st_ino, os.stat(path).st_mtime_ns) for path in self.files()}

    def check(self, name, got):
        check(f"{self.guest} {name}", got == self.expected, got)

    # The cases, in order: each leaves sound archives behind or none.

    def used(self):
        self.check("first run", self.run())
        # The loader's and the C library's; the program has few blocks.
        check(f"{self.guest} the archives", sum(os.path.getsize(path) > 100_000 for path in self.files()) >= 2, self.files())
        before = self.state()
        self.check("second run", self.run())
        check(f"{self.guest} nothing was translated anew", self.state() == before)

    def changed_program(self):
        """The same head and size, one instruction changed: what is compared are the guest's bytes."""
        heads = [(open(path, "rb").read(4096), os.path.getsize(path)) for path in self.paths]
        check(f"{self.guest} the programs look alike", heads[0] == heads[1])
        for which in (1, 0, 1):
            got = self.run(which)
            check(f"{self.guest} a changed program", got == self.expected.replace("1234", self.paths[which][-4:]), got)

    def damaged(self, name, damage):
        for path in self.files():
            content = damage(bytearray(open(path, "rb").read()))
            with open(path, "wb") as output:
                output.write(content)
        self.check(f"with {name}", self.run())

    def all_damaged(self):
        def flips(content):
            for _ in range(300):
                content[self.random.randrange(48, len(content))] ^= 1 << self.random.randrange(8)
            return content

        def records(content):
            """Every 64th byte behind the head and the slots."""
            for place in range(len(content) // 4, len(content), 64):
                content[place] ^= 0x55
            return content

        before = self.state()
        self.damaged("bytes changed in every record", records)
        check(f"{self.guest} damaged archives are replaced", all(self.state()[path] != state for path, state in before.items()))
        for _ in range(4):
            self.damaged("bits changed", flips)
        self.damaged("slots that lead anywhere", lambda content: content[:48] + bytes(self.random.randbytes(len(content) // 8)) + content[48 + len(content) // 8:])
        for part in (0, 1, 47, 48, 4096):
            self.damaged(f"{part} bytes left", lambda content, part=part: content[:part])
            self.run()
        self.damaged("half of each left", lambda content: content[:len(content) // 2])
        self.damaged("something behind it", lambda content: content + b"x" * 4096)
        self.damaged("heads of zeros", lambda content: bytes(48) + content[48:])

    def foreign(self):
        self.run()
        files = self.files()
        shutil.copyfile(files[0], files[-1])
        self.check("with another program's archive", self.run())
        for path in files:
            os.chmod(path, 0o666)
        before = self.state()
        self.check("with archives that others can write", self.run())
        check(f"{self.guest} they are not believed", all(self.state()[path] != before[path] for path in files))
        for path in files:
            os.unlink(path)
            os.mkdir(path)
        self.check("with folders in their place", self.run())
        shutil.rmtree(self.folder)
        os.mkdir(self.folder, 0o777)
        os.chmod(self.folder, 0o777)
        self.check("in a folder that others can write", self.run())
        check(f"{self.guest} which stays empty", not os.listdir(self.folder))
        os.chmod(self.folder, 0o700)
        self.check("off", self.run(cache="off"))
        check(f"{self.guest} off leaves nothing", not os.listdir(self.folder))

    def many(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: self.run(), range(24)))
        check(f"{self.guest} 24 processes", all(result == self.expected for result in results), set(results))
        check(f"{self.guest} no drafts are left", self.files() == sorted(f"{self.folder}/{name}" for name in os.listdir(self.folder)))

    def limited(self):
        """No file may be written: the program ends as it would, and not by SIGXFSZ."""
        for path in self.files():
            os.unlink(path)
        self.check("where no file may grow", self.run(prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))))
        check(f"{self.guest} then nothing is left", not os.listdir(self.folder), os.listdir(self.folder))

    def evicted(self):
        """The oldest archive makes room; what only looks like one belongs to somebody else."""
        old, other = f"{self.folder}/{'0' * 16}-{'0' * 16}.code", f"{self.folder}/my.code-workspace"
        for path in (old, other):
            with open(path, "wb") as output:
                output.truncate(1 << 30)
            os.utime(path, (1, 1))
        self.check("with a full folder", self.run())
        check(f"{self.guest} the oldest archive is gone", not os.path.exists(old) and self.files(), self.files())
        check(f"{self.guest} other files stay", os.path.exists(other))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for guest in COMPILERS:
            case = Case(guest, folder, os.path.abspath(arguments.bin))
            case.used()
            case.changed_program()
            case.all_damaged()
            case.foreign()
            case.many()
            case.limited()
            case.evicted()
    print(f"codecache: {failures} failures")
    sys.exit(failures != 0)


main()
