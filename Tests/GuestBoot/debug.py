#!/usr/bin/env python3
"""Debugs machines with gdb-multiarch: a program without an operating system on four cores, and a booting kernel.

usage: debug.py --system PATH [--peer PATH] [CASE...]

--peer runs the cases with another emulator of the same command line, to see what gdb says there; nothing is judged.
"""
import argparse
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from guest import ROOT, Guest, board, command

sys.path.insert(0, os.path.join(ROOT, "Tests", "Control"))
from client import Client  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SETTINGS = ["set confirm off", "set pagination off", "set debuginfod enabled off", "set width 0", "set tcp connect-timeout 20"]
SCRIPT = """ENTRY(_start)
PHDRS { all PT_LOAD FLAGS(7); }
SECTIONS {
    . = BASE;
    .text : { *(.text.start) *(.text*) *(.rodata*) } :all
    . = ALIGN(4096);
    .data : { *(.data*) *(.sdata*) } :all
    .bss : { *(.bss*) *(.sbss*) *(COMMON) } :all
    /DISCARD/ : { *(.note*) *(.eh_frame*) *(.comment) *(.riscv.attributes) }
}
"""


class Kind:
    """What differs from one guest to the next."""

    def __init__(self, compiler, options, base, machine, csr, ticks):
        self.compiler, self.options, self.base, self.machine = compiler, options, base, machine
        # A register of the system level that is written and read back, and the ticks that come while gdb steps.
        self.csr, self.ticks = csr, ticks


KINDS = {
    "riscv64": Kind("riscv64-linux-gnu-gcc", ["-mcmodel=medany", "-march=rv64imac_zicsr", "-mabi=lp64"], 0x80000000, ["-bios", "none"],
                    "mscratch", r"1\d\d\d"),
    "riscv32": Kind("riscv64-linux-gnu-gcc", ["-mcmodel=medany", "-march=rv32imac_zicsr", "-mabi=ilp32"], 0x80000000, ["-bios", "none"],
                    "mscratch", r"1\d\d\d"),
    "aarch64": Kind("aarch64-linux-gnu-gcc", ["-mgeneral-regs-only", "-mstrict-align"], 0x40080000, [], "TPIDR_EL1", "1000"),
    "arm": Kind("arm-linux-gnueabihf-gcc", ["-marm", "-march=armv7ve", "-mgeneral-regs-only", "-mfloat-abi=soft"], 0x40010000, [], "TPIDRPRW", "1000"),
}

