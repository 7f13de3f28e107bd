// A fast Fourier transform and its inverse. The roots of unity come from repeated halving, so that no library is asked.
#include "bench.h"
#include <math.h>

enum { N = 1 << 13 };
static double re[N], im[N], cosine[N / 2], sine[N / 2];

static void roots(void) {
    cosine[0] = 1;
    double c = -1, s = 0; // the angle of a half turn
    for (int step = N / 4; step >= 1; step /= 2) {
        s = step == N / 4 ? 1 : sqrt((1 - c) / 2);
        c = step == N / 4 ? 0 : sqrt((1 + c) / 2);
        for (int i = step; i < N / 2; i += 2 * step) {
            cosine[i] = cosine[i - step] * c - sine[i - step] * s;
            sine[i] = sine[i - step] * c + cosine[i - step] * s;
        }
    }
}

static void transform(double direction) {
    for (int i = 1, j = 0; i < N; i++) {
        int bit = N / 2;
        for (; j & bit; bit /= 2) j ^= bit;
        j ^= bit;
        if (i < j) {
            double t = re[i]; re[i] = re[j]; re[j] = t;
            t = im[i]; im[i] = im[j]; im[j] = t;
        }
    }
    for (int size = 2; size <= N; size *= 2)
        for (int start = 0; start < N; start += size)
            for (int k = 0; k < size / 2; k++) {
                double c = cosine[k * (N / size)], s = direction * sine[k * (N / size)];
                int p = start + k, q = p + size / 2;
                double r = re[q] * c - im[q] * s, i = re[q] * s + im[q] * c;
                re[q] = re[p] - r; im[q] = im[p] - i;
                re[p] += r; im[p] += i;
            }
}

static uint64_t work(void) {
    roots();
    for (int i = 0; i < N; i++) re[i] = (i * 7 % 113) - 50;
    for (int round = 0; round < 200; round++) {
        transform(1);
        transform(-1);
        for (int i = 0; i < N; i++) {
            re[i] /= N;
            im[i] /= N;
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < N; i++) sum = sum * 31 + (uint64_t)(int64_t)floor(re[i] + 0.5);
    return sum;
}
