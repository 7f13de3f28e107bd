// seccomp: filters on this architecture's calls, what they inherit, signals, errors, strict mode.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH AUDIT_ARCH_X86_64
#endif

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "ok" : "wrong");
    fflush(stdout);
}

static int seccomp(unsigned operation, unsigned flags, void *argument) { return syscall(SYS_seccomp, operation, flags, argument); }

// Answers one call with `action`, and any call of another architecture with death.
static int filter(unsigned flags, int number, unsigned action) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
}

// Sums the words of the call's second argument to see arithmetic, memory words and the index register.
static int arithmetic(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 8),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3),
        BPF_STMT(BPF_ST, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_STMT(BPF_LDX | BPF_MEM, 7),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    code[1].jf = 8;
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static volatile int trapped;
static void on_sys(int signal, siginfo_t *info, void *context) {
    trapped = signal == SIGSYS && info->si_code == 1 && info->si_errno == 77 && info->si_syscall == SYS_getpgid && info->si_arch == ARCH;
}

static int run(int (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(body());
    int status;
    waitpid(child, &status, 0);
    return status;
}

static int kills(void) { return filter(0, SYS_getsid, SECCOMP_RET_KILL_PROCESS) == 0 ? (getsid(0), 1) : 2; }
static int kills_thread(void) { return filter(0, SYS_getsid, SECCOMP_RET_KILL_THREAD) == 0 ? (getsid(0), 1) : 2; }
static int strict(void) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return 2;
    if (write(1, "strict mode writes\n", 19) != 19) syscall(SYS_exit, 3);
    getppid();
    syscall(SYS_exit, 4);
    return 5;
}
static int strict_exit(void) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    syscall(SYS_exit, 6);
    return 5;
}

static pthread_barrier_t barrier;
static void *waiter(void *argument) {
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    errno = 0;
    return (void *)(long)(syscall(SYS_personality, 0xffffffff) == -1 && errno == 99);
}

int main(int count, char **arguments) {
    if (count > 1) {
        errno = 0;
        check("a program that was executed is filtered", getpgid(0) == -1 && errno == 42);
        return 0;
    }
    check("mode", prctl(PR_GET_SECCOMP) == 0);
    unsigned action = SECCOMP_RET_TRAP, none = 0x12340000;
    check("available", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0);
    check("not available", seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &none) == -1 && errno == EOPNOTSUPP);
    check("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    struct sock_filter open_end = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), odd[2] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET, 0)};
    struct sock_fprog bad = {1, &open_end}, misaligned = {2, odd};
    check("a filter without an end", seccomp(SECCOMP_SET_MODE_FILTER, 0, &bad) == -1 && errno == EINVAL);
    check("a misaligned load", seccomp(SECCOMP_SET_MODE_FILTER, 0, &misaligned) == -1 && errno == EINVAL);
    check("no filter", seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 && errno == EFAULT);
    check("KILL_PROCESS", WTERMSIG(run(kills)) == SIGSYS);
    check("KILL_THREAD", WTERMSIG(run(kills_thread)) == SIGSYS);
    check("strict", WTERMSIG(run(strict)) == SIGKILL);
    check("strict, exit", WEXITSTATUS(run(strict_exit)) == 6);

    check("arithmetic", arithmetic() == 0 && syscall(SYS_getpriority, 5, 7) == -1 && errno == 26);
    check("mode", prctl(PR_GET_SECCOMP) == 2);
    check("strict after filters", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1 && errno == EINVAL);
    struct sigaction sys = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &sys, NULL);
    check("TRAP", filter(0, SYS_getpgid, SECCOMP_RET_TRAP | 77) == 0 && (getpgid(0), trapped));
    check("the stricter filter wins", filter(0, SYS_getpgid, SECCOMP_RET_ERRNO | 5) == 0 && (trapped = 0, getpgid(0), trapped));
    check("TRACE", filter(0, SYS_sched_getscheduler, SECCOMP_RET_TRACE) == 0 && sched_getscheduler(0) == -1 && errno == ENOSYS);
    check("LOG", filter(SECCOMP_FILTER_FLAG_LOG, SYS_getppid, SECCOMP_RET_LOG) == 0 && getppid() > 0);

    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, waiter, NULL);
    pthread_barrier_wait(&barrier);
    check("TSYNC", filter(SECCOMP_FILTER_FLAG_TSYNC, SYS_personality, SECCOMP_RET_ERRNO | 99) == 0);
    pthread_barrier_wait(&barrier);
    void *result;
    pthread_join(thread, &result);
    check("the other thread is filtered", result != NULL);

    if (fork() == 0) {
        struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 42),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, code};
        seccomp(SECCOMP_SET_MODE_FILTER, 0, &program);
        signal(SIGSYS, SIG_DFL);
        execl("/proc/self/exe", arguments[0], "again", NULL);
        _exit(9);
    }
    int status;
    wait(&status);
    check("executed", WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    return 0;
}
