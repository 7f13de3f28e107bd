// Processes: fork, vfork, posix_spawn, execve of programs and scripts, pipes, exit states, descriptors across execution.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __riscv
#define MACHINE "riscv64"
#elif defined __aarch64__
#define MACHINE "aarch64"
#elif defined __arm__
#define MACHINE "armv7l"
#endif

extern char **environ;

static int state_of(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Those of the emulator would be counted too if a program could see them. */
static int descriptors(void) {
    int open = 0;
    struct stat status;
    for (int fd = 3; fd < 1024; fd++) open += fstat(fd, &status) == 0 || fcntl(fd, F_GETFD) != -1 || lseek(fd, 0, SEEK_CUR) != -1;
    return open;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1 && strcmp(arguments[1], "child") == 0) {
        printf("child:");
        for (int i = 2; i < count; i++) printf(" %s", arguments[i]);
        printf(" %s, descriptors %d\n", getenv("MARK") ? getenv("MARK") : "-", descriptors());
        return 21;
    }
    if (count > 2 && strcmp(arguments[1], "argument") == 0) {
        printf("script of the right name %d with %s\n", strstr(arguments[2], "/apus-script-") != NULL, count > 3 ? arguments[3] : "-");
        return 22;
    }
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return 1;
    self[length] = 0;
    printf("own name ends in %s\n", strrchr(self, '/') != NULL ? "/processes" : "?");

    printf("descriptors: %d\n", descriptors());

    pid_t child = fork();
    if (child == 0) _exit(7);
    printf("fork: %d\n", state_of(child));

    volatile int shared = 1;
    child = vfork();
    if (child == 0) {
        shared = 2;
        _exit(8);
    }
    printf("vfork: %d, memory %s\n", state_of(child), shared == 2 ? "shared" : "copied");

    setenv("MARK", "kept", 1);
    char *list[] = {self, "child", "by", "spawn", NULL};
    int code = posix_spawn(&child, self, NULL, NULL, list, environ);
    printf("posix_spawn: %d\n", code == 0 ? state_of(child) : -code);
    code = posix_spawn(&child, "/nonexistent", NULL, NULL, list, environ);
    printf("posix_spawn of nothing: %s\n", strerror(code));

    child = fork();
    if (child == 0) {
        char *none[] = {NULL};
        list[2] = "by";
        list[3] = "exec";
        execve(self, list, none);
        _exit(99);
    }
    printf("execve: %d\n", state_of(child));
    printf("execve of a folder: %s\n", execve("/", list, environ) == -1 ? strerror(errno) : "?");

    char script[] = "/tmp/apus-script-XXXXXX";
    int file = mkstemp(script);
    dprintf(file, "#! %s argument\n", self);
    fchmod(file, 0755);
    close(file);
    char *words[] = {script, "more", NULL};
    child = fork();
    if (child == 0) {
        execv(script, words);
        _exit(99);
    }
    code = state_of(child);
    printf("script: %d\n", code);
    unlink(script);

    // close_range and dup2 over everything do not take away what execution needs.
    child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 1100; fd++) close(fd);
        list[3] = "closed";
        execve(self, list, environ);
        _exit(99);
    }
    printf("after closing all: %d\n", state_of(child));
    struct utsname name;
    uname(&name);
    printf("machine %s\n", strcmp(name.machine, MACHINE) ? name.machine : "of the program");
    FILE *pipe = popen("echo through a shell", "r");
    char line[100] = "";
    if (pipe != NULL && fgets(line, sizeof line, pipe) != NULL) printf("popen: %s", line);
    if (pipe != NULL) pclose(pipe);
    return 0;
}
