#include "bench.h"
// The queens on a board of 14 by 14, without recursion.
static uint64_t work(void) {
    enum { size = 14, all = (1 << size) - 1 };
    unsigned columns[size + 1], left[size + 1], right[size + 1], open[size + 1];
    uint64_t solutions = 0, visits = 0;
    int row = 0;
    columns[0] = left[0] = right[0] = 0;
    open[0] = all;
    while (row >= 0) {
        if (!open[row]) { row--; continue; }
        unsigned bit = open[row] & -open[row];
        open[row] ^= bit;
        visits++;
        if (row == size - 1) { solutions++; continue; }
        columns[row + 1] = columns[row] | bit;
        left[row + 1] = (left[row] | bit) << 1;
        right[row + 1] = (right[row] | bit) >> 1;
        row++;
        open[row] = all & ~(columns[row] | left[row] | right[row]);
    }
    return solutions << 32 | visits;
}
