#include "bench.h"
static uint32_t next[1 << 20];
static uint64_t work(void) {
    uint32_t n = 1 << 20, x = 7;
    for (uint32_t i = 0; i < n; i++) next[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) { x = x * 1664525 + 1013904223; uint32_t j = x % i; uint32_t t = next[i]; next[i] = next[j]; next[j] = t; }
    uint32_t p = 0; uint64_t sum = 0;
    for (int i = 0; i < 30000000; i++) { p = next[p]; sum += p; }
    return sum;
}
