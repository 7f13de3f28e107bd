#include "bench.h"
// A tokenizer over generated text: unpredictable small branches.
static uint64_t work(void) {
    static char text[1 << 20];
    uint32_t x = 1;
    for (unsigned i = 0; i < sizeof text; i++) { x = x * 1103515245 + 12345; text[i] = "aZ09 _+\n\"-"[(x >> 16) % 10]; }
    uint64_t words = 0, numbers = 0, lines = 0, strings = 0;
    for (int round = 0; round < 40; round++) {
        int state = 0;
        for (unsigned i = 0; i < sizeof text; i++) {
            char c = text[i];
            if (state == 3) { if (c == '"') { state = 0; strings++; } }
            else if (c == '"') state = 3;
            else if (c >= '0' && c <= '9') { if (state == 0) { numbers++; state = 2; } }
            else if ((c | 32) >= 'a' && (c | 32) <= 'z') { if (state == 0) { words++; state = 1; } }
            else { state = 0; if (c == '\n') lines++; }
        }
    }
    return words ^ numbers << 16 ^ lines << 32 ^ strings << 48;
}
