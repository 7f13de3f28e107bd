#define _GNU_SOURCE
#include "UserSignals.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static __thread struct apus_signal_slot *slot;

void apus_set_signal_slot(struct apus_signal_slot *value) { slot = value; }
struct apus_signal_slot *apus_signal_slot(void) { return slot; }

#define BIT(signal) (1ull << ((signal) - 1))
static const uint64_t never_blocked = BIT(SIGSEGV) | BIT(SIGBUS);

// The pending word in r11 and the arguments behind rdx; neither the stack nor a saved register is touched.
__asm__(".text\n"
        ".globl apus_safe_syscall\napus_safe_syscall:\n"
        " movq %rsi, %rax\n movq %rdi, %r11\n movq %rdx, %rcx\n"
        " movq (%rcx), %rdi\n movq 8(%rcx), %rsi\n movq 16(%rcx), %rdx\n movq 24(%rcx), %r10\n movq 32(%rcx), %r8\n movq 40(%rcx), %r9\n"
        "apus_safe_start:\n"
        " cmpl $0, (%r11)\n"
        " jne apus_safe_interrupted\n"
        " syscall\n"
        "apus_safe_end:\n"
        " ret\n"
        "apus_safe_interrupted:\n"
        " movq $-512, %rax\n ret\n"
        ".globl apus_raw_syscall\napus_raw_syscall:\n"
        " movq %rdi, %rax\n movq %rsi, %rcx\n"
        " movq (%rcx), %rdi\n movq 8(%rcx), %rsi\n movq 16(%rcx), %rdx\n movq 24(%rcx), %r10\n movq 32(%rcx), %r8\n movq 40(%rcx), %r9\n"
        " syscall\n ret\n"
        "apus_signal_return:\n movl $15, %eax\n syscall\n");

extern char apus_safe_start[], apus_safe_end[], apus_safe_interrupted[];
extern void apus_signal_return(void);

static void block_in(ucontext_t *context, uint64_t mask) { memcpy(&context->uc_sigmask, &mask, sizeof mask); }

static void note(int signal, siginfo_t *info, void *opaque) {
    ucontext_t *context = opaque;
    if (slot == NULL) return;
    memcpy(slot->info, info, sizeof slot->info);
    __atomic_store_n(slot->exit_request, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->pending, (uint32_t)signal, __ATOMIC_SEQ_CST);
    block_in(context, ~never_blocked);
    greg_t pc = context->uc_mcontext.gregs[REG_RIP];
    if (pc >= (greg_t)apus_safe_start && pc < (greg_t)apus_safe_end)
        context->uc_mcontext.gregs[REG_RIP] = (greg_t)apus_safe_interrupted;
}

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static int set_action(int signal, void (*handler)(int, siginfo_t *, void *), unsigned long flags) {
    struct kernel_sigaction action = {handler, flags | SA_SIGINFO | 0x04000000, apus_signal_return, ~never_blocked};
    return syscall(SYS_rt_sigaction, signal, &action, NULL, 8) == 0 ? 0 : -errno;
}

int apus_set_signal_action(int signal, int action, unsigned long flags) {
    if (action == 2) return set_action(signal, note, flags);
    struct kernel_sigaction plain = {action == 1 ? (void *)SIG_IGN : (void *)SIG_DFL, 0x04000000 | flags, apus_signal_return, 0};
    return syscall(SYS_rt_sigaction, signal, &plain, NULL, 8) == 0 ? 0 : -errno;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    if (info->si_code <= 0) {
        if (slot != NULL) return note(signal, info, context);
    }
    if (slot != NULL && slot->handle_fault != NULL && slot->handle_fault(signal, info, context)) return;
    // The instruction faults again, and nothing catches it any more.
    apus_set_signal_action(signal, 0, 0);
}

void apus_catch_faults(void) {
    set_action(SIGSEGV, on_fault, 0);
    set_action(SIGBUS, on_fault, 0);
}

void apus_set_signal_mask(uint64_t mask) {
    mask &= ~never_blocked;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
}

void apus_die_of_signal(int signal) {
    apus_set_signal_action(signal, 0, 0);
    apus_set_signal_mask(~BIT(signal));
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
    apus_set_signal_mask(0);
    _exit(128 + signal);
}

bool apus_signal_is_ignored(int signal) {
    struct kernel_sigaction old;
    return syscall(SYS_rt_sigaction, signal, NULL, &old, 8) == 0 && (void *)old.handler == (void *)SIG_IGN;
}

int apus_start_thread(size_t stack_size, void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int result = pthread_create(&thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return result;
}

const char *apus_signal_name(int signal) { return sigabbrev_np(signal); }
const char *apus_errno_name(int code) { return strerrorname_np(code); }

// A statically linked Swift runtime has to be told; where it is a shared library a forked child executes a program at once.
extern void apus_in_forked_child(void) __attribute__((weak));

static void call(void (*function)(void)) {
    if (function != NULL) function();
}

int apus_fork(void) {
    int child = fork();
    if (child == 0) call(apus_in_forked_child);
    return child;
}

// fork(2) of the C library sees to these; they are there where it is linked in.
extern void __malloc_fork_lock_parent(void) __attribute__((weak));
extern void __malloc_fork_unlock_parent(void) __attribute__((weak));
extern void __malloc_fork_unlock_child(void) __attribute__((weak));

long apus_fork_with(const struct apus_fork_request *request) {
    // Where the C library keeps the thread's id, which is another one in the child.
    int *id = NULL;
    prctl(PR_GET_TID_ADDRESS, &id);
    struct clone_args arguments = {
        .flags = request->flags | (id == NULL ? 0 : CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID),
        .pidfd = (uintptr_t)request->pidfd,
        .child_tid = (uintptr_t)id,
        .exit_signal = request->exit_signal,
        .set_tid = (uintptr_t)request->ids,
        .set_tid_size = request->id_count,
        .cgroup = request->cgroup,
    };
    call(__malloc_fork_lock_parent);
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    long result = child < 0 ? -errno : child;
    call(child == 0 ? __malloc_fork_unlock_child : __malloc_fork_unlock_parent);
    if (child == 0) call(apus_in_forked_child);
    return result;
}

long apus_vfork(int flags, void *stack_top, int (*body)(void *), void *argument, int32_t *word) {
    int child = clone(body, stack_top, flags | CLONE_VM | CLONE_VFORK, argument, word, NULL, NULL);
    return child < 0 ? -errno : child;
}

uintptr_t apus_context_pc(const void *context) { return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]; }
void apus_context_set_pc(void *context, uintptr_t pc) { ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)pc; }

static const int register_index[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                       REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

uint64_t apus_context_register(const void *context, unsigned number) {
    return (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[register_index[number & 15]];
}
void apus_context_set_register(void *context, unsigned number, uint64_t value) {
    ((ucontext_t *)context)->uc_mcontext.gregs[register_index[number & 15]] = (greg_t)value;
}
bool apus_context_is_write(const void *context) { return (((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0; }
bool apus_context_is_page_fault(const void *context) { return ((const ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO] == 14; }

void apus_set_gs_base(uint64_t base) { syscall(SYS_arch_prctl, ARCH_SET_GS, base); }
