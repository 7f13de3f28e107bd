// Two threads that wake each other in turn through a futex.
#include "bench.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t rounds = 100000;
static volatile uint32_t turn;

static void play(uint32_t mine) {
    for (uint32_t round = mine; round < 2 * rounds; round += 2) {
        for (uint32_t now_at; (now_at = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != round;)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now_at, 0, 0, 0);
        __atomic_store_n(&turn, round + 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    }
}

static void *other(void *argument) {
    play(1);
    return argument;
}

static uint64_t work(void) {
    pthread_t thread;
    pthread_create(&thread, 0, other, 0);
    play(0);
    pthread_join(thread, 0);
    return turn;
}
