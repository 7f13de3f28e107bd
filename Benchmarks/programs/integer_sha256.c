// SHA-256 (FIPS 180-4) over a buffer. The constants are computed: fractional parts of roots of primes.
#include "bench.h"
#include <math.h>

static uint32_t K[64], H[8];

// The first 32 bits behind the point. Roots of the first 64 primes have less than 3 bits before it, so a double holds 50 behind it.
static uint32_t fraction(double root) { return (uint32_t)((root - floor(root)) * 4294967296.0); }

static void constants(void) {
    int found = 0;
    for (uint32_t n = 2; found < 64; n++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= n; d++) prime &= n % d != 0;
        if (!prime) continue;
        if (found < 8) H[found] = fraction(sqrt(n));
        K[found++] = fraction(cbrt(n));
    }
}

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(const uint8_t *block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    H[0] += a; H[1] += b; H[2] += c; H[3] += d; H[4] += e; H[5] += f; H[6] += g; H[7] += h;
}

static uint64_t work(void) {
    static uint8_t data[1 << 16];
    uint32_t state = 99;
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)next_random(&state);
    constants();
    for (int round = 0; round < 500; round++)
        for (size_t at = 0; at < sizeof data; at += 64) compress(data + at);
    return (uint64_t)H[0] << 32 | H[7];
}
