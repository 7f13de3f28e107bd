#ifndef APUS_USER_FAULTS_H
#define APUS_USER_FAULTS_H
// Memory whose pages a program puts in place itself when they are first touched (userfaultfd(2)): its constants are macros that Swift does not see.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A descriptor that tells of faults of this process and of the kernel on its behalf; -1 and errno if the host gives none.
int apus_faults_open(void);
// From now on pages of the range that are missing are told of. 0, or an error number.
int apus_faults_register(int faults, uint64_t start, uint64_t count);
// The range is ordinary memory again: whoever waits there goes on.
int apus_faults_unregister(int faults, uint64_t start, uint64_t count);
// Puts a copy of whole pages in place, or zeros, and wakes whoever waits for them; what is there already stays. 0, or an error number.
int apus_faults_copy(int faults, uint64_t to, const void *from, uint64_t count);
int apus_faults_zero(int faults, uint64_t to, uint64_t count);
// The next address that somebody waits for: 1; 0 if there is none now; -1 and errno.
int apus_faults_next(int faults, uint64_t *address);

#endif
