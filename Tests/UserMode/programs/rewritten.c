// What a JIT compiler does: thousands of small functions on many pages, called, and all written again, several times over.
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum { FUNCTIONS = 3000, ROUNDS = 5, WORDS = 4 };

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
#endif

int main(void) {
    uint32_t *code = mmap(NULL, FUNCTIONS * WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        // Each round leaves another part as it was: some blocks live on, others die.
        for (int i = round * 300; i < FUNCTIONS; i++) put(code + i * WORDS, (uint32_t)(i + round) % 2000);
        __builtin___clear_cache((char *)code, (char *)(code + FUNCTIONS * WORDS));
        for (int i = 0; i < FUNCTIONS; i++) {
            long last = i < round * 300 ? i / 300 : round;
            long (*function)(void) = (long (*)(void))(code + i * WORDS);
            if (function() != (i + last) % 2000) wrong++;
        }
    }
    printf("%d wrong of %d\n", wrong, ROUNDS * FUNCTIONS);
    return wrong != 0;
}
