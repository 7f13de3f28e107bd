#ifndef APUS_CHOST_H
#define APUS_CHOST_H
// The few things that Swift cannot say itself: atomics on raw memory, MXCSR, inline functions of system headers.
#include "Atomics.h"
#endif
