// Returns that do not match the calls before them: coroutines, longjmp, tail calls, recursion deeper than any prediction, a return address that is changed.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

enum { COROUTINES = 4, TURNS = 300 };

static ucontext_t home, contexts[COROUTINES];
static unsigned long sums[COROUTINES];
static jmp_buf back;

__attribute__((noinline)) static unsigned long deep(unsigned long n, unsigned long *sum) {
    if (n == 0) return *sum;
    unsigned long result = deep(n - 1, sum) + n;
    *sum += result & 7;
    return result;
}

// Gives its turn away from inside calls, so that others return in between.
__attribute__((noinline)) static void turn(int self, int depth) {
    if (depth > 0) {
        turn(self, depth - 1);
        sums[self] = sums[self] * 31 + depth;
        return;
    }
    swapcontext(&contexts[self], &contexts[(self + 1) % COROUTINES]);
    sums[self]++;
}

static void coroutine(int self) {
    for (int i = 0; i < TURNS; i++) turn(self, (self + i) % 6);
    // The first to end goes home; the others are left where they are.
    setcontext(&home);
}

__attribute__((noinline)) static int leap(int n) {
    if (n == 0) longjmp(back, 7);
    return leap(n - 1) + 1;
}

__attribute__((noinline)) static int odd(int n);
__attribute__((noinline)) static int even(int n) { return n == 0 ? 1 : odd(n - 1); }
static int odd(int n) { return n == 0 ? 0 : even(n - 1); }

typedef int (*function)(int);
static int twice(int n) { return 2 * n; }
static int half(int n) { return n / 2; }

int main(void) {
    unsigned long sum = 0;
    for (unsigned long n = 1; n <= 20000; n = n * 3 + 1) printf("deep %lu: %lu\n", n, deep(n, &sum));
    for (int i = 0; i < COROUTINES; i++) {
        getcontext(&contexts[i]);
        contexts[i].uc_stack.ss_sp = malloc(1 << 16);
        contexts[i].uc_stack.ss_size = 1 << 16;
        contexts[i].uc_link = &home;
        makecontext(&contexts[i], (void (*)(void))coroutine, 1, i);
    }
    swapcontext(&home, &contexts[0]);
    for (int i = 0; i < COROUTINES; i++) printf("coroutine %d: %lu\n", i, sums[i] & 0xffffffff);
    volatile int leaps = 0, depth = 0;
    while (leaps < 3000) {
        if (setjmp(back) == 7) {
            leaps++;
            continue;
        }
        depth = (depth + 1) % 50;
        leap(depth);
    }
    printf("leaps %d\n", leaps);
    printf("even %d odd %d\n", even(100000), odd(100001));
    function functions[] = {twice, half, even, odd};
    int value = 1;
    for (int i = 0; i < 10000; i++) value = functions[i * 7 % 4](value + i % 100) + 1;
    printf("functions %d\n", value);
    return 0;
}
