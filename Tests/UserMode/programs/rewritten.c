// What a JIT compiler does: thousands of small functions on many pages, called and written again.
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum { WINDOW = 1000, STEP = 600, ROUNDS = 8, WORDS = 4 };

#if defined(__riscv)
static void put(uint32_t *place, uint32_t value) {
    place[0] = 0x00000513 | value << 20;  // li a0, value
    place[1] = 0x00008067;                // ret
}
#elif defined(__aarch64__)
static void put(uint32_t *place, uint32_t value) {
    place[0] = 0xd2800000 | value << 5;  // mov x0, value
    place[1] = 0xd65f03c0;               // ret
}
#elif defined(__arm__)
static void put(uint32_t *place, uint32_t value) {
    place[0] = 0xe3000000 | value;  // movw r0, #value
    place[1] = 0xe12fff1e;          // bx lr
}
#endif

int main(void) {
    uint32_t *code = mmap(NULL, (ROUNDS * STEP + WINDOW) * WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        // The window moves on: what it leaves behind is written and not called again, so dead code is mixed with live.
        for (int i = 0; i < round * STEP + WINDOW; i++) put(code + i * WORDS, (uint32_t)(i + round) % 2000);
        __builtin___clear_cache((char *)code, (char *)(code + (ROUNDS * STEP + WINDOW) * WORDS));
        for (int i = round * STEP; i < round * STEP + WINDOW; i++) {
            long (*function)(void) = (long (*)(void))(code + i * WORDS);
            if (function() != (i + round) % 2000) wrong++;
        }
    }
    printf("%d wrong of %d\n", wrong, ROUNDS * WINDOW);
    return wrong != 0;
}
