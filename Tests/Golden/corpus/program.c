// A guest without a kernel whose state is worth keeping: it gives registers, memory and devices values of their own, says "ready", and waits for a byte on its
// serial port. Then it looks whether all of them are what they were, has a disk read, and says "as it was", or what is not. For the boards `virt` of riscv64,
// arm64 and arm (highmem=off). Nothing here is done without need: a stream of it must load for ever.
#include <stdint.h>

#if defined __riscv
enum { UART = 0x10000000, ECAM = 0x30000000, WINDOW = 0x40000000, VIRTIO = 0x10001000, VIRTIO_STEP = 0x1000, VIRTIO_SLOTS = 8 };
#else
enum { UART = 0x09000000, ECAM = 0x3f000000, WINDOW = 0x10000000, VIRTIO = 0x0a000000, VIRTIO_STEP = 0x200, VIRTIO_SLOTS = 32 };
#endif

#if defined __riscv
__asm__(".section .start,\"ax\"\n.global _start\n_start: csrr t0, mhartid\n1: bnez t0, 1b\nla sp, stack_end\nli t0, 0x6000\ncsrs mstatus, t0\ncall main\n2: wfi\nj 2b\n");
#elif defined __aarch64__
__asm__(".section .start,\"ax\"\n.global _start\n_start: mov x0, #(3 << 20)\nmsr cpacr_el1, x0\nisb\nldr x0, =stack_end\nmov sp, x0\nbl main\n2: wfi\nb 2b\n");
#else
__asm__(".section .start,\"ax\"\n.global _start\n.arm\n_start: mov r0, #0xf00000\nmcr p15, 0, r0, c1, c0, 2\nisb\nmov r0, #0x40000000\n.fpu vfpv3\nvmsr fpexc, r0\nldr sp, =stack_end\nbl main\n2: wfi\nb 2b\n");
#endif

uint8_t stack[16384] __attribute__((aligned(16)));
__asm__(".global stack_end\n.set stack_end, stack + 16384\n");

static uint32_t get32(uintptr_t place) { return *(volatile uint32_t *)place; }
static void put32(uintptr_t place, uint32_t value) { *(volatile uint32_t *)place = value; }

// The serial port: a 16550A or a PL011.

static void put_letter(char letter) {
#if defined __riscv
    while (!(*(volatile uint8_t *)(UART + 5) & 0x20)) {}
    *(volatile uint8_t *)UART = (uint8_t)letter;
#else
    while (get32(UART + 0x18) & 0x20) {}
    put32(UART, (uint8_t)letter);
#endif
}

static int get_letter(void) {
#if defined __riscv
    return *(volatile uint8_t *)(UART + 5) & 1 ? *(volatile uint8_t *)UART : -1;
#else
    return get32(UART + 0x18) & 0x10 ? -1 : (int)(get32(UART) & 0xff);
#endif
}

static void say(const char *text) { while (*text) put_letter(*text++); }

static void say_number(uint64_t number) {
    for (int place = 60; place >= 0; place -= 4) put_letter("0123456789abcdef"[number >> place & 15]);
}

// What is to stay as it is.

static uint64_t seen[1024], before[1024];
static unsigned count;
static void note(uint64_t value) { if (count < 1024) seen[count++] = value; }

static uint64_t mix(uint64_t number) {
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    return number ^ number >> 27;
}

static uint64_t pattern[2048];

#if defined __riscv
#define SYSTEM(X) X(mscratch, 1) X(sscratch, 2) X(stvec, 0x80001000) X(sepc, 0x80002000) X(mepc, 0x80003000) X(medeleg, 0xb100) X(mideleg, 0x222) X(mie, 0x22) \
    X(scause, 5) X(stval, 77) X(mtval, 88) X(mcounteren, 7) X(scounteren, 5) X(pmpaddr0, 0x12345) X(pmpaddr1, 0x23456) X(fcsr, 0x61)
#define WRITE(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"((uint64_t)value));
#define READ(name, value) { uint64_t now; __asm__ volatile("csrr %0, " #name : "=r"(now)); note(now); }
#define FLOATS(X) X(0) X(1) X(7) X(15) X(31)
#define WRITE_FLOAT(n) __asm__ volatile("fmv.d.x f" #n ", %0" ::"r"(mix(n + 100)));
#define READ_FLOAT(n) { uint64_t now; __asm__ volatile("fmv.x.d %0, f" #n : "=r"(now)); note(now); }
static uint64_t clock_now(void) { uint64_t now; __asm__ volatile("rdtime %0" : "=r"(now)); return now; }
static void set_controllers(void) {
    put32(0x0c000004, 3), put32(0x0c000028, 7), put32(0x0c002000, 0x402), put32(0x0c200000, 2);
    *(volatile uint64_t *)0x02004000 = UINT64_MAX / 2;
}
static void note_controllers(void) {
    note(get32(0x0c000004)), note(get32(0x0c000028)), note(get32(0x0c002000)), note(get32(0x0c200000)), note(*(volatile uint64_t *)0x02004000);
    note(get32(0x02000000));
}
#else
#if defined __aarch64__
#define SYSTEM(X) X(tpidr_el0, 1) X(tpidr_el1, 2) X(tpidrro_el0, 3) X(vbar_el1, 0x40001000) X(mair_el1, 0xff44) X(ttbr0_el1, 0x40010000) X(ttbr1_el1, 0x40020000) \
    X(tcr_el1, 0x19) X(elr_el1, 0x40003000) X(spsr_el1, 0x3c5) X(esr_el1, 0x56000000) X(far_el1, 99) X(contextidr_el1, 7) X(cntv_cval_el0, 1ull << 60) X(cntkctl_el1, 3) \
    X(fpcr, 0x1000000)
