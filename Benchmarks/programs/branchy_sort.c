#include "bench.h"
static uint32_t data[2000000];
static void quick(uint32_t *v, long low, long high) {
    while (low < high) {
        uint32_t pivot = v[(low + high) / 2];
        long i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) { uint32_t t = v[i]; v[i++] = v[j]; v[j--] = t; }
        }
        if (j - low < high - i) { quick(v, low, j); low = i; } else { quick(v, i, high); high = j; }
    }
}
static uint64_t work(void) {
    uint64_t sum = 0;
    for (int round = 0; round < 3; round++) {
        uint32_t x = 12345 + round;
        for (unsigned i = 0; i < 2000000; i++) { x = x * 1664525 + 1013904223; data[i] = x; }
        quick(data, 0, 1999999);
        for (unsigned i = 0; i < 2000000; i += 1000) sum = sum * 31 + data[i];
    }
    return sum;
}
