#ifndef APUS_CHOST_H
#define APUS_CHOST_H
// The few things that Swift cannot say itself: atomics on raw memory, MXCSR, inline functions of system headers.
#include "Atomics.h"
#include "GuestAccess.h"
#include "UserFaults.h"
#include "UserSignals.h"
#include <sys/auxv.h>
#include <pthread.h>

// An anonymous file that can be mapped more than once; -1 and errno on failure.
int apus_memfd(const char *name);

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

// Names the calling thread for ps and profilers (15 bytes).
void apus_name_thread(pthread_t thread, const char *name);
// getrandom(2) without flags.
ssize_t apus_random(void *buffer, size_t count);
// copy_file_range(2), and lseek(2) to the next data or hole, which need _GNU_SOURCE.
ssize_t apus_copy_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count);
off_t apus_seek_data(int fd, off_t offset);
off_t apus_seek_hole(int fd, off_t offset);

// fallocate(2), which needs _GNU_SOURCE, and its modes that make a range read as zeros: giving its space back, or keeping it.
int apus_fallocate(int fd, int mode, off_t offset, off_t count);
extern const int apus_punch_hole;
extern const int apus_zero_range;
// Takes an open-file-description lock on the whole file: for reading, shared with others, or for writing.
int apus_lock_file(int fd, bool shared);
// Gives the lock back.
void apus_unlock_file(int fd);
// openpty(3): both ends of a new pseudo-terminal in raw mode, and the name of the other end; -1 and errno on failure.
int apus_open_terminal(int *main_end, int *other_end, char *name, size_t size);
// Starts `/bin/sh -c text` with no signals blocked and a pipe for its standard input, or its output; its process, or -1 with errno, and the pipe's other end.
pid_t apus_start_shell(const char *text, bool writes_to_it, int *own_end);
// O_DIRECT, which needs _GNU_SOURCE.
extern const int apus_o_direct;
/// What the kernel has told this program of itself (getauxval); 0 if nothing.
static inline uint64_t apus_auxiliary(uint64_t type) { return getauxval(type); }

#endif
