// The C library's string functions on short and long strings.
#include "bench.h"

enum { SIZE = 1 << 15 };
static char a[SIZE + 64], b[SIZE + 64];

static uint64_t work(void) {
    uint32_t state = 21;
    for (int i = 0; i < SIZE; i++) a[i] = (char)('a' + next_random(&state) % 26);
    uint64_t sum = 0;
    for (int round = 0; round < 20000; round++) {
        memcpy(b + round % 8, a, SIZE);
        memmove(b + 3, b, SIZE / 2);
        sum += strlen(a) + (uint64_t)(strchr(a + round % 30000, 'q') - a) + (uint64_t)(memcmp(a, b + round % 8, SIZE) > 0);
        memset(b, round & 255, SIZE / 4);
        sum = sum * 31 + (uint8_t)b[round % SIZE];
    }
    for (int i = 0; i < 4000000; i++) {
        char word[32];
        size_t n = 1 + next_random(&state) % 24;
        memcpy(word, a + i % SIZE / 2, n);
        word[n] = 0;
        sum += strlen(word) + (uint64_t)(strcmp(word, a + i % SIZE / 2) < 0);
    }
    return sum;
}
