// A program without an operating system for debug.py: cores that count, functions to stop in, a timer's interrupt, a cell to watch.
typedef unsigned long word;

enum { CORES = 4 };

volatile word counters[CORES];
volatile word ticks;
volatile word watched;
volatile word leave;
volatile unsigned char bytes[16] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17};

void on_timer(void);
void off(void);
void start_timer(void);
void start_others(void);
void idle(void);

__attribute__((noinline)) word inner(word number)
{
    word result = number * 2;
    return result + 3;
}

__attribute__((noinline)) word outer(word number)
{
    word result = inner(number);
    watched = result;
    return result + 1;
}

// A loop that is hot at once.
__attribute__((noinline)) word spin(word rounds)
{
    word sum = 0;
    for (word i = 0; i < rounds; i++) {
        sum += i ^ sum << 1;
        bytes[8] = (unsigned char)sum;
    }
    return sum;
}

__attribute__((noinline)) void work(word core)
{
    for (;;) {
        counters[core]++;
        if (core == 0) {
            outer(counters[0]);
            spin(100);
        }
        if (core == 0 && leave)
            off();
        if (core == CORES - 1)
            idle();
    }
}

void begin(word core)
{
    if (core == 0) {
        start_timer();
        start_others();
    }
    work(core);
}

void tick(void)
{
    ticks++;
}

#ifdef __riscv
static volatile unsigned *const finisher = (volatile unsigned *)0x100000;
static volatile unsigned *const compare = (volatile unsigned *)0x2004000;
static volatile unsigned *const now = (volatile unsigned *)0x200bff8;

__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "    csrr a0, mhartid\n"
        "    la sp, stacks\n"
        "    addi t0, a0, 1\n"
        "    slli t0, t0, 12\n"
        "    add sp, sp, t0\n"
        "    call begin\n"
        ".bss\n"
        ".balign 4096\n"
        "stacks: .space 4096 * 4\n"
        ".text\n");

static void rearm(void)
{
    compare[1] = 0x7fffffff;
    compare[0] = now[0] + 10000;
    compare[1] = now[1];
}

__attribute__((interrupt("machine"), aligned(4))) void on_timer(void)
{
    tick();
    rearm();
}

void start_timer(void)
{
    rearm();
    __asm__ volatile("csrw mtvec, %0\n csrw mie, %1\n csrsi mstatus, 8" ::"r"(on_timer), "r"(0x80));
}

void start_others(void) {}
void idle(void) { __asm__ volatile("wfi"); }

void off(void)
{
    *finisher = 0x5555;
    for (;;)
        ;
}
#else
static volatile unsigned *const distributor = (volatile unsigned *)0x08000000;
static volatile unsigned *const interface = (volatile unsigned *)0x08010000;
enum { TIMER = 27 };

#ifdef __arm__
enum { CPU_ON = 0x84000003 };

__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "    mov r0, #0\n"
        ".globl secondary\n"
        "secondary:\n"
        "    ldr r1, =stacks\n"
        "    add r2, r0, #1\n"
        "    add sp, r1, r2, lsl #12\n"
        "    bl begin\n"
        "    .ltorg\n"
        ".bss\n"
        ".balign 4096\n"
        "stacks: .space 4096 * 4\n"
        ".text\n"
        ".balign 32\n"
        "vectors:\n"
        "    .space 0x18\n"
        "    sub lr, lr, #4\n"
        "    srsdb sp!, #0x13\n"
        "    cps #0x13\n"
        "    push {r0-r3, r12, lr}\n"
        "    and r1, sp, #4\n"
        "    sub sp, sp, r1\n"
        "    push {r1, r2}\n"
        "    bl on_timer\n"
        "    pop {r1, r2}\n"
        "    add sp, sp, r1\n"
        "    pop {r0-r3, r12, lr}\n"
        "    rfeia sp!\n");
extern char vectors[], secondary[];

