// Works in a guest that is being moved: rewrites memory and looks whether it holds what was written, computes with floats, writes a disk and reads it back.
// Prints <N> about once a second while all is well, and DAMAGED when it is not. usage: memory MEGABYTES [DISK]
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void damaged(const char *what, uint64_t where) {
    printf("DAMAGED %s at %llu\n", what, (unsigned long long)where);
    fflush(stdout);
    _exit(1);
}

static uint64_t mix(uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    return number ^ number >> 27;
}

static void rewrite(uint64_t *words, uint64_t count) {
    double last = now(), told = last;
    for (uint64_t round = 0, told_number = 0;; round++) {
        for (uint64_t index = 0; index < count; index += 64) {
            if (round && words[index] != mix(index + round - 1)) damaged("memory", index * 8);
            words[index] = mix(index + round);
        }
        double time = now();
        if (time < last) damaged("time", round);
        last = time;
        if (time - told < 1) continue;
        printf("<%llu>\n", (unsigned long long)++told_number);
        fflush(stdout);
        told = time;
    }
}

static double series(void) {
    double sum = 0;
    for (int index = 1; index < 200000; index++) sum += 1.0 / index / (index & 1 ? 1 : -3);
    return sum;
}

static void compute(void) {
    double first = series();
    for (uint64_t round = 0;; round++)
        if (series() != first) damaged("floats", round);
}

static void use_disk(const char *path) {
    static uint64_t block[2][512] __attribute__((aligned(4096)));
    int disk = open(path, O_RDWR | O_DIRECT);
    if (disk < 0) damaged("disk cannot be opened", 0);
    for (uint64_t round = 0;; round++) {
        off_t place = (off_t)(mix(round) % 1024) * 4096;
        for (int index = 0; index < 512; index++) block[0][index] = mix(round + index);
        if (pwrite(disk, block[0], 4096, place) != 4096) damaged("disk is not written", round);
        if (pread(disk, block[1], 4096, place) != 4096) damaged("disk is not read", round);
        if (memcmp(block[0], block[1], 4096)) damaged("disk", round);
        usleep(1000);
    }
}

int main(int count, char **words) {
    size_t size = (size_t)(count > 1 ? atoi(words[1]) : 8) << 20;
    uint64_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) damaged("no memory", size);
    if (fork() == 0) compute();
    if (count > 2 && fork() == 0) use_disk(words[2]);
    rewrite(memory, size / 8);
}
