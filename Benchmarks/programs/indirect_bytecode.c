#include "bench.h"
// A bytecode interpreter with computed goto.
static uint64_t work(void) {
    static const uint8_t code[] = {0, 1, 2, 3, 1, 4, 2, 0, 3, 5, 1, 6};
    static void *const ops[] = {&&add, &&mul, &&xor_, &&shift, &&sub, &&swap, &&loop};
    uint64_t a = 1, b = 2, n = 12000000;
    const uint8_t *pc = code;
#define NEXT goto *ops[*pc++]
    NEXT;
add: a += b; NEXT;
mul: b = b * 3 + 1; NEXT;
xor_: a ^= b >> 3; NEXT;
shift: b = b << 5 | b >> 59; NEXT;
sub: a -= 7; NEXT;
swap: { uint64_t t = a; a = b; b = t; } NEXT;
loop: if (--n == 0) return a ^ b;
    pc = code;
    NEXT;
}
