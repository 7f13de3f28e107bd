#include "bench.h"
enum { N = 200 };
static float a[N][N], b[N][N], c[N][N];
static uint64_t work(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { a[i][j] = i * .5f - j; b[i][j] = 1.f / (1 + i + j); }
    for (int r = 0; r < 6; r++) for (int i = 0; i < N; i++) for (int k = 0; k < N; k++) for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
    float s = 0;
    for (int i = 0; i < N; i++) s += c[i][i];
    return (uint64_t)(int64_t)(s * 100);
}
