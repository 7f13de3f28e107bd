#include "CSwiftRuntime.h"

// The runtime's locks name their owners to the kernel (FUTEX_LOCK_PI) by the thread's number, which it keeps here. In a forked child that is the
// parent's: two threads there that meet at a lock, say that of a global's first use, would wait for a thread that is none, at full speed and for ever.
extern __thread int thread_number __asm__("_ZZN5swift14threading_impl5linux13ulock_get_tidEvE3tid");

// 0: it asks again.
void apus_in_forked_child(void) { thread_number = 0; }
