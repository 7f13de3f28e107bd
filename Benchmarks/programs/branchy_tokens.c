// A state machine that splits text into names, numbers, strings and comments.
#include "bench.h"

enum { SIZE = 1 << 20 };
static char text[SIZE + 1];
enum state { SPACE, NAME, NUMBER, STRING, COMMENT, SYMBOL };

static uint64_t work(void) {
    static const char alphabet[] = "abcXYZ_019 \n\t+-*/=();\"#eE.,<> x y z 12";
    uint32_t random = 31;
    for (int i = 0; i < SIZE; i++) text[i] = alphabet[next_random(&random) % (sizeof alphabet - 1)];
    uint64_t counts[6] = {0}, sum = 0;
    for (int round = 0; round < 120; round++) {
        enum state state = SPACE;
        for (int i = 0; i < SIZE; i++) {
            char c = text[i];
            enum state next;
            if (state == STRING && c != '"') continue;
            if (state == COMMENT && c != '\n') continue;
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_') next = state == NUMBER && (c == 'e' || c == 'E') ? NUMBER : NAME;
            else if (c >= '0' && c <= '9') next = state == NAME ? NAME : NUMBER;
            else if (c == '"') next = state == STRING ? SPACE : STRING;
            else if (c == '#') next = COMMENT;
            else if (c == ' ' || c == '\n' || c == '\t') next = SPACE;
            else if (c == '.' && state == NUMBER) next = NUMBER;
            else next = SYMBOL;
            if (next != state) counts[next]++;
            state = next;
        }
        text[round * 77] = '"';
    }
    for (int i = 0; i < 6; i++) sum = sum * 1000003 + counts[i];
    return sum;
}
