// Everything at once: threads that allocate, map, fork, spawn and execute under a rain of signals.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;
static atomic_int forked, spawned, mapped, signals;

static void note(int signal) {
    (void)signal;
    atomic_fetch_add(&signals, 1);
}

static int wait_for(pid_t child) {
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *work(void *argument) {
    long own = (long)argument;
    for (int i = 0; i < 30; i++) {
        char *memory = malloc(1000 + 100 * i);
        memset(memory, (int)own, 1000);
        pid_t child = fork();
        if (child == 0) _exit(memory[5] == own ? 40 + (int)own : 1);
        if (wait_for(child) == 40 + own) atomic_fetch_add(&forked, 1);
        free(memory);
        char *page = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[4096] = 1;
        mprotect(page, 1 << 16, PROT_READ);
        if (page[4096] == 1 && munmap(page, 1 << 16) == 0) atomic_fetch_add(&mapped, 1);
        if (i % 5 == 0) {
            char *list[] = {self, "child", NULL};
            if (posix_spawn(&child, self, NULL, NULL, list, environ) == 0 && wait_for(child) == 9) atomic_fetch_add(&spawned, 1);
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count > 1) return 9;
    self = arguments[0];
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    pthread_t list[4];
    for (long i = 0; i < 4; i++) pthread_create(&list[i], NULL, work, (void *)i);
    for (int i = 0; i < 4; i++) pthread_join(list[i], NULL);
    memset(&timer, 0, sizeof timer);
    setitimer(ITIMER_REAL, &timer, NULL);
    printf("forked %d spawned %d mapped %d signals %s\n", forked, spawned, mapped, signals > 10 ? "many" : "few");
    return 0;
}