static word firmware(word function, word first, word second, word third)
{
    register word r0 __asm__("r0") = function;
    register word r1 __asm__("r1") = first;
    register word r2 __asm__("r2") = second;
    register word r3 __asm__("r3") = third;
    __asm__ volatile(".arch_extension virt\n hvc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3) : "memory");
    return r0;
}

static void rearm(void) { __asm__ volatile("mcr p15, 0, %0, c14, c3, 0" ::"r"(62500)); }

static void admit_timer(void)
{
    __asm__ volatile("mcr p15, 0, %0, c12, c0, 0\n mcr p15, 0, %1, c14, c3, 1\n cpsie i" ::"r"(vectors), "r"(1));
}
#else
enum { CPU_ON = 0xc4000003 };

__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "    mov x0, #0\n"
        ".globl secondary\n"
        "secondary:\n"
        "    adrp x1, stacks\n"
        "    add x1, x1, :lo12:stacks\n"
        "    add x2, x0, #1\n"
        "    add x1, x1, x2, lsl #12\n"
        "    mov sp, x1\n"
        "    bl begin\n"
        ".bss\n"
        ".balign 4096\n"
        "stacks: .space 4096 * 4\n"
        ".text\n"
        ".balign 2048\n"
        "vectors:\n"
        "    .space 0x280\n"
        "    stp x0, x1, [sp, #-176]!\n"
        "    stp x2, x3, [sp, #16]\n"
        "    stp x4, x5, [sp, #32]\n"
        "    stp x6, x7, [sp, #48]\n"
        "    stp x8, x9, [sp, #64]\n"
        "    stp x10, x11, [sp, #80]\n"
        "    stp x12, x13, [sp, #96]\n"
        "    stp x14, x15, [sp, #112]\n"
        "    stp x16, x17, [sp, #128]\n"
        "    stp x18, x29, [sp, #144]\n"
        "    str x30, [sp, #160]\n"
        "    bl on_timer\n"
        "    ldp x2, x3, [sp, #16]\n"
        "    ldp x4, x5, [sp, #32]\n"
        "    b restore\n"
        "    .balign 2048\n"
        "restore:\n"
        "    ldp x6, x7, [sp, #48]\n"
        "    ldp x8, x9, [sp, #64]\n"
        "    ldp x10, x11, [sp, #80]\n"
        "    ldp x12, x13, [sp, #96]\n"
        "    ldp x14, x15, [sp, #112]\n"
        "    ldp x16, x17, [sp, #128]\n"
        "    ldp x18, x29, [sp, #144]\n"
        "    ldr x30, [sp, #160]\n"
        "    ldp x0, x1, [sp], #176\n"
        "    eret\n");
extern char vectors[], secondary[];

static word firmware(word function, word first, word second, word third)
{
    register word x0 __asm__("x0") = function;
    register word x1 __asm__("x1") = first;
    register word x2 __asm__("x2") = second;
    register word x3 __asm__("x3") = third;
    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

static void rearm(void) { __asm__ volatile("msr cntv_tval_el0, %0" ::"r"(62500)); }

static void admit_timer(void)
{
    __asm__ volatile("msr vbar_el1, %0\n msr cntv_ctl_el0, %1\n msr daifclr, #2" ::"r"(vectors), "r"(1ul));
}
#endif

void on_timer(void)
{
    unsigned number = interface[3];
    if ((number & 0x3ff) == TIMER) {
        tick();
        rearm();
    }
    interface[4] = number;
}

void start_timer(void)
{
    distributor[0] = 1;
    distributor[0x100 / 4] = 1u << TIMER;
    interface[1] = 0xff;
    interface[0] = 1;
    rearm();
    admit_timer();
}

void start_others(void)
{
    for (word core = 1; core < CORES; core++)
        firmware(CPU_ON, core, (word)secondary, core);
}

void idle(void) { __asm__ volatile("wfi"); }

void off(void)
{
    firmware(0x84000008, 0, 0, 0);
    for (;;)
        ;
}
#endif
