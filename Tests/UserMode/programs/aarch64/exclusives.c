// Exclusive accesses of every width, with neighbours that must neither matter nor change.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ADD(suffix, register, type)                                                                                          \
    do {                                                                                                                     \
        uint64_t words[2] __attribute__((aligned(16))) = {0x8182838485868788, 0x9192939495969798};                           \
        type *place = (type *)((char *)words + 8 - sizeof(type));                                                            \
        unsigned failed, tries = 0;                                                                                     \
        uint64_t value;                                                                                                      \
        do {                                                                                                                 \
            __asm__ volatile("ldaxr" suffix " %" register "0, [%2]\n add %0, %0, #1\n stlxr" suffix " %w1, %" register "0, [%2]" \
                             : "=&r"(value), "=&r"(failed) : "r"(place) : "memory");                                         \
        } while (failed && ++tries < 1000);                                                                                  \
        printf("%zu bytes: %s %016lx %016lx\n", sizeof(type), failed ? "never" : "stored", words[0], words[1]);              \
    } while (0)

int main(void) {
    ADD("b", "w", uint8_t);
    ADD("h", "w", uint16_t);
    ADD("", "w", uint32_t);
    ADD("", "", uint64_t);
    return 0;
}
