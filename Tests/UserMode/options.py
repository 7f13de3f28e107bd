#!/usr/bin/env python3
"""Every option of qemu-riscv64 and the variable that does the same: what they change is seen in what a small program prints. Of qemu-arm and qemu-riscv32
what they have of their own: models, sizes of memory.

usage: options.py [--bin DIR]
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = r"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(int count, char **words) {
    struct utsname name;
    uname(&name);
    printf("argv0=%s A=%s B=%s release=%s\n", words[0], getenv("A") ? getenv("A") : "-", getenv("B") ? getenv("B") : "-", name.release);
    // Where guest addresses are not the host's there is no io_uring.
    printf("ring=%d prefix=%d\n", syscall(SYS_io_uring_setup, 0, NULL) < 0 ? errno : 0, access("/of-the-prefix", F_OK));
    struct rlimit stack;
    getrlimit(RLIMIT_STACK, &stack);
    printf("stack=%lu\n", (unsigned long)stack.rlim_cur);
    char line[300];
    for (FILE *info = fopen("/proc/cpuinfo", "r"); fgets(line, sizeof line, info);)
        if (strstr(line, "isa\t\t")) return printf("zfh=%d\n", strstr(line, "_zfh_") != NULL), 0;
}
"""
# Option, its value (None: it has none), its variable, the text that the program's output or log must hold; {folder} is a temporary one.
# -p has nothing to show: it only takes the one page size that there is.
WORKING = [
    ("-0", "other", "QEMU_ARGV0", "argv0=other "), ("-E", "A=1,B=2", "QEMU_SET_ENV", "A=1 B=2 "), ("-U", "HOME,A", "QEMU_UNSET_ENV", "A=- "),
    ("-r", "9.8.7", "QEMU_UNAME", "release=9.8.7\n"), ("-s", "1048576", "QEMU_STACK_SIZE", "stack=1048576\n"),
    ("-cpu", "max,zfh=off", "QEMU_CPU", "zfh=0\n"), ("-cpu", "max", "QEMU_CPU", "zfh=1\n"), ("-strace", None, "QEMU_STRACE", "uname("),
    ("-d", "strace", "QEMU_LOG", "uname("), ("-B", "0x100000000000", "QEMU_GUEST_BASE", "ring=38 "),
    ("-R", "0x4000000000", "QEMU_RESERVED_VA", "ring=38 "), ("-p", "4096", "QEMU_PAGESIZE", "zfh=1\n"),
    ("-L", "{folder}", "QEMU_LD_PREFIX", "prefix=0\n"), ("-cpu", "max", "QEMU_CPU", "prefix=-1\n"),
    ("-version", None, "QEMU_VERSION", "version"), ("-h", None, None, "QEMU_LD_PREFIX"), ("-help", None, None, "QEMU_LD_PREFIX"),
]
REFUSED = [
    ("-seed", "1", "QEMU_RAND_SEED"), ("-dfilter", "0x1000+0x100", "QEMU_DFILTER"), ("-trace", "x", "QEMU_TRACE"), ("-plugin", "x", "QEMU_PLUGIN"),
    ("-p", "65536", "QEMU_PAGESIZE"),
]


def blocks_of_log(emulator, folder, program, words, variables):
    """How many instructions the longest block has in the log that goes to a file."""
    log = f"{folder}/log"
    run(emulator, words, {name: value.format(log=log) for name, value in variables.items()}, program)
    with open(log, encoding="utf-8") as file:
        blocks = file.read().split("IN:")[1:]
    os.unlink(log)
    return max(sum(line.startswith("0x") for line in block.splitlines()) for block in blocks)


def check_blocks(emulator, folder, program):
    """-D and the options for blocks of one instruction, each by word and by variable; the count of failures."""
    words, variables = ["-d", "in_asm", "-D", f"{folder}/log"], {"QEMU_LOG": "in_asm", "QEMU_LOG_FILENAME": "{log}"}
    one = [(["-one-insn-per-tb", *words], {}), (["-singlestep", *words], {}), ([], {"QEMU_SINGLESTEP": "1", **variables})]
    found = [blocks_of_log(emulator, folder, program, *case) for case in one]
    usual = [blocks_of_log(emulator, folder, program, *case) for case in ((words, {}), ([], variables))]
    if found == [1, 1, 1] and min(usual) > 1:
        return 0
    print(f"blocks have {found} instructions with -one-insn-per-tb, {usual} without")
    return 1


LOOP = "int main(void) { unsigned long sum = 1; for (unsigned long i = 0; i < 4000000; i++) sum = sum * 3 + (sum >> 7 ^ i); return sum == 0; }"


def loops_of_map(emulator, words, variables, program):
    """How many loops have been made, as the map for perf names them."""
    with subprocess.Popen([emulator, "-perfmap", *words, program], env={"PATH": os.environ["PATH"], **variables}) as process:
        process.wait(timeout=60)
    place = f"/tmp/perf-{process.pid}.map"
    with open(place, encoding="utf-8") as file:
        names = file.read()
    os.unlink(place)
    return process.returncode, names.count("_loop")


def check_loops(emulator, folder):
    """-tier2 and its variable: whether hot loops are made; the count of failures."""
    program = f"{folder}/loop"
    subprocess.run(["riscv64-linux-gnu-gcc", "-O", "-static", "-x", "c", "-", "-o", program], input=LOOP, text=True, check=True)
    cases = [([], {}, True), (["-tier2", "on"], {}, True), (["-tier2", "100"], {}, True), (["-tier2", "off"], {}, False)]
    cases += [([], {"APUS_TIER2": "off"}, False), ([], {"APUS_TIER2": "2000000000"}, False)]
    failures = 0
    for words, variables, makes in cases:
        status, loops = loops_of_map(emulator, words, variables, program)
        if status != 0 or (loops > 0) != makes:
            failures += 1
            print(f"{words} {variables}: status {status}, {loops} loops")
    status, output = run(emulator, ["-tier2", "often"], {}, program)
    if status == 0 or "tier2" not in output:
        failures += 1
        print(f"-tier2 often: status {status}: {output}")
    return failures


