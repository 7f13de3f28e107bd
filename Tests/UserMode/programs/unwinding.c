// Ways out of signal handlers: the frames of a fault and of a signal are found with their registers, and cancellation runs what handlers outside have
// to clean up.
#define _GNU_SOURCE
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static uintptr_t in_main, in_middle, fault;
static int handlers;

#if defined __riscv
enum { first = 18, second = 19 };  // s2, s3
#define FAULT "li s2, 0x123\n li s3, 0x456\n 1: lw x0, 0(%0)\n"
#define CLOBBERED "s2", "s3"
#elif defined __aarch64__
enum { first = 20, second = 21 };
#define FAULT "mov x20, #0x123\n mov x21, #0x456\n 1: ldr w9, [%0]\n"
#define CLOBBERED "x9", "x20", "x21"
#elif defined __arm__
enum { first = 4, second = 5 };
#define FAULT "ldr r4, =0x123\n ldr r5, =0x456\n 1: ldr r3, [%0]\n"
#define CLOBBERED "r3", "r4", "r5"
#endif

static uintptr_t interrupted(const void *opaque) {
    const mcontext_t *context = &((const ucontext_t *)opaque)->uc_mcontext;
#if defined __riscv
    return context->__gregs[0];
#elif defined __aarch64__
    return context->pc;
#elif defined __arm__
    return context->arm_pc;
#endif
}

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *unused) {
    int is_interrupted = 0;
    const uintptr_t place = _Unwind_GetIPInfo(context, &is_interrupted) & ~1ul;
    (void)unused;
#if defined __arm__  // whose unwinder does not tell
    is_interrupted = 1;
#endif
    if (place == fault && is_interrupted)
        printf("registers of the fault: %lx %lx\n", (long)_Unwind_GetGR(context, first), (long)_Unwind_GetGR(context, second));
    return _URC_NO_REASON;
}

static int has(void *const *frames, int count, uintptr_t wanted) {
    for (int i = 0; i < count; i++)
        if (((uintptr_t)frames[i] & ~1ul) == (wanted & ~1ul)) return 1;
    return 0;
}

static void show(const char *what) {
    void *frames[64];
    const int count = backtrace(frames, 64);
    printf("%s: middle %d, main %d", what, has(frames, count, in_middle), has(frames, count, in_main));
    if (fault) printf(", fault %d", has(frames, count, fault));
    printf("\n");
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    fault = interrupted(context) & ~1ul;
    show("fault");
    _Unwind_Backtrace(look, NULL);
    fflush(stdout);
    _exit(0);
}

static void on_inner(int signal) {
    (void)signal;
    show("signal in a handler on another stack");
}

static void on_signal(int signal) {
    (void)signal;
    show("signal");
    if (handlers++ == 0) raise(SIGUSR2);
}

__attribute__((noinline)) static int cause(int what) {
    in_middle = (uintptr_t)__builtin_return_address(0);
    if (what) __asm__ volatile(FAULT ::"r"(8l) : "memory", CLOBBERED);
    else raise(SIGUSR1);
    __asm__ volatile("" ::: "memory");
    return what + 1;
}

__attribute__((noinline)) static int middle(int what) {
    in_main = (uintptr_t)__builtin_return_address(0);
    return cause(what) * 2;
}

// Cancellation.

static int (*volatile kill_thread)(pthread_t, int) = pthread_kill;  // without the promise that it does not throw

static void cleaned(void *what) { printf("cleaned: %s\n", (const char *)what); }

static void wait_for_end(int signal) {
    (void)signal;
    pthread_cleanup_push(cleaned, "in the handler");
    for (;;) pause();
    pthread_cleanup_pop(0);
}

static void *interruptible(void *unused) {
    pthread_cleanup_push(cleaned, "around the signal");
    kill_thread(pthread_self(), SIGTERM);
    pthread_cleanup_pop(0);
    return unused;
}

static void *ending(void *unused) {
    pthread_cleanup_push(cleaned, "around the fault");
#if defined __arm__  // whose unwinder knows calls only
    kill_thread(pthread_self(), SIGSEGV);
#else
    (void)*(volatile int *)8;
#endif
    pthread_cleanup_pop(0);
    return unused;
}

static void leave(int signal) {
    (void)signal;
    pthread_exit("left");
}

static int find(struct dl_phdr_info *info, size_t size, void *found) {
    (void)size;
    const uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_addr + info->dlpi_phdr[i].p_vaddr == vdso) *(int *)found = 1;
    return 0;
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    int found = 0;
    dl_iterate_phdr(find, &found);
    printf("the vdso among the objects: %d\n", found);

    static char space[1 << 16];
    sigaltstack(&(stack_t){.ss_sp = space, .ss_size = sizeof space}, NULL);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    sigaction(SIGUSR2, &(struct sigaction){.sa_handler = on_inner, .sa_flags = SA_ONSTACK}, NULL);
    printf("%d\n", middle(0));

    sigaction(SIGTERM, &(struct sigaction){.sa_handler = wait_for_end}, NULL);
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, interruptible, NULL);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);

    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = leave}, NULL);
    pthread_create(&thread, NULL, ending, NULL);
    pthread_join(thread, &result);
    printf("ended in a handler: %s\n", (const char *)result);

    sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, NULL);
    return middle(1);
}
