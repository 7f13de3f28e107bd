#!/usr/bin/env python3
"""What of the command line, the machine protocol and the devices of the distribution's QEMU the emulator has, as a table.

usage: coverage.py --bin FOLDER [--write]

Without --write nothing of QEMU's is needed: the table has to say of every name what the emulator itself says.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from client import Client, Emulator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "coverage-qemu.md")
SYSTEMS = {"riscv64": "qemu-system-riscv64", "aarch64": "qemu-system-aarch64", "arm": "qemu-system-arm"}
# Kinds of names whose lists an option prints: the option, and what a name looks like in it.
LISTS = {
    "devices (`-device`)": (["-device", "help"], r'name "([^"]+)"'),
    "machines (`-M`)": (["-M", "help"], r"^([\w.-]+)[ \t]+\S"),
    "processors (`-cpu`)": (["-cpu", "help"], r"^(?:  )?([\w.-]+)(?:\s\s+\S.*|\t.*)?$"),
    "objects (`-object`)": (["-object", "help"], r"^  ([\w-]+)"),
    "character back ends (`-chardev`)": (["-chardev", "help"], r"^  ([\w-]+)"),
    "network back ends (`-netdev`)": (["-netdev", "help"], r"^([\w-]+)$"),
    "displays (`-display`)": (["-display", "help"], r"^([\w-]+)$"),
    "accelerators (`-accel`)": (["-accel", "help"], r"^([\w-]+)$"),
}


def listed(system, words, pattern):
    machine = [] if words[0] in ("-M", "-accel") else ["-M", "virt"]
    done = subprocess.run([system, *machine, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    return set(re.findall(pattern, done.stdout + (done.stderr if words[0] == "-device" else ""), re.M)) - {"Available", "any"}


def asked(system, work):
    """Names that a running emulator says."""
    with Emulator(system, work, "-S", machine=["-M", "virt", "-display", "none", "-nodefaults"]) as emulator:
        client = Client(emulator.path)
        entries = client.ask("query-qmp-schema")

        def lines(line, pattern):
            return {name for found in re.findall(pattern, client.ask("human-monitor-command", command__line=line), re.M) for name in found.split("|") if name}

        return {
            "commands of the machine protocol": {entry["name"] for entry in entries if entry["meta-type"] == "command"},
            "events of the machine protocol": {entry["name"] for entry in entries if entry["meta-type"] == "event"},
            "words of the monitor": lines("help", r"^([\w|-]+)") - {"info"},
            "words of `info`": lines("info", r"^info ([\w-]+)"),
        }


def names(system, work):
    """All names of an emulator, by kind."""
    options = subprocess.run([system, "-help"], capture_output=True, text=True, timeout=60, check=True).stdout
    found = {"options": {f"-{name}" for line in re.findall(r"^-{1,2}[\w-].*", options, re.M) for name in re.findall(r"(?:^| or |(?<=\w)/)-{1,2}([\w-]+)", line)}}
    # In the help it stands within -machine's words.
    found["options"].add("-M")
    found.update(asked(system, work))
    found.update({kind: listed(system, words, pattern) for kind, (words, pattern) in LISTS.items()})
    return found


def together(folder, work):
    """The names of all three emulators of a folder. Names of several machines (virt-7.2) count for themselves."""
    found = {}
    for system in SYSTEMS.values():
        for kind, some in names(os.path.join(folder, system), work).items():
            found.setdefault(kind, set()).update(some)
    return found


def page(own, peer, version):
    lines = [
        "# Coverage of QEMU's names", "",
        f"What {version} has under `qemu-system-riscv64`, `-aarch64` and `-arm` and Apus has, too, by name; made by `Tests/Control/coverage.py --bin build/bin --write`.",
        "What stands behind the names, and which of their parts are missing, says [coverage.md](coverage.md). A name that is missing is refused by name.", "",
        "| kind | there | of | |", "| --- | ---: | ---: | ---: |"]
    for kind in peer:
        there = len(own[kind] & peer[kind])
        lines.append(f"| {kind} | {there} | {len(peer[kind])} | {100 * there // max(1, len(peer[kind]))} % |")
    for kind in peer:
        lines += ["", f"## {kind[0].upper()}{kind[1:]}", ""]
        for title, some in (("There", own[kind] & peer[kind]), ("Missing", peer[kind] - own[kind]), ("Only here", own[kind] - peer[kind])):
            if some:
                lines += [f"{title}: {' '.join(f'`{name}`' for name in sorted(some))}", ""]
        lines.pop()
    return "\n".join(lines) + "\n"


def written(text):
    """What a page says: by kind the names that are there, with those only here, and those that are missing."""
    found = {}
    for part in text.split("\n## ")[1:]:
        title, _, rest = part.partition("\n")
        said = {line.split(":", 1)[0]: set(re.findall(r"`([^`]+)`", line.split(":", 1)[1])) for line in rest.splitlines() if ":" in line}
        found[title.lower()] = said
    return found


def untrue(own, text):
    """Where a page does not say what the emulator says."""
    said = written(text)
    for kind, some in own.items():
        there = said[kind.lower()].get("There", set()) | said[kind.lower()].get("Only here", set())
        for name in sorted(some ^ there):
            yield f"{kind}: {name} is {'there' if name in some else 'missing'}, and the page says otherwise"
    for kind, there, of in re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \|", text, re.M):
        lists = said[kind.lower()]
        counted = len(lists.get("There", ())), len(lists.get("There", ())) + len(lists.get("Missing", ()))
        if counted != (int(there), int(of)):
            yield f"{kind}: the table says {there} of {of}, the lists {counted}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, help="where the emulator's qemu-system-… are")
    parser.add_argument("--peer", default="/usr/bin", help="where the distribution's are")
    parser.add_argument("--write", action="store_true", help="writes the page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        own = together(arguments.bin, work)
        if arguments.write:
            peer = together(arguments.peer, work)
            version = subprocess.run([f"{arguments.peer}/{SYSTEMS['arm']}", "--version"], capture_output=True, text=True, check=True).stdout
            with open(PAGE, "w", encoding="utf-8") as file:
                file.write(page(own, peer, "QEMU " + re.search(r"version ([\d.]+)", version)[1]))
        with open(PAGE, encoding="utf-8") as file:
            differences = list(untrue(own, file.read()))
    for line in differences:
        print(line)
    print(f"docs/coverage-qemu.md: {len(differences)} names are not as it says")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
