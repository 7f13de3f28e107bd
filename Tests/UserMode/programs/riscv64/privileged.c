// Instructions above a program's rights, and words that are none: SIGILL at their own address. Misaligned accesses work.
#include "../caught.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const struct {
    const char *name;
    uint32_t word;
} instructions[] = {
    {"csrr sstatus", 0x10002573}, {"csrr mhartid", 0xf1402573}, {"csrw satp", 0x18051073},     {"csrr of no register", 0x8ff02573},
    {"csrw cycle", 0xc0051073},   {"sret", 0x10200073},         {"mret", 0x30200073},          {"sfence.vma", 0x12000073},
    {"hfence.gvma", 0x62000073},  {"hlv.w", 0x68054573},        {"c.addi4spn of 0", 0x00010000}, {"all ones", 0xffffffff},
    {"reserved load", 0x00057503}, {"reserved rounding", 0x02055553}, {"dret", 0x7b200073},
};

static void execute(char *page, const char *name, uint32_t word) {
    const uint32_t code[] = {word, 0x00008067};
    memcpy(page, code, sizeof code);
    __builtin___clear_cache(page, page + sizeof code);
    got_signal = 0;
    if (sigsetjmp(jump, 1) == 0) {
        ((long (*)(void *))page)(page + 1024);
        printf("%s: executed\n", name);
    } else {
        printf("%s: signal %d code %d address %+ld\n", name, got_signal, got_code, (long)(got_address - (uintptr_t)page));
    }
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    char *page = mmap(NULL, 12288, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < sizeof instructions / sizeof *instructions; i++) execute(page, instructions[i].name, instructions[i].word);

    volatile uint64_t *across = (volatile uint64_t *)(page + 4093);
    *across = 0x0123456789abcdef;
    printf("misaligned across pages: %llx\n", (unsigned long long)*across);
    if (sigsetjmp(jump, 1) == 0) {
        long value;
        __asm__ volatile("lr.d %0, (%1)" : "=r"(value) : "r"(page + 4));
    } else {
        printf("misaligned lr.d: signal %d code %d address %+ld\n", got_signal, got_code, (long)(got_address - (uintptr_t)page));
    }
    munmap(page + 8192, 4096);
    page[8190] = 0x13; // the first half of an instruction of four bytes
    if (sigsetjmp(jump, 1) == 0) {
        ((void (*)(void))(page + 8190))();
    } else {
        printf("instruction across the end: signal %d code %d address %+ld\n", got_signal, got_code, (long)(got_address - (uintptr_t)page));
    }
    return 0;
}