# Name: the emulator's options, gdb's commands, what it must say in this order, whether it is interrupted, and the emulator's status at the end (None:
# it runs on).
CASES = {
    "steps": (
        [], ["break inner", "continue", "print number", "backtrace", "finish", "next", "stepi", "step", "print $_siginfo", "set var leave = 1",
             "delete", "continue"],
        [r"Breakpoint 1, inner \(number=1\)", r"\$1 = 1", r"#1 .* in outer", r"#2 .* in work", r"Value returned is \$2 = 5", r"exited normally"],
        False, 0),
    "hardware": (
        [], ["hbreak outer", "continue", "continue", "print counters[0]", "tbreak inner", "continue", "delete", "detach"],
        [r"Hardware assisted breakpoint 1", r"Breakpoint 1, outer", r"Breakpoint 1, outer \(number=2\)", r"\$1 = 2", r"Temporary breakpoint 2, inner",
         r"detached"], False, None),
    "conditions": (
        [], ["break outer if number == 25", "continue", "print number", "print counters[0]", "delete", "detach"],
        [r"Breakpoint 1, outer \(number=25\)", r"\$1 = 25", r"\$2 = 25"], False, None),
    "watches": (
        [], ["watch watched", "continue", "continue", "delete", "rwatch bytes[3]", "print bytes[3]", "delete", "awatch counters[0]", "continue",
             "continue", "delete", "watch bytes[8]", "continue", "backtrace 1", "delete", "detach"],
        [r"Hardware watchpoint 1: watched", r"Old value = 0", r"New value = 5", r"Old value = 5", r"New value = 7", r"\$1 = 19 ",
         r"Hardware access \(read/write\) watchpoint 3: counters\[0\]", r"Value = 2|Value = 3|Old value = 2",
         r"Hardware watchpoint 4: bytes\[8\]", r"spin "], False, None),
    "threads": (
        [], ["info threads", "break work if core == 2", "continue", "info threads", "thread 3", "print core", "delete", "set scheduler-locking on",
             "set var counters[1] = 0", "next", "next", "print counters[1]", "print counters[2] > 0", "set scheduler-locking off", "next",
             "thread apply all print $pc > 0", "detach"],
        [r"CPU#1 \[", r"CPU#3 \[", r"Breakpoint 1, work \(core=(core@entry=)?2\)", r"\$1 = 2", r"\$2 = 0", r"\$3 = 1", r"\$\d+ = 1", r"detached"],
        False, None),
    "timer": (
        [], ["break tick", "continue", "continue", "print ticks", "backtrace", "delete", "tbreak outer", "continue", "set var ticks = 1000",
             "stepi 100", "print ticks", "detach"],
        # gdb steps RISC-V with breakpoints, and interrupts come; elsewhere a step takes none.
        [r"Breakpoint 1, tick", r"Breakpoint 1, tick", r"\$1 = 1", r"on_timer", r"\$2 = TICKS", r"detached"], False, None),
    "interrupt": (
        [], ["continue", "print counters[0] > 100", "print counters[1] > 100", "print ticks > 0", "detach"],
        [r"received signal SIGINT", r"\$1 = 1", r"\$2 = 1", r"\$3 = 1", r"detached"], True, None),
    "monitor": (
        [], ["break outer", "continue", "monitor info status", "monitor info registers", "monitor info cpus", "monitor nonsense", "detach"],
        [r"Breakpoint 1, outer", r"VM status: paused \(debug\)", r"pc |PC=|R15=", r"\* CPU #0", r"nonsense", r"detached"], False, None),
    "physical": (
        [], ["tbreak outer", "continue", "maint packet qqemu.PhyMemMode", "maint packet Qqemu.PhyMemMode:1", "maint packet qqemu.PhyMemMode",
             "print bytes[7]", "maint packet qqemu.sstepbits", "maint packet qqemu.sstep", "maint packet Qqemu.sstep=1", "maint packet qqemu.sstep",
             "detach"],
        [r'received: "0"', r'received: "OK"', r'received: "1"', r"\$1 = 23 ", r"ENABLE=1,NOIRQ=2,NOTIMER=4", r"0x7", r"OK", r"0x1"], False, None),
    "privileged": (
        [], ["tbreak outer", "continue", "set var $CSR = 0x1234", "print $CSR", "monitor info status", "info registers", "detach"],
        [r"\$1 = 4660", r"pc ", r"detached"], False, None),
    "reset": (
        [], ["tbreak outer", "continue", "monitor system_reset", "maint flush register-cache", "print counters[0]", "tbreak begin", "continue", "detach"],
        [r"breakpoint 1, outer", r"breakpoint 2, begin", r"detached"], False, None),
    "kill": ([], ["tbreak outer", "continue", "kill"], [r"outer", r"killed"], False, 0),
}
# Cases that all ways of running code must pass.
WAYS = {
    "interpreter": ["-accel", "interpreter"], "single": ["-accel", "tcg,thread=single"], "icount": ["-icount", "shift=1"],
    "singlestep": ["-singlestep"], "loops": ["-accel", "tcg,tier2=20"],
}
EVERYWHERE = ["steps", "conditions", "watches", "timer"]
results = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""), flush=True)
    results.append(bool(condition))


def compile_program(kind, work):
    with open(f"{work}/script", "w", encoding="ascii") as file:
        file.write(SCRIPT.replace("BASE", hex(kind.base)))
    output = f"{work}/debugged"
    subprocess.run([kind.compiler, "-g", "-O1", "-ffreestanding", "-nostdlib", "-static", "-no-pie", "-fno-pic", *kind.options,
                    "-Wl,--build-id=none", "-Wl,-z,max-page-size=4096", "-Wl,--no-warn-rwx-segments", f"-Wl,-T,{work}/script", f"{HERE}/debugged.c", "-o", output], check=True)
    return output


