// Mappings: mmap in its forms, mremap, mprotect, madvise, mincore, brk, shared memory, large counts.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(const char *what, int good) { printf("%s: %s\n", what, good ? "ok" : "wrong"); }

int main(void) {
    char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("anonymous", a != MAP_FAILED && a[0] == 0);
    memset(a, 1, 3 * 4096);
    check("hole", munmap(a + 4096, 4096) == 0 && a[0] == 1 && a[8192] == 1);
    char *b = mmap(a + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    check("fixed in the hole", b == a + 4096 && b[0] == 0);
    b = mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    check("not replaced", b == MAP_FAILED && errno == EEXIST);
    b = mmap((void *)123, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check("misaligned", b == MAP_FAILED && errno == EINVAL);
    // Java's ZGC looks for its highest address in this way.
    unsigned char resident;
    char *beyond = (char *)(uintptr_t)(sizeof(long) == 8 ? 1ull << 62 : 0x1000);  // for 32-bit guests one that nothing has
    check("nothing beyond the addresses", msync(beyond, 4096, MS_ASYNC) == -1 && errno == ENOMEM);
    check("not in memory there", mincore(beyond, 4096, &resident) == -1 && errno == ENOMEM);
    check("not locked there", mlock(beyond, 4096) == -1 && errno == ENOMEM);
    b = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("empty", b == MAP_FAILED && errno == EINVAL);
    b = mmap(NULL, (size_t)(sizeof(long) == 8 ? 1ull << 60 : 0xfffff000), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("too large", b == MAP_FAILED && errno == ENOMEM);
    char *big = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(big + 4096, "moved");
    char *moved = mremap(big, 1 << 20, 1 << 23, MREMAP_MAYMOVE);
    check("mremap", moved != MAP_FAILED && strcmp(moved + 4096, "moved") == 0 && moved[(1 << 23) - 1] == 0);
    char *small = mremap(moved, 1 << 23, 8192, 0);
    check("shrink", small == moved && strcmp(small + 4096, "moved") == 0);
    check("madvise", madvise(small, 8192, MADV_DONTNEED) == 0 && small[4096] == 0);
    unsigned char present[2];
    small[0] = 1;
    check("mincore", mincore(small, 8192, present) == 0 && (present[0] & 1) == 1);
    check("mprotect of a gap", mprotect(a, 64 << 20, PROT_READ) == -1 && errno == ENOMEM);
    char *end = sbrk(0);
    check("sbrk", sbrk(1 << 20) == end && (memset(end, 5, 1 << 20), end[(1 << 20) - 1] == 5) && sbrk(-(1 << 20)) != (void *)-1);
    FILE *file = tmpfile();
    fputs("content of the file", file);
    fflush(file);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    check("file", strncmp(shared, "content", 7) == 0);
    memcpy(shared, "CONTENT", 7);
    msync(shared, 4096, MS_SYNC);
    char line[8] = "";
    (void)!pread(fileno(file), line, 7, 0);
    check("written back", strcmp(line, "CONTENT") == 0);
    int id = shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT);
    int *segment = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    if (fork() == 0) {
        segment[1] = 42;
        _exit(0);
    }
    wait(NULL);
    check("System V segment", segment[1] == 42 && shmdt(segment) == 0);
    void *list[1000];
    int good = 1;
    for (int i = 0; i < 1000; i++) {
        list[i] = mmap(NULL, 8192, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        good &= list[i] != MAP_FAILED;
    }
    for (int i = 0; i < 1000; i++) good &= munmap(list[i], 8192) == 0;
    check("a thousand mappings", good);
    FILE *maps = fopen("/proc/self/maps", "r");
    char text[512];
    int stack = 0, heap = 0;
    while (fgets(text, sizeof text, maps) != NULL) {
        stack |= strstr(text, "[stack]") != NULL;
        heap |= strstr(text, "[heap]") != NULL;
    }
    check("maps", stack && heap);
    check("bad address", write(1, (void *)8, 4) == -1 && errno == EFAULT);
    return 0;
}
