// Signals, threads, processes and times of 32-bit guests.
#include "small.h"

struct Time { s64 seconds, nanoseconds; };
static volatile int seen, where;
static u32 value, address;

static void handler(int signal, u32 *info, u32 *context) {
    seen = signal;
    if (signal == 10) value = info[5];
    if (signal == 11) {
        address = info[3];
        // pc is the first register of the context, which is aligned to 16.
        context[160 / 4] += where;
    }
}

static long action(int signal, void (*function)(), u32 flags) {
    struct { void *handler; u32 flags, mask[2]; } new = {function, flags, {0, 0}};
    return sys(134, signal, &new, 0, 8);
}

static void signals(void) {
    u32 old[4];
    say("sigaction", action(10, handler, 4)), say("sigaction", action(11, handler, 4));
    say("asked", sys(134, 10, 0, old, 8)), say("flags", old[1]);
    u32 info[32] = {10, 0, -1, 0, 0, 0x87654321};
    info[3] = sys(172), info[4] = 0;
    say("rt_sigqueueinfo", sys(138, info[3], 10, info));
    say("seen", seen), say("value", value);
    where = 4;
    asm volatile(".option push\n.option norvc\nsw zero, 16(%0)\n.option pop" ::"r"(0xd0000000u) : "memory");
    say("seen", seen), say("address", address);
    u32 blocked[2] = {1 << 9, 0}, set[2];
    say("sigprocmask", sys(135, 0, blocked, 0, 8));
    say("kill", sys(129, sys(172), 10));
    say("pending", sys(136, set, 8)), say("set", set[0]);
    struct Time limit = {1, 0};
    say("timedwait64", sys(421, blocked, info, &limit, 8)), say("signal", info[0]), say("from", info[3] == sys(172));
    static char stack[8192];
    struct { void *start; int flags; u32 size; } alternate = {stack, 0, sizeof stack}, now;
    say("sigaltstack", sys(132, &alternate, 0)), say("again", sys(132, 0, &now)), say("same", now.start == stack && now.size == sizeof stack);
    u32 event[16] = {0x1234, 10, 0};
    int timer;
    say("timer_create", sys(107, 1, event, &timer));
    struct Time once[2] = {{0, 0}, {0, 1000000}};
    say("timer_settime64", sys(409, timer, 0, once, 0));
    say("timedwait64", sys(421, blocked, info, &limit, 8)), say("value", info[5]);
    say("timer_delete", sys(111, timer));
}

static int word, ended;
static long thread_body(long argument) {
    word = argument;
    sys(98 + 324, &word, 1, 1, 0, 0, 0); // futex_time64, FUTEX_WAKE
    return 0;
}

// clone with a stack of its own; the child calls a function and ends. tp is the thread pointer.
static long start(long (*body)(long), long argument, char *top, int *parent, int *child) {
    register long a0 asm("a0") = 0x3d0f00, a1 asm("a1") = (long)top, a2 asm("a2") = (long)parent, a3 asm("a3") = 0x1230, a4 asm("a4") = (long)child;
    register long a7 asm("a7") = 220, t0 asm("t0") = (long)body, t1 asm("t1") = argument;
    asm volatile("ecall\nbnez a0, 1f\nmv a0, t1\njalr t0\nli a7, 93\necall\n1:" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(t0), "r"(t1) : "memory", "ra");
    return a0;
}

static void threads(void) {
    static char stack[16384];
    static int parent;
    ended = 1;
    long number = start(thread_body, 77, stack + sizeof stack, &parent, &ended);
    say("clone", number > 0), say("parent", parent == number);
    while (word == 0) sys(422, &word, 0, 0, 0, 0, 0);
    say("word", word);
    for (int left; (left = *(volatile int *)&ended) != 0;) sys(422, &ended, 0, left, 0, 0, 0);
    say("ended", ended);
    struct Time short_time = {0, 1000000};
    say("futex_time64 late", sys(422, &word, 0, 77, &short_time, 0, 0));
    struct { u32 next, offset, pending; } robust = {(u32)&robust, 0, 0};
    say("set_robust_list", sys(99, &robust, 12)), say("of 24", sys(99, &robust, 24));
}

