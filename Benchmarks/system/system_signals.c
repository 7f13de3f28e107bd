// Signals that a thread sends to itself, each handled before the call returns.
#include "bench.h"
#include <signal.h>

static volatile uint64_t handled;

static void handler(int number) {
    (void)number;
    handled++;
}

static uint64_t work(void) {
    signal(SIGUSR1, handler);
    for (int i = 0; i < 200000; i++) raise(SIGUSR1);
    return handled;
}
