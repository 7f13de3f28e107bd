/* A program for the Versatile Platform Baseboard without a system: what its devices do together. It says how each step went on the first
 * UART, and what keys were pressed; 'q' ends it by a reset. Addresses are those of Arm DUI 0224. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define REG(address) (*(volatile u32 *)(address))
#define REG16(address) (*(volatile u16 *)(address))
#define REG8(address) (*(volatile u8 *)(address))
#define SYS 0x10000000u
#define SIC 0x10003000u
#define KEYBOARD 0x10006000u
#define MOUSE 0x10007000u
#define CARD 0x10010000u
#define DMA 0x10130000u
#define VIC 0x10140000u
#define TIMER 0x101e2000u
#define UART0 0x101f1000u
#define UART1 0x101f2000u

static volatile u32 ticks, defaults, scancode_count;
static volatile u8 scancodes[64], moves[64];
static volatile u32 move_count;

static void put(u32 uart, char c)
{
    while (REG(uart + 0x18) & 0x20)
        ;
    REG(uart) = c;
}

static void print(u32 uart, const char *text)
{
    while (*text)
        put(uart, *text++);
}

static void print_hex(u32 value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put(UART0, "0123456789abcdef"[value >> shift & 15]);
}

static void report(const char *name, int good, u32 value)
{
    print(UART0, good ? "ok " : "FAILED ");
    print(UART0, name);
    if (!good) {
        put(UART0, ' ');
        print_hex(value);
    }
    print(UART0, "\n");
}

/* Handlers whose addresses the PL190 knows. */
static void timer_handler(void)
{
    ticks++;
    REG(TIMER + 0x0c) = 1;
}

static void default_handler(void)
{
    defaults++;
    REG(VIC + 0x1c) = 1u << 3;
}

static void secondary_handler(void)
{
    while (REG(KEYBOARD + 0x10) & 1)
        scancodes[scancode_count++ & 63] = REG(KEYBOARD + 0x08);
    while (REG(MOUSE + 0x10) & 1)
        moves[move_count++ & 63] = REG(MOUSE + 0x08);
}

void handle_irq(void)
{
    void (*handler)(void) = (void (*)(void))REG(VIC + 0x30);
    handler();
    REG(VIC + 0x30) = 0;
}

static void interrupts(void)
{
    REG(VIC + 0x34) = (u32)default_handler;
    REG(VIC + 0x100) = (u32)timer_handler;
    REG(VIC + 0x200) = 0x20 | 4;
    REG(VIC + 0x104) = (u32)secondary_handler;
    REG(VIC + 0x204) = 0x20 | 31;
    REG(SIC + 0x08) = 1u << 3 | 1u << 4;
    REG(VIC + 0x10) = 1u << 3 | 1u << 4 | 1u << 31;
    REG(TIMER) = 1000;
    REG(TIMER + 0x08) = 0xe2;
    __asm__ volatile("mrs r0, cpsr\n bic r0, r0, #0x80\n msr cpsr_c, r0" ::: "r0", "memory");
    u32 start = REG(SYS + 0x5c);
    while (ticks < 20 && REG(SYS + 0x5c) - start < 24000000)
        ;
    u32 passed = REG(SYS + 0x5c) - start;
    report("PL190: twenty ticks of an SP804 by their vector", ticks >= 20 && passed >= 19 * 24000, passed);
    REG(VIC + 0x18) = 1u << 3;
    for (volatile int i = 0; i < 1000 && !defaults; i++)
        ;
    report("PL190: the default vector", defaults == 1, defaults);
}

static u32 source[64], target[64], list[4];

static void dma(void)
{
    for (u32 i = 0; i < 64; i++)
        source[i] = i * 0x01234567u;
    list[0] = (u32)(source + 32);
    list[1] = (u32)(target + 32);
    list[2] = 0;
    list[3] = 1u << 31 | 3u << 26 | 2u << 21 | 2u << 18 | 32;
    __asm__ volatile("" ::: "memory");
    REG(DMA + 0x30) = 1;
    REG(DMA + 0x100) = (u32)source;
    REG(DMA + 0x104) = (u32)target;
    REG(DMA + 0x108) = (u32)list;
    REG(DMA + 0x10c) = 3u << 26 | 2u << 21 | 2u << 18 | 32;
    REG(DMA + 0x110) = 1 | 3u << 14;
    u32 start = REG(SYS + 0x5c);
    while (!(REG(DMA + 0x04) & 1) && REG(SYS + 0x5c) - start < 24000000)
        ;
    __asm__ volatile("" ::: "memory");
    u32 wrong = 0;
    for (u32 i = 0; i < 64; i++)
        wrong += target[i] != i * 0x01234567u;
    report("PL080: a list of two pieces", wrong == 0 && (REG(DMA + 0x04) & 1), wrong);
    REG(DMA + 0x08) = 1;
}

