#ifndef APUS_USER_SIGNALS_H
#define APUS_USER_SIGNALS_H
// What a user-mode thread needs of the host's signals, below the C library, which keeps some signals for itself.
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A thread's part in signal delivery. A handler has at most one signal to note: it blocks all others until the guest's frame is built.
struct apus_signal_slot {
    // The signal that has come and waits to be delivered to the guest; 0 for none.
    uint32_t pending;
    // Set when something has come, so that generated code is left at the next block.
    uint32_t *exit_request;
    // Whatever runs on the thread, for `handle_fault`.
    void *owner;
    // Takes a fault of the thread's (SIGSEGV, SIGBUS). It returns true if it has seen to it; else the process dies of it.
    bool (*handle_fault)(int signal, siginfo_t *info, void *context);
    // The kernel's siginfo_t, which is the guest's too.
    unsigned char info[128];
};

// The calling thread's slot; null for a thread that runs no guest.
void apus_set_signal_slot(struct apus_signal_slot *slot);
struct apus_signal_slot *apus_signal_slot(void);

// rt_sigaction(2) for a host signal: 0 default, 1 ignore, 2 noted in the thread's slot. `flags` may hold SA_NOCLDSTOP and SA_NOCLDWAIT.
// -errno on failure.
int apus_set_signal_action(int signal, int action, unsigned long flags);
bool apus_signal_is_ignored(int signal);
// "SEGV" and "EPERM"; null for numbers without a name.
const char *apus_signal_name(int signal);
const char *apus_errno_name(int code);
// A thread that nobody waits for; 0 or an error number.
int apus_start_thread(size_t stack_size, void *(*body)(void *), void *argument);
// From now on faults (SIGSEGV, SIGBUS) go to the slot of the thread that causes them.
void apus_catch_faults(void);

// rt_sigprocmask(2) with 64 signals. SIGSEGV and SIGBUS are never blocked.
void apus_set_signal_mask(uint64_t mask);

// A system call that does not begin once a signal has been noted: -512 (ERESTARTSYS) then. Otherwise its result, or -errno.
long apus_safe_syscall(const uint32_t *pending, long number, const long arguments[6]);
// A system call without that.
long apus_raw_syscall(long number, const long arguments[6]);

// Dies of a signal as if it had never been caught.
void apus_die_of_signal(int signal);

// fork(2), for Swift.
int apus_fork(void);
// What a fork by clone3(2) may ask for beyond fork: flags (namespaces, CLONE_PIDFD), where the descriptor of CLONE_PIDFD is written, the
// exit signal, the ids wanted in each namespace, and the cgroup's descriptor.
struct apus_fork_request {
    uint64_t flags;
    int32_t *pidfd;
    uint64_t exit_signal;
    const int32_t *ids;
    uint64_t id_count;
    uint64_t cgroup;
};
// The child's id, 0 in the child, or -errno.
long apus_fork_with(const struct apus_fork_request *request);
// clone(2) with CLONE_VM and CLONE_VFORK besides `flags`, whose low byte is the exit signal: `body` runs in the child on a stack of its own,
// in the same memory, while the caller waits. `word` is where CLONE_PIDFD or CLONE_PARENT_SETTID write. The child's id, or -errno.
long apus_vfork(int flags, void *stack_top, int (*body)(void *), void *argument, int32_t *word);

// Registers of a saved context (a ucontext_t).
uintptr_t apus_context_pc(const void *context);
void apus_context_set_pc(void *context, uintptr_t pc);
// General-purpose register by its number in the instruction encoding.
uint64_t apus_context_register(const void *context, unsigned number);
void apus_context_set_register(void *context, unsigned number, uint64_t value);
// Whether the page fault was a write (bit 1 of the error code), and whether there was one (trap 14).
bool apus_context_is_write(const void *context);
bool apus_context_is_page_fault(const void *context);
// The base of the GS segment.
void apus_set_gs_base(uint64_t base);

static inline int apus_info_code(const siginfo_t *info) { return info->si_code; }
static inline uint64_t apus_info_address(const siginfo_t *info) { return (uint64_t)(uintptr_t)info->si_addr; }
#endif
