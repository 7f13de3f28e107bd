#!/usr/bin/env python3
"""Prints a C program of very much straight code, every function of which runs once: what costs there is translation."""
import random

FUNCTIONS, STATEMENTS = 2500, 40
choose = random.Random(1)
FORMS = ["{0} += {1} ^ {2}u;", "{0} ^= {1} << {3};", "{0} = {0} * {2}u + {1};", "if ({0} > {1}) {0} -= {2}u; else {1} += {3};", "{0} ^= {1} >> {3};", "m[{3}] += {0}; {1} ^= m[{4}];"]
print("// Made by straight.py.\n#include \"bench.h\"\nstatic uint64_t m[32];")
for number in range(FUNCTIONS):
    print(f"__attribute__((noinline)) static uint64_t f{number}(uint64_t a, uint64_t b, uint64_t c) {{")
    for _ in range(STATEMENTS):
        first, second = choose.sample("abc", 2)
        print("    " + choose.choice(FORMS).format(first, second, choose.getrandbits(24), choose.randrange(1, 31), choose.randrange(31)))
    print("    return a ^ b ^ c;\n}")
print("static uint64_t work(void) {\n    uint64_t s = 1;")
for number in range(FUNCTIONS):
    print(f"    s += f{number}(s, {choose.getrandbits(24)}u, s >> 7);")
print("    return s;\n}")
