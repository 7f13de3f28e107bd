// What a 32-bit guest's calls hand to a 64-bit kernel: unsigned longs, times with padding, structures by pointer, 16-bit users, memory in a reserved range.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(const char *name, int is_right) { printf("%s: %s\n", name, is_right ? "ok" : "wrong"); }

// Kernels before 6.7 have no such calls.
static int is_absent(long result) { return result < 0 && errno == ENOSYS; }

static unsigned word = 5;
static void *wake(void *unused) {
    for (int i = 0; i < 500; i++) {
        long woken = syscall(454, &word, ~0UL, 1, 2 | 128);
        if (woken == 1 || is_absent(woken)) return (void *)1;
        usleep(10000);
    }
    return NULL;
}

static void futexes(void) {
    struct { int64_t seconds; unsigned nanoseconds, padding; } past = {1, 0, 0x55555555};
    long result = syscall(455, &word, 5UL, ~0UL, 2 | 128, &past, CLOCK_MONOTONIC);
    check("futex_wait that is late", (result < 0 && errno == ETIMEDOUT) || is_absent(result));
    pthread_t thread;
    void *woken;
    pthread_create(&thread, NULL, wake, NULL);
    result = syscall(455, &word, 5UL, ~0UL, 2 | 128, NULL, CLOCK_MONOTONIC);
    pthread_join(thread, &woken);
    check("futex_wait that is woken", (result == 0 || is_absent(result)) && woken != NULL);
}

static volatile int got_code, got_file;
static void handler(int number, siginfo_t *info, void *context) { got_code = info->si_code, got_file = info->si_fd; }

static void files(void) {
    uint64_t hint = 2, found = 0;
    int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    check("hint about a file's lifetime", fcntl(file, F_SET_RW_HINT, &hint) == 0 && fcntl(file, F_GET_RW_HINT, &found) == 0 && found == 2);
    struct { unsigned long device, inode; unsigned short mode, links, user, group; } small;
    unsigned long status[32];
    // Without the right to give files away their owner stays.
    unsigned user = syscall(SYS_fchown32, file, 70000, 80000) == 0 ? 65534 : getuid(), group = user == 65534 ? 65534 : getgid();
    int result = syscall(SYS_fstat, file, status);
    memcpy(&small, status, sizeof small);
    check("users of 16 bits", result == 0 && small.user == user && small.group == group);
    close(file);

    int ends[2];
    pipe(ends);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN + 3, &action, NULL);
    fcntl(ends[0], F_SETOWN, getpid()), fcntl(ends[0], F_SETSIG, SIGRTMIN + 3), fcntl(ends[0], F_SETFL, O_ASYNC);
    write(ends[1], "x", 1);
    for (int i = 0; i < 500 && !got_code; i++) usleep(10000);
    check("signal of a file", got_code == POLL_IN && got_file == ends[0]);
}

static void queues(void) {
    int queue = msgget(IPC_PRIVATE, 0600);
    struct { long type; char text[8]; } message = {7, "message"}, got = {0};
    check("message with room for more", msgsnd(queue, &message, 8, 0) == 0 && syscall(SYS_msgrcv, queue, &got, INT_MAX, 7, 0) == 8 && !strcmp(got.text, "message"));
    msgctl(queue, IPC_RMID, NULL);
    int set = semget(IPC_PRIVATE, 2, 0600);
    unsigned short values[2] = {3, 4}, read[2] = {0, 0};
    check("values of semaphores", syscall(SYS_semctl, set, 0, SETALL, values) == 0 && syscall(SYS_semctl, set, 0, GETALL, read) == 0 && read[1] == 4);
    semctl(set, 0, IPC_RMID);
}

static void memory(void) {
    int segment = shmget(IPC_PRIVATE, 8192, 0600);
    char *wanted = (char *)0x50000000, *place = shmat(segment, wanted + 1, SHM_RND);
    check("segment where it is wanted", place == wanted && (place[5000] = 3) == 3 && shmat(segment, wanted, 0) == (void *)-1 && errno == EINVAL);
    check("segment over another", shmat(segment, wanted, SHM_REMAP) == wanted && place[5000] == 3);
    struct shmid_ds status;
    mprotect(place + 4096, 4096, PROT_READ);
    check("segment detached", shmdt(place) == 0 && shmctl(segment, IPC_STAT, &status) == 0 && status.shm_nattch == 0);
    check("addresses free again", mmap(place, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == place);
    shmctl(segment, IPC_RMID, NULL);
    char *block = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    block[4095] = 9;
    check("smaller", mremap(block, 65536, 4096, 0) == block && block[4095] == 9);
    check("larger again", mremap(block, 4096, 65536, 0) == block && block[4095] == 9 && block[4096] == 0);
    munmap(block, 65536);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    futexes();
    files();
    queues();
    memory();
}
