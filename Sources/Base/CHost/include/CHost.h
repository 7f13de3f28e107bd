#ifndef APUS_CHOST_H
#define APUS_CHOST_H
// The few things that Swift cannot say itself: atomics on raw memory, MXCSR, inline functions of system headers.
#include "Atomics.h"
#include "GuestAccess.h"
#include "UserSignals.h"

// An anonymous file that can be mapped more than once; -1 and errno on failure.
int apus_memfd(const char *name);

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

// Names the calling thread for ps and profilers (15 bytes).
void apus_name_thread(const char *name);
// getrandom(2) without flags.
ssize_t apus_random(void *buffer, size_t count);
// fallocate(2): makes a range of a file read as zeros.
int apus_punch_hole(int fd, off_t offset, off_t count);
// Takes an open-file-description write lock on the whole file.
int apus_lock_file(int fd);
// openpty(3): both ends of a new pseudo-terminal in raw mode, and the name of the other end; -1 and errno on failure.
int apus_open_terminal(int *main_end, int *other_end, char *name, size_t size);
// O_DIRECT, which needs _GNU_SOURCE.
extern const int apus_o_direct;
#endif
