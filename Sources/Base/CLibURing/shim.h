// Before anything else: liburing.h would ask for fewer of the C library's names, and its structures would differ from those of other modules.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <features.h>
#include <liburing.h>
