// Runs in the guest of blockjobs.py. usage: blocks DEVICE MEGABYTES PROCESSES
// Each process owns a part of the disk, knows what every block of it holds, writes and zeroes at random, reads at random and says DAMAGED when it finds something
// else. <n> on the console says that n requests have been done. SIGUSR1: all is read, then [n all good] comes; SIGTERM: the same, and the end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/fs.h>

enum { BLOCK = 4096, MOST = 16 };

struct shared {
    volatile uint64_t done;
    volatile int wanted, checked, damaged, ends;
};

static struct shared *shared;

static void fill(uint32_t *words, uint32_t place, uint32_t version) {
    uint32_t mix = place * 2654435761u ^ version * 40503u;
    for (int i = 0; i < BLOCK / 4; i++) words[i] = version ? mix + i * 7919u : 0;
    if (version) words[0] = place, words[1] = version;
}

static void damaged(uint32_t place, uint32_t version, const uint32_t *found) {
    if (!shared->damaged++) printf("DAMAGED block %u: version %u, found %u %u %x\n", place, version, found[0], found[1], found[2]);
}

static void own(const char *device, uint32_t first, uint32_t count, int seed) {
    int file = open(device, O_RDWR | O_DIRECT);
    uint32_t *versions = calloc(count, sizeof *versions), *room = aligned_alloc(BLOCK, MOST * BLOCK), *wanted = malloc(BLOCK);
    int checks = 0;
    srand(seed);
    // What an earlier run has left is taken as it is, if each block is whole.
    for (uint32_t i = 0; i < count; i++) {
        if (pread(file, room, BLOCK, (off_t)(first + i) * BLOCK) != BLOCK) perror("DAMAGED read");
        versions[i] = room[1];
        fill(wanted, first + i, versions[i]);
        if (memcmp(room, wanted, BLOCK)) damaged(first + i, versions[i], room);
        __sync_fetch_and_add(&shared->done, 1);
    }
    for (uint32_t turn = 0;; turn++) {
        if (shared->wanted > checks) {
            for (uint32_t i = 0; i < count; i++) {
                if (pread(file, room, BLOCK, (off_t)(first + i) * BLOCK) != BLOCK) perror("DAMAGED read");
                fill(wanted, first + i, versions[i]);
                if (memcmp(room, wanted, BLOCK)) damaged(first + i, versions[i], room);
                __sync_fetch_and_add(&shared->done, 1);
            }
            fsync(file);
            checks++;
            __sync_fetch_and_add(&shared->checked, 1);
            while (shared->ends) sleep(1);
        }
        uint32_t length = 1 + rand() % MOST, start = rand() % (count - length);
        off_t offset = (off_t)(first + start) * BLOCK;
        if (turn % 4 == 0) {
            if (pread(file, room, length * BLOCK, offset) != length * BLOCK) perror("DAMAGED read");
            for (uint32_t i = 0; i < length; i++) {
                fill(wanted, first + start + i, versions[start + i]);
                if (memcmp((char *)room + i * BLOCK, wanted, BLOCK)) damaged(first + start + i, versions[start + i], room + i * BLOCK / 4);
            }
        } else if (turn % 29 == 1) {
            uint64_t range[2] = {offset, (uint64_t)length * BLOCK};
            if (ioctl(file, BLKZEROOUT, range)) perror("DAMAGED zeros");
            for (uint32_t i = 0; i < length; i++) versions[start + i] = 0;
        } else {
            for (uint32_t i = 0; i < length; i++) fill(room + i * BLOCK / 4, first + start + i, versions[start + i] = turn + 1);
            if (pwrite(file, room, length * BLOCK, offset) != length * BLOCK) perror("DAMAGED write");
        }
        if (turn % 61 == 0) fdatasync(file);
        __sync_fetch_and_add(&shared->done, 1);
        // Others want the machine, too.
        if (turn % 8 == 0) usleep(2000);
    }
}

static void want(int number) {
    if (number == SIGTERM) shared->ends = 1;
    shared->wanted++;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uint32_t processes = atoi(argv[3]), blocks = atoi(argv[2]) * 256, each = blocks / processes;
    pid_t children[16];
    for (uint32_t i = 0; i < processes; i++) if (!(children[i] = fork())) own(argv[1], i * each, each, i + 1);
    signal(SIGUSR1, want);
    signal(SIGTERM, want);
    for (int told = 0;;) {
        usleep(250000);
        printf("<%llu>\n", (unsigned long long)shared->done);
        while (told < shared->wanted && shared->checked >= (int)processes * (told + 1)) {
            told++;
            printf("[%d %s]\n", told, shared->damaged ? "DAMAGED" : "all good");
        }
        if (shared->ends && told == shared->wanted) break;
    }
    for (uint32_t i = 0; i < processes; i++) kill(children[i], SIGKILL);
    return 0;
}
