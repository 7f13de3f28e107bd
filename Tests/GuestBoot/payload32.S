// A supervisor program for RV32 behind OpenSBI: walks a two-level page table of its own (Sv32), multiplies, prints through the
// debug console and switches the machine off (SBI 3.0, DBCN and SRST).
    .data
text: // 33 bytes, two digits, a newline
    .ascii  "RV32 in Sv32: six times seven is "
    .ascii  "??\n"
    .balign 4096
page_table:
    .space  4096

    .text
    .globl _start
_start:
    la      t0, page_table
    srli    t1, t0, 12
    li      t2, 0x80000000
    or      t1, t1, t2
    // one 4 MiB leaf maps this program to itself, another maps it at 0x40000000 as well
    la      t3, _start
    srli    t4, t3, 22
    slli    t5, t4, 20
    ori     t5, t5, 0xcf
    slli    t4, t4, 2
    add     t4, t4, t0
    sw      t5, 0(t4)
    sw      t5, 0x400(t0)
    sfence.vma
    csrw    satp, t1
    sfence.vma
    // the text is read through the second mapping and made whole in the first
    la      t0, text
    li      t1, 0x3fffff
    and     t1, t0, t1
    li      t2, 0x40000000
    or      t1, t1, t2
    li      t3, 6
    li      t4, 7
    mul     t3, t3, t4
    li      t4, 10
    divu    t5, t3, t4
    remu    t6, t3, t4
    addi    t5, t5, '0'
    addi    t6, t6, '0'
    sb      t5, 33(t1)
    sb      t6, 34(t1)
    li      a7, 0x4442434e
    li      a6, 0
    li      a0, 36
    la      a1, text
    li      a2, 0
    ecall
    li      a7, 0x53525354
    li      a6, 0
    li      a0, 0
    li      a1, 0
    ecall
1:  j       1b