# Code for any Arm from ARMv5TE on, without a C library: prints what uname says, AT_PLATFORM, and the first line of /proc/cpuinfo with the model.
ARM = r"""
static long call(long n, long a, long b, long c, long d) {
    register long r0 asm("r0") = a, r1 asm("r1") = b, r2 asm("r2") = c, r3 asm("r3") = d, r7 asm("r7") = n;
    asm volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r7) : "memory");
    return r0;
}
static unsigned length(const char *t) { unsigned n = 0; while (t[n]) n++; return n; }
static void put(const char *t) { call(4, 1, (long)t, length(t), 0); call(4, 1, (long)" ", 1, 0); }
void run(long *word) {
    char name[390], info[200];
    call(122, (long)name, 0, 0, 0);
    put(name + 4 * 65);
    word += word[0] + 2;
    while (*word) word++;
    for (word++; word[0]; word += 2) if (word[0] == 15) put((char *)word[1]);
    long file = call(5, (long)"/proc/cpuinfo", 0, 0, 0);
    info[call(3, file, (long)info, 60, 0)] = 0;
    put(info);
    int (*exchange)(int, int, int *) = (void *)0xffff0fc0, value = 1;
    put(exchange(1, 2, &value) == 0 && value == 2 && exchange(1, 3, &value) != 0 ? "exchanged" : "not exchanged");
    call(0xf0005, 0x1234, 0, 0, 0);
    put(((long (*)(void))0xffff0fe0)() == 0x1234 ? "tls" : "no tls");
    call(248, 0, 0, 0, 0);
}
asm(".globl _start\n_start: mov r0, sp\nb run\n");
"""
MODELS = [
    ("arm926", "armv5tejl v5l", "ARMv5"), ("arm1176", "armv6l v6l", "ARMv6"), ("cortex-a7", "armv7l v7l", "ARMv7"),
    ("cortex-a15", "armv7l v7l", "ARMv7"), ("max", "armv7l v8l", "ARMv8"), ("any", "armv7l v8l", "ARMv8"),
]
# The old ABI: the number of write is in the instruction.
OLD = '.globl _start\n_start: mov r0, #1\nadr r1, text\nmov r2, #4\nswi 0x900004\nmov r7, #1\nswi 0\ntext: .asciz "old\\n"\n'


def compile_small(compiler, options, language, text, program):
    subprocess.run([compiler, *options, "-nostdlib", "-static", "-x", language, "-", "-o", program], input=text, text=True, check=True)
    return program


def check_narrow(folder, folder_of_tools):
    """Models of Arm, its old ABI, and the sizes of a 32-bit guest's memory; the count of failures."""
    arm = compile_small("arm-linux-gnueabi-gcc", ["-O", "-march=armv5te", "-marm", "-ffreestanding"], "c", ARM, f"{folder}/arm")
    old = compile_small("arm-linux-gnueabi-gcc", [], "assembler", OLD, f"{folder}/old")
    big = compile_small("arm-linux-gnueabi-gcc", ["-mbig-endian"], "assembler", OLD, f"{folder}/big")
    emulator = f"{folder_of_tools}/qemu-arm"
    cases = [
        (["-cpu", name], arm, 0, [names, f"model name\t: {family} ", " exchanged tls "]) for name, names, family in MODELS
    ] + [
        (["-cpu", "z80"], arm, 1, ["unknown model 'z80'"]), ([], old, -4, ["system calls of the old ABI", "not supported"]),
        ([], big, 1, ["big-endian, which Apus does not run"]), (["-R", "0x200000000"], arm, 1, ["choose a smaller -R"]), (["-B", "0x200000000000"], arm, 0, ["tls"]),
    ]
    failures = 0
    for words, program, status, texts in cases:
        got, output = run(emulator, words, {}, program)
        if (got != status and (status <= 0 or got == 0)) or any(text not in output for text in texts):
            failures += 1
            print(f"qemu-arm {words}: status {got}, without one of {texts}:\n{output[-500:]}")
    return failures


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
    tools = os.path.realpath(parser.parse_args().bin)
    emulator = tools + "/qemu-riscv64"
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/program"
        subprocess.run(["riscv64-linux-gnu-gcc", "-O", "-static", "-include", "string.h", "-x", "c", "-", "-o", program], input=PROGRAM, text=True, check=True)
        cases = [(case[:3], 0, case[3]) for case in WORKING] + [(case, 1, "is not supported") for case in REFUSED]
        os.makedirs(f"{folder}/prefix")
        open(f"{folder}/prefix/of-the-prefix", "w", encoding="utf-8").close()
        failures += check_blocks(emulator, folder, program)
        failures += check_loops(emulator, folder)
        failures += check_narrow(folder, tools)
        for case, status, text in cases:
            case = (case[0], case[1] and case[1].format(folder=f"{folder}/prefix"), case[2])
            for words, variables in ways(*case):
                got, output = run(emulator, words, variables, program)
                if (got != 0) != (status != 0) or text not in output:
                    failures += 1
                    print(f"{words} {variables}: status {got}, without {text!r}:\n{output[-500:]}")
    print(f"options: {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
