// Factorials and their squares in numbers of many 64-bit digits: additions with carries, multiplications with both halves.
#include "bench.h"

enum { DIGITS = 600 };
static uint64_t number[DIGITS], square[2 * DIGITS];

static int multiply_by(int count, uint64_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < count; i++) {
        unsigned __int128 t = (unsigned __int128)number[i] * factor + carry;
        number[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    if (carry) number[count++] = carry;
    return count;
}

static uint64_t work(void) {
    uint64_t sum = 0;
    for (int round = 0; round < 150; round++) {
        memset(number, 0, sizeof number);
        number[0] = 1;
        int count = 1;
        for (uint64_t n = 2; n < 3000 + (uint64_t)round; n++) count = multiply_by(count, n);
        memset(square, 0, sizeof square);
        for (int i = 0; i < count; i++) {
            uint64_t carry = 0;
            for (int j = 0; j < count; j++) {
                unsigned __int128 t = (unsigned __int128)number[i] * number[j] + square[i + j] + carry;
                square[i + j] = (uint64_t)t;
                carry = (uint64_t)(t >> 64);
            }
            square[i + count] = carry;
        }
        for (int i = 0; i < 2 * count; i++) sum = sum * 31 + square[i];
    }
    return sum;
}
