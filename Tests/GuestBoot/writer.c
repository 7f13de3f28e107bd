// Runs in the guest of durability.py. usage: writer DEVICE WRITERS DIRECT SEED
// Every writer fills its own part of the disk with numbered, checksummed records in groups of random length; after each group it
// flushes and only then announces the last number on the console: <writer:number>.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/fs.h>

enum { RECORD = 4096 };

struct record {
    uint32_t magic, seed, writer, number;
    uint8_t body[RECORD - 20];
    uint32_t checksum;
};

static uint32_t crc_table[256];

static uint32_t crc32(const uint8_t *bytes, size_t count) {
    uint32_t crc = ~0u;
    while (count--) crc = crc_table[(crc ^ *bytes++) & 255] ^ (crc >> 8);
    return ~crc;
}

static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0);
        crc_table[i] = value;
    }
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void fill(struct record *record, uint32_t seed, uint32_t writer, uint32_t number) {
    record->magic = 0x53555041;
    record->seed = seed;
    record->writer = writer;
    record->number = number;
    memset(record->body, (int)(number * 31 + writer), sizeof record->body);
    record->checksum = crc32((const uint8_t *)record, RECORD - 4);
}

static void write_part(const char *device, int direct, uint64_t start, uint64_t records, uint32_t seed, uint32_t writer) {
    int file = open(device, O_RDWR | (direct ? O_DIRECT : 0));
    if (file < 0) fail(device);
    struct record *group = aligned_alloc(RECORD, 32 * RECORD);
    srand(seed ^ writer);
    for (uint32_t number = 0; number < records;) {
        uint32_t count = 1 + rand() % 32;
        if (count > records - number) count = records - number;
        uint32_t pieces = 1 + rand() % 4;
        for (uint32_t i = 0; i < count; i++) fill(&group[i], seed, writer, number + i);
        for (uint32_t done = 0; done < count;) {
            uint32_t part = count / pieces + 1;
            if (part > count - done) part = count - done;
            size_t bytes = (size_t)part * RECORD;
            if (pwrite(file, &group[done], bytes, (off_t)((start + number + done) * RECORD)) != (ssize_t)bytes) fail("pwrite");
            done += part;
        }
        if (fsync(file) != 0) fail("fsync");
        number += count;
        char line[64];
        int length = snprintf(line, sizeof line, "<%u:%u>\n", writer, number - 1);
        if (write(1, line, (size_t)length) != length) fail("console");
    }
    exit(0);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    uint32_t writers = (uint32_t)atoi(argv[2]);
    int direct = atoi(argv[3]);
    uint32_t seed = (uint32_t)strtoul(argv[4], NULL, 0);
    make_crc_table();
    int file = open(argv[1], O_RDONLY);
    uint64_t size;
    if (file < 0 || ioctl(file, BLKGETSIZE64, &size) != 0) fail(argv[1]);
    close(file);
    uint64_t share = size / RECORD / writers;
    for (uint32_t writer = 0; writer < writers; writer++)
        if (fork() == 0) write_part(argv[1], direct, writer * share, share, seed, writer);
    while (wait(NULL) > 0) {}
    puts("<full>");
    return 0;
}
