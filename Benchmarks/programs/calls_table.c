#include "bench.h"
typedef uint64_t (*step)(uint64_t);
#define STEP(n, e) static __attribute__((noinline)) uint64_t s##n(uint64_t x) { return e; }
STEP(0, x + 1) STEP(1, x * 3) STEP(2, x ^ x >> 7) STEP(3, x << 1 | x >> 63) STEP(4, x - 5) STEP(5, ~x) STEP(6, x * x + 1) STEP(7, x ^ 0x5555)
static uint64_t work(void) {
    step volatile table[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
    uint64_t x = 1;
    for (int i = 0; i < 60000000; i++) x = table[(x >> 5 ^ i) & 7](x);
    return x;
}
