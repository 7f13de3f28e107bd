#include "GuestAccess.h"

// No function here touches the stack or a register that it would have to restore (but apus_guest_cas16, which has a landing of its own), so
// that any instruction may be left for the landing.
#define LOAD(size, move) \
    ".globl apus_guest_load" #size "\napus_guest_load" #size ":\n" move "\n movq %rax, (%rsi)\n movl $1, %eax\n ret\n"
#define STORE(size, register) \
    ".globl apus_guest_store" #size "\napus_guest_store" #size ":\n mov %" register ", (%rdi)\n movl $1, %eax\n ret\n"
#define CAS(size, register)                                                                                                  \
    ".globl apus_guest_cas" #size "\napus_guest_cas" #size ":\n movq (%rsi), %rax\n lock cmpxchg %" register ", (%rdi)\n" \
    " movq %rax, (%rsi)\n movl $1, %eax\n ret\n"

__asm__(".text\n"
        ".p2align 4\n"
        "apus_guard_start:\n"
        LOAD(1, "movzbl (%rdi), %eax") LOAD(2, "movzwl (%rdi), %eax") LOAD(4, "movl (%rdi), %eax") LOAD(8, "movq (%rdi), %rax")
        STORE(1, "sil") STORE(2, "si") STORE(4, "esi") STORE(8, "rsi")
        CAS(1, "dl") CAS(2, "dx") CAS(4, "edx") CAS(8, "rdx")
        "apus_guard_end:\n"
        "xorl %eax, %eax\n ret\n"
        ".globl apus_guest_copy\napus_guest_copy:\n"
        " movq %rdx, %rcx\n"
        "apus_guard_copy:\n"
        " rep movsb\n"
        "apus_guard_copy_end:\n"
        " movq %rcx, %rax\n ret\n"
        ".globl apus_guest_cas16\napus_guest_cas16:\n"
        " movq %rbx, %r8\n movq %rdx, %r9\n movq (%rsi), %rax\n movq 8(%rsi), %rdx\n movq (%r9), %rbx\n movq 8(%r9), %rcx\n"
        "apus_guard_pair:\n"
        " lock cmpxchg16b (%rdi)\n"
        " movq %r8, %rbx\n movq %rax, (%rsi)\n movq %rdx, 8(%rsi)\n movl $1, %eax\n ret\n"
        "apus_guard_pair_end:\n"
        " movq %r8, %rbx\n xorl %eax, %eax\n ret\n");

extern char apus_guard_start[], apus_guard_end[], apus_guard_copy[], apus_guard_copy_end[], apus_guard_pair[], apus_guard_pair_end[];

static uintptr_t landing(uintptr_t pc, const char *start, const char *end) {
    return pc >= (uintptr_t)start && pc < (uintptr_t)end ? (uintptr_t)end : 0;
}

uintptr_t apus_guard_landing(uintptr_t pc) {
    uintptr_t place = landing(pc, apus_guard_start, apus_guard_end);
    if (place == 0) place = landing(pc, apus_guard_copy, apus_guard_copy_end);
    return place != 0 ? place : landing(pc, apus_guard_pair, apus_guard_pair_end);
}
