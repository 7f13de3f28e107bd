// Before anything else: liburing.h would ask for fewer of the C library's names, and its structures would differ from those of other modules.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <features.h>
// But the member of fd_set has the name that other modules see, Swift's own Glibc among them.
#pragma push_macro("__USE_XOPEN")
#undef __USE_XOPEN
#include <sys/select.h>
#pragma pop_macro("__USE_XOPEN")
#include <liburing.h>
