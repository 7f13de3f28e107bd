// Pointers with a tag in the top byte: accesses and branches ignore it, system calls only once that has been asked for.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

static sigjmp_buf jump;
static volatile uintptr_t address;

static void handler(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    address = (uintptr_t)info->si_addr;
    siglongjmp(jump, 1);
}

static void *tagged(const void *pointer, int tag) { return (void *)((uintptr_t)pointer | (uintptr_t)tag << 56); }
static long answer(void) { return 42; }

static void accesses(void) {
    uint64_t words[8] __attribute__((aligned(64))) = {1, 2, 3, 4, 5, 6, 7, 8};
    uint64_t *volatile p = tagged(words, 0x5a);
    uint64_t first, second, failed;
    printf("load: %lu\n", p[2]);
    p[3] = 44;
    printf("store: %lu\n", words[3]);
    printf("add: %lu %lu\n", __atomic_fetch_add(&p[4], 10, __ATOMIC_SEQ_CST), words[4]);
    __asm__ volatile("ldp %0, %1, [%2], #16" : "=&r"(first), "=&r"(second), "+r"(p) : : "memory");
    printf("pair: %lu %lu, the tag is %s\n", first, second, (uintptr_t)p >> 56 == 0x5a ? "kept" : "lost");
    __asm__ volatile("1: ldxr %0, [%2]\n add %0, %0, #1\n stxr %w1, %0, [%2]\n cbnz %w1, 1b" : "=&r"(first), "=&r"(failed) : "r"(p) : "memory");
    printf("exclusive: %lu\n", words[2]);
    __asm__ volatile("ld1 {v0.2d}, [%1]\n umov %0, v0.d[1]" : "=r"(first) : "r"(p) : "v0");
    printf("vector: %lu\n", first);
    __asm__ volatile("dc zva, %0" ::"r"(p) : "memory");
    printf("dc zva: %lu\n", words[2]);
    long (*volatile function)(void) = tagged((void *)answer, 0x11);
    printf("call: %ld\n", function());
}

static void faults(void) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(jump, 1) == 0) *(volatile char *)tagged(page + 5, 0x77) = 1;
    printf("fault: the address is %s\n", address == (uintptr_t)page + 5 ? "without the tag" : "wrong");
}

static void calls(void) {
    char text[] = "text\n";
    int pair[2];
    (void)!pipe(pair);
    printf("write before: %s\n", write(pair[1], tagged(text, 1), 5) < 0 ? strerror(errno) : "done");
    printf("control before: %d\n", prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
    printf("control: %d\n", prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0));
    printf("control behind: %d\n", prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
    printf("write: %zd\n", write(pair[1], tagged(text, 1), 5));
    printf("read: %zd %s", read(pair[0], tagged(text, 2), 5), text);
    struct iovec part = {tagged(text, 3), 5};
    printf("writev: %zd\n", writev(pair[1], tagged(&part, 4), 1));
    printf("mmap: %s\n", mmap(tagged((void *)0x10000000, 5), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? strerror(errno) : "done");
    printf("what is unknown: %d\n", prctl(PR_SET_TAGGED_ADDR_CTRL, 1ul << 40, 0, 0, 0));
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    accesses();
    faults();
    calls();
    return 0;
}
