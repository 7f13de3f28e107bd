// Every read-modify-write of the compiler's, in each width, against plain arithmetic; and threads that count together.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static const int64_t values[] = {0, 1, -1, 127, -128, 255, 32767, -32768, 0x7fffffff, -0x7fffffffll - 1, 0x123456789abcdef0, INT64_MIN};
enum { COUNT = sizeof values / sizeof *values };
static uint64_t wrong;

static void note(uint64_t old, uint64_t new, uint64_t wanted_old, uint64_t wanted_new) {
    wrong += old != wanted_old || new != wanted_new;
}

#define ONE(T, name, wanted) { T word = a; T old = __atomic_##name(&word, b, __ATOMIC_SEQ_CST); note(old, word, a, (T)(wanted)); }
#define WIDTH(T) \
    static void check_##T(T a, T b) { \
        ONE(T, fetch_add, a + b) ONE(T, fetch_sub, a - b) ONE(T, fetch_and, a & b) ONE(T, fetch_or, a | b) ONE(T, fetch_xor, a ^ b) \
        ONE(T, exchange_n, b) \
        T word = a, seen = b; \
        __atomic_compare_exchange_n(&word, &seen, (T)~b, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
        note(seen, word, a, a == b ? (T)~b : a); \
    }
WIDTH(uint8_t)
WIDTH(uint16_t)
WIDTH(uint32_t)
WIDTH(uint64_t)

#ifdef __riscv
#define TEXT(riscv, arm) riscv " %0, %2, (%1)"
#else
#define TEXT(riscv, arm) ".arch armv8.1-a\n" arm ", [%1]"
#endif
// The old value, a narrow one with its sign.
#define EXTREME(type, name, riscv, arm) \
    static uint64_t name(type *place, type value) { \
        uint64_t old; \
        __asm__ volatile(TEXT(riscv, arm) : "=&r"(old) : "r"(place), "r"(value) : "memory"); \
        return sizeof(type) == 4 ? (uint64_t)(int32_t)old : old; \
    }
EXTREME(int32_t, amomin_w, "amomin.w", "ldsmin %w2, %w0")
EXTREME(int32_t, amomax_w, "amomax.w", "ldsmax %w2, %w0")
EXTREME(uint32_t, amominu_w, "amominu.w", "ldumin %w2, %w0")
EXTREME(uint32_t, amomaxu_w, "amomaxu.w", "ldumax %w2, %w0")
EXTREME(int64_t, amomin_d, "amomin.d", "ldsmin %2, %0")
EXTREME(int64_t, amomax_d, "amomax.d", "ldsmax %2, %0")
EXTREME(uint64_t, amominu_d, "amominu.d", "ldumin %2, %0")
EXTREME(uint64_t, amomaxu_d, "amomaxu.d", "ldumax %2, %0")

#define CHECK(type, call, wanted) { type word = a; uint64_t old = call(&word, b); note(old, word, (uint64_t)(int64_t)(type)a, (type)(wanted)); }
static void extremes32(int32_t a, int32_t b) {
    CHECK(int32_t, amomin_w, a < b ? a : b)
    CHECK(int32_t, amomax_w, a > b ? a : b)
    uint32_t word = a;
    uint64_t old = amominu_w(&word, b);
    note(old, word, (uint64_t)(int64_t)a, (uint32_t)a < (uint32_t)b ? (uint32_t)a : (uint32_t)b);
    word = a;
    old = amomaxu_w(&word, b);
    note(old, word, (uint64_t)(int64_t)a, (uint32_t)a > (uint32_t)b ? (uint32_t)a : (uint32_t)b);
}

static void extremes64(int64_t a, int64_t b) {
    CHECK(int64_t, amomin_d, a < b ? a : b)
    CHECK(int64_t, amomax_d, a > b ? a : b)
    CHECK(uint64_t, amominu_d, (uint64_t)a < (uint64_t)b ? a : b)
    CHECK(uint64_t, amomaxu_d, (uint64_t)a > (uint64_t)b ? a : b)
}

static uint8_t bytes[8];
static uint64_t bits;

static void *count(void *argument) {
    uint64_t mine = (uint64_t)argument;
    for (int i = 0; i < 20000; i++) {
        __atomic_fetch_add(&bytes[3], 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_xor(&bits, 1ull << mine, __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&bits, 1ull << (mine + 32), __ATOMIC_SEQ_CST);
    }
    return 0;
}

int main(void) {
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            check_uint8_t(values[i], values[j]);
            check_uint16_t(values[i], values[j]);
            check_uint32_t(values[i], values[j]);
            check_uint64_t(values[i], values[j]);
            extremes32(values[i], values[j]);
            extremes64(values[i], values[j]);
        }
    printf("wrong %llu\n", (unsigned long long)wrong);
    pthread_t threads[4];
    for (uint64_t i = 0; i < 4; i++) pthread_create(&threads[i], 0, count, (void *)i);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
    printf("bytes %02x %02x %02x, bits %llx\n", bytes[2], bytes[3], bytes[4], (unsigned long long)bits);
    return 0;
}
