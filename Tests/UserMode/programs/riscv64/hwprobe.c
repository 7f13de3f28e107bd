// riscv_hwprobe: values of the keys, sets of processors, the question which processors have the values, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

struct pair {
    int64_t key;
    uint64_t value;
};

static void check(const char *what, int good) { printf("%s: %s\n", what, good ? "ok" : "wrong"); }

static long probe(struct pair *pairs, size_t count, size_t size, void *set, unsigned flags) { return syscall(258, pairs, count, size, set, flags); }

int main(void) {
    struct pair all[11];
    for (int key = 0; key < 11; key++) all[key] = (struct pair){key, 77};
    check("all keys", probe(all, 11, 0, NULL, 0) == 0);
    check("behaviour", all[3].value == 1 && all[5].value == 3 && all[9].value == 3 && all[6].value == 64);
    printf("extensions %#lx\n", all[4].value);
    check("highest address", all[7].value >= (uintptr_t)&all && (all[7].value & 4095) == 4095);
    uint64_t before, after;
    __asm__ volatile("rdtime %0" : "=r"(before));
    usleep(100000);
    __asm__ volatile("rdtime %0" : "=r"(after));
    check("the time register's frequency", (after - before) * 10 >= all[8].value && after - before < all[8].value * 5);
    check("a key of a later kernel", all[10].key == -1 && all[10].value == 0);

    cpu_set_t set;
    CPU_ZERO(&set);
    check("an empty set", probe(all, 1, sizeof set, &set, 0) == -1 && errno == EINVAL);
    CPU_SET(0, &set);
    check("a set", probe(all, 1, sizeof set, &set, 0) == 0);
    check("an unknown flag", probe(all, 1, 0, NULL, 2) == -1 && errno == EINVAL);
    check("bad addresses", probe((void *)8, 1, 0, NULL, 0) == -1 && errno == EFAULT && probe(all, 1, 8, (void *)8, 0) == -1 && errno == EFAULT);

    struct pair wanted[2] = {{4, 3}, {6, 64}};
    CPU_ZERO(&set);
    check("which processors", probe(wanted, 2, sizeof set, &set, 1) == 0 && CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
    wanted[0].value = 4;
    check("none with vectors", probe(wanted, 2, sizeof set, &set, 1) == 0 && CPU_COUNT(&set) == 0);
    wanted[1].key = 1000;
    wanted[0].value = 3;
    check("none with an unknown key", probe(wanted, 2, sizeof set, &set, 1) == 0 && CPU_COUNT(&set) == 0 && wanted[1].key == -1);
    check("which, without a set", probe(wanted, 1, 0, NULL, 1) == -1 && errno == EINVAL);
    return 0;
}
