// The program as /proc shows it: its own addresses, arguments, auxiliary vector and processor.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char text[1 << 16];

static void check(const char *what, int good) { printf("%s: %s\n", what, good ? "ok" : "wrong"); }

// The file's length, with its start in `text`; -1 where it cannot be opened.
static long contents(const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0) return -1;
    long length = 0, count;
    while ((count = read(file, text + length, sizeof text - 1 - length)) > 0) length += count;
    text[length] = 0;
    close(file);
    return length;
}

// Field number `wanted` of /proc/PID/stat, counted from 1.
static unsigned long long field(int wanted) {
    char *place = strrchr(text, ')') + 1;
    for (int number = 3; number < wanted; number++) place = strchr(place + 1, ' ');
    return strtoull(place, NULL, 10);
}

static unsigned long long vector_entry(long length, unsigned long kind) {
    ElfW(auxv_t) *entries = (ElfW(auxv_t) *)text;
    for (long i = 0; i < length / (long)sizeof *entries; i++)
        if (entries[i].a_type == kind) return entries[i].a_un.a_val;
    return 0;
}

static int lists(const char *name) {
    char *place = strstr(text, name);
    return place && strchr(" _\n\t", place[-1]) && strchr(" _\n\t", place[strlen(name)]);
}

static void processor(void) {
    long length = contents("/proc/cpuinfo");
    int count = 0;
    for (char *place = text; (place = strstr(place, "processor\t: ")); place++) count++;
    check("cpuinfo has a paragraph for each processor", length > 0 && count == sysconf(_SC_NPROCESSORS_ONLN));
    unsigned long capabilities = getauxval(AT_HWCAP);
#ifdef __riscv
    char *isa = strstr(text, "isa\t\t: rv64");
    check("the processor's own lines", isa && strstr(text, "mmu\t\t: sv48\n") && strstr(text, "uarch\t\t: "));
    int same = isa != NULL;
    for (char *letter = "acdfim"; isa && *letter; letter++)
        same &= !(capabilities >> (*letter - 'a') & 1) == !memchr(isa + 11, *letter, strcspn(isa + 11, "_\n"));
    check("the features are AT_HWCAP's", same);
#elif defined __arm__
    check("the processor's own lines", strstr(text, "CPU implementer\t: 0x") && strstr(text, "CPU architecture: 8\n") && strstr(text, "CPU part\t: 0x"));
    check("the features are AT_HWCAP's", lists("half") && lists("neon") == (capabilities >> 12 & 1) && lists("idiva") == (capabilities >> 17 & 1) &&
          lists("vfpv4") == (capabilities >> 16 & 1) && lists("crc32") == (getauxval(AT_HWCAP2) >> 4 & 1) && !lists("iwmmxt"));
#else
    check("the processor's own lines", strstr(text, "CPU implementer\t: 0x") && strstr(text, "CPU architecture: 8\n") && strstr(text, "CPU part\t: 0x"));
    check("the features are AT_HWCAP's", lists("fp") && lists("atomics") == (capabilities >> 8 & 1) && lists("sha512") == (capabilities >> 21 & 1) &&
          lists("paca") == (capabilities >> 30 & 1) && !lists("sve"));
#endif
}

int main(int argc, char **argv) {
    processor();

    long length = contents("/proc/self/auxv");
    check("auxv", length % (2 * sizeof(long)) == 0 && vector_entry(length, AT_ENTRY) == getauxval(AT_ENTRY) && vector_entry(length, AT_PHDR) == getauxval(AT_PHDR) &&
          vector_entry(length, AT_RANDOM) == getauxval(AT_RANDOM) && vector_entry(length, AT_HWCAP) == getauxval(AT_HWCAP));

    char path[100], link[4096] = "", name[4096];
    length = contents("/proc/self/cmdline");
    check("cmdline", length == (long)strlen(argv[0]) + 1 && strcmp(text, argv[0]) == 0);
    sprintf(path, "/proc/%d/cmdline", getpid());
    check("cmdline by number", contents(path) == length && strcmp(text, argv[0]) == 0);

    contents("/proc/self/stat");
    uintptr_t local = (uintptr_t)&path, code = (uintptr_t)&main, data = (uintptr_t)&text;
    check("stat: code", field(26) <= code && code < field(27));
    check("stat: stack", field(28) > local && field(28) - local < 1 << 20);
    check("stat: arguments", field(48) == (uintptr_t)argv[0] && field(49) == field(50) && field(51) >= field(50));
    check("stat: pid", atoi(text) == getpid() && field(4) == getppid());
    sprintf(path, "/proc/self/task/%ld/stat", (long)syscall(SYS_gettid));
    contents(path);
    check("stat of the thread", field(26) <= code && code < field(27));
    check("no such thread", contents("/proc/self/task/999999999/stat") == -1 && errno == ENOENT);

    int found = 0;
    contents("/proc/thread-self/maps");
    for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx", &start, &end) == 2) found += (start <= data && data < end) + (start <= local && local < end);
    }
    check("maps", found == 2);

    struct stat by_link, by_name;
    struct statx extended;
    check("exe", readlink("/proc/self/exe", link, sizeof link - 1) > 0 && strcmp(strrchr(link, '/'), strrchr(argv[0], '/')) == 0);
    check("stat of exe", stat("/proc/self/exe", &by_link) == 0 && stat(link, &by_name) == 0 && by_link.st_ino == by_name.st_ino);
    check("statx of exe", statx(AT_FDCWD, "/proc/self/exe", 0, STATX_BASIC_STATS, &extended) == 0 && extended.stx_ino == by_name.st_ino);
    contents("/proc/self/comm");
    snprintf(name, 16, "%s", strrchr(argv[0], '/') + 1);
    check("comm", strncmp(text, name, strlen(name)) == 0 && text[strlen(name)] == '\n');
    check("files as of a kernel without them", contents("/proc/self/numa_maps") == -1 && errno == ENOENT);
    check("cpuinfo cannot be written", open("/proc/cpuinfo", O_RDWR) == -1 && errno == EACCES);
    return 0;
}
