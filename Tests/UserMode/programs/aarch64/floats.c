// Floating-point control and status: flushing to zero, default NaNs, rounding modes, and the flags of results at the edge of the normal range.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SET(name, value) __asm__ volatile("msr " name ", %0" ::"r"((uint64_t)(value)))

static uint64_t status(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, fpsr" : "=r"(value));
    SET("fpsr", 0);
    return value;
}

static double number(uint64_t bits) {
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static uint64_t bits(double value) {
    uint64_t result;
    memcpy(&result, &value, 8);
    return result;
}

// The operands reach the processor as they are.
#define DO(text, a, b)                                                                          \
    ({                                                                                          \
        double r_, x_ = (a), y_ = (b);                                                          \
        SET("fpsr", 0);                                                                         \
        __asm__ volatile(text : "=&w"(r_) : "w"(x_), "w"(y_));                                  \
        printf("%-34s %016lx status %lx\n", text, bits(r_), status());                          \
    })

static void operations(void) {
    const double tiny = number(0x0008000000000000), least = number(0x0010000000000000), below_one = number(0x3fefffffffffffff), half = 0.5;
    const double signalling = number(0x7ff4000000001234), singles = number(0x0040000000400000), halves = number(0x0200020002000200);
    DO("fadd %d0, %d1, %d2", tiny, tiny);
    DO("fmul %d0, %d1, %d2", least, below_one);
    DO("fmul %d0, %d1, %d2", least, half);
    DO("fdiv %d0, %d1, %d2", least, 3.0);
    DO("fmadd %d0, %d1, %d2, %d1", least, below_one);
    DO("fadd %d0, %d1, %d2", signalling, 1.0);
    DO("fmax %d0, %d1, %d2", tiny, 0.0);
    DO("fcvt %s0, %d1", number(0x380fffffffffffff), 0.0);
    DO("fcvt %h0, %d1", number(0x3f0fffffffffffff), 0.0);
    DO("fcvt %d0, %s1", singles, 0.0);
    DO("fsqrt %d0, %d1", tiny, 0.0);
    DO("frintp %d0, %d1", tiny, 0.0);
    DO("fmul %0.2d, %1.2d, %2.2d", least, below_one);
    DO("fadd %0.4s, %1.4s, %2.4s", singles, singles);
    DO("fmul %0.4s, %1.4s, %2.4s", singles, number(0x3f7fffff3f7fffff));
    DO(".arch armv8.2-a+fp16\n fadd %0.8h, %1.8h, %2.8h", halves, halves);
    DO(".arch armv8.2-a+fp16\n fmul %h0, %h1, %h2", halves, number(0x3bff));
    DO(".arch armv8.2-a+fp16\n fadd %h0, %h1, %h2", number(0x7d01), number(0x3c00));
}

int main(void) {
    static const struct {
        const char *name;
        uint64_t control;
    } modes[] = {{"plain", 0}, {"flush to zero", 1 << 24}, {"flush halves to zero", 1 << 19}, {"default NaN", 1 << 25}, {"towards plus infinity", 1 << 22}};
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        printf("%s\n", modes[i].name);
        SET("fpcr", modes[i].control);
        operations();
        SET("fpcr", 0);
    }
    return 0;
}
