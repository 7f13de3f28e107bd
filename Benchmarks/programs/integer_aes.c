#include "bench.h"
// AES-128 by lookup tables, a chain of blocks.
static uint8_t sbox[256];
static uint32_t table[4][256], keys[44];

static void make_tables(void) {
    uint8_t p = 1, q = 1;
    do {
        p = p ^ p << 1 ^ (p & 0x80 ? 0x1b : 0);
        q ^= q << 1; q ^= q << 2; q ^= q << 4;
        if (q & 0x80) q ^= 0x09;
        sbox[p] = q ^ (uint8_t)(q << 1 | q >> 7) ^ (uint8_t)(q << 2 | q >> 6) ^ (uint8_t)(q << 3 | q >> 5) ^ (uint8_t)(q << 4 | q >> 4) ^ 0x63;
    } while (p != 1);
    sbox[0] = 0x63;
    for (int i = 0; i < 256; i++) {
        uint32_t s = sbox[i], d = (s << 1 ^ (s & 0x80 ? 0x1b : 0)) & 0xff, word = d << 24 | s << 16 | s << 8 | (s ^ d);
        for (int j = 0; j < 4; j++) { table[j][i] = word; word = word >> 8 | word << 24; }
    }
}

static void expand(const uint32_t *key) {
    uint32_t rcon = 1;
    for (int i = 0; i < 4; i++) keys[i] = key[i];
    for (int i = 4; i < 44; i++) {
        uint32_t t = keys[i - 1];
        if (i % 4 == 0) {
            t = t << 8 | t >> 24;
            t = (uint32_t)sbox[t >> 24] << 24 | sbox[t >> 16 & 255] << 16 | sbox[t >> 8 & 255] << 8 | sbox[t & 255];
            t ^= rcon << 24;
            rcon = rcon << 1 ^ (rcon & 0x80 ? 0x11b : 0);
        }
        keys[i] = keys[i - 4] ^ t;
    }
}

static void encrypt(uint32_t s[4]) {
    const uint32_t *k = keys;
    uint32_t t[4];
    for (int i = 0; i < 4; i++) s[i] ^= *k++;
    for (int round = 1; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            t[i] = table[0][s[i] >> 24] ^ table[1][s[(i + 1) & 3] >> 16 & 255] ^ table[2][s[(i + 2) & 3] >> 8 & 255] ^ table[3][s[(i + 3) & 3] & 255] ^ *k++;
        memcpy(s, t, sizeof t);
    }
    for (int i = 0; i < 4; i++)
        t[i] = ((uint32_t)sbox[s[i] >> 24] << 24 | sbox[s[(i + 1) & 3] >> 16 & 255] << 16 | sbox[s[(i + 2) & 3] >> 8 & 255] << 8 | sbox[s[(i + 3) & 3] & 255]) ^ *k++;
    memcpy(s, t, sizeof t);
}

static uint64_t work(void) {
    uint32_t key[4] = {0x2b7e1516, 0x28aed2a6, 0xabf71588, 0x09cf4f3c}, s[4] = {1, 2, 3, 4};
    make_tables();
    expand(key);
    for (int i = 0; i < 1500000; i++) { s[0] ^= i; encrypt(s); }
    return (uint64_t)(s[0] ^ s[2]) << 32 | (s[1] ^ s[3]);
}
