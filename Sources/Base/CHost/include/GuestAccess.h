#ifndef APUS_GUEST_ACCESS_H
#define APUS_GUEST_ACCESS_H
// Accesses to a user-mode guest's memory that may fault. The handler of SIGSEGV and SIGBUS asks `apus_guard_landing` where such an access
// goes on; the function then says that it failed.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// False if the access faulted.
bool apus_guest_load1(const void *place, uint64_t *value);
bool apus_guest_load2(const void *place, uint64_t *value);
bool apus_guest_load4(const void *place, uint64_t *value);
bool apus_guest_load8(const void *place, uint64_t *value);
bool apus_guest_store1(void *place, uint64_t value);
bool apus_guest_store2(void *place, uint64_t value);
bool apus_guest_store4(void *place, uint64_t value);
bool apus_guest_store8(void *place, uint64_t value);
// Compare and exchange; `*expected` receives what was there.
bool apus_guest_cas1(void *place, uint64_t *expected, uint64_t desired);
bool apus_guest_cas2(void *place, uint64_t *expected, uint64_t desired);
bool apus_guest_cas4(void *place, uint64_t *expected, uint64_t desired);
bool apus_guest_cas8(void *place, uint64_t *expected, uint64_t desired);
// 16 aligned bytes: expected and desired as two words each.
bool apus_guest_cas16(void *place, uint64_t expected[2], const uint64_t desired[2]);
// Copies up to a fault; the bytes that are left.
size_t apus_guest_copy(void *to, const void *from, size_t count);

// Where the code at a host address goes on after a fault; 0 if it is none of the functions above.
uintptr_t apus_guard_landing(uintptr_t pc);
#endif