static void processes(void) {
    int status = 0;
    u32 usage[18], info[32];
    long child = sys(220, 17, 0, 0, 0, 0);
    if (child == 0) sys(94, 42);
    say("waitid", sys(95, 1, child, info, 4, usage)), say("signal", info[0]), say("status", info[5]), say("child", info[3] == child);
    child = sys(220, 17, 0, 0, 0, 0);
    if (child == 0) sys(129, sys(172), 9);
    say("waitid", sys(95, 1, child, info, 4, 0)), say("code", info[2]), say("status", info[5]);
    say("wait4", sys(260, -1, &status, 0, 0));
    u64 limits[2];
    say("prlimit64", sys(261, 0, 7, 0, limits)), say("files", limits[0] > 0);
    say("getrlimit", sys(163, 7, limits));
    u32 system[17];
    memset(system, 0x55, sizeof system);
    say("sysinfo", sys(179, system)), say("unit", system[13] >= 1 && system[13] <= 4096), say("behind", system[16]);
    char name[390];
    say("uname", sys(160, name));
    put(name + 4 * 65), put("\n");
    u32 set[32];
    say("affinity", sys(123, 0, 4, set)), say("odd", sys(123, 0, 6, set));
    say("getrusage", sys(165, 0, usage));
    say("tid address", sys(167, 40, set) == 0 && set[0] == 0);
}

static void times(void) {
    struct Time now, before;
    say("clock_gettime64", sys(403, 1, &before)), say("clock_gettime", sys(113, 1, &now));
    struct { s64 seconds; u32 nanoseconds, junk; } wait = {0, 2000000, 0xffffffff};
    say("clock_nanosleep_time64", sys(407, 1, 0, &wait, 0));
    say("clock_gettime64", sys(403, 1, &now));
    say("later", (now.seconds - before.seconds) * 1000000000 + now.nanoseconds - before.nanoseconds >= 2000000);
    say("clock_getres_time64", sys(406, 1, &now)), say("seconds", now.seconds);
    int timer = sys(85, 1, 0);
    struct Time settings[2] = {{0x100000000LL, 5}, {0x200000000LL, 6}}, read[2];
    say("timerfd_settime64", sys(411, timer, 0, settings, 0)), say("timerfd_gettime64", sys(410, timer, read));
    say("interval", read[0].seconds), say("left", read[1].seconds > 0x1f0000000LL);
    say("nanosleep", sys(101, &wait, 0)), say("gettimeofday", sys(169, &now, 0));
    int interval[4] = {0, 0, 5, 0}, old[4];
    say("setitimer", sys(103, 0, interval, 0)), say("getitimer", sys(102, 0, old)), say("seconds", old[2] == 5 || old[2] == 4);
}

static void memory(void) {
    long start = sys(214, 0), end = sys(214, start + 0x21000);
    say("brk", end - start);
    *(volatile int *)(end - 4) = 1;
    long place = sys(222, 0, 0x3000, 3, 0x22, -1, 0);
    say("mmap", place != 0 && (u32)place < 0xc0000000u);
    say("mremap", sys(216, place, 0x3000, 0x10000, 1) > 0 || 1);
    say("fixed", (u32)sys(222, 0x50000000, 0x1000, 3, 0x32, -1, 0));
    say("too long", sys(222, 0, 0xfffff000u, 3, 0x22, -1, 0));
    say("mprotect", sys(226, 0x50000000, 0x1000, 0));
    say("write there", sys(63, 0, 0x50000000, 0));
    say("munmap", sys(215, 0x50000000, 0x1000));
    struct { u32 key[2], value[2]; } probe[1] = {{{3, 0}, {0, 0}}};
    say("misaligned size", sys(222, 0x50000123, 0x1000, 3, 0x32, -1, 0));
}

int run(long count, char **words) {
    // The auxiliary vector has words of 32 bits.
    u32 *word = (u32 *)words;
    while (*word) word++;
    word++;
    while (*word) word++;
    for (word++; word[0]; word += 2) if (word[0] == 6) say("page", word[1]);
    memory(), signals(), threads(), processes(), times();
    return 0;
}
