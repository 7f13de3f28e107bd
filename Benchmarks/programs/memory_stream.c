// Long passes over three arrays of 64-bit numbers.
#include "bench.h"

enum { N = 500000 }; // no power of two: the arrays must not lie at the same places of a direct-mapped TLB
static uint64_t a[N], b[N], c[N];

static uint64_t work(void) {
    for (uint64_t i = 0; i < N; i++) {
        b[i] = i;
        c[i] = i * i;
    }
    for (uint64_t round = 0; round < 300; round++) {
        for (int i = 0; i < N; i++) a[i] = b[i] + 3 * c[i];
        for (int i = 0; i < N; i++) b[i] = a[i] ^ round;
        for (int i = 0; i < N; i++) c[i] = c[i] + b[i];
    }
    uint64_t sum = 0;
    for (int i = 0; i < N; i++) sum = sum * 31 + a[i] + c[i];
    return sum;
}
