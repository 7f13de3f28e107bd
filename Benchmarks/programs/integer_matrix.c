#include "bench.h"
enum { N = 300 };
static int32_t a[N][N], b[N][N], c[N][N];
static uint64_t work(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { a[i][j] = i * j % 17; b[i][j] = i + j; }
    for (int round = 0; round < 30; round++)
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
    uint64_t sum = 0;
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) sum = sum * 31 + (uint32_t)c[i][j];
    return sum;
}
