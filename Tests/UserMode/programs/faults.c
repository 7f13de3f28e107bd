// Faults: signal, code, address and registers of each; and the program goes on behind them.
#define _GNU_SOURCE
#include "caught.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static void report(const char *what, uintptr_t wanted) {
    const char *name = got_signal == SIGSEGV ? "SIGSEGV" : got_signal == SIGBUS ? "SIGBUS" : got_signal == SIGILL ? "SIGILL" : got_signal == SIGTRAP ? "SIGTRAP" : "?";
    printf("%s: %s code %d address %s\n", what, name, got_code, got_address == wanted ? "right" : "wrong");
    got_signal = 0;
}

#define TRY(what, wanted, ...)                        \
    do {                                              \
        if (sigsetjmp(jump, 1) == 0) {                \
            __VA_ARGS__;                              \
            printf("%s: no fault\n", what);           \
        } else {                                      \
            report(what, (uintptr_t)(wanted));        \
        }                                             \
    } while (0)

static void precise(int signal, siginfo_t *info, void *opaque) {
    ucontext_t *context = opaque;
    (void)signal;
    (void)info;
#if defined __riscv
    unsigned long *r = context->uc_mcontext.__gregs;
    printf("registers at the fault: %lx %lx %lx\n", r[18], r[19], r[15]);
    r[0] += 4;
#elif defined __aarch64__
    mcontext_t *m = &context->uc_mcontext;
    printf("registers at the fault: %llx %llx %llx\n", m->regs[19], m->regs[20], m->regs[15]);
    m->pc += 4;
#endif
}

static void in_child(const char *what, void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGILL, SIG_DFL);
        body();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void crash(void) { *(volatile int *)8 = 1; }
static int recurse(int n) {
    volatile char space[4096];
    space[0] = (char)n;
    return recurse(n + 1) + space[0];
}
static void overflow(void) { recurse(0); }
static void illegal(void) { __asm__ volatile(".word 0"); }

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    TRY("read of 0", 0, *(volatile int *)0);
    TRY("write of 16", 16, *(volatile int *)16 = 1);
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page + 4096, 4096, PROT_NONE);
    TRY("read of PROT_NONE", page + 4096, *(volatile char *)(page + 4096));
    TRY("read over the end", page + 4096, *(volatile long *)(page + 4092));
    mprotect(page, 4096, PROT_READ);
    TRY("write of PROT_READ", page + 100, *(volatile char *)(page + 100) = 1);
    printf("read of PROT_READ: %d\n", page[100]);
#if defined __aarch64__
    const uintptr_t far = 0x10;  // the top byte is no part of the address
#else
    const uintptr_t far = 0x4000000000000010;
#endif
    TRY("far address", far, *(volatile char *)0x4000000000000010);
    TRY("jump to data", page, ((void (*)(void))page)());
    TRY("jump to 0", 0, ((void (*)(void))0)());
    TRY("atomic on PROT_READ", page + 64, __atomic_fetch_or((int *)(page + 64), 1, __ATOMIC_SEQ_CST));
    TRY("atomic add on PROT_READ", page + 64, __atomic_fetch_add((long *)(page + 64), 1, __ATOMIC_SEQ_CST));
    FILE *file = tmpfile();
    (void)!ftruncate(fileno(file), 100);
    char *mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    TRY("behind the file", mapped + 4096, *(volatile char *)(mapped + 4096));
    TRY("float store of PROT_READ", page + 32, *(volatile double *)(page + 32) = 1.5);
#if defined __riscv
    TRY("misaligned atomic", page + 1, __asm__ volatile("amoadd.w x0, x0, (%0)" ::"r"(page + 1) : "memory"));
    uintptr_t place;
    __asm__ volatile("la %0, 1f\nj 2f\n.balign 4\n1: ebreak\n nop\n2:" : "=r"(place));
#elif defined __aarch64__
    TRY("misaligned atomic", page + 1, __asm__ volatile("ldxr w9, [%0]" ::"r"(page + 1) : "w9", "memory"));
    uintptr_t place;
    __asm__ volatile("adr %0, 1f\nb 2f\n1: brk #0\n nop\n2:" : "=r"(place));
#endif
    TRY("breakpoint", place, ((void (*)(void))place)());
    static const uint32_t words[] = {0};
    mprotect((void *)((uintptr_t)words & ~4095ul), 4096, PROT_READ | PROT_EXEC);
    TRY("illegal instruction", words, ((void (*)(void))words)());
    action.sa_sigaction = precise;
    sigaction(SIGSEGV, &action, NULL);
#if defined __riscv
    __asm__ volatile(
        "li s2, 0x123\n li s3, 0x456\n li a5, 0x789\n .option push\n .option norvc\n sd s2, 0(x0)\n .option pop\n" ::: "s2", "s3", "a5", "memory");
#elif defined __aarch64__
    __asm__ volatile("mov x19, #0x123\n mov x20, #0x456\n mov x15, #0x789\n mov x9, #0\n str x19, [x9]\n" ::: "x9", "x19", "x20", "x15", "memory");
#endif
    in_child("uncaught fault", crash);
    in_child("stack overflow", overflow);
    in_child("uncaught illegal instruction", illegal);
    return 0;
}
