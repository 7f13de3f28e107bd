// Reads a document of nested lists, objects, numbers and strings over and over: one character at a time, deeply branching.
#include "bench.h"

static char text[1 << 17];
static const char *at;
static uint64_t sum;

static size_t write_value(char *out, int depth, uint32_t *state) {
    char *start = out;
    uint32_t kind = next_random(state) % (depth > 5 ? 3 : 6);
    if (kind < 1) {
        int whole = (int)(next_random(state) % 2000) - 1000;
        return (size_t)sprintf(out, "%d.%u", whole, next_random(state) % 1000);
    }
    if (kind < 2) return (size_t)sprintf(out, "\"word \\\"%u\\\" end\"", next_random(state));
    if (kind < 3) return (size_t)sprintf(out, "%s", next_random(state) % 2 ? "true" : "null");
    *out++ = kind < 5 ? '[' : '{';
    for (uint32_t n = next_random(state) % 6 + 1; n > 0; n--) {
        if (kind == 5) out += sprintf(out, "\"key%u\" : ", n);
        out += write_value(out, depth + 1, state);
        if (n > 1) out += sprintf(out, ", ");
    }
    *out++ = kind < 5 ? ']' : '}';
    return (size_t)(out - start);
}

static void skip(void) { while (*at == ' ' || *at == '\n' || *at == '\t') at++; }

static void read_string(void) {
    for (at++; *at != '"'; at++) {
        if (*at == '\\') at++;
        sum = sum * 131 + (uint8_t)*at;
    }
    at++;
}

static void read_number(void) {
    int negative = *at == '-';
    int64_t value = 0;
    if (negative) at++;
    while (*at >= '0' && *at <= '9') value = value * 10 + *at++ - '0';
    if (*at == '.') for (at++; *at >= '0' && *at <= '9'; at++) value = value * 10 + *at - '0';
    sum += (uint64_t)(negative ? -value : value);
}

static void read_value(void) {
    skip();
    switch (*at) {
    case '[':
    case '{':
        for (char end = *at++ == '[' ? ']' : '}'; *at != end;) {
            if (end == '}') {
                skip();
                read_string();
                skip();
                at++;
            }
            read_value();
            skip();
            if (*at == ',') at++;
        }
        at++;
        sum ^= sum >> 7;
        break;
    case '"': read_string(); break;
    case 't':
    case 'n': at += 4; break;
    default: read_number();
    }
}

static uint64_t work(void) {
    uint32_t state = 5;
    size_t size = 0;
    text[size++] = '[';
    while (size < sizeof text - 40000) {
        size += write_value(text + size, 0, &state);
        text[size++] = ',';
    }
    text[size - 1] = ']';
    text[size] = 0;
    for (int round = 0; round < 1500; round++) {
        at = text;
        read_value();
    }
    return sum;
}
