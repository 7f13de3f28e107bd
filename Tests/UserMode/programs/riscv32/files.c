// Calls on files with offsets of 64 bits, vectors, structures; what 32-bit guests have in other forms.
#include "small.h"

static const char *name = "/tmp/apus-riscv32-files";

static void offsets(void) {
    long file = sys(56, -100, name, 0102 | 01000, 0600);
    say("opened", file >= 0);
    say("truncate64", sys(46, file, PAIR(0x300000010ULL)));
    s64 place = 0;
    say("llseek", sys(62, file, 2, 0x1000, &place, 0));
    say("place", place);
    say("llseek end", sys(62, file, 0, 0, &place, 2));
    say("place", place);
    say("pwrite64", sys(68, file, "high", 4, PAIR(0x200001000ULL)));
    char text[16] = {0};
    say("pread64", sys(67, file, text, 4, PAIR(0x200001000ULL)));
    put(text), put("\n");
    char a[3] = {0}, b[3] = {0};
    struct { void *base; u32 size; } vector[2] = {{a, 2}, {b, 2}};
    say("preadv", sys(69, file, vector, 2, PAIR(0x200001000ULL)));
    put(a), put(b), put("\n");
    say("pwritev2", sys(287, file, vector, 2, PAIR(0x300000000ULL), 0));
    say("fallocate", sys(47, file, 1, PAIR(0x100000000ULL), PAIR(0x1000)));
    say("readahead", sys(213, file, PAIR(0x200000000ULL), 4096));
    say("fadvise64_64", sys(223, file, PAIR(0x200000000ULL), PAIR(0x1000), 3));
    say("sync_file_range", sys(84, file, PAIR(0x200000000ULL), PAIR(0x1000), 2));
    void *page = (void *)sys(222, 0, 4096, 1, 2, file, 0x200001);
    say("mmap2", (u32)page < 0xfffff000);
    say("mapped", same(page, "high", 4));
    say("munmap", sys(215, page, 4096));
    struct { short type, whence; int pad; s64 start, length; int pid, pad2; } lock = {1, 0, 0, 0x200000000LL, 16, 0, 0};
    say("F_SETLK64", sys(25, file, 13, &lock));
    lock.type = 1;
    say("F_OFD_GETLK", sys(25, file, 36, &lock));
    say("lock type", lock.type), say("lock start", lock.start), say("lock length", lock.length);
    say("fstat", sys(80, file, text));
    u32 status[64];
    memset(status, 0x55, sizeof status);
    say("statx", sys(291, file, "", 0x1000, 0x200, status));
    say("statx size", status[10]), say("statx size high", status[11]);
    struct { s64 seconds; u32 nanoseconds, junk; } times[2] = {{0x123456789LL, 7, 0xdeadbeef}, {0x23456789aLL, 9, 0xdeadbeef}};
    say("utimensat_time64", sys(412, -100, name, times, 0));
    say("statx again", sys(291, file, "", 0x1000, 0x7ff, status));
    say("mtime", (u64)status[29] << 32 | status[28]);
    u32 space[32];
    memset(space, 0x55, sizeof space);
    say("statfs64", sys(43, "/proc", 88, space));
    say("type", space[0]), say("block", space[1]), say("name", space[14]), say("behind", space[22]);
    say("statfs64 with another size", sys(43, "/proc", 80, space));
    say("close", sys(57, file));
    say("unlink", sys(35, -100, name, 0));
}

static void messages(void) {
    int pair[2], pipe[2];
    say("socketpair", sys(199, 1, 1, 0, pair));
    say("pipe2", sys(59, pipe, 0));
    char text[] = "parcel", got[16] = {0};
    struct { void *base; u32 size; } vector = {text, 6};
    struct { u32 length, level, type; int descriptor; } control = {16, 1, 1, pipe[1]};
    struct { void *name; u32 nameLength; void *vector; u32 count; void *control; u32 controlLength, flags; } message = {
        0, 0, &vector, 1, &control, 16, 0};
    say("sendmsg", sys(211, pair[0], &message, 0));
    memset(&control, 0, sizeof control);
    vector.base = got;
    vector.size = sizeof got;
    say("recvmsg", sys(212, pair[1], &message, 0));
    put(got), put("\n");
    say("control", message.controlLength), say("length", control.length), say("type", control.type);
    say("through it", sys(64, control.descriptor, "x", 1));
    say("from the pipe", sys(63, pipe[0], got, 1));
    struct { int seconds, microseconds; } timeout = {0, 20000}, read;
    u32 size = sizeof read;
    say("SO_RCVTIMEO", sys(208, pair[1], 1, 20, &timeout, 8));
    say("getsockopt", sys(209, pair[1], 1, 20, &read, &size));
    say("size", size), say("microseconds", read.microseconds);
    say("recvfrom", sys(207, pair[1], got, 16, 0, 0, 0));
    struct { s64 seconds, nanoseconds; } none = {0, 1000000};
    struct { int descriptor; short events, found; } poll = {pipe[1], 4, 0};
    say("ppoll_time64", sys(414, &poll, 1, &none, 0, 8)), say("found", poll.found);
    u32 set[2] = {1u << pipe[1], 0x5555};
    say("pselect6_time64", sys(413, pipe[1] + 1, 0, set, 0, &none, 0)), say("set", set[0] == 1u << pipe[1]), say("beside", set[1]);
    int polled = sys(20, 0);
    struct { u32 events, pad; u64 data; } event = {4, 0, 0x123456789abcdefULL}, ready;
    say("epoll_ctl", sys(21, polled, 1, pipe[1], &event));
    say("epoll_pwait", sys(22, polled, &ready, 1, 0, 0, 8)), say("data", ready.data);
}

int run(long count, char **words) {
    offsets();
    messages();
    return 0;
}
