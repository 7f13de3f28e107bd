// I/O that the kernel does by itself: io_uring, AIO, userfaultfd; vectors into other memory; many messages at once.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/epoll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static void check(const char *what, int good) {
    printf("%s: %s\n", what, good ? "ok" : "wrong");
    fflush(stdout);
}

// With -B or -R there is no io_uring, AIO or userfaultfd, which is a good answer, and the only one.
static int absent(const char *what, long result) {
    if (result >= 0 || errno != ENOSYS) return 0;
    check(what, 1);
    return 1;
}

static char *rings;
static struct io_uring_params parameters;
static struct io_uring_sqe *entries;

static unsigned *word(unsigned offset) { return (unsigned *)(rings + offset); }

static void submit(int ring, struct io_uring_sqe entry) {
    unsigned tail = *word(parameters.sq_off.tail), slot = tail & *word(parameters.sq_off.ring_mask);
    entries[slot] = entry;
    word(parameters.sq_off.array)[slot] = slot;
    __atomic_store_n(word(parameters.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
}

// The result of the request with that number once it is there.
static int result_of(int ring, uint64_t number) {
    for (;;) {
        unsigned head = *word(parameters.cq_off.head);
        if (head == __atomic_load_n(word(parameters.cq_off.tail), __ATOMIC_ACQUIRE)) return -9999;
        struct io_uring_cqe *done = (struct io_uring_cqe *)(rings + parameters.cq_off.cqes) + (head & *word(parameters.cq_off.ring_mask));
        int result = done->user_data == number ? done->res : -9998;
        __atomic_store_n(word(parameters.cq_off.head), head + 1, __ATOMIC_RELEASE);
        if (result != -9998) return result;
    }
}

static void uring(int file) {
    static const char *names[] = {"uring: write", "uring: read", "uring: what was written is read", "uring: nop", "uring: probe",
                                  "uring: EPOLL_CTL", "uring: OPENAT of a folder", "uring: OPENAT2 of no folder"};
    int ring = syscall(SYS_io_uring_setup, 8, &parameters);
    if (absent(names[0], ring)) {
        for (int i = 1; i < 8; i++) check(names[i], 1);
        return;
    }
    unsigned size = parameters.sq_off.array + parameters.sq_entries * 4, other = parameters.cq_off.cqes + parameters.cq_entries * 16;
    rings = mmap(NULL, size > other ? size : other, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    entries = mmap(NULL, parameters.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    char text[] = "through the ring", back[sizeof text] = "";
    submit(ring, (struct io_uring_sqe){.opcode = IORING_OP_WRITE, .fd = file, .addr = (uintptr_t)text, .len = sizeof text, .user_data = 1});
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    check(names[0], result_of(ring, 1) == sizeof text);
    submit(ring, (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = file, .addr = (uintptr_t)back, .len = sizeof back, .user_data = 2});
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    check(names[1], result_of(ring, 2) == sizeof back);
    check(names[2], strcmp(text, back) == 0);
    submit(ring, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 3});
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    check(names[3], result_of(ring, 3) == 0);
    struct io_uring_probe *probe = calloc(1, sizeof *probe + 256 * sizeof probe->ops[0]);
    check(names[4], syscall(SYS_io_uring_register, ring, IORING_REGISTER_PROBE, probe, 256) == 0 && (probe->ops[IORING_OP_READ].flags & 1) != 0);
    int poller = epoll_create1(0), pair[2];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, seen = {0};
    (void)!pipe(pair);
    struct io_uring_sqe add = {.opcode = IORING_OP_EPOLL_CTL, .fd = poller, .len = EPOLL_CTL_ADD, .off = pair[0], .addr = (uintptr_t)&event, .user_data = 4};
    submit(ring, add);
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    int added = result_of(ring, 4);
    (void)!write(pair[1], "x", 1);
    check(names[5], added == 0 && epoll_wait(poller, &seen, 1, 1000) == 1 && seen.data.u64 == event.data.u64 && seen.events == EPOLLIN);
    struct io_uring_sqe open = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"/tmp", .open_flags = O_RDONLY | O_DIRECTORY, .user_data = 5};
    submit(ring, open);
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    int folder = result_of(ring, 5);
    check(names[6], folder >= 0);
    close(folder);
    uint64_t how[3] = {O_RDONLY | O_DIRECTORY};
    struct io_uring_sqe open2 = {.opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = (uintptr_t)"/etc/passwd", .off = (uintptr_t)how, .len = sizeof how, .user_data = 6};
    submit(ring, open2);
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    check(names[7], result_of(ring, 6) == -ENOTDIR);
    close(poller);
    close(pair[0]);
    close(pair[1]);
    close(ring);
}

static void aio(int file) {
    aio_context_t context = 0;
    if (absent("aio: write", syscall(SYS_io_setup, 4, &context))) {
        check("aio: event", 1);
        check("aio: io_pgetevents", 1);
        return;
    }
    char text[] = "asynchronous";
    struct iocb block = {.aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = file, .aio_buf = (uintptr_t)text, .aio_nbytes = sizeof text, .aio_data = 77};
    struct iocb *list[] = {&block};
    struct io_event event;
    check("aio: write", syscall(SYS_io_submit, context, 1, list) == 1);
    check("aio: event", syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1 && event.data == 77 && event.res == sizeof text
              && event.obj == (uintptr_t)&block);
    struct timespec soon = {0, 1000};
    check("aio: io_pgetevents", syscall(SYS_io_pgetevents, context, 1, 1, &event, &soon, NULL) == 0);
    syscall(SYS_io_destroy, context);
}

static int faults;
static void *fill(void *argument) {
    struct uffd_msg message;
    static char page[4096];
    memset(page, 'u', sizeof page);
    if (read(faults, &message, sizeof message) != sizeof message) return NULL;
    struct uffdio_copy copy = {.dst = message.arg.pagefault.address & ~4095ull, .src = (uintptr_t)page, .len = 4096};
    ioctl(faults, UFFDIO_COPY, &copy);
    return NULL;
}

static void user_faults(void) {
    faults = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    if (faults < 0) return check("userfaultfd", errno == ENOSYS || errno == EPERM);
    struct uffdio_api api = {.api = UFFD_API};
    char *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register area = {.range = {(uintptr_t)place, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    pthread_t thread;
    int good = ioctl(faults, UFFDIO_API, &api) == 0 && ioctl(faults, UFFDIO_REGISTER, &area) == 0;
    pthread_create(&thread, NULL, fill, NULL);
    check("userfaultfd", good && place[100] == 'u');
    pthread_join(thread, NULL);
}

static void vectors(void) {
    char first[] = "remote", second[] = "vector", out[12];
    struct iovec remote[] = {{first, 6}, {second, 6}}, local[] = {{out, 3}, {out + 3, 9}};
    check("process_vm_readv", process_vm_readv(getpid(), local, 2, remote, 2, 0) == 12 && memcmp(out, "remotevector", 12) == 0);
    memcpy(out, "VECTORremote", 12);
    check("process_vm_writev", process_vm_writev(getpid(), local, 2, remote, 2, 0) == 12 && memcmp(second, "remote", 6) == 0);
}

static void messages(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    char texts[3][8] = {"one", "two", "three"}, back[3][8] = {{0}};
    struct iovec parts[3], places[3];
    struct mmsghdr out[3] = {{{0}}}, in[3] = {{{0}}};
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){texts[i], strlen(texts[i]) + 1};
        places[i] = (struct iovec){back[i], 8};
        out[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        in[i].msg_hdr = (struct msghdr){.msg_iov = &places[i], .msg_iovlen = 1};
    }
    check("sendmmsg", sendmmsg(pair[0], out, 3, 0) == 3 && out[2].msg_len == 6);
    check("recvmmsg", recvmmsg(pair[1], in, 3, 0, NULL) == 3 && in[0].msg_len == 4 && strcmp(back[2], "three") == 0);
    int on = 1;
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    char control[CMSG_SPACE(sizeof(struct ucred))], byte = 'c';
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    (void)!write(pair[0], &byte, 1);
    check("SCM_CREDENTIALS", recvmsg(pair[1], &message, 0) == 1 && message.msg_iov == &one && message.msg_control == control);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    struct ucred *sender = header ? (struct ucred *)CMSG_DATA(header) : NULL;
    check("credentials", sender && header->cmsg_type == SCM_CREDENTIALS && sender->pid == getpid() && sender->uid == getuid());
    int waiting = -1;
    (void)!write(pair[0], texts, 8);
    check("FIONREAD", ioctl(pair[1], FIONREAD, &waiting) == 0 && waiting == 8);
    check("unknown ioctl", ioctl(pair[1], 0x12345678, &waiting) == -1 && errno == ENOTTY);
    check("no terminal", isatty(pair[0]) == 0 && errno == ENOTTY);
}

int main(void) {
    int lowest = dup(0);
    check("no descriptor of the emulator's", lowest == 3);
    close(lowest);
    char name[] = "/tmp/apus-rings-XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    uring(file);
    aio(file);
    user_faults();
    vectors();
    messages();
    return 0;
}
