// What gdb.py debugs: one program, the part by its first argument.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct pair { int first; double second; } pair = {3, 1.5};
volatile long watched, handled;
static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) int inner(int number) { return number * 2 + pair.first; }
__attribute__((noinline)) int outer(int number) {
    int doubled = inner(number);
    return doubled + 1;
}
static void on_signal(int number) { handled += number; }

static void *worker(void *argument) {
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&mutex);
    watched += (long)argument;
    pthread_mutex_unlock(&mutex);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void threads(void) {
    pthread_t workers[2];
    pthread_barrier_init(&barrier, NULL, 3);
    for (long i = 0; i < 2; i++) pthread_create(&workers[i], NULL, worker, (void *)(i + 1));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 2; i++) pthread_join(workers[i], NULL);
    printf("watched %ld\n", watched);
}

static void signals(void) {
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    printf("handled %ld\n", handled);
}

static void forks(const char *self) {
    pid_t child = fork();
    if (child == 0) {
        handled = inner(7);
        execl(self, self, "plain", (char *)NULL);
        _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
}

static void spins(void) {
    for (;;) watched++;
}

int main(int count, char **words) {
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *part = count > 1 ? words[1] : "plain";
    int sum = outer(20);
    printf("%s %d\n", part, sum);
    if (!strcmp(part, "threads")) threads();
    if (!strcmp(part, "signals")) signals();
    if (!strcmp(part, "fork")) forks(words[0]);
    if (!strcmp(part, "fault")) *(volatile int *)16 = 1;
    if (!strcmp(part, "spin")) spins();
    if (!strcmp(part, "deadly")) raise(SIGUSR2);
    return 5;
}
