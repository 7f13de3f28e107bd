// What the guest programs share: a clock, and a line of output that the runner reads.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

// A random sequence that is the same everywhere.
static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static uint64_t work(void);

int main(int argc, char **argv) {
    (void)argc;
    double start = now();
    uint64_t sum = work();
    printf("RESULT %s %.4f %016llx\n", argv[0], now() - start, (unsigned long long)sum);
    return 0;
}
