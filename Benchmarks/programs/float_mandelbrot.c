#include "bench.h"
static uint64_t work(void) {
    uint64_t sum = 0;
    for (int y = 0; y < 500; y++) for (int x = 0; x < 500; x++) {
        double cr = x / 200.0 - 1.9, ci = y / 250.0 - 1, r = 0, i = 0;
        int n = 0;
        while (n < 400 && r * r + i * i < 4) { double t = r * r - i * i + cr; i = 2 * r * i + ci; r = t; n++; }
        sum += n;
    }
    return sum;
}