static void bank(u32 number) { REG16(CARD + 14) = number; }

/* A frame to itself through the MAC's loopback. */
static void ethernet(void)
{
    u8 address[6];
    bank(1);
    for (u32 i = 0; i < 6; i++)
        address[i] = REG8(CARD + 4 + i);
    bank(0);
    REG16(CARD + 0) = 0x2001;
    REG16(CARD + 4) = 0x300;
    bank(2);
    REG16(CARD + 0) = 1 << 5;
    while (!(REG8(CARD + 12) & 8))
        ;
    u8 packet = REG8(CARD + 3);
    REG8(CARD + 2) = packet;
    REG16(CARD + 6) = 0x4000;
    REG(CARD + 8) = 106u << 16;
    for (u32 i = 0; i < 100; i++)
        REG8(CARD + 8) = i < 12 ? address[i % 6] : i;
    REG16(CARD + 8) = 0;
    REG16(CARD + 0) = 6 << 5;
    u32 start = REG(SYS + 0x5c);
    while (!(REG8(CARD + 12) & 1) && REG(SYS + 0x5c) - start < 2400000)
        ;
    report("LAN91C111: a frame comes back", REG8(CARD + 12) & 1, REG8(CARD + 12));
    REG16(CARD + 6) = 0xe000;
    u32 head = REG(CARD + 8), wrong = 0;
    for (u32 i = 0; i < 100; i++)
        wrong += REG8(CARD + 8) != (u8)(i < 12 ? address[i % 6] : i);
    report("LAN91C111: as it was sent", (head >> 16 & 0x7fe) == 106 && wrong == 0, head);
    REG16(CARD + 0) = 4 << 5;
    REG8(CARD + 2) = packet;
    REG16(CARD + 0) = 5 << 5;
    REG8(CARD + 12) = 0xff;
    bank(0);
    report("LAN91C111: all packets are free", REG16(CARD + 8) >> 8 == 4, REG16(CARD + 8));
}

static void send_ps2(u32 socket, u8 byte)
{
    while (!(REG(socket + 4) & 1 << 6))
        ;
    REG(socket + 8) = byte;
}

static u32 wait_for(volatile u32 *count, u32 wanted)
{
    u32 start = REG(SYS + 0x5c);
    while (*count < wanted && REG(SYS + 0x5c) - start < 24000000)
        ;
    return *count;
}

static void ps2(void)
{
    REG(KEYBOARD) = REG(MOUSE) = 0x14;
    send_ps2(KEYBOARD, 0xf2);
    u32 count = wait_for(&scancode_count, 3);
    report("PL050: a keyboard", count == 3 && scancodes[0] == 0xfa && scancodes[1] == 0xab && scancodes[2] == 0x83, count);
    send_ps2(MOUSE, 0xff);
    count = wait_for(&move_count, 3);
    report("PL050: a mouse", count == 3 && moves[0] == 0xfa && moves[1] == 0xaa && moves[2] == 0, count);
    send_ps2(MOUSE, 0xf4);
    wait_for(&move_count, 4);
    scancode_count = move_count = 0;
    print(UART0, "press a key\n");
    for (u32 told = 0, moved = 0;;) {
        while (told < scancode_count) {
            u8 code = scancodes[told++ & 63];
            print(UART0, "key ");
            print_hex(code);
            print(UART0, "\n");
            if (code == 0x15)
                return;
        }
        while (moved + 3 <= move_count) {
            print(UART0, "moved ");
            for (u32 i = 0; i < 3; i++) {
                print_hex(moves[moved++ & 63]);
                put(UART0, ' ');
            }
            print(UART0, "\n");
        }
    }
}

void run(void)
{
    print(UART1, "the second UART\n");
    interrupts();
    dma();
    ethernet();
    ps2();
    print(UART0, "the end\n");
    REG(SYS + 0x20) = 0xa05f;
    REG(SYS + 0x40) = 0x105;
    for (;;)
        ;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "    mov r0, #0\n"
    "    ldr r1, =0xe59ff018\n" /* ldr pc, [pc, #24]: the IRQ vector at 0x18 goes by the word at 0x38 */
    "    str r1, [r0, #0x18]\n"
    "    ldr r1, =irq\n"
    "    str r1, [r0, #0x38]\n"
    "    msr cpsr_c, #0xd2\n"
    "    ldr sp, =0x700000\n"
    "    msr cpsr_c, #0xd3\n"
    "    ldr sp, =0x800000\n"
    "    b run\n"
    "irq:\n"
    "    sub lr, lr, #4\n"
    "    stmfd sp!, {r0-r3, r12, lr}\n"
    "    bl handle_irq\n"
    "    ldmfd sp!, {r0-r3, r12, pc}^\n"
    "    .ltorg\n");
