#include "CStandalone.h"

#include <errno.h>
#include <stddef.h>
#include <sys/auxv.h>

char *swift_copyAuxiliaryExecutablePath(const char *name) {
    (void)name;
    return NULL;
}
const char *swift_getRootPath(void) { return NULL; }
const char *swift_getRuntimeLibraryPath(void) { return NULL; }

static int count;
static char **words;

// The C library hands constructors what it hands to main.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    count = argc;
    words = argv;
}

const char *apus_argument(int index) { return index < count ? words[index] : NULL; }
bool apus_auxiliary(unsigned long type, unsigned long *value) {
    errno = 0;
    *value = getauxval(type);
    return errno == 0;
}
const char *apus_executed_path(void) { return (const char *)getauxval(AT_EXECFN); }
