// Calls that do next to nothing in the kernel: what is measured is the way there and back.
#include "bench.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t work(void) {
    uint64_t sum = 0;
    for (int i = 0; i < 1000000; i++) sum += syscall(SYS_getppid) > 0;
    int zero = open("/dev/zero", O_RDONLY);
    char byte = 1;
    for (int i = 0; i < 1000000; i++) sum += read(zero, &byte, 1) + byte;
    close(zero);
    return sum;
}
