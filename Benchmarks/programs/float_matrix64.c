// A product of matrices of double-precision numbers, row by column.
#include "bench.h"

enum { N = 128 };
static double a[N][N], b[N][N], c[N][N];

static uint64_t work(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)(i * 3 + j) / (double)N;
            b[i][j] = (double)(i - j * 2) / (double)(N + 1);
        }
    uint64_t sum = 0;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double dot = 0;
                for (int k = 0; k < N; k++) dot += a[i][k] * b[k][j];
                c[i][j] = dot;
            }
        sum = sum * 31 + (uint64_t)(int64_t)c[round][N - 1 - round];
        a[round][0] += (double)0.5;
    }
    return sum;
}
