#include "bench.h"
// Base64 to and fro.
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t values[256], data[3 << 16], back[3 << 16];
static char text[4 << 16];

static void encode(void) {
    for (unsigned i = 0, o = 0; i < sizeof data; i += 3, o += 4) {
        uint32_t word = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
        text[o] = digits[word >> 18];
        text[o + 1] = digits[word >> 12 & 63];
        text[o + 2] = digits[word >> 6 & 63];
        text[o + 3] = digits[word & 63];
    }
}

static void decode(void) {
    for (unsigned i = 0, o = 0; i < sizeof text; i += 4, o += 3) {
        uint32_t word = values[(uint8_t)text[i]] << 18 | values[(uint8_t)text[i + 1]] << 12 | values[(uint8_t)text[i + 2]] << 6 | values[(uint8_t)text[i + 3]];
        back[o] = word >> 16;
        back[o + 1] = word >> 8;
        back[o + 2] = word;
    }
}

static uint64_t work(void) {
    uint32_t random = 7;
    for (int i = 0; i < 64; i++) values[(uint8_t)digits[i]] = i;
    for (unsigned i = 0; i < sizeof data; i++) data[i] = next_random(&random);
    uint64_t sum = 0;
    for (int round = 0; round < 900; round++) {
        data[round] ^= round;
        encode();
        decode();
        sum = sum * 31 + text[round] + back[round * 5] + memcmp(data, back, sizeof data);
    }
    return sum;
}
