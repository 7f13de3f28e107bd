// Programs that cause signals and look at them afterwards.
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

static sigjmp_buf jump;
static volatile int got_signal, got_code;
static volatile uintptr_t got_address;

static void handler(int signal, siginfo_t *info, void *context) {
    (void)context;
    got_signal = signal;
    got_code = info->si_code;
    got_address = (uintptr_t)info->si_addr;
    siglongjmp(jump, 1);
}
