// A register machine of 24 instructions in one switch, which the compiler makes a jump table of.
#include "bench.h"

enum { LENGTH = 512 };
static uint32_t program[LENGTH];

static uint64_t work(void) {
    uint32_t state = 2024;
    for (int i = 0; i < LENGTH; i++) program[i] = next_random(&state);
    uint64_t r[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t pc = 0;
    for (int steps = 0; steps < 60000000; steps++) {
        if (steps % 64 == 0) program[steps / 64 % LENGTH] = next_random(&state); // else it may end in a short cycle
        uint32_t word = program[pc], d = word >> 8 & 7, a = word >> 11 & 7, b = word >> 14 & 7;
        pc = (pc + 1) % LENGTH;
        switch (word % 24) {
        case 0: r[d] = r[a] + r[b]; break;
        case 1: r[d] = r[a] - r[b]; break;
        case 2: r[d] = r[a] ^ r[b]; break;
        case 3: r[d] = r[a] | r[b]; break;
        case 4: r[d] = r[a] & ~r[b]; break;
        case 5: r[d] = r[a] * (r[b] | 1); break;
        case 6: r[d] = r[a] << (r[b] & 63); break;
        case 7: r[d] = r[a] >> (r[b] & 63); break;
        case 8: r[d] = (uint64_t)((int64_t)r[a] >> (r[b] & 63)); break;
        case 9: r[d] = r[a] < r[b]; break;
        case 10: r[d] = (int64_t)r[a] < (int64_t)r[b]; break;
        case 11: r[d] = word; break;
        case 12: r[d] += word >> 17; break;
        case 13: r[d] = r[a] == r[b] ? r[d] + 1 : r[a]; break;
        case 14: r[d] = ~r[a]; break;
        case 15: r[d] = (uint32_t)r[a] * 2654435761u; break;
        case 16: r[d] = r[a] / (r[b] | 1); break;
        case 17: r[d] = r[a] % (r[b] | 1); break;
        case 18: r[d] = (uint64_t)(int32_t)r[a]; break;
        case 19: r[d] = r[a] << 32 | r[b] >> 32; break;
        case 20: if (r[a] & 1) pc = (pc + (word >> 20)) % LENGTH; break;
        case 21: if ((int64_t)r[a] < 0) pc = (pc + 3) % LENGTH; break;
        case 22: r[d] ^= (uint64_t)steps; break;
        default: r[d] = r[d] * 5 + 1; break;
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++) sum = sum * 31 + r[i];
    return sum;
}
