// Runs in the guest of Benchmarks/disk. usage: disk DEVICE MEGABYTES
// Each line of output: RESULT name, operations a second. All accesses are O_DIRECT, so the guest's own cache plays no part.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *device;
static uint64_t size;

// `count` accesses of `length` bytes by one process: in order from a place of its own, or anywhere.
static void work(int writes, int random, size_t length, unsigned count, unsigned process, unsigned processes) {
    int file = open(device, (writes ? O_RDWR : O_RDONLY) | O_DIRECT);
    void *buffer = aligned_alloc(4096, length);
    memset(buffer, (int)process + 1, length);
    uint64_t places = size / length, place = places / processes * process;
    srand(process + 1);
    for (unsigned i = 0; i < count; i++) {
        uint64_t at = random ? (uint64_t)rand() % places : (place + i) % places;
        ssize_t done = writes ? pwrite(file, buffer, length, (off_t)(at * length)) : pread(file, buffer, length, (off_t)(at * length));
        if (done != (ssize_t)length) {
            perror(device);
            exit(1);
        }
    }
    exit(0);
}

static void measure(const char *name, int writes, int random, size_t length, unsigned count, unsigned processes, int flush) {
    double start = now();
    for (unsigned process = 0; process < processes; process++)
        if (fork() == 0) work(writes, random, length, count / processes, process, processes);
    int status;
    while (wait(&status) > 0)
        if (status != 0) exit(1);
    if (flush) {
        int file = open(device, O_RDWR);
        if (fsync(file) != 0) exit(1);
        close(file);
    }
    printf("RESULT %s %.1f\n", name, count / (now() - start));
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    device = argv[1];
    size = strtoull(argv[2], NULL, 0) << 20;
    measure("write-1M", 1, 0, 1 << 20, 256, 1, 1);
    measure("read-1M", 0, 0, 1 << 20, 512, 1, 0);
    measure("read-64K", 0, 0, 1 << 16, 4096, 1, 0);
    measure("random-read-4K", 0, 1, 4096, 8000, 1, 0);
    measure("random-write-4K", 1, 1, 4096, 8000, 1, 1);
    measure("random-read-4K-by-8", 0, 1, 4096, 16000, 8, 0);
    measure("random-write-4K-by-8", 1, 1, 4096, 16000, 8, 1);
    return 0;
}
