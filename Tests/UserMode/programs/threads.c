// Threads: mutexes, condition variables, thread-local storage, atomics of every width, detached threads, robust mutexes.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { threads = 8, rounds = 20000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counted, turns;
static atomic_long sum;
static atomic_uint_least8_t bytes;
static atomic_uint_least16_t halves;
static atomic_uint words;
static __thread long mine;

static void *count(void *argument) {
    for (int i = 0; i < rounds; i++) {
        pthread_mutex_lock(&mutex);
        counted++;
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add(&sum, 3);
        atomic_fetch_add(&bytes, 1);
        atomic_fetch_add(&halves, 1);
        atomic_fetch_xor(&words, 1u << ((long)argument & 31));
        mine += (long)argument;
    }
    return (void *)mine;
}

static void *take_turns(void *argument) {
    long own = (long)argument;
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        while (turns % 2 != own) pthread_cond_wait(&changed, &mutex);
        turns++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static pthread_mutex_t robust;
static void *die_holding(void *argument) {
    pthread_mutex_lock(&robust);
    return argument;
}

static atomic_int detached;
static void *run_detached(void *argument) {
    atomic_fetch_add(&detached, 1);
    return argument;
}

// The address that is cleared at a thread's end can be asked for and set again: whoever joins the thread waits for it.
static void *ask_tid_address(void *unused) {
    int *mine = NULL;
    const int asked = prctl(PR_GET_TID_ADDRESS, &mine, 0, 0, 0);
    syscall(SYS_set_tid_address, NULL);
    int *none = (int *)1;
    prctl(PR_GET_TID_ADDRESS, &none, 0, 0, 0);
    syscall(SYS_set_tid_address, mine);
    printf("cleared at the end: %d %s, then %s\n", asked, mine && *mine == gettid() ? "its number" : "something else", none ? "something" : "nothing");
    return unused;
}

int main(void) {
    pthread_t list[threads];
    pthread_create(&list[0], NULL, ask_tid_address, NULL);
    pthread_join(list[0], NULL);
    for (long i = 0; i < threads; i++) pthread_create(&list[i], NULL, count, (void *)i);
    for (long i = 0; i < threads; i++) {
        void *result;
        pthread_join(list[i], &result);
        printf("thread %ld: %ld\n", i, (long)result);
    }
    printf("counted %ld sum %ld bytes %u halves %u words %u\n", counted, atomic_load(&sum), bytes, halves, words);
    pthread_create(&list[0], NULL, take_turns, (void *)0);
    pthread_create(&list[1], NULL, take_turns, (void *)1);
    pthread_join(list[0], NULL);
    pthread_join(list[1], NULL);
    printf("turns %ld\n", turns);

    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&list[0], NULL, die_holding, NULL);
    pthread_join(list[0], NULL);
    printf("robust: %s\n", pthread_mutex_lock(&robust) == EOWNERDEAD ? "owner dead" : "?");

    pthread_attr_t detach;
    pthread_attr_init(&detach);
    pthread_attr_setdetachstate(&detach, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 200; i++) {
        while (pthread_create(&list[0], &detach, run_detached, NULL) != 0) usleep(1000);
    }
    while (atomic_load(&detached) != 200) usleep(1000);
    printf("detached %d\n", detached);

    // What an operation does not use may be anything.
    int word = 1;
    long woken = syscall(SYS_futex, &word, FUTEX_WAKE, 1, -1L, -1L, -1L);
    long waited = syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL, -1L, -1L);
    printf("futex: %ld, %s\n", woken, waited == 0 ? "waited" : strerror(errno));
    return 0;
}