#define WRITE(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)value));
#define READ(name, value) { uint64_t now; __asm__ volatile("mrs %0, " #name : "=r"(now)); note(now); }
#define FLOATS(X) X(0) X(1) X(7) X(15) X(31)
#define WRITE_FLOAT(n) __asm__ volatile("fmov d" #n ", %0\nfmov v" #n ".d[1], %0" ::"r"(mix(n + 100)));
#define READ_FLOAT(n) { uint64_t now, high; __asm__ volatile("fmov %0, d" #n "\nfmov %1, v" #n ".d[1]" : "=r"(now), "=r"(high)); note(now), note(high); }
static uint64_t clock_now(void) { uint64_t now; __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now)); return now; }
#else
#define SYSTEM(X) X("0, %0, c13, c0, 2", 1) X("0, %0, c13, c0, 3", 2) X("0, %0, c13, c0, 4", 3) X("0, %0, c12, c0, 0", 0x40001000) X("0, %0, c2, c0, 0", 0x40010000) \
    X("0, %0, c2, c0, 2", 1) X("0, %0, c3, c0, 0", 0x55555555) X("0, %0, c5, c0, 0", 5) X("0, %0, c6, c0, 0", 99) X("0, %0, c13, c0, 1", 7)
#define WRITE(place, value) __asm__ volatile("mcr p15, " place ::"r"(value));
#define READ(place, value) { uint32_t now; __asm__ volatile("mrc p15, " place : "=r"(now)); note(now); }
#define FLOATS(X) X(0) X(1) X(7) X(15)
#define WRITE_FLOAT(n) { uint64_t wanted = mix(n + 100); __asm__ volatile("vmov d" #n ", %Q0, %R0" ::"r"(wanted)); }
#define READ_FLOAT(n) { uint64_t now; __asm__ volatile("vmov %Q0, %R0, d" #n : "=r"(now)); note(now); }
static uint64_t clock_now(void) { uint64_t now; __asm__ volatile("mrrc p15, 1, %Q0, %R0, c14" : "=r"(now)); return now; }
#endif
#if defined GICV3
// The distributor and the first redistributor of a GICv3.
static void set_controllers(void) {
    put32(0x08000000, 0x37), put32(0x08000104, 0x12), put32(0x08000420, 0x80604020), put32(0x08000c08, 0x8);
    put32(0x080a0014, 0), put32(0x080b0100, 0x08000001), put32(0x080b0400, 0x20406080), put32(0x080b0c04, 0x8);
}
static void note_controllers(void) {
    note(get32(0x08000000)), note(get32(0x08000104)), note(get32(0x08000420)), note(get32(0x08000c08));
    note(get32(0x080a0014)), note(get32(0x080b0100)), note(get32(0x080b0400)), note(get32(0x080b0c04));
}
#else
// The distributor and the interface of a GICv2.
static void set_controllers(void) {
    put32(0x08000000, 1), put32(0x08000104, 0x12), put32(0x08000420, 0x80604020), put32(0x08000820, 0x01010101), put32(0x08000c08, 0x8);
    put32(0x08010004, 0xf0), put32(0x08010000, 1);
}
static void note_controllers(void) {
    note(get32(0x08000000)), note(get32(0x08000104)), note(get32(0x08000420)), note(get32(0x08000820)), note(get32(0x08000c08));
    note(get32(0x08010004)), note(get32(0x08010000));
}
#endif
#endif

// Devices of PCI: windows at places of their own, and a few registers.

struct value { uint32_t device, place, value; };
static const struct value values[] = {
    // e1000e: a receive address, a hash table, rings.
    {0x10d38086, 0x5400, 0x56341200}, {0x10d38086, 0x5404, 0x80009a78}, {0x10d38086, 0x5200, 0xdeadbeef}, {0x10d38086, 0x2800, 0x1000}, {0x10d38086, 0x2808, 0x100},
    {0x10d38086, 0x3800, 0x2000}, {0x10d38086, 0x3808, 0x100}, {0x10d38086, 0x00d0, 0x4},
    // NVMe: the queues for administration.
    {0x00101b36, 0x24, 0x000f000f}, {0x00101b36, 0x28, 0x1000}, {0x00101b36, 0x30, 0x2000},
    // xHCI: slots, contexts, notifications (the operational registers are at 0x40).
    {0x000d1b36, 0x78, 4}, {0x000d1b36, 0x70, 0x3000}, {0x000d1b36, 0x54, 2},
};

