// Firmware for the arm64 board `virt` that writes to the serial port what the firmware configuration device has: its directory, then its
// files one behind the other in the directory's order. Then it switches the machine off (PSCI, by hvc).
    .text
    .globl _start
_start:
    ldr     x20, =0x09020000    // fw_cfg: data at 0, selector at 8
    ldr     x21, =0x09000000    // PL011: data at 0, control at 0x30
    ldr     x22, =0x40000000    // where the directory is kept
    mov     w0, #0x301
    str     w0, [x21, #0x30]
    // the directory: a big-endian count, then 64 bytes for each file
    mov     w0, #0x19
    bl      select
    mov     x23, #4
    mov     x24, #0
    bl      keep
    ldr     w25, [x22]
    rev     w25, w25
    lsl     x23, x25, #6
    bl      keep
    // the files: size and key are an entry's first fields
    add     x26, x22, #4
files:
    cbz     w25, end
    ldrh    w0, [x26, #4]
    rev16   w0, w0
    bl      select
    ldr     w23, [x26]
    rev     w23, w23
file:
    cbz     w23, next
    ldrb    w0, [x20]
    str     w0, [x21]
    sub     w23, w23, #1
    b       file
next:
    add     x26, x26, #64
    sub     w25, w25, #1
    b       files
end:
    ldr     x0, =0x84000008
    hvc     #0
    b       .

// Selects the item with the key in w0; the register is big-endian.
select:
    rev16   w0, w0
    strh    w0, [x20, #8]
    ret

// Reads x23 bytes, writes them out and keeps them at x22 + x24, which goes on.
keep:
    cbz     x23, kept
    ldrb    w0, [x20]
    str     w0, [x21]
    strb    w0, [x22, x24]
    add     x24, x24, #1
    sub     x23, x23, #1
    b       keep
kept:
    ret
