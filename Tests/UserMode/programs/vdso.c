// The vdso: its place, its symbols with their version found as C libraries do it, and what its functions say beside the system calls.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#if defined __riscv
#define PREFIX "__vdso_"
#define VERSION "LINUX_4.15"
#elif defined __aarch64__
#define PREFIX "__kernel_"
#define VERSION "LINUX_2.6.39"
#else
#define PREFIX "__vdso_"
#define VERSION "LINUX_2.6"
#endif

static uintptr_t base;
static const ElfW(Dyn) *dynamic;

static const void *entry(long tag) {
    for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++)
        if (d->d_tag == tag) return (const void *)(base + d->d_un.d_ptr);
    return NULL;
}

static uint32_t hash(const char *name) {
    uint32_t h = 0;
    for (; *name; name++) {
        h = (h << 4) + (unsigned char)*name;
        const uint32_t high = h & 0xf0000000;
        h = (h ^ high >> 24) & ~high;
    }
    return h;
}

static int has_version(unsigned index) {
    const char *strings = entry(DT_STRTAB);
    for (const ElfW(Verdef) *d = entry(DT_VERDEF);; d = (const void *)((const char *)d + d->vd_next)) {
        const ElfW(Verdaux) *name = (const void *)((const char *)d + d->vd_aux);
        if (d->vd_ndx == (index & 0x7fff) && !(d->vd_flags & VER_FLG_BASE))
            return d->vd_hash == hash(VERSION) && !strcmp(strings + name->vda_name, VERSION);
        if (!d->vd_next) return 0;
    }
}

static void *symbol(const char *name) {
    const uint32_t *table = entry(DT_HASH);
    const ElfW(Sym) *symbols = entry(DT_SYMTAB);
    const char *strings = entry(DT_STRTAB);
    const ElfW(Half) *versions = entry(DT_VERSYM);
    for (uint32_t i = table[2 + hash(name) % table[0]]; i; i = table[2 + table[0] + i])
        if (!strcmp(strings + symbols[i].st_name, name) && has_version(versions[i])) return (void *)(base + symbols[i].st_value);
    return NULL;
}

int main(int count, char **words) {
    base = getauxval(AT_SYSINFO_EHDR);
    if (!base) return puts("no vdso"), 1;
    const ElfW(Ehdr) *header = (const void *)base;
    const ElfW(Phdr) *segments = (const void *)(base + header->e_phoff);
    printf("an object: %d, for this machine: %d\n", !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_type == ET_DYN,
           header->e_ident[EI_CLASS] == (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32));
    for (int i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_DYNAMIC) dynamic = (const void *)(base + segments[i].p_vaddr);
    if (count > 1) {
        // For readelf.
        FILE *file = fopen(words[1], "wb");
        fwrite((const void *)base, 1, header->e_shoff + header->e_shnum * header->e_shentsize, file);
        return fclose(file);
    }
    char line[300];
    int lines = 0;
    for (FILE *maps = fopen("/proc/self/maps", "r"); fgets(line, sizeof line, maps);) {
        unsigned long start, end;
        char protection[5];
        if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx %4s", &start, &end, protection) == 3)
            lines++, printf("mapped where it says: %d, %s\n", start == base, protection);
    }
    printf("lines: %d\n", lines);

    int (*gettime)(clockid_t, void *) = symbol(PREFIX "clock_gettime");
    int (*getres)(clockid_t, void *) = symbol(PREFIX "clock_getres");
    int (*time_of_day)(void *, void *) = symbol(PREFIX "gettimeofday");
    printf("clocks: %d %d %d, what is not there: %d\n", gettime != NULL, getres != NULL, time_of_day != NULL, symbol("__vdso_none") != NULL);
    long before[2], between[2], after[2];
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_MONOTONIC; clock++) {
        syscall(SYS_clock_gettime, clock, before);
        const int result = gettime(clock, between);
        syscall(SYS_clock_gettime, clock, after);
        const int ordered = (before[0] < between[0] || (before[0] == between[0] && before[1] <= between[1]))
            && (between[0] < after[0] || (between[0] == after[0] && between[1] <= after[1]));
        printf("clock %d: %d, in order: %d\n", clock, result, ordered);
    }
    printf("a clock that is none: %d, nowhere to write: %d\n", gettime(1000, between), gettime(CLOCK_MONOTONIC, (void *)8));
    printf("resolution: %d, as the call's: %d\n", getres(CLOCK_MONOTONIC, between), syscall(SYS_clock_getres, CLOCK_MONOTONIC, after) == 0 && between[1] == after[1]);
    printf("time of day: %d, same second: %d\n", time_of_day(between, NULL), between[0] - time(NULL) <= 1 && time(NULL) - between[0] <= 1);
    return 0;
}
