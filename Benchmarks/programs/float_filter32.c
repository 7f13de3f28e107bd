// A recursive filter, conversions and comparisons in single precision.
#include "bench.h"

enum { N = 1 << 14 };
static float signal[N];

static uint64_t work(void) {
    uint32_t state = 6;
    uint64_t sum = 0;
    for (int i = 0; i < N; i++) signal[i] = (float)(int32_t)next_random(&state) * 1e-6f;
    for (int round = 0; round < 700; round++) {
        float a = 0, b = 0, peak = 0;
        for (int i = 0; i < N; i++) {
            float x = signal[i] * 0.25f + a * 0.6f - b * 0.2f;
            b = a;
            a = x;
            if (x > peak) peak = x;
            signal[i] = x < 0 ? -x * 3.5f : x * 3.5f;
            sum += (uint64_t)(int32_t)x;
        }
        if (peak > 1e6f) for (int i = 0; i < N; i++) signal[i] /= peak * 1e-3f;
    }
    return sum;
}
