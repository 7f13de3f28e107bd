// Resources that run out: descriptors, file sizes, devices, standard streams, stacks, memory; and ten thousand threads at once.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { thread_count = 10000, thread_stack = 32768 };

static void show(const char *what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}

static int in_child(int (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int result = body();
        fflush(stdout);
        _exit(result);
    }
    int status;
    waitpid(child, &status, 0);
    return status;
}

static int descriptors(void) {
    const struct rlimit few = {16, 16};
    setrlimit(RLIMIT_NOFILE, &few);
    while (dup(1) >= 0) continue;
    int pair[2];
    show("dup", dup(1));
    show("dup2 over the limit", dup2(1, 16));
    show("dup3 over the limit", dup3(1, 16, O_CLOEXEC));
    show("F_DUPFD over the limit", fcntl(1, F_DUPFD, 16));
    show("open", open("/dev/null", O_RDONLY));
    show("pipe", pipe(pair));
    show("socket", socket(AF_UNIX, SOCK_STREAM, 0));
    show("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    show("eventfd", eventfd(0, 0));
    show("epoll_create1", epoll_create1(0));
    show("timerfd_create", timerfd_create(CLOCK_MONOTONIC, 0));
    show("memfd_create", memfd_create("m", 0));
    show("mmap", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    return 0;
}

static int sizes(void) {
    int full = open("/dev/full", O_RDWR);
    show("write to a full device", write(full, "x", 1));
    const struct rlimit small = {100, 100};
    setrlimit(RLIMIT_FSIZE, &small);
    signal(SIGXFSZ, SIG_IGN);
    FILE *file = tmpfile();
    printf("write up to the limit: %ld\n", (long)pwrite(fileno(file), "0123456789", 10, 95));
    show("write behind the limit", pwrite(fileno(file), "x", 1, 100));
    show("ftruncate behind the limit", ftruncate(fileno(file), 101));
    signal(SIGXFSZ, SIG_DFL);
    fflush(stdout);
    (void)!pwrite(fileno(file), "x", 1, 100);
    return 0;
}

static int streams(void) {
    int report = dup(1);
    close(0);
    close(1);
    close(2);
    char byte;
    const long got = read(0, &byte, 1);
    dprintf(report, "read: %ld %s\n", got, strerrorname_np(errno));
    errno = 0;
    const long put = write(1, "x", 1);
    dprintf(report, "write: %ld %s\n", put, strerrorname_np(errno));
    dprintf(report, "first descriptor: %d\n", open("/dev/null", O_RDONLY));
    return 0;
}

static int memory(void) {
    show("more than there are addresses", mmap(NULL, (size_t)(sizeof(long) == 8 ? 1ull << 60 : 0xfffff000), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    return 0;
}

static sigjmp_buf jump;
static char *lowest, *fault;

static void overflowed(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    fault = info->si_addr;
    siglongjmp(jump, 1);
}

__attribute__((noinline)) static int recurse(int n) {
    volatile char space[1024];
    space[0] = (char)n;
    lowest = (char *)space;
    return recurse(n + 1) + space[0];
}

static void overflow(const char *where) {
    stack_t alternate = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    for (int round = 0; round < 3; round++)
        if (sigsetjmp(jump, 1) == 0) recurse(0);
    printf("overflow of %s: %s\n", where, labs(fault - lowest) < 8192 ? "at its end" : "elsewhere");
}

static void *overflowing(void *unused) {
    overflow("a thread's stack");
    return unused;
}

static pthread_barrier_t all_alive;
static void *waiting(void *sum) {
    pthread_barrier_wait(&all_alive);
    __atomic_fetch_add((long *)sum, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void many_threads(void) {
    static pthread_t threads[thread_count];
    static long sum;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, thread_stack);
    pthread_barrier_init(&all_alive, NULL, thread_count + 1);
    for (int i = 0; i < thread_count; i++) {
        const int error = pthread_create(&threads[i], &attributes, waiting, &sum);
        if (error) {
            printf("thread %d: %s\n", i, strerrorname_np(error));
            exit(1);
        }
    }
    pthread_barrier_wait(&all_alive);
    for (int i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
    printf("threads: %ld\n", sum);
}

int main(void) {
    in_child(descriptors);
    printf("file size: signal %d\n", WTERMSIG(in_child(sizes)));
    in_child(streams);
    in_child(memory);
    overflow("the stack");
    pthread_t thread;
    pthread_create(&thread, NULL, overflowing, NULL);
    pthread_join(thread, NULL);
    many_threads();
    return 0;
}
