// A binary search tree by recursive insertion, walk and disposal.
#include "bench.h"

struct node {
    struct node *left, *right;
    uint32_t key;
};

static struct node *insert(struct node *at, uint32_t key) {
    if (at == NULL) {
        at = calloc(1, sizeof *at);
        at->key = key;
    } else if (key < at->key) {
        at->left = insert(at->left, key);
    } else if (key > at->key) {
        at->right = insert(at->right, key);
    }
    return at;
}

static uint64_t walk(const struct node *at, uint64_t sum) {
    if (at == NULL) return sum;
    sum = walk(at->left, sum);
    return walk(at->right, sum * 31 + at->key);
}

static void dispose(struct node *at) {
    if (at == NULL) return;
    dispose(at->left);
    dispose(at->right);
    free(at);
}

static uint64_t work(void) {
    uint32_t state = 5;
    uint64_t sum = 0;
    for (int round = 0; round < 400; round++) {
        struct node *top = NULL;
        for (int i = 0; i < 5000; i++) top = insert(top, next_random(&state) % 65536);
        for (int i = 0; i < 10; i++) sum += walk(top, sum);
        dispose(top);
    }
    return sum;
}
