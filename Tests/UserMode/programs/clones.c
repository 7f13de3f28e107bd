// clone and clone3 beyond fork and threads: exit signals, shared memory without waiting, namespaces, pidfds, ids that are asked for, futex2.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int shared, caught;
static char stack[1 << 16] __attribute__((aligned(16)));

static void on_signal(int signal) { caught = signal; }

static int touch(void *argument) {
    shared = 42;
    return (int)(intptr_t)argument;
}

static int say_name(void *argument) {
    char name[64] = "";
    if (sethostname("inside", 6) != 0 || gethostname(name, sizeof name) != 0) return 1;
    return strcmp(name, "inside") != 0;
}

static void exit_signal(void) {
    signal(SIGUSR1, on_signal);
    struct clone_args arguments = {.exit_signal = SIGUSR1};
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(5);
    int status;
    pid_t found;
    while ((found = waitpid(child, &status, __WALL)) < 0 && errno == EINTR) {}
    printf("exit signal: %s, status %d\n", caught == SIGUSR1 ? "came" : "lost", found == child ? WEXITSTATUS(status) : -1);
}

static void shared_memory(void) {
    int status, pid = 0;
    int child = clone(touch, stack + sizeof stack, CLONE_VM | CLONE_PARENT_SETTID | SIGCHLD, (void *)7, &pid);
    int found = waitpid(child, &status, 0);
    printf("shared: %d, status %d, id %s\n", shared, found == child ? WEXITSTATUS(status) : -1, pid == child ? "told" : "wrong");
}

// Where namespaces are not for everybody, one of users comes first.
static void namespaces(void) {
    char before[64], after[64];
    gethostname(before, sizeof before);
    int status = -1;
    int child = clone(say_name, stack + sizeof stack, CLONE_NEWUSER | CLONE_NEWUTS | SIGCHLD, NULL);
    waitpid(child, &status, 0);
    gethostname(after, sizeof after);
    printf("namespace: status %d, outside %s\n", status, strcmp(before, after) == 0 ? "as before" : "changed");
    struct clone_args arguments = {.flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD};
    child = (int)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        // The C library's fork still works in the child.
        pid_t inner = fork();
        if (inner == 0) _exit(getpid() == 2 ? 3 : 1);
        waitpid(inner, &status, 0);
        _exit(getpid() == 1 && WEXITSTATUS(status) == 3 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    printf("first of its namespace: status %d\n", status);
}

static void descriptor(void) {
    int pidfd = -1;
    struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(9);
    siginfo_t info = {0};
    int result = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
    printf("pidfd: %d, status %d, id %s\n", result, info.si_status, info.si_pid == child ? "the child's" : "wrong");
}

// The parent waits, and has the child's file only where the table of files is shared.
static void waiting(void) {
    volatile int *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t flags[] = {CLONE_VFORK, CLONE_VFORK | CLONE_FILES};
    int first = dup(1);
    close(first);
    for (int i = 0; i < 2; i++) {
        *place = -1;
        struct clone_args arguments = {.flags = flags[i], .exit_signal = SIGCHLD};
        pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
        if (child == 0) {
            usleep(50000);
            *place = open("/dev/null", O_RDONLY);
            _exit(0);
        }
        int file = *place;
        printf("vfork %d: %s, file %s\n", i, file >= 0 ? "waited" : "went on", fcntl(file, F_GETFD) >= 0 ? "shared" : "the child's");
        waitpid(child, NULL, 0);
        if (i == 1) close(file);
    }
    // No file of the wait itself is left behind.
    int file = dup(1);
    printf("next file: %s\n", file == first ? "as before" : "another");
    close(file);
}

static void refusals(void) {
    struct clone_args arguments = {.exit_signal = 65};
    long result = syscall(SYS_clone3, &arguments, sizeof arguments);
    printf("signal 65: %ld errno %d\n", result, errno);
    arguments = (struct clone_args){.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD};
    result = syscall(SYS_clone3, &arguments, sizeof arguments);
    printf("handlers without memory: %ld errno %d\n", result, errno);
    // A thread without what threads share would go on with its maker's stack.
    uint64_t flags[] = {CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWPID, CLONE_DETACHED};
    for (int i = 0; i < 4; i++) {
        arguments = (struct clone_args){.flags = flags[i]};
        result = syscall(SYS_clone3, &arguments, sizeof arguments);
        if (result == 0) _exit(1);
        printf("thread %d: %ld errno %d\n", i, result, errno);
    }
    arguments = (struct clone_args){.flags = CLONE_PARENT, .exit_signal = SIGCHLD};
    result = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (result == 0) _exit(1);
    printf("sibling with a signal: %ld errno %d\n", result, errno);
    result = syscall(SYS_clone3, &arguments, 8L);
    printf("short: %ld errno %d\n", result, errno);
}

static uint32_t words[2];

static void *wake(void *argument) {
    usleep(20000);
    words[1] = 1;
    syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return NULL;
}

static void wait_for_two(void) {
    struct futex_waitv waiters[2] = {{0, (uintptr_t)&words[0], FUTEX_32 | FUTEX_PRIVATE_FLAG, 0}, {0, (uintptr_t)&words[1], FUTEX_32 | FUTEX_PRIVATE_FLAG, 0}};
    pthread_t thread;
    pthread_create(&thread, NULL, wake, NULL);
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 10;
    long woken = syscall(449, waiters, 2, 0, &end, CLOCK_MONOTONIC);
    printf("futex_waitv: %ld\n", woken < 0 && errno == EAGAIN ? 1 : woken);
    pthread_join(thread, NULL);
    waiters[0].val = 5;
    long result = syscall(449, waiters, 2, 0, &end, CLOCK_MONOTONIC);
    printf("another value: %ld errno %d\n", result, errno);
}

static pthread_mutex_t lock;

static void *hold(void *argument) {
    pthread_mutex_lock(&lock);
    return NULL;
}

static void robust(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
    pthread_t thread;
    pthread_create(&thread, NULL, hold, NULL);
    pthread_join(thread, NULL);
    printf("robust: %s\n", pthread_mutex_lock(&lock) == EOWNERDEAD ? "its owner died" : "wrong");
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    exit_signal();
    shared_memory();
    namespaces();
    descriptor();
    waiting();
    refusals();
    wait_for_two();
    robust();
    return 0;
}
