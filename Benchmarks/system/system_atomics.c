// What a runtime's locks and counters are made of, without contention.
#include "bench.h"
#include <stdatomic.h>

static _Atomic uint64_t words[64];
static _Atomic uint32_t locks[64];

static uint64_t work(void) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 10000000; i++) {
        uint32_t place = i * 7 & 63;
        while (atomic_exchange_explicit(&locks[place], 1, memory_order_acquire)) {}
        sum += atomic_fetch_add(&words[place], i);
        uint64_t seen = atomic_load(&words[place ^ 1]);
        atomic_compare_exchange_strong(&words[place ^ 1], &seen, seen + place);
        sum ^= atomic_fetch_or(&words[place ^ 2], place);
        atomic_store_explicit(&locks[place], 0, memory_order_release);
    }
    return sum;
}
