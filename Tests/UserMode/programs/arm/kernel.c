// What Arm's kernel gives programs beside common calls: its page of helpers, private calls, older calls and their signal frames, 32-bit files.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <ucontext.h>
#include <unistd.h>

typedef int exchange(int old, int new, volatile int *place);
typedef void barrier(void);
typedef void *pointer(void);
typedef int exchange64(const int64_t *old, const int64_t *new, volatile int64_t *place);
#define HELPER(type, address) ((type *)(uintptr_t)(address))

static void *count(void *argument) {
    volatile int *place = argument;
    for (int i = 0; i < 10000; i++)
        for (int old = *place; HELPER(exchange, 0xffff0fc0)(old, old + 1, place) != 0; old = *place) {}
    return NULL;
}

static void helpers(void) {
    printf("version %d\n", *(int *)(uintptr_t)0xffff0ffc);
    volatile int word = 5;
    printf("exchange %d", HELPER(exchange, 0xffff0fc0)(4, 6, &word) == 0);
    printf(" %d", HELPER(exchange, 0xffff0fc0)(5, 6, &word) == 0);
    printf(" %d\n", word);
    volatile int64_t wide = 0x123456789abcdefLL;
    int64_t old = wide + 1, new = -2;
    printf("exchange64 %d", HELPER(exchange64, 0xffff0f60)(&old, &new, &wide) == 0);
    old = wide;
    printf(" %d %lld\n", HELPER(exchange64, 0xffff0f60)(&old, &new, &wide) == 0, (long long)wide);
    HELPER(barrier, 0xffff0fa0)();
    printf("tls %d\n", HELPER(pointer, 0xffff0fe0)() == __builtin_thread_pointer());
    pthread_t threads[3];
    volatile int sum = 0;
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, count, (void *)&sum);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    printf("sum %d\n", sum);
}

static volatile sig_atomic_t seen;
static void plain(int number) { seen = number; }

// The kernel's own calls: without a restorer the kernel's code returns.
struct old_action { void *handler; unsigned long mask, flags; void *restorer; };
struct new_action { void *handler; unsigned long flags; void *restorer; unsigned mask[2]; };

static uintptr_t fault_address, fault_pc;
static void info(int number, siginfo_t *info, void *context) {
    ucontext_t *c = context;
    seen = number;
    fault_address = (uintptr_t)info->si_addr;
    fault_pc = c->uc_mcontext.arm_pc;
    c->uc_mcontext.arm_pc += c->uc_mcontext.arm_cpsr & 0x20 ? 2 : 4;
}
__attribute__((target("thumb"), noinline)) static void thumb(int number) { seen = number + 100; }
__attribute__((target("arm"), noinline)) static void arm(int number) { seen = number + 200; }

static void signals(void) {
    struct old_action old = {arm, 0, 0, NULL}, was;
    printf("sigaction %ld", syscall(67, SIGUSR1, &old, NULL));
    raise(SIGUSR1);
    printf(" seen %d", seen);
    old.handler = thumb;
    printf(" again %ld %d", syscall(67, SIGUSR1, &old, &was), was.handler == arm);
    raise(SIGUSR1);
    printf(" seen %d\n", seen);
    for (int kind = 0; kind < 2; kind++) {
        struct new_action new = {kind ? (void *)thumb : (void *)arm, 4, NULL, {0, 0}};
        syscall(SYS_rt_sigaction, SIGUSR2, &new, NULL, 8);
        raise(SIGUSR2);
        printf("with information %d\n", seen);
    }
    struct sigaction action = {.sa_sigaction = info, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    double before = 1.5;
    *(volatile char *)0x30 = 1;
    printf("fault %d at %lx %d, float %g\n", seen, (unsigned long)fault_address, fault_pc != 0, before * 2);
    unsigned long set = 1 << (SIGUSR1 - 1), pending = 0, mask;
    printf("sigprocmask %ld", syscall(126, SIG_BLOCK, &set, &mask));
    raise(SIGUSR1);
    printf(" sigpending %ld %lx", syscall(73, &pending), pending);
    seen = 0;
    printf(" sigsuspend %ld %d", syscall(72, 0, 0, 0L), errno);
    printf(" seen %d\n", seen);
}

static void calls(void) {
    printf("cacheflush %ld, usr32 %d, get_tls %d\n", syscall(0xf0002, 0x10000, 0x11000, 0), (int)syscall(0xf0004) != -38,
           (void *)syscall(0xf0006) == __builtin_thread_pointer());
    int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    printf("ftruncate64 %ld", syscall(SYS_ftruncate64, file, 0, 0x10, 2));
    long end = syscall(SYS_lseek, file, 0, SEEK_END);
    printf(" lseek %ld %d", end, end < 0 ? errno : 0);
    printf(" pwrite %ld", syscall(SYS_pwrite64, file, "x", 1, 0, 0x0, 2));
    char c = 0;
    printf(" pread %ld %c", syscall(SYS_pread64, file, &c, 1, 0, 0x0, 2), c);
    printf(" advise %ld", syscall(SYS_arm_fadvise64_64, file, 4, 0, 1, 4096, 0));
    printf(" range %ld", syscall(SYS_arm_sync_file_range, file, 2, 0, 0, 4096, 0));
    printf(" fallocate %ld\n", syscall(SYS_fallocate, file, 1, 0, 1, 4096, 0));
    unsigned status[32], small[32];
    memset(status, 0x55, sizeof status), memset(small, 0x55, sizeof small);
    printf("fstat64 %ld size %x %x behind %x, fstat %ld\n", syscall(SYS_fstat64, file, status), status[12], status[13], status[26],
           syscall(SYS_fstat, file, small) < 0 ? -(long)errno : 0);
    unsigned space[24];
    memset(space, 0x55, sizeof space);
    printf("statfs64 %ld %ld", syscall(SYS_statfs64, "/proc", 88, space), syscall(SYS_statfs64, "/proc", 84, space));
    printf(" %x %x %x\n", space[0], space[1], space[21]);
    struct utsname name;
    uname(&name);
    printf("%s, %s, little %d\n", name.machine, (char *)getauxval(AT_PLATFORM), getauxval(AT_HWCAP) & 2 ? 1 : 0);
    int time[2], wide[4];
    printf("clock_gettime %ld %ld %d\n", syscall(SYS_clock_gettime, CLOCK_REALTIME, time), syscall(403, CLOCK_REALTIME, wide), wide[0] - time[0] < 2);
    printf("getuid16 %d\n", syscall(24) == (getuid() > 65535 ? 65534 : getuid()));
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    helpers();
    signals();
    calls();
}
