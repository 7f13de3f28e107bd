// Limits of memory: the address space, data and the stack end where the kernel ends them, and every program that is executed or forked has them.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { mib = 1 << 20 };
static char *self;

static void limit(int resource, rlim_t current) {
    struct rlimit l;
    getrlimit(resource, &l);
    l.rlim_cur = current;
    if (setrlimit(resource, &l)) printf("setrlimit: %s\n", strerrorname_np(errno));
}

static void *map(size_t size, int protection, int flags) {
    void *place = mmap(NULL, size, protection, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return place == MAP_FAILED ? NULL : place;
}

static const char *name(const void *place) { return place ? "done" : strerrorname_np(errno); }

// Bytes of all mappings: what RLIMIT_AS counts, and of those that are data.
static size_t mapped(size_t *data) {
    char line[400];
    size_t all = 0;
    *data = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char protection[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, protection) != 3 || strstr(line, "[vectors]") || strstr(line, "[vsyscall]")) continue;
        all += end - start;
        if (protection[1] == 'w' && protection[3] == 'p' && !strstr(line, "[stack]")) *data += end - start;
    }
    fclose(maps);
    return all;
}

static int in_child(int (*body)(void)) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const int result = body();
        fflush(stdout);
        _exit(result);
    }
    int status;
    waitpid(child, &status, 0);
    return status;
}

static int address_space(void) {
    size_t data;
    // What this reads by is freed again.
    mapped(&data);
    limit(RLIMIT_AS, mapped(&data) + 4 * mib);
    char *place = map(3 * mib, PROT_NONE, MAP_PRIVATE);
    printf("3 MiB of 4: %s", name(place));
    printf(", 2 more: %s", name(map(2 * mib, PROT_READ, MAP_PRIVATE)));
    printf(", shared: %s", name(map(2 * mib, PROT_READ, MAP_SHARED)));
    printf(", in the place of others: %s\n", mmap(place, 3 * mib, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place ? "done" : "fails");
    void *moved = mremap(place, 3 * mib, 5 * mib, MREMAP_MAYMOVE);
    printf("growing: %s", name(moved == MAP_FAILED ? NULL : moved));
    moved = mremap(place, 3 * mib, mib, 0);
    printf(", shrinking: %s", name(moved == MAP_FAILED ? NULL : moved));
    printf(", 2 MiB: %s\n", name(map(2 * mib, PROT_READ, MAP_PRIVATE)));
    char *heap = sbrk(0);
    errno = 0;
    printf("heap: %s", brk(heap + 8 * mib) ? strerrorname_np(errno) : "done");
    printf(", stays: %d\n", sbrk(0) == heap);
    printf("malloc: %s\n", name(malloc(64 * mib)));
    return 0;
}

static int data_only(void) {
    size_t data;
    mapped(&data);
    mapped(&data);
    limit(RLIMIT_DATA, data + 4 * mib);
    char *place = map(16 * mib, PROT_READ, MAP_PRIVATE);
    printf("read only: %s", name(place));
    printf(", shared: %s", name(map(16 * mib, PROT_READ | PROT_WRITE, MAP_SHARED)));
    printf(", private: %s", name(map(8 * mib, PROT_READ | PROT_WRITE, MAP_PRIVATE)));
    printf(", made writable: %s", mprotect(place, 8 * mib, PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "done");
    printf(", less: %s", mprotect(place, 3 * mib, PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "done");
    printf(", more: %s\n", mprotect(place + 3 * mib, 3 * mib, PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "done");
    limit(RLIMIT_DATA, RLIM_INFINITY);
    printf("without: %s\n", mprotect(place + 3 * mib, 3 * mib, PROT_READ | PROT_WRITE) ? strerrorname_np(errno) : "done");
    char *heap = sbrk(0);
    limit(RLIMIT_DATA, 1);
    printf("heap: %s\n", brk(heap + mib) ? strerrorname_np(errno) : "done");
    return 0;
}

// The stack.

static sigjmp_buf jump;
static char *lowest, *address;
static int code;

static void overflowed(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    address = info->si_addr;
    code = info->si_code;
    siglongjmp(jump, 1);
}

__attribute__((noinline)) static int recurse(const char *end) {
    volatile char space[1024];
    space[0] = 1;
    lowest = (char *)space;
    return (char *)space > end ? recurse(end) + space[0] : 0;
}

static char *top;
static void use(const char *what, size_t size) {
    code = 0;
    if (sigsetjmp(jump, 1) == 0) recurse(top - size);
    printf("%s: %s\n", what, code == 0 ? "done" : code == SEGV_MAPERR ? "SEGV_MAPERR" : "another code");
}

static int stack(void) {
    char here;
    top = &here;
    char space[65536];
    sigaltstack(&(stack_t){.ss_sp = map(65536, PROT_READ | PROT_WRITE, MAP_PRIVATE), .ss_size = sizeof space}, NULL);
    sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK}, NULL);
    limit(RLIMIT_STACK, 1 * mib);
    use("half of 1 MiB", mib / 2);
    use("2 of 1 MiB", 2 * mib);
    printf("at the limit: %d\n", labs(top - lowest - mib) < 65536 && labs(address - lowest) < 8192);
    limit(RLIMIT_STACK, 32 * mib);
    use("30 of 32 MiB", 30 * mib);
    limit(RLIMIT_STACK, 4 * mib);
    use("30 MiB that it has grown to", 30 * mib);
    use("31.5 MiB of 4", 31 * mib + mib / 2);
    limit(RLIMIT_STACK, 32 * mib);
    use("33 of 32 MiB", 33 * mib);
    // Something in its way.
    char *place = (char *)((uintptr_t)(top - 40 * mib) & ~4095ul);
    printf("mapped below: %d\n", mmap(place, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place);
    limit(RLIMIT_STACK, 64 * mib);
    use("up to the gap", top - place - 2 * mib);
    use("into the gap", top - place - mib / 2);
    return 0;
}

static int shown(void) {
    char line[400];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &start, &end) == 2)
            printf("stack in maps: holds this %d, %s\n", start <= (uintptr_t)line && (uintptr_t)line < end, end - start < mib ? "small" : end - start < 4 * mib ? "grown" : "large");
    }
    return fclose(maps);
}

