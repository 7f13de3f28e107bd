#ifndef APUS_ATOMICS_H
#define APUS_ATOMICS_H
// Atomic access to words that Swift's own Atomic cannot hold: live guest memory, vCPU headers, translation look-aside buffers.
#include <stdbool.h>
#include <stdint.h>

#define APUS_ATOMIC(name, type)                                                                                        \
    static inline type apus_atomic_load_##name(const type *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }         \
    static inline type apus_atomic_load_relaxed_##name(const type *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); } \
    static inline void apus_atomic_store_##name(type *p, type v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }         \
    static inline void apus_atomic_store_relaxed_##name(type *p, type v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); } \
    static inline type apus_atomic_exchange_##name(type *p, type v) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); } \
    static inline type apus_atomic_add_##name(type *p, type v) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }  \
    static inline type apus_atomic_and_##name(type *p, type v) { return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); }  \
    static inline type apus_atomic_or_##name(type *p, type v) { return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); }    \
    static inline type apus_atomic_xor_##name(type *p, type v) { return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST); }  \
    /* Returns what was there; the exchange took place if that equals `expected`. */                                   \
    static inline type apus_atomic_cas_##name(type *p, type expected, type desired) {                                  \
        __atomic_compare_exchange_n(p, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                 \
        return expected;                                                                                               \
    }

APUS_ATOMIC(u8, uint8_t)
APUS_ATOMIC(u16, uint16_t)
APUS_ATOMIC(u32, uint32_t)
APUS_ATOMIC(u64, uint64_t)
#undef APUS_ATOMIC

static inline void apus_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// The host's instruction set extensions, a bit each: AVX, BMI1, BMI2, FMA, F16C, PCLMULQDQ, LZCNT, POPCNT.
static inline uint32_t apus_x86_extensions(void) {
    return (__builtin_cpu_supports("avx") ? 1 : 0) | (__builtin_cpu_supports("bmi") ? 2 : 0) | (__builtin_cpu_supports("bmi2") ? 4 : 0) |
           (__builtin_cpu_supports("fma") ? 8 : 0) | (__builtin_cpu_supports("f16c") ? 16 : 0) |
           (__builtin_cpu_supports("pclmul") ? 32 : 0) | (__builtin_cpu_supports("lzcnt") ? 64 : 0) |
           (__builtin_cpu_supports("popcnt") ? 128 : 0);
}

static inline uint32_t apus_read_mxcsr(void) {
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}
static inline void apus_write_mxcsr(uint32_t v) { __asm__ volatile("ldmxcsr %0" : : "m"(v)); }

// Compare and exchange of 16 aligned bytes; `*expected` receives what was there.
static inline bool apus_atomic_cas_16(void *p, uint64_t expected[2], uint64_t low, uint64_t high) {
    bool done;
    __asm__ volatile("lock cmpxchg16b %1" : "=@ccz"(done), "+m"(*(volatile __int128 *)p), "+a"(expected[0]), "+d"(expected[1])
                     : "b"(low), "c"(high) : "memory");
    return done;
}
#endif
