#include "bench.h"
static uint8_t composite[4000000];
static uint64_t work(void) {
    uint64_t sum = 0;
    for (int round = 0; round < 24; round++) {
        memset(composite, 0, sizeof composite);
        for (uint32_t i = 2; i < sizeof composite; i++) {
            if (composite[i]) continue;
            sum += i;
            for (uint64_t j = (uint64_t)i * i; j < sizeof composite; j += i) composite[j] = 1;
        }
    }
    return sum;
}