class Machine:
    """An emulator that waits for gdb, with the machine protocol beside."""

    def __init__(self, system, work, words):
        self.place, self.path = f"{work}/gdb{time.monotonic_ns()}", f"{work}/qmp{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            [system, *words, "-gdb", f"unix:{self.place},server=on,wait=off", "-qmp", f"unix:{self.path},server=on,wait=off"],
            stdin=subprocess.DEVNULL)
        while not (os.path.exists(self.place) and os.path.exists(self.path)) and self.process.poll() is None:
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def gdb(self, program, commands, interrupted=False, seconds=60):
        """gdb's words."""
        lines = [*SETTINGS, *([f"file {program}"] if program else []), f"target remote {self.place}", *commands]
        words = [word for line in lines for word in ("-ex", line)]
        with subprocess.Popen(["gdb-multiarch", "-nx", "-batch", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL) as gdb:
            if interrupted:
                time.sleep(3)
                gdb.send_signal(signal.SIGINT)
            try:
                return gdb.communicate(timeout=seconds)[0].decode(errors="replace")
            except subprocess.TimeoutExpired:
                gdb.kill()
                return gdb.communicate()[0].decode(errors="replace") + "gdb timed out\n"


def missing(said, patterns):
    """The first pattern that does not come behind the ones before."""
    place = 0
    for pattern in patterns:
        found = re.compile(pattern).search(said, place)
        if not found:
            return pattern
        place = found.end()
    return "gdb timed out" if "timed out" in said else None


def program_words(kind, program, *more):
    return ["-M", "virt", *kind.machine, "-m", "64", "-smp", "4", "-display", "none", "-nodefaults", "-serial", "null", "-kernel", program, "-S", *more]


def run_case(system, kind, program, work, name, more, judge):
    options, commands, patterns, interrupted, status = CASES[name]
    commands = [line.replace("$CSR", "$" + kind.csr) for line in commands]
    patterns = [pattern.replace("TICKS", kind.ticks) for pattern in patterns]
    label = " ".join([name, *more])
    with Machine(system, work, program_words(kind, program, *options, *more)) as machine:
        said = machine.gdb(program, commands, interrupted)
        if not judge:
            print(f"--- {label}\n{said}", flush=True)
            return
        absent = missing(said, patterns)
        check(label, absent is None, f"no {absent!r} in\n{said}")
        if status is None:
            check(f"{label}: the machine stays", machine.process.poll() is None)
        else:
            try:
                got = machine.process.wait(10)
            except subprocess.TimeoutExpired:
                got = "none"
            check(f"{label}: status", got == status, str(got))


def listens(place):
    """Whether somebody takes connections at a socket."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(place)
        except OSError:
            return False
        return True


def protocol(system, kind, program, work):
    """The machine protocol and the debugger see the same machine."""
    with Machine(system, work, program_words(kind, program)) as machine:
        client = Client(machine.path)
        check("prelaunch", client.ask("query-status")["status"] == "prelaunch")
        said = machine.gdb(program, ["break outer", "continue"])
        check("a debugger that goes leaves the machine as it is", "Breakpoint 1, outer" in said, said)
        # gdb detaches at the end of its script: the machine runs on.
        check("after gdb's end", client.ask("query-status")["status"] == "running", str(client.ask("query-status")))
        said = machine.gdb(program, ["print counters[0] > 0", "break outer", "continue", "detach"])
        check("another debugger", missing(said, [r"\$1 = 1", r"Breakpoint 1, outer", "detached"]) is None, said)
        with subprocess.Popen(["gdb-multiarch", "-nx", "-batch", "-ex", f"file {program}", "-ex", f"target remote {machine.place}", "-ex", "continue",
                               "-ex", "print ticks > 0", "-ex", "continue", "-ex", "detach"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL) as gdb:
            for _ in range(2):
                time.sleep(2)
                client.ask("stop")
            said = gdb.communicate(timeout=30)[0].decode()
        check("stop tells the debugger", missing(said, ["received signal SIGINT", r"\$1 = 1", "received signal SIGINT", "detached"]) is None, said)
        said = machine.gdb(program, ["tbreak outer", "continue", "monitor gdbserver none"])
        check("gdbserver none", missing(said, ["breakpoint 1, outer"]) is None and not listens(machine.place), said)
        check("gdbserver anew", client.ask("human-monitor-command", command__line=f"gdbserver unix:{machine.place}2,server=on,wait=off")
              .startswith("Waiting for gdb"), said)
        machine.place += "2"
        said = machine.gdb(program, ["tbreak outer", "continue", "detach"])
        check("gdbserver", "breakpoint 1, outer" in said, said)
        client.ask("quit")
        check("quit", machine.process.wait(10) == 0)


def core(program, dump, commands):
    """What gdb says of a core file."""
    lines = [*SETTINGS, f"file {program}", f"core-file {dump}", *commands]
    words = [word for line in lines for word in ("-ex", line)]
    return subprocess.run(["gdb-multiarch", "-nx", "-batch", *words], capture_output=True, text=True, timeout=60, check=False).stdout


def unpacked(path, kind):
    """The pages of a flattened kdump file by their frames."""
    narrow = kind.compiler.startswith("arm") or kind.options[-1] == "-mabi=ilp32"
    with open(path, "rb") as file:
        head = file.read(4096)
        assert head[:16] == b"makedumpfile\0\0\0\0" and struct.unpack(">qq", head[16:32]) == (1, 1)
        parts = {}
        while True:
            place, count = struct.unpack(">qq", file.read(16))
            if place < 0:
                break
            parts[place] = file.read(count)
    whole = bytearray(max(place + len(part) for place, part in parts.items()))
    for place, part in parts.items():
        whole[place:place + len(part)] = part
    assert whole[:8] == b"KDUMP   " and struct.unpack_from("<I", whole, 8) == (6,)
    status, block, sub, maps, last, *_, cpus = struct.unpack_from("<10I", whole, 412 if narrow else 424)
    assert (status, block, cpus) == (1, 4096, 4)
    notes, size = struct.unpack_from("<QI", whole, 4096 + 40) if narrow else struct.unpack_from("<QQ", whole, 4096 + 48)
    start = struct.unpack_from("<I" if narrow else "<Q", whole, 4096)[0]
    assert start == (0 if kind.compiler.startswith("riscv") else kind.base & ~0xfffff), hex(start)
    assert whole[notes + 12:notes + 16] == b"CORE" and notes + size <= (1 + sub) * 4096
    bits = whole[(1 + sub) * 4096:(1 + sub + maps) * 4096]
    assert bits[:len(bits) // 2] == bits[len(bits) // 2:]
    frames = [frame for frame in range(last) if bits[frame // 8] >> frame % 8 & 1]
    pages = {}
    for index, frame in enumerate(frames):
        place, count, flags, _ = struct.unpack_from("<QIIQ", whole, (1 + sub + maps) * 4096 + 24 * index)
        data = bytes(whole[place:place + count])
        pages[frame] = zlib.decompress(data) if flags == 1 else data
    return pages


def through_pipe(client, path, size):
    """A dump that nobody reads keeps nobody from being heard."""
    os.mkfifo(path)
    answer = client.ask("dump-guest-memory", paging=False, protocol=f"file:{path}", detach=True)
    check("a pipe without a reader", "for reading first" in str(answer), str(answer))
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        check("into a pipe", client.ask("dump-guest-memory", paging=False, protocol=f"file:{path}", detach=True) == {})
        time.sleep(0.2)
        state = client.ask("query-dump")
        check("clients are heard meanwhile", state["status"] == "active" and state["completed"] < 8 << 20, str(state))
        os.set_blocking(reader.fileno(), True)
        check("all of it comes", len(reader.read()) == size)
    check("and it is told", client.wait("DUMP_COMPLETED", 20)["result"]["status"] == "completed")


def inspection(system, kind, program, work):
    """Dumps of memory, and what the monitor shows."""
    with Machine(system, work, program_words(kind, program)) as machine:
        client = Client(machine.path)
        said = machine.gdb(program, ["break outer if number == 5", "continue", "print/x $pc", "print/x $sp", "print/x (long)&counters", "disconnect"])
        check("a stop to look at", "Breakpoint 1, outer" in said, said)
        client.ask("stop")
        registers = dict(re.findall(r"\$(\d) = (0x[0-9a-f]+)", said))

        def say(line):
            return client.ask("human-monitor-command", command__line=line).replace("\r\n", "\n")

        dump = f"{work}/dump"
        check("capability", client.ask("query-dump-guest-memory-capability") == {"formats": ["elf", "kdump-zlib"]})
        check("dump", client.ask("dump-guest-memory", paging=False, protocol=f"file:{dump}") == {})
        check("query-dump", client.ask("query-dump") == {"status": "completed", "completed": 64 << 20, "total": 64 << 20}, str(client.ask("query-dump")))
        check("the machine stays stopped", not client.ask("query-status")["running"])
        listing = subprocess.run(["readelf", "-Wln", dump], capture_output=True, text=True, check=True).stdout
        check("readelf", listing.count("NT_PRSTATUS") == 4 and "LOAD" in listing and "Warning" not in listing, listing)
        words = core(program, dump, ["info threads", "print $pc == outer || $pc > outer", "print counters[0]", "print bytes[7]", "backtrace 2"])
        check("gdb reads the core file", missing(words, [r"4 +", r"\$2 = [0-9]+", r"\$3 = 23 "]) is None, words)
        check("kdump-zlib", client.ask("dump-guest-memory", paging=False, protocol=f"file:{dump}z", format="kdump-zlib") == {})
        same, pages = unpacked(f"{dump}z", kind), open(dump, "rb").read()[-(64 << 20):]
        check("its pages", len(same) == 16384 and b"".join(same[number] for number in sorted(same)) == pages, str(len(same)))
        check("it is small", os.path.getsize(f"{dump}z") < 1 << 20, str(os.path.getsize(f"{dump}z")))
        first, length = kind.base & ~0xfff, 1 << 20
        check("a part", client.ask("dump-guest-memory", paging=False, protocol=f"file:{dump}2", begin=first, length=length) == {})
        check("its size", length < os.path.getsize(f"{dump}2") < length + 16384, str(os.path.getsize(f"{dump}2")))
        check("in the background", client.ask("dump-guest-memory", paging=False, protocol=f"file:{dump}3", detach=True) == {})
        # The dumps before have told of their ends, too.
        done = [client.wait("DUMP_COMPLETED", 20) for _ in range(4)][-1]
        check("DUMP_COMPLETED", done["result"]["status"] == "completed" and os.path.getsize(f"{dump}3") == os.path.getsize(dump), str(done))
        through_pipe(client, f"{work}/pipe", os.path.getsize(dump))
        for words, error in [({"paging": True}, "paging"), ({"paging": False, "format": "kdump-lzo"}, "kdump-lzo"), ({"paging": False, "begin": 1}, "length"),
                             ({"paging": False, "begin": 0, "length": 4096}, "no memory")]:
            answer = client.ask("dump-guest-memory", protocol=f"file:{dump}4", **words)
            check(f"{words} is refused", error in str(answer), str(answer))
        answer = client.ask("dump-guest-memory", paging=False, protocol="file:/dev/full")
        check("a full disk", "space" in str(answer) and client.ask("query-dump")["status"] == "failed", str(answer))

        pc, counters = int(registers["1"], 16), int(registers["3"], 16)
        check("print", say("print 2*(3+4)") == "0xe\n" and say("p/d ~0") == "-1\n" and say("p $pc").startswith("0x"), say("print 2*(3+4)"))
        size = "w" if kind.options[-1] == "-mabi=ilp32" else "g"
        check("xp", say(f"xp/1d{size} {counters}").split()[1].isdigit(), say(f"xp/1d{size} {counters}"))
        check("x/i", say(f"x/3i {pc:#x}").count("0x") >= 3 and "not" not in say(f"x/3i {pc:#x}"), say(f"x/3i {pc:#x}"))
        check("sum", say(f"sum {counters - counters % 4096} 4096").strip().isdigit(), say(f"sum {counters} 4096"))
        check("info registers -a", say("info registers -a").count("CPU#") == 4)
        check("info mem", "No translation" in say("info mem") and "No translation" in say("info tlb"), say("info mem"))
        check("info mtree", "ram" in say("info mtree") and "ram" in say("info mtree -f"))
        check("info qtree", "dev: " in say("info qtree"), say("info qtree"))
        check("info qom-tree", "(container)" in say("info qom-tree") or "virt" in say("info qom-tree"), say("info qom-tree"))
        check("cpu", say("cpu 2") == "" and "* CPU #2" in say("info cpus"))
        check("nmi", "not currently supported" in str(client.ask("inject-nmi")), str(client.ask("inject-nmi")))
        check("memsave", client.ask("memsave", val=pc, size=64, filename=f"{work}/virtual") == {}
              and client.ask("pmemsave", val=pc, size=64, filename=f"{work}/physical") == {}
              and open(f"{work}/virtual", "rb").read() == open(f"{work}/physical", "rb").read())


def kernel(system, work):
    """An unmodified kernel: a breakpoint at a virtual address that has been put in before there is any translation."""
    place = f"{work}/kernel"
    guest = Guest(command(system, "-smp", "2", "-gdb", f"unix:{place},server=on,wait=off", append="quiet nokaslr"))
    machine = Machine.__new__(Machine)
    machine.place = place
    prompt = board(system).prompt
    try:
        guest.expect(prompt, 120)
        said = machine.gdb(None, ["thread apply all print/x $pc", "info threads", "x/2i $pc", "monitor info registers", "monitor info mem",
                                  "detach"])
        found = re.findall(r"\$\d+ = (0x[0-9a-f]+)", said)
        # One that sleeps may do so in its firmware.
        inside = [address for address in found if int(address, 16) >> 48 == 0xffff]
        check("the kernel's threads", len(found) == 2 and inside, said[:2000])
        check("the kernel's tables", re.search(r"ffff[0-9a-f]{12} [0-9a-f]{16} [0-9a-f]{16} r", said), said[:4000])
        guest.type("echo six=$((2*3))\n")
        guest.expect("six=6", 20)
        guest.expect(prompt, 20)
        said = machine.gdb(None, ["monitor system_reset", "maint flush register-cache", f"hbreak *{inside[0]}", "continue", "print/x $pc", "delete",
                                  "stepi", "info threads", "detach"], seconds=120)
        absent = missing(said, [r"[Hh]ardware assisted breakpoint 1", r"hit Breakpoint 1|Breakpoint 1,", re.escape(f"= {inside[0]}"), r"detached"])
        check("a breakpoint before the MMU is on", absent is None, f"no {absent!r} in\n{said}")
        guest.expect("Debian's kernel", 120)
        guest.expect(prompt, 20)
        guest.type("echo eight=$((2*4))\n")
        guest.expect("eight=8", 20)
        check("the guest runs on", not guest.complaints(), str(guest.complaints()))
    finally:
        guest.process.kill()
        guest.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--system", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--kernel", action="store_true", help="the kernel's part, too")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    kind = KINDS[os.path.basename(arguments.system).rsplit("-", 1)[-1]]
    with tempfile.TemporaryDirectory() as work:
        program = compile_program(kind, work)
        for name in arguments.cases or CASES:
            if name in CASES:
                run_case(arguments.peer or arguments.system, kind, program, work, name, [], judge=not arguments.peer)
        for way, options in WAYS.items():
            for name in EVERYWHERE:
                if not arguments.peer and (not arguments.cases or way in arguments.cases):
                    run_case(arguments.system, kind, program, work, name, options, judge=True)
        if not arguments.peer and (not arguments.cases or "protocol" in arguments.cases):
            protocol(arguments.system, kind, program, work)
        if not arguments.peer and (not arguments.cases or "inspection" in arguments.cases):
            inspection(arguments.system, kind, program, work)
        if not arguments.peer and (arguments.kernel or "kernel" in arguments.cases):
            kernel(arguments.system, work)
    print(f"{sum(results)} of {len(results)} checks passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
