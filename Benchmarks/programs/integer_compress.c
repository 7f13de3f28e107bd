// A small dictionary compressor and its decompressor, over text made of repeated phrases.
#include "bench.h"

enum { SIZE = 1 << 20, TABLE = 1 << 14 };
static uint8_t text[SIZE], packed[SIZE * 2], again[SIZE + 512];
static uint32_t table[TABLE];

static size_t compress(void) {
    size_t at = 0, out = 0;
    memset(table, 0, sizeof table);
    while (at + 4 < SIZE) {
        uint32_t word;
        memcpy(&word, text + at, 4);
        uint32_t slot = word * 2654435761u >> 18;
        size_t candidate = table[slot];
        table[slot] = (uint32_t)at;
        size_t length = 0;
        if (candidate < at && at - candidate < 65536)
            while (length < 255 && at + length < SIZE && text[candidate + length] == text[at + length]) length++;
        if (length >= 5) {
            packed[out++] = 1;
            packed[out++] = (uint8_t)length;
            packed[out++] = (uint8_t)(at - candidate);
            packed[out++] = (uint8_t)((at - candidate) >> 8);
            at += length;
        } else {
            packed[out++] = 0;
            packed[out++] = text[at++];
        }
    }
    return out;
}

static size_t expand(size_t size) {
    size_t in = 0, out = 0;
    while (in < size && out < SIZE) {
        if (packed[in] == 0) {
            again[out++] = packed[in + 1];
            in += 2;
            continue;
        }
        size_t distance = packed[in + 2] | (size_t)packed[in + 3] << 8;
        for (int n = packed[in + 1]; n > 0; n--, out++) again[out] = again[out - distance];
        in += 4;
    }
    return out;
}

static uint64_t work(void) {
    uint32_t state = 4711;
    for (size_t i = 0; i < SIZE;) {
        uint32_t r = next_random(&state);
        size_t length = 3 + r % 30, source = i > 40 ? next_random(&state) % (i - 32) : 0;
        for (size_t n = 0; n < length && i < SIZE; n++, i++)
            text[i] = i > 40 && r % 3 ? text[source + n] : (uint8_t)('a' + next_random(&state) % 26);
    }
    uint64_t sum = 0;
    for (int round = 0; round < 40; round++) {
        size_t size = compress(), back = expand(size);
        for (size_t i = 0; i < back; i += 61) sum = sum * 131 + again[i];
        sum += size + (memcmp(text, again, back) != 0);
        text[round * 1000 % SIZE] ^= 1;
    }
    return sum;
}
