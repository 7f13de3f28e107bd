#include "bench.h"
// Murmur-like mixing and a linear congruential generator: register arithmetic.
static uint64_t work(void) {
    uint64_t h = 1, x = 88172645463325252ull;
    for (int i = 0; i < 120000000; i++) {
        x ^= x << 13; x ^= x >> 7; x ^= x << 17;
        h = (h ^ x) * 0x9e3779b97f4a7c15ull;
        h = (h << 31 | h >> 33) + (uint32_t)x;
    }
    return h;
}
