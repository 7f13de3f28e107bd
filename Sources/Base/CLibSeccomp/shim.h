#include <seccomp.h>

// Macros that Swift cannot read.
static const unsigned apus_seccomp_allow = SCMP_ACT_ALLOW;
static const unsigned apus_seccomp_kill = SCMP_ACT_KILL_PROCESS;
// A bit of clone's flags (linux/sched.h).
static const unsigned apus_clone_thread = 0x10000;
static inline unsigned apus_seccomp_fail(unsigned short code) { return SCMP_ACT_ERRNO(code); }
