#define _GNU_SOURCE
#include "CHost.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

int apus_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

const int apus_o_direct = O_DIRECT;

void apus_name_thread(pthread_t thread, const char *name) { pthread_setname_np(thread, name); }

ssize_t apus_random(void *buffer, size_t count) { return getrandom(buffer, count, 0); }

const int apus_punch_hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
const int apus_zero_range = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

ssize_t apus_copy_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count) {
    return copy_file_range(from, from_offset, to, to_offset, count, 0);
}
off_t apus_seek_data(int fd, off_t offset) { return lseek(fd, offset, SEEK_DATA); }
off_t apus_seek_hole(int fd, off_t offset) { return lseek(fd, offset, SEEK_HOLE); }

int apus_fallocate(int fd, int mode, off_t offset, off_t count) { return fallocate(fd, mode, offset, count); }

int apus_lock_file(int fd, bool shared) {
    struct flock lock = {.l_type = shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &lock);
}

void apus_unlock_file(int fd) {
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(fd, F_OFD_SETLK, &lock);
}

int apus_open_terminal(int *main_end, int *other_end, char *name, size_t size) {
    struct termios attributes;
    if (openpty(main_end, other_end, NULL, NULL, NULL) != 0) return -1;
    if (ptsname_r(*main_end, name, size) != 0) return -1;
    fcntl(*main_end, F_SETFD, FD_CLOEXEC);
    fcntl(*other_end, F_SETFD, FD_CLOEXEC);
    if (tcgetattr(*other_end, &attributes) == 0) {
        cfmakeraw(&attributes);
        tcsetattr(*other_end, TCSANOW, &attributes);
    }
    return 0;
}

pid_t apus_start_shell(const char *text, bool writes_to_it, int *own_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    int others = ends[writes_to_it ? 0 : 1];
    *own_end = ends[writes_to_it ? 1 : 0];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    pid_t process = -1;
    char *words[] = {"/bin/sh", "-c", (char *)text, NULL};
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, others, writes_to_it ? 0 : 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawn(&process, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(others);
    if (code == 0) return process;
    close(*own_end);
    errno = code;
    return -1;
}
