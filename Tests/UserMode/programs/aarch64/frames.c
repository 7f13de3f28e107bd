// Signal frames: the records behind the context, what a handler reads and changes there, the frame record for unwinders.
#define _GNU_SOURCE
#include <asm/sigcontext.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static volatile int mode;
static char *volatile page;

static struct _aarch64_ctx *find(ucontext_t *context, uint32_t magic) {
    char *place = (char *)context->uc_mcontext.__reserved;
    while (1) {
        struct _aarch64_ctx *head = (void *)place;
        if (head->magic == magic) return head;
        if (head->magic == 0) return NULL;
        place += head->size;
    }
}

static void change_vectors(ucontext_t *context) {
    struct fpsimd_context *vectors = (void *)find(context, FPSIMD_MAGIC);
    printf("vectors: %u bytes, v8 %lx, fpcr %x\n", vectors->head.size, (unsigned long)vectors->vregs[8], vectors->fpcr);
    vectors->vregs[8] = (__uint128_t)0x5566 << 64 | 0x7788;
    vectors->fpsr |= 1 << 27;
    context->uc_mcontext.regs[20] = 99;
    context->uc_mcontext.pstate = 0x60000000;
}

static void report_fault(siginfo_t *info, ucontext_t *context) {
    struct esr_context *esr = (void *)find(context, ESR_MAGIC);
    unsigned long class = esr ? esr->esr >> 26 : 0, status = esr ? esr->esr & 0x3c : 0;
    printf("fault: class %lx status %lx write %d address %s, in the context %s\n", class, status, esr && esr->esr & 64,
           info->si_addr == page + 24 ? "right" : "wrong", context->uc_mcontext.fault_address == (uintptr_t)page + 24 ? "right" : "wrong");
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

// A record that the kernel does not have to find first.
static void move_vectors(ucontext_t *context) {
    struct fpsimd_context vectors = *(struct fpsimd_context *)find(context, FPSIMD_MAGIC);
    struct esr_context esr = {{ESR_MAGIC, sizeof esr}, 0};
    char *place = (char *)context->uc_mcontext.__reserved;
    memcpy(place, &esr, sizeof esr);
    memcpy(place + sizeof esr, &vectors, sizeof vectors);
    memset(place + sizeof esr + sizeof vectors, 0, 16);
}

static void handler(int signal, siginfo_t *info, void *opaque) {
    ucontext_t *context = opaque;
    (void)signal;
    uintptr_t *record = __builtin_frame_address(0);
    uintptr_t *interrupted = (uintptr_t *)record[0];
    if (mode == 0) {
        printf("frame record: %s\n", interrupted[0] == context->uc_mcontext.regs[29] && interrupted[1] == context->uc_mcontext.regs[30] ? "right" : "wrong");
        change_vectors(context);
    } else if (mode == 1) {
        report_fault(info, context);
    } else {
        move_vectors(context);
    }
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);

    struct sigaction trap = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR2, &trap, NULL);
    uint64_t low, high, number, flags, status;
    register long call __asm__("x8") = 129, pid __asm__("x0"), which __asm__("x1") = SIGUSR1;
    pid = (long)(__extension__({ extern int getpid(void); getpid(); }));
    call = 129, which = SIGUSR1;
    __asm__ volatile(
        "fmov d8, %[v]\n mov x20, #5\n cmp x20, x20\n msr fpsr, xzr\n svc #0\n"
        "fmov %[low], d8\n fmov %[high], v8.d[1]\n mov %[number], x20\n mrs %[flags], nzcv\n mrs %[status], fpsr\n"
        : [low] "=&r"(low), [high] "=&r"(high), [number] "=&r"(number), [flags] "=&r"(flags), [status] "=&r"(status), "+r"(pid)
        : "r"(call), "r"(which), [v] "r"(0x1122334455667788)
        : "v8", "x20", "cc", "memory");
    printf("behind the handler: v8 %lx %lx, x20 %lu, nzcv %lx, fpsr %lx\n", high, low, number, flags, status);

    mode = 1;
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile long *)(page + 24) = 7;
    printf("written: %ld\n", *(long *)(page + 24));
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("read: %ld\n", *(volatile long *)(page + 24));

    mode = 2;
    double before = 1.25;
    __asm__ volatile("" : "+w"(before));
    raise(SIGUSR2);
    printf("records in another order: %g\n", before);
    return 0;
}
