// A thread inherits its maker's floating point modes, leaves them, and computes by what it has chosen.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

// Sets the mode that is not the usual one: flush to zero on Arm, rounding away from zero in the middle on RISC-V.
static void unusual(int on) {
#if defined __aarch64__
    uint64_t value = on ? 1 << 24 : 0;
    __asm__ volatile("msr fpcr, %0" : : "r"(value));
#elif defined __arm__
    uint32_t value = on ? 1 << 24 : 0;
    __asm__ volatile("vmsr fpscr, %0" : : "r"(value));
#elif defined __riscv
    uintptr_t value = on ? 4 : 0;
    __asm__ volatile("fsrm %0" : : "r"(value));
#endif
}

__attribute__((noinline)) static double work(double a, double b) {
#if defined __riscv
    return a + b;
#else
    return a * b;
#endif
}

static double (*volatile function)(double, double) = work;

static const char *look(void) {
#if defined __riscv
    return function(1, 0x1p-53) == 1 ? "usual" : "unusual";
#else
    return function(1e-310, 0.5) != 0 ? "usual" : "unusual";
#endif
}

static void *run(void *unused) {
    const char *first = look();
    unusual(0);
    printf("thread: %s, then %s\n", first, look());
    return unused;
}

int main(void) {
    printf("main: %s\n", look());
    unusual(1);
    printf("main: %s\n", look());
    pthread_t thread;
    pthread_create(&thread, NULL, run, NULL);
    pthread_join(thread, NULL);
    printf("main: %s\n", look());
    unusual(0);
    printf("main: %s\n", look());
    return 0;
}
