#include "bench.h"
// Huffman decoding bit by bit: a walk down a tree.
struct node { int weight; short child[2]; };
static struct node nodes[512];
static uint8_t code[256][40], length[256], plain[1 << 18], packed[1 << 19];

static int lightest(int count, const uint8_t *taken) {
    int best = -1;
    for (int i = 0; i < count; i++)
        if (!taken[i] && (best < 0 || nodes[i].weight < nodes[best].weight)) best = i;
    return best;
}

static void assign(int node, uint8_t *path, int depth) {
    if (node < 64) {
        memcpy(code[node], path, depth);
        length[node] = depth;
        return;
    }
    for (int bit = 0; bit < 2; bit++) { path[depth] = bit; assign(nodes[node].child[bit], path, depth + 1); }
}

static uint64_t work(void) {
    uint32_t random = 3;
    uint8_t taken[512] = {0}, path[64];
    for (unsigned i = 0; i < sizeof plain; i++) {
        uint32_t a = next_random(&random) & 63, b = next_random(&random) & 63;
        plain[i] = a * b >> 6;
        nodes[plain[i]].weight++;
    }
    int count = 64;
    for (; count < 127; count++) {
        for (int side = 0; side < 2; side++) {
            int node = lightest(count, taken);
            taken[node] = 1;
            nodes[count].child[side] = node;
            nodes[count].weight += nodes[node].weight;
        }
    }
    assign(126, path, 0);
    uint64_t bits = 0, sum = 0;
    for (unsigned i = 0; i < sizeof plain; i++)
        for (int j = 0; j < length[plain[i]]; j++, bits++)
            if (bits < 8 * sizeof packed) packed[bits >> 3] |= code[plain[i]][j] << (bits & 7);
    for (int round = 0; round < 60; round++) {
        unsigned place = 0, wrong = 0;
        for (uint64_t bit = 0; place < sizeof plain;) {
            int node = 126;
            while (node >= 64) { node = nodes[node].child[packed[bit >> 3] >> (bit & 7) & 1]; bit++; }
            wrong += plain[place++] != node;
        }
        sum = sum * 7 + wrong + place;
    }
    return sum + bits;
}
