"""What the runners share: compiling the guest programs, their classes, means and tables."""
import concurrent.futures
import glob
import math
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = {"integer": "integer and branchy", "branchy": "integer and branchy", "calls": "calls and indirect jumps", "indirect": "calls and indirect jumps",
           "float": "floating point", "memory": "memory", "strings": "strings",
           "translation": "code that runs once", "system": "system calls, signals, threads, processes"}


def sources(work, *folders):
    """Every program of the folders by its name, and the one that a script writes."""
    with open(f"{work}/translation_straight.c", "w") as output:
        subprocess.run([f"{HERE}/straight.py"], stdout=output, check=True)
    paths = [path for folder in folders for path in glob.glob(f"{HERE}/{folder}/*.c")]
    return {os.path.basename(path)[:-2]: path for path in [*paths, f"{work}/translation_straight.c"]}


def fits(compiler, path):
    """Whether the program can be compiled: 32-bit compilers have no 128-bit integers."""
    with open(path) as source:
        return not compiler.startswith("arm-") or "__int128" not in source.read()


def compile_all(paths, targets):
    """Compiles each source with each compiler, side by side; targets: (compiler, options, folder that the programs are put in)."""
    for _, _, folder in targets:
        os.makedirs(folder)
    commands = [[compiler, "-O2", f"-I{HERE}/programs", *options, "-o", f"{folder}/{name}", path, "-lm"]
                for compiler, options, folder in targets for name, path in paths.items() if fits(compiler, path)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda words: subprocess.run(words, check=True), commands))


def class_of(name):
    return CLASSES[name.split("_")[0]]


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def table(native, apus, qemu):
    """The lines of a table of seconds by program, and the classes' ratios behind it."""
    lines = ["| program | native s | Apus s | QEMU s | QEMU / Apus | Apus / native |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    groups = {}
    for name in sorted(apus):
        ratios = qemu[name] / apus[name], apus[name] / native[name], qemu[name] / native[name]
        groups.setdefault(class_of(name), []).append(ratios)
        lines.append(f"| {name} | {native[name]:.2f} | {apus[name]:.2f} | {qemu[name]:.2f} | {ratios[0]:.2f} | {ratios[1]:.1f} |")
    lines += ["", "| class, geometric means | QEMU / Apus | Apus / native | QEMU / native |", "| --- | ---: | ---: | ---: |"]
    for name, rows in groups.items():
        speed, ours, theirs = map(mean, zip(*rows))
        lines.append(f"| {name} | {speed:.2f} | {ours:.1f} | {theirs:.1f} |")
    return lines
