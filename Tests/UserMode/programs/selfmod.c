// Code that is written while it runs: by the program, through another mapping, again and again, by the kernel, by another thread.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef long (*function)(void);

// A function that returns a number below 2048.
static void write_function(uint32_t *code, int number) {
#if defined __riscv
    code[0] = 0x00000513 | (uint32_t)number << 20;  // li a0, number
    code[1] = 0x00008067;                            // ret
#elif defined __aarch64__
    code[0] = 0xd2800000 | (uint32_t)number << 5;  // mov x0, number
    code[1] = 0xd65f03c0;                           // ret
#elif defined __arm__
    code[0] = 0xe3000000 | (uint32_t)number;  // movw r0, #number
    code[1] = 0xe12fff1e;                      // bx lr
#endif
}

static void flush(void *start, size_t size) { __builtin___clear_cache((char *)start, (char *)start + size); }

int main(void) {
    uint32_t *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long sum = 0;
    for (int i = 0; i < 1000; i++) {
        write_function(code, i);
        flush(code, 8);
        sum += ((function)code)();
    }
    printf("rewritten 1000 times: %ld\n", sum);

    // Data beside code on one page.
    volatile long *data = (long *)(code + 512);
    for (int i = 0; i < 1000; i++) *data += ((function)code)();
    printf("data beside code: %ld\n", *data);

    uint32_t *second = code + 1024;
    write_function(second, 7);
    flush(second, 8);
    long before = ((function)second)();
    mprotect(second, 4096, PROT_READ | PROT_EXEC);
    before += ((function)second)();
    mprotect(second, 4096, PROT_READ | PROT_WRITE);
    write_function(second, 9);
    mprotect(second, 4096, PROT_READ | PROT_EXEC);
    flush(second, 8);
    printf("mprotect: %ld %ld\n", before, ((function)second)());

    int descriptor = memfd_create("code", 0);
    (void)!ftruncate(descriptor, 4096);
    uint32_t *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    uint32_t *executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, descriptor, 0);
    sum = 0;
    for (int i = 0; i < 100; i++) {
        write_function(writable, i);
        flush(executable, 8);
        sum += ((function)executable)();
    }
    printf("two mappings: %ld\n", sum);

    // The kernel writes the code.
    int ends[2];
    uint32_t source[2];
    (void)!pipe(ends);
    sum = 0;
    for (int i = 0; i < 10; i++) {
        write_function(source, 100 + i);
        (void)!write(ends[1], source, 8);
        (void)!read(ends[0], code, 8);
        flush(code, 8);
        sum += ((function)code)();
    }
    printf("read into code: %ld\n", sum);

    munmap(second, 4096);
    uint32_t *again = mmap(second, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    write_function(again, 11);
    flush(again, 8);
    printf("mapped anew: %ld\n", ((function)again)());
    return 0;
}
