#define _GNU_SOURCE
#include "UserFaults.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Since Linux 6.1 a device gives such descriptors to whoever may open it, with faults of the kernel whatever vm.unprivileged_userfaultfd says.
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

static int open_by_device(void) {
    int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
    if (device < 0) return -1;
    int faults = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
    int error = errno;
    close(device);
    errno = error;
    return faults;
}

int apus_faults_open(void) {
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults < 0) {
        int error = errno;
        faults = open_by_device();
        if (faults < 0) errno = error;
    }
    if (faults < 0) return -1;
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MISSING_SHMEM};
    if (ioctl(faults, UFFDIO_API, &api) == 0) return faults;
    int error = errno;
    close(faults);
    errno = error;
    return -1;
}

int apus_faults_register(int faults, uint64_t start, uint64_t count) {
    struct uffdio_register range = {.range = {.start = start, .len = count}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) return errno;
    const uint64_t needed = (uint64_t)1 << _UFFDIO_COPY | (uint64_t)1 << _UFFDIO_ZEROPAGE;
    return (range.ioctls & needed) == needed ? 0 : ENOTSUP;
}

int apus_faults_unregister(int faults, uint64_t start, uint64_t count) {
    struct uffdio_range range = {.start = start, .len = count};
    return ioctl(faults, UFFDIO_UNREGISTER, &range) == 0 ? 0 : errno;
}

static void wake(int faults, uint64_t start, uint64_t count) {
    struct uffdio_range range = {.start = start, .len = count};
    ioctl(faults, UFFDIO_WAKE, &range);
}

static const uint64_t page = 4096;

int apus_faults_copy(int faults, uint64_t to, const void *from, uint64_t count) {
    for (uint64_t done = 0; done < count;) {
        struct uffdio_copy copy = {.dst = to + done, .src = (uint64_t)(uintptr_t)from + done, .len = count - done};
        if (ioctl(faults, UFFDIO_COPY, &copy) == 0) return 0;
        if (errno == EEXIST) {
            wake(faults, to + done, page);
            done += page;
        } else if (errno == EAGAIN) {
            // The memory map changed under way: copy.copy says how far it has come, or is an error when it has not begun.
            if (copy.copy > 0) done += (uint64_t)copy.copy;
        } else {
            return errno;
        }
    }
    return 0;
}

int apus_faults_zero(int faults, uint64_t to, uint64_t count) {
    for (uint64_t done = 0; done < count;) {
        struct uffdio_zeropage zero = {.range = {.start = to + done, .len = count - done}};
        if (ioctl(faults, UFFDIO_ZEROPAGE, &zero) == 0) return 0;
        if (errno == EEXIST) {
            wake(faults, to + done, page);
            done += page;
        } else if (errno == EAGAIN) {
            if (zero.zeropage > 0) done += (uint64_t)zero.zeropage;
        } else {
            return errno;
        }
    }
    return 0;
}

int apus_faults_next(int faults, uint64_t *address) {
    for (;;) {
        struct uffd_msg message;
        ssize_t got = read(faults, &message, sizeof message);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN ? 0 : -1;
        if (got != sizeof message) return 0;
        if (message.event != UFFD_EVENT_PAGEFAULT) continue;
        *address = message.arg.pagefault.address;
        return 1;
    }
}
