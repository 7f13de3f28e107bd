// Memory calls beyond the usual: sealed mappings, secret memory, pages of files shown elsewhere, NUMA policies, page cache, keys.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "ok" : "wrong");
    fflush(stdout);
}

enum { MSEAL = 462, MEMFD_SECRET = 447, CACHESTAT = 451, LSM_LIST = 461 };

static char *map(size_t size, int flags, int file) { return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0); }

int main(void) {
    char *sealed = map(3 * 4096, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    check("mseal", syscall(MSEAL, sealed + 4096, 4096, 0) == 0);
    check("mseal, flags", syscall(MSEAL, sealed, 4096, 1) == -1 && errno == EINVAL);
    check("sealed: munmap", munmap(sealed, 3 * 4096) == -1 && errno == EPERM);
    check("sealed: mprotect", mprotect(sealed + 4096, 4096, PROT_READ) == -1 && errno == EPERM);
    check("sealed: mmap", mmap(sealed + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EPERM);
    check("sealed: mremap", mremap(sealed + 4096, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EPERM);
    sealed[4096] = 1;
    check("sealed: writing", sealed[4096] == 1 && munmap(sealed, 4096) == 0);

    int secret = syscall(MEMFD_SECRET, 0);
    if (secret < 0 && errno == ENOSYS) {
        check("memfd_secret", 1);
    } else {
        char *place = ftruncate(secret, 4096) == 0 ? map(4096, MAP_SHARED, secret) : MAP_FAILED;
        check("memfd_secret", place != MAP_FAILED && (place[7] = 42, place[7] == 42));
    }

    int file = memfd_create("pages", 0);
    char page[4096];
    for (int i = 0; i < 3; i++) (void)!write(file, memset(page, '0' + i, 4096), 4096);
    char *shown = map(2 * 4096, MAP_SHARED, file);
    check("remap_file_pages", remap_file_pages(shown, 4096, 0, 2, 0) == 0 && shown[0] == '2' && shown[4096] == '1');

    void *pages[] = {page, shown};
    int status[2] = {-1, -1};
    long moved = syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0);
    check("move_pages", moved == 0 ? status[0] >= 0 : errno == ENOSYS);
    int mode = -1;
    check("get_mempolicy", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0 ? mode == 0 : errno == ENOSYS);
    uint64_t range[2] = {0, 0}, counts[5] = {0};
    check("cachestat", syscall(CACHESTAT, file, range, counts, 0) == 0 ? counts[0] == 3 : errno == ENOSYS);
    uint64_t modules[16];
    unsigned size = sizeof modules;
    check("lsm_list_modules", syscall(LSM_LIST, modules, &size, 0) >= 0 || errno == ENOSYS);

    long key = syscall(SYS_add_key, "user", "apus-test", "secret", 6, KEY_SPEC_PROCESS_KEYRING);
    char payload[16] = "";
    if (key < 0) {
        check("add_key", errno == ENOSYS || errno == EPERM);
        check("keyctl", 1);
    } else {
        check("add_key", 1);
        check("keyctl", syscall(SYS_keyctl, KEYCTL_READ, key, payload, sizeof payload) == 6 && strcmp(payload, "secret") == 0);
    }

    struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 32};
    mqd_t queue = mq_open("/apus-test", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attributes);
    unsigned priority = 0;
    mq_unlink("/apus-test");
    if (queue < 0) {
        check("mq_send", errno == ENOSYS);
        check("mq_receive", 1);
    } else {
        check("mq_send", mq_send(queue, "posted", 7, 5) == 0);
        check("mq_receive", mq_receive(queue, page, sizeof page, &priority) == 7 && priority == 5 && strcmp(page, "posted") == 0);
    }
    int messages = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
    struct { long type; char text[8]; } out = {3, "system"}, in = {0};
    check("msgsnd", msgsnd(messages, &out, 8, 0) == 0);
    check("msgrcv", msgrcv(messages, &in, 8, 3, 0) == 8 && strcmp(in.text, "system") == 0 && msgctl(messages, IPC_RMID, NULL) == 0);
    int segment = shmget(IPC_PRIVATE, 8192, 0600 | IPC_CREAT);
    char *attached = shmat(segment, NULL, 0);
    struct shmid_ds state;
    check("shmat", attached != (char *)-1 && (attached[5000] = 9, attached[5000] == 9));
    check("shmctl", shmctl(segment, IPC_STAT, &state) == 0 && state.shm_segsz == 8192 && state.shm_nattch == 1);
    check("shmdt", shmdt(attached) == 0 && shmctl(segment, IPC_RMID, NULL) == 0);
    return 0;
}
