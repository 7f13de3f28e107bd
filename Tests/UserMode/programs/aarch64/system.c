// What a program sees of its processor: identification registers, hardware capabilities, cache maintenance, floating-point control.
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#define READ(name) ({ uint64_t value; __asm__ volatile("mrs %0, " name : "=r"(value)); value; })

static unsigned field(uint64_t word, int low) { return word >> low & 15; }

// A capability is there if and only if the register's field says so.
static void agree(const char *what, unsigned least, unsigned found, uint64_t words, int bit) {
    if ((found >= least) != (words >> bit & 1)) printf("%s: the register says %u, the capabilities %lu\n", what, found, words >> bit & 1);
}

static void identification(void) {
    uint64_t isar0 = READ("s3_0_c0_c6_0"), isar1 = READ("s3_0_c0_c6_1"), pfr0 = READ("s3_0_c0_c4_0"), mmfr2 = READ("s3_0_c0_c7_2");
    uint64_t caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
    agree("aes", 1, field(isar0, 4), caps, 3);
    agree("pmull", 2, field(isar0, 4), caps, 4);
    agree("sha1", 1, field(isar0, 8), caps, 5);
    agree("sha2", 1, field(isar0, 12), caps, 6);
    agree("sha512", 2, field(isar0, 12), caps, 21);
    agree("crc32", 1, field(isar0, 16), caps, 7);
    agree("atomics", 2, field(isar0, 20), caps, 8);
    agree("rdm", 1, field(isar0, 28), caps, 12);
    agree("dotprod", 1, field(isar0, 44), caps, 20);
    agree("flagm", 1, field(isar0, 52), caps, 27);
    agree("flagm2", 2, field(isar0, 52), caps2, 7);
    agree("rng", 1, field(isar0, 60), caps2, 16);
    agree("jscvt", 1, field(isar1, 12), caps, 13);
    agree("fcma", 1, field(isar1, 16), caps, 14);
    agree("lrcpc", 1, field(isar1, 20), caps, 15);
    agree("bf16", 1, field(isar1, 44), caps2, 14);
    agree("i8mm", 1, field(isar1, 52), caps2, 13);
    agree("fp16", 1, field(pfr0, 16), caps, 9);
    agree("sve", 1, field(pfr0, 32), caps, 22);
    agree("uscat", 1, field(mmfr2, 32), caps, 25);
    printf("implementer: %s\n", READ("midr_el1") >> 24 & 0xff ? "named" : "none");
    printf("a reserved register: %lu\n", READ("s3_0_c0_c7_7"));
    printf("platform: %s\n", (const char *)getauxval(AT_PLATFORM));
    printf("counter: %s\n", READ("cntfrq_el0") > 0 && READ("cntvct_el0") <= READ("cntvct_el0") ? "runs" : "stands");
}

static void zero(void) {
    static char memory[4096] __attribute__((aligned(2048)));
    unsigned long size = 4ul << (READ("dczid_el0") & 15);
    memset(memory, 1, sizeof memory);
    __asm__ volatile("dc zva, %0" ::"r"(memory + size + 5) : "memory");
    unsigned long cleared = 0;
    for (unsigned i = 0; i < sizeof memory; i++) cleared += memory[i] == 0;
    printf("dc zva: %s\n", cleared == size && memory[size] == 0 && memory[size - 1] == 1 ? "one block" : "wrong");
}

static void maintenance(void) {
    uint64_t line = READ("ctr_el0");
    __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(&line) : "memory");
    printf("cache lines: %s\n", (4u << field(line, 16)) >= 16 && (4u << field(line, 0)) >= 16 ? "sensible" : "wrong");
}

int main(void) {
    identification();
    zero();
    maintenance();
    return 0;
}
