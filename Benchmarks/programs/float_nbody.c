#include "bench.h"
#include <math.h>
static uint64_t work(void) {
    double p[5][3] = {{0, 0, 0}, {4.84, -1.16, -.10}, {8.34, 4.12, -.4}, {12.89, -15.11, -.22}, {15.37, -25.9, .179}};
    double v[5][3] = {{0, 0, 0}, {.6, 2.8, -.02}, {-1.01, 1.82, .008}, {1.08, .86, -.01}, {.97, .59, -.034}}, m[5] = {39.4, .037, .011, .0017, .002};
    for (int s = 0; s < 700000; s++) {
        for (int i = 0; i < 5; i++) for (int j = i + 1; j < 5; j++) {
            double d[3], q = 0;
            for (int k = 0; k < 3; k++) { d[k] = p[i][k] - p[j][k]; q += d[k] * d[k]; }
            double w = .001 / (q * sqrt(q));
            for (int k = 0; k < 3; k++) { v[i][k] -= d[k] * m[j] * w; v[j][k] += d[k] * m[i] * w; }
        }
        for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) p[i][k] += .001 * v[i][k];
    }
    return (uint64_t)(int64_t)(p[0][0] * 1e12);
}
