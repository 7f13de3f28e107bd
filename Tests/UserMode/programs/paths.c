// Programs and scripts whose paths are bytes, not text: executed by path, by descriptor and folder, as an interpreter.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/apus-paths-XXXXXX", program[64], script[64];

static void copy(const char *from, const char *to) {
    static char buffer[1 << 16];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
    for (ssize_t n; (n = read(in, buffer, sizeof buffer)) > 0;) write(out, buffer, n);
    close(in);
    close(out);
}

static void show(const char *what, pid_t child) {
    int status;
    waitpid(child, &status, 0);
    printf("%s: status %d\n", what, WEXITSTATUS(status));
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        char link[256] = "";
        readlink("/proc/self/exe", link, sizeof link - 1);
        const char *name = strrchr(link, '/');
        printf("%s: name %s, last word ends in %02x\n", argv[1], name && !strcmp(name, "/p\xff\xc3") ? "kept" : "lost", argv[argc - 1][strlen(argv[argc - 1]) - 1] & 0xff);
        fflush(stdout);
        return 7;
    }
    mkdtemp(folder);
    snprintf(program, sizeof program, "%s/p\xff\xc3", folder);
    snprintf(script, sizeof script, "%s/s\x80", folder);
    copy("/proc/self/exe", program);
    FILE *file = fopen(script, "w");
    fprintf(file, "#!%s script\n", program);
    fclose(file);
    chmod(script, 0755);
    char *words[] = {program, "path", "a\xfe", NULL}, *none[] = {NULL};
    if (!fork()) { execve(program, words, none); _exit(1); }
    show("execve", -1);
    words[1] = "folder";
    int directory = open(folder, O_PATH | O_DIRECTORY);
    if (!fork()) { syscall(SYS_execveat, directory, "p\xff\xc3", words, none, 0); _exit(1); }
    show("execveat", -1);
    char *plain[] = {script, "b\xfd", NULL};
    if (!fork()) { execve(script, plain, none); _exit(1); }
    show("script", -1);
    unlink(program);
    if (!fork()) { execve(program, words, none); _exit(2); }
    show("gone", -1);
    unlink(script);
    rmdir(folder);
    return 0;
}
