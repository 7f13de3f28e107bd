#ifndef APUS_CSTANDALONE_H
#define APUS_CSTANDALONE_H
#include <stdbool.h>

// For a program that is linked statically. At its start the Swift runtime asks where its own files lie and stops the program if /proc, which
// an empty chroot has not, does not tell. There are no such files: these functions take the place of the runtime's.
char *swift_copyAuxiliaryExecutablePath(const char *name);
const char *swift_getRootPath(void);
const char *swift_getRuntimeLibraryPath(void);

// An argument of the program, the first of which is its name; null behind the last. Swift's own list comes from /proc.
const char *apus_argument(int index);
// An entry of the auxiliary vector; false if the kernel has given none.
bool apus_auxiliary(unsigned long type, unsigned long *value);
// The path that the program was executed by.
const char *apus_executed_path(void);
#endif
