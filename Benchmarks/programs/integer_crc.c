// Checksums of a buffer by table: CRC-32 byte by byte, Adler-32, and FNV.
#include "bench.h"

static uint32_t table[256];
static uint8_t data[1 << 18];

static uint64_t work(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t c = n;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[n] = c;
    }
    uint32_t state = 99;
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)next_random(&state);
    uint64_t sum = 0;
    for (int round = 0; round < 500; round++) {
        uint32_t crc = ~(uint32_t)round, low = 1, high = 0;
        uint64_t hash = 0xcbf29ce484222325u;
        for (size_t i = 0; i < sizeof data; i++) {
            crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
            low += data[i];
            high += low;
            if (low >= 65521) low -= 65521;
            if ((i & 4095) == 0) high %= 65521;
            hash = (hash ^ data[i]) * 0x100000001b3u;
        }
        sum = sum * 7 + crc + low + high + hash;
    }
    return sum;
}
