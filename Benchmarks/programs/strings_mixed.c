#include "bench.h"
static uint64_t work(void) {
    static char a[1 << 16], b[1 << 16];
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof a - 1; i++) a[i] = 'a' + i % 23;
    for (int round = 0; round < 30000; round++) {
        memcpy(b, a, sizeof a);
        sum += strlen(b);
        b[round % 60000] = '!';
        sum += strchr(b, '!') - b;
        sum += memcmp(a, b, sizeof a) != 0;
        sum += strstr(b + 50000, "vwab") != NULL;
    }
    return sum;
}
