// /proc/self/smaps: what it says of pages that this program has just written, before and behind a fork.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

// A figure of the region that begins at an address, in kB; -1 if there is none.
static long figure(const void *start, const char *name) {
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    long value = -1;
    int inside = 0;
    if (!file) return -2;
    while (fgets(line, sizeof line, file)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' ')) inside = from == (uintptr_t)start;
        else if (inside && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':') value = strtol(line + strlen(name) + 1, NULL, 10);
    }
    fclose(file);
    return value;
}

static void show(const char *when, const void *page) {
    printf("%s: size %ld, rss %ld, private dirty %ld, shared dirty %ld, anonymous %ld\n", when, figure(page, "Size"), figure(page, "Rss"),
           figure(page, "Private_Dirty"), figure(page, "Shared_Dirty"), figure(page, "Anonymous"));
    fflush(stdout);
}

int main(void) {
    // Pages of other permissions on both sides: the kernel joins none of them.
    char *all = mmap(NULL, 4 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *page = all + 4096;
    mprotect(page, 2 * 4096, PROT_READ | PROT_WRITE);
    show("untouched", page);
    page[0] = 1;
    show("one written", page);
    page[4096] = 1;
    show("two written", page);
    if (fork() == 0) {
        show("child", page);
        page[0] = 2;
        show("child has written one", page);
        _exit(0);
    }
    wait(NULL);
    show("parent", page);
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    char line[512];
    long rss = 0;
    while (rollup && fgets(line, sizeof line, rollup)) sscanf(line, "Rss: %ld kB", &rss);
    printf("rollup %s\n", rss >= 8 ? "counts" : "does not count");
    return 0;
}