static int grown(void) {
    char here;
    shown();
    recurse(&here - 2 * mib);
    return shown();
}

static void show(const char *what) {
    struct rlimit l[3];
    getrlimit(RLIMIT_AS, &l[0]);
    getrlimit(RLIMIT_DATA, &l[1]);
    prlimit(getpid(), RLIMIT_STACK, NULL, &l[2]);
    printf("%s: %ld %ld %ld\n", what, (long)(l[0].rlim_cur >> 20), (long)(l[1].rlim_cur >> 20), (long)(l[2].rlim_cur >> 20));
}

static int execution(void) {
    limit(RLIMIT_AS, 3000ul * mib);
    limit(RLIMIT_DATA, 500 * mib);
    limit(RLIMIT_STACK, 16 * mib);
    execl(self, self, "show", (char *)NULL);
    return 1;
}

static int spawned(void) {
    fflush(stdout);
    const pid_t child = vfork();
    if (child == 0) {
        setrlimit(RLIMIT_DATA, &(struct rlimit){77 * mib, 77 * mib});
        execl(self, self, "data", (char *)NULL);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    struct rlimit l;
    getrlimit(RLIMIT_DATA, &l);
    printf("the parent's: %d\n", l.rlim_cur == RLIM_INFINITY);
    return 0;
}

static int rules(void) {
    setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY - 1, RLIM_INFINITY - 1});
    printf("more than the most: %s\n", setrlimit(RLIMIT_DATA, &(struct rlimit){2, 1}) ? strerrorname_np(errno) : "done");
    struct rlimit old;
    prlimit(0, RLIMIT_STACK, &(struct rlimit){5 * mib, RLIM_INFINITY}, NULL);
    prlimit(0, RLIMIT_STACK, &(struct rlimit){6 * mib, RLIM_INFINITY}, &old);
    printf("the old one: %d\n", (int)(old.rlim_cur >> 20));
    return 0;
}

int main(int count, char **words) {
    self = words[0];
    if (count > 1 && !strcmp(words[1], "show")) {
        show("executed");
        return in_child(stack) != 0;
    }
    if (count > 1) {
        struct rlimit l;
        getrlimit(RLIMIT_DATA, &l);
        printf("executed by vfork: %d %d\n", (int)(l.rlim_cur >> 20), (int)(l.rlim_max >> 20));
        return 0;
    }
    in_child(rules);
    in_child(grown);
    in_child(address_space);
    in_child(data_only);
    in_child(stack);
    printf("status %d\n", in_child(execution));
    in_child(spawned);
    return 0;
}
