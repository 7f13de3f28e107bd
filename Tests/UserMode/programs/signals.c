// Signals: masks, nesting, alternate stacks, restart, queued values, waiting calls, timers, delivery to threads, loops without calls.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t seen, depth, deepest;
static char alternate[65536];
static volatile int on_alternate;

static void note(int signal) { seen = signal; }

static void install(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL) != 0) perror("sigaction");
}

static void value(int signal, siginfo_t *info, void *context) {
    (void)context;
    printf("signal %d code %d value %d\n", signal, info->si_code, info->si_value.sival_int);
}

static void where(int signal) {
    char local;
    (void)signal;
    on_alternate = &local >= alternate && &local < alternate + sizeof alternate;
}

static void nest(int signal) {
    depth++;
    if (depth > deepest) deepest = depth;
    if (depth < 3) raise(signal);
    depth--;
}

static void *send_soon(void *argument) {
    usleep(50000);
    pthread_kill(*(pthread_t *)argument, SIGUSR1);
    return NULL;
}

static sigjmp_buf jump;
static void leap(int signal) { siglongjmp(jump, signal); }

static void interrupted(void) {
    int ends[2];
    char byte;
    pthread_t self = pthread_self(), helper;
    if (pipe(ends) != 0) return;
    install(SIGUSR1, note, 0);
    pthread_create(&helper, NULL, send_soon, &self);
    ssize_t result = read(ends[0], &byte, 1);
    printf("read: %zd %s\n", result, strerror(errno));
    pthread_join(helper, NULL);
    install(SIGUSR1, note, SA_RESTART);
    install(SIGALRM, note, SA_RESTART);
    pid_t child = fork();
    if (child == 0) {
        kill(getppid(), SIGUSR1);
        usleep(50000);
        (void)!write(ends[1], "x", 1);
        _exit(0);
    }
    result = read(ends[0], &byte, 1);
    printf("restarted read: %zd %c\n", result, byte);
    waitpid(child, NULL, 0);
    pthread_create(&helper, NULL, send_soon, &self);
    struct pollfd list = {ends[0], POLLIN, 0};
    result = poll(&list, 1, 5000);
    printf("poll: %zd %s\n", result, strerror(errno));
    pthread_join(helper, NULL);
    pthread_create(&helper, NULL, send_soon, &self);
    struct timespec time = {5, 0}, left = {0, 0};
    int code = nanosleep(&time, &left);
    printf("nanosleep: %d %s, %s left\n", code, strerror(errno), left.tv_sec == 4 ? "4 seconds" : "?");
    pthread_join(helper, NULL);
}

static void queued(void) {
    struct sigaction action = {.sa_sigaction = value, .sa_flags = SA_SIGINFO};
    sigset_t set, old;
    sigemptyset(&action.sa_mask);
    sigaction(SIGRTMIN + 1, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 3; i++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 10 + i});
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    }
    sigset_t pending;
    sigpending(&pending);
    printf("pending %d %d\n", sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 1));
    siginfo_t info;
    struct timespec now = {0, 0};
    int got = sigtimedwait(&set, &info, &now);
    printf("sigtimedwait %d value %d\n", got == SIGRTMIN, info.si_value.sival_int);
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, &old);
    install(SIGUSR2, note, 0);
    raise(SIGUSR2);
    seen = 0;
    int code = sigsuspend(&old);
    printf("sigsuspend %d %s seen %d\n", code, strerror(errno), seen == SIGUSR2);
    sigset_t current;
    sigprocmask(SIG_SETMASK, &old, &current);
    printf("blocked again %d\n", sigismember(&current, SIGUSR2));
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    install(SIGUSR1, note, 0);
    raise(SIGUSR1);
    printf("seen %d\n", seen == SIGUSR1);
    install(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    printf("deepest %d\n", deepest);
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    install(SIGUSR2, where, SA_ONSTACK);
    raise(SIGUSR2);
    printf("on the alternate stack %d\n", on_alternate);
    install(SIGUSR2, where, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    printf("off it %d, reset %d\n", !on_alternate, action.sa_handler == SIG_DFL);
    queued();
    interrupted();
    // A loop that calls nothing is interrupted.
    install(SIGALRM, leap, 0);
    struct itimerval timer = {.it_value = {0, 50000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    if (sigsetjmp(jump, 1) == 0) {
        for (volatile long i = 0;; i++) {}
    }
    printf("leapt\n");
    // Many signals while the program computes: registers and float state survive.
    install(SIGALRM, note, SA_RESTART);
    timer.it_interval.tv_usec = timer.it_value.tv_usec = 200;
    setitimer(ITIMER_REAL, &timer, NULL);
    double x = 0;
    uint64_t h = 1;
    for (int i = 1; i < 20000000; i++) {
        h = h * 6364136223846793005u + 1442695040888963407u;
        if (i % 16 == 0) x += 1.0 / i;
    }
    timer.it_interval.tv_usec = timer.it_value.tv_usec = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
    printf("sum %.12f hash %016llx\n", x, (unsigned long long)h);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL);
        pause();
        _exit(0);
    }
    usleep(20000);
    int status;
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    printf("child ended by %s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? "SIGTERM" : "?");
    return 0;
}
