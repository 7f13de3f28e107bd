// Files and events: stat, directories, locks, epoll, eventfd, timerfd, signalfd, sockets with descriptors, semaphores.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static void check(const char *what, int good) { printf("%s: %s\n", what, good ? "ok" : "wrong"); }

int main(void) {
    char folder[] = "/tmp/apus-files-XXXXXX";
    check("mkdtemp", mkdtemp(folder) != NULL && chdir(folder) == 0);
    int file = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    check("write", write(file, "0123456789", 10) == 10);
    struct stat status;
    check("fstat", fstat(file, &status) == 0 && status.st_size == 10 && (status.st_mode & 0777) == 0640 && status.st_nlink == 1);
    check("device", stat("/dev/null", &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));
    check("O_DIRECTORY", open("a", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
    check("symlink", symlink("a", "l") == 0 && open("l", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
    check("F_GETFL", (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDWR && fcntl(file, F_SETFL, O_APPEND) == 0 && (fcntl(file, F_GETFL) & O_APPEND) != 0);
    check("F_SETFL of too many bits", fcntl(file, F_SETFL, (long)(0x8000000000000000ULL | O_APPEND)) == 0 && (fcntl(file, F_GETFL) & O_APPEND) != 0);
    struct iovec parts[2] = {{"ab", 2}, {"cde", 3}};
    check("writev", writev(file, parts, 2) == 5 && lseek(file, 0, SEEK_END) == 15);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    check("lock", fcntl(file, F_SETLK, &lock) == 0);
    DIR *directory = opendir(".");
    int entries = 0;
    while (readdir(directory) != NULL) entries++;
    closedir(directory);
    check("readdir", entries == 4);
    check("rename", rename("a", "b") == 0 && access("a", F_OK) == -1 && unlink("b") == 0 && unlink("l") == 0);
    const char *raw = "\xff\xc3";
    char target[8] = {0};
    check("a name that isn't UTF-8", (file = open(raw, O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0 && stat(raw, &status) == 0 && unlink(raw) == 0);
    check("a link that isn't UTF-8", symlink(raw, raw) == 0 && readlink(raw, target, 8) == 2 && strcmp(target, raw) == 0 && unlink(raw) == 0);
    char overlong[10000];
    memset(overlong, 'a', sizeof overlong - 1);
    overlong[sizeof overlong - 1] = 0;
    check("an overlong path", open(overlong, O_RDONLY) == -1 && errno == ENAMETOOLONG && stat(overlong, &status) == -1 && errno == ENAMETOOLONG);
    chdir("/");
    rmdir(folder);

    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    struct termios locked;
    memset(&locked, 0xff, sizeof locked);
    check("locked settings", ioctl(terminal, TIOCGLCKTRMIOS, &locked) == 0 && locked.c_iflag == 0 && ioctl(terminal, TIOCSLCKTRMIOS, &locked) == 0);
    close(terminal);

    int poller = epoll_create1(EPOLL_CLOEXEC), counter = eventfd(0, EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1122334455667788};
    check("epoll_ctl", epoll_ctl(poller, EPOLL_CTL_ADD, counter, &event) == 0);
    struct epoll_event list[4];
    check("epoll_wait, nothing", epoll_wait(poller, list, 4, 0) == 0);
    uint64_t value = 5;
    (void)!write(counter, &value, 8);
    check("epoll_wait", epoll_wait(poller, list, 4, 1000) == 1 && list[0].data.u64 == 0x1122334455667788 && list[0].events == EPOLLIN);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec when = {.it_value = {0, 1000000}};
    timerfd_settime(timer, 0, &when, NULL);
    check("timerfd", read(timer, &value, 8) == 8 && value == 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, 0);
    raise(SIGUSR1);
    struct signalfd_siginfo info;
    check("signalfd", read(signals, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);

    int pair[2];
    check("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &counter, sizeof(int));
    check("sendmsg", sendmsg(pair[0], &message, 0) == 1);
    memset(control, 0, sizeof control);
    check("recvmsg", recvmsg(pair[1], &message, 0) == 1);
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    check("descriptor received", read(received, &value, 8) == 8 && value == 5);

    int id = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    struct semid_ds state;
    check("semctl", semctl(id, 0, IPC_STAT, &state) == 0 && state.sem_nsems == 3 && state.sem_otime == 0);
    struct sembuf up = {1, 4, 0};
    check("semop", semop(id, &up, 1) == 0 && semctl(id, 1, GETVAL) == 4 && semctl(id, 0, IPC_RMID) == 0);
    return 0;
}
