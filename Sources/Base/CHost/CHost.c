#define _GNU_SOURCE
#include "CHost.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>

int apus_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

const int apus_o_direct = O_DIRECT;

void apus_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

ssize_t apus_random(void *buffer, size_t count) { return getrandom(buffer, count, 0); }

int apus_punch_hole(int fd, off_t offset, off_t count) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
}

int apus_lock_file(int fd) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &lock);
}
