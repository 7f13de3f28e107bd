#include "bench.h"
static __attribute__((noinline)) uint64_t fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static uint64_t work(void) { return fib(38); }
