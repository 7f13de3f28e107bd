#include "bench.h"
// The Adler and the Internet check sum of a buffer.
static uint8_t data[1 << 20];

static uint32_t adler(void) {
    uint32_t a = 1, b = 0;
    for (unsigned i = 0; i < sizeof data;) {
        for (unsigned end = i + 4096; i < end; i++) { a += data[i]; b += a; }
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

static uint32_t internet(void) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < sizeof data; i += 2) {
        sum += data[i] << 8 | data[i + 1];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum & 0xffff;
}

static uint64_t work(void) {
    uint32_t random = 5;
    for (unsigned i = 0; i < sizeof data; i++) data[i] = next_random(&random);
    uint64_t sum = 0;
    for (int round = 0; round < 150; round++) {
        data[round] += round;
        sum = sum * 31 + (adler() ^ (uint64_t)internet() << 32);
    }
    return sum;
}