static void each_function(int sets) {
    for (uint32_t device = 0, window = WINDOW; device < 32; device++, window += 1 << 25) {
        uintptr_t place = ECAM + (device << 15);
        uint32_t name = get32(place);
        if (name == 0xffffffff) continue;
        if (sets) put32(place + 0x10, window), put32(place + 0x14, 0), put32(place + 4, 6), put32(place + 0x3c, device);
        for (int word = 0; word < 16; word++) note(get32(place + 4 * word));
        for (unsigned index = 0; index < sizeof values / sizeof *values; index++) {
            if (values[index].device != name) continue;
            if (sets) put32(window + values[index].place, values[index].value);
            note(get32(window + values[index].place));
        }
    }
}

// A disk on virtio-mmio with a split ring: set up before, used after.

static struct { uint64_t address; uint32_t length; uint16_t flags, next; } table[8] __attribute__((aligned(4096)));
static volatile struct { uint16_t flags, index, ring[8]; } available __attribute__((aligned(4096)));
static volatile struct { uint16_t flags, index; struct { uint32_t id, length; } ring[8]; } used __attribute__((aligned(4096)));
static struct { uint32_t type, reserved; uint64_t sector; } header;
static uint8_t sector[512];
static volatile uint8_t status;
static uintptr_t disk;

static void put_address(uintptr_t place, const volatile void *address) { put32(place, (uint32_t)(uintptr_t)address), put32(place + 4, 0); }

static void set_disk(void) {
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++) {
        uintptr_t place = VIRTIO + slot * VIRTIO_STEP;
        if (get32(place) == 0x74726976 && get32(place + 8) == 2) disk = place;
    }
    if (!disk) return say("no disk\n");
    put32(disk + 0x70, 0), put32(disk + 0x70, 1), put32(disk + 0x70, 3);
    put32(disk + 0x24, 1), put32(disk + 0x20, 1), put32(disk + 0x70, 11);
    put32(disk + 0x30, 0), put32(disk + 0x38, 8);
    put_address(disk + 0x80, table), put_address(disk + 0x90, &available), put_address(disk + 0xa0, &used);
    put32(disk + 0x44, 1), put32(disk + 0x70, 15);
}

static void read_sector(uint64_t number) {
    header.type = 0, header.sector = number, status = 0xff;
    table[0].address = (uintptr_t)&header, table[0].length = 16, table[0].flags = 1, table[0].next = 1;
    table[1].address = (uintptr_t)sector, table[1].length = 512, table[1].flags = 3, table[1].next = 2;
    table[2].address = (uintptr_t)&status, table[2].length = 1, table[2].flags = 2;
    uint16_t index = available.index;
    available.ring[index % 8] = 0;
    __sync_synchronize();
    available.index = index + 1;
    __sync_synchronize();
    put32(disk + 0x50, 0);
    while (used.index != (uint16_t)(index + 1)) {}
    __sync_synchronize();
}

static uint64_t sum(void) {
    uint64_t result = status;
    for (int index = 0; index < 512; index++) result = mix(result + sector[index]);
    return result;
}

static void survey(int sets) {
    count = 0;
    FLOATS(READ_FLOAT)
    SYSTEM(READ)
    note_controllers();
    each_function(sets);
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++) {
        uintptr_t place = VIRTIO + slot * VIRTIO_STEP;
        note(get32(place + 8)), note(get32(place + 0x70)), note(get32(place + 0x44));
    }
}

int main(void) {
    set_disk();
    read_sector(0);
    for (unsigned index = 0; index < 2048; index++) pattern[index] = mix(index + 1);
    set_controllers();
    SYSTEM(WRITE)
    FLOATS(WRITE_FLOAT)
    survey(1);
    for (unsigned index = 0; index < count; index++) before[index] = seen[index];
    uint64_t then = clock_now();
    unsigned noted = count;
    FLOATS(WRITE_FLOAT)
    say("ready\n");
    int letter;
    while ((letter = get_letter()) < 0) {}
    survey(0);
    int good = count == noted && letter == 'g';
    for (unsigned index = 0; index < noted; index++) {
        if (seen[index] == before[index]) continue;
        good = 0;
        say("value "), say_number(index), say(" was "), say_number(before[index]), say(" and is "), say_number(seen[index]), say("\n");
    }
    for (unsigned index = 0; index < 2048; index++)
        if (pattern[index] != mix(index + 1)) good = 0, say("memory\n");
    uint64_t now = clock_now();
    if (now < then) good = 0, say("the clock goes back\n");
    read_sector(1);
    say("disk "), say_number(sum()), say("\n");
    say(good ? "as it was\n" : "not as it was\n");
    for (;;) {}
}
