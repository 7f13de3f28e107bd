#include "bench.h"
// Words of a text counted in a hash table with open addressing.
struct entry { const char *word; unsigned length, count; };
static char text[1 << 19];
static struct entry entries[1 << 14];

static void count(const char *word, unsigned length) {
    uint32_t hash = 2166136261u;
    for (unsigned i = 0; i < length; i++) hash = (hash ^ (uint8_t)word[i]) * 16777619u;
    for (unsigned slot = hash;; slot++) {
        struct entry *entry = &entries[slot & ((1 << 14) - 1)];
        if (!entry->word) { entry->word = word; entry->length = length; }
        if (entry->length == length && memcmp(entry->word, word, length) == 0) { entry->count++; return; }
    }
}

static uint64_t work(void) {
    uint32_t random = 11;
    for (unsigned i = 0; i < sizeof text; i++) {
        uint32_t r = next_random(&random);
        text[i] = r % 5 == 0 ? ' ' : "etaoinsh"[r >> 8 & 7];
    }
    uint64_t sum = 0;
    for (int round = 0; round < 120; round++) {
        const char *start = text, *end = text + sizeof text;
        for (const char *p = text; p < end; p++)
            if (*p == ' ') {
                if (p > start && p - start < 5) count(start, p - start);
                start = p + 1;
            }
    }
    for (unsigned i = 0; i < 1 << 14; i++) sum = sum * 31 + entries[i].count;
    return sum;
}
