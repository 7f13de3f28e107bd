#!/usr/bin/env python3
"""Every option of qemu-riscv64 and the variable that does the same: what they change is seen in what a small program prints.

usage: options.py [--bin DIR]
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
int main(int count, char **words) {
    struct utsname name;
    uname(&name);
    printf("argv0=%s A=%s B=%s release=%s\n", words[0], getenv("A") ? getenv("A") : "-", getenv("B") ? getenv("B") : "-", name.release);
    char line[300];
    for (FILE *maps = fopen("/proc/self/maps", "r"); fgets(line, sizeof line, maps);) {
        unsigned long start, end;
        if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &start, &end) == 2) printf("stack=%lu\n", end - start);
    }
    for (FILE *info = fopen("/proc/cpuinfo", "r"); fgets(line, sizeof line, info);)
        if (strstr(line, "isa\t\t")) return printf("zfh=%d\n", strstr(line, "_zfh_") != NULL), 0;
}
"""
# Option, its value (None: it has none), its variable, the program's output or log that must hold the text.
WORKING = [
    ("-0", "other", "QEMU_ARGV0", "argv0=other "), ("-E", "A=1,B=2", "QEMU_SET_ENV", "A=1 B=2 "), ("-U", "HOME,A", "QEMU_UNSET_ENV", "A=- "),
    ("-r", "9.8.7", "QEMU_UNAME", "release=9.8.7\n"), ("-s", "1048576", "QEMU_STACK_SIZE", "stack=1048576\n"),
    ("-cpu", "max,zfh=off", "QEMU_CPU", "zfh=0\n"), ("-cpu", "max", "QEMU_CPU", "zfh=1\n"), ("-strace", None, "QEMU_STRACE", "uname("),
    ("-d", "strace", "QEMU_LOG", "uname("), ("-B", "0x100000000000", "QEMU_GUEST_BASE", "zfh=1\n"),
    ("-R", "0x4000000000", "QEMU_RESERVED_VA", "zfh=1\n"), ("-p", "4096", "QEMU_PAGESIZE", "zfh=1\n"),
    ("-singlestep", None, "QEMU_SINGLESTEP", "zfh=1\n"), ("-one-insn-per-tb", None, "QEMU_SINGLESTEP", "zfh=1\n"),
    ("-L", "/nowhere", "QEMU_LD_PREFIX", "zfh=1\n"), ("-D", "/dev/null", "QEMU_LOG_FILENAME", "zfh=1\n"),
    ("-version", None, "QEMU_VERSION", "version"), ("-h", None, None, "QEMU_LD_PREFIX"), ("-help", None, None, "QEMU_LD_PREFIX"),
]
REFUSED = [
    ("-seed", "1", "QEMU_RAND_SEED"), ("-dfilter", "0x1000+0x100", "QEMU_DFILTER"), ("-trace", "x", "QEMU_TRACE"), ("-plugin", "x", "QEMU_PLUGIN"),
    ("-p", "65536", "QEMU_PAGESIZE"),
]


def run(emulator, words, variables, program):
    environment = {"PATH": os.environ["PATH"], "HOME": "/", **variables}
    done = subprocess.run([emulator, *words, program], env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def ways(option, value, variable):
    """The command line and the environment that ask for the same."""
    yield [option] + ([value] if value is not None else []), {}
    if variable:
        yield [], {variable: value or "1"}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bin", default=f"{HERE}/../../build/bin")
    emulator = os.path.realpath(parser.parse_args().bin) + "/qemu-riscv64"
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/program"
        subprocess.run(["riscv64-linux-gnu-gcc", "-O", "-static", "-include", "string.h", "-x", "c", "-", "-o", program], input=PROGRAM, text=True, check=True)
        cases = [(case[:3], 0, case[3]) for case in WORKING] + [(case, 1, "is not supported") for case in REFUSED]
        for case, status, text in cases:
            for words, variables in ways(*case):
                got, output = run(emulator, words, variables, program)
                if (got != 0) != (status != 0) or text not in output:
                    failures += 1
                    print(f"{words} {variables}: status {got}, without {text!r}:\n{output[-500:]}")
    print(f"options: {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
