# gcc: functions of the C library, long doubles, a thread
# needs: /usr/bin/gcc
# prints: 55 2.718282 thread 7
# packages: gcc libc6-dev
cat > a.c <<'E'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void *run(void *p) { *(int *)p += 3; return p; }
int main(void) {
    int list[10], sum = 0, value = 4;
    for (int i = 0; i < 10; i++) list[i] = (i * 7) % 10 + 1;
    qsort(list, 10, sizeof *list, order);
    for (int i = 0; i < 10; i++) sum += list[i] == i + 1 ? list[i] : 1000;
    long double e = 1, term = 1;
    for (int i = 1; i < 30; i++) e += term /= i;
    pthread_t thread;
    pthread_create(&thread, NULL, run, &value);
    pthread_join(thread, NULL);
    printf("%d %.6Lf thread %d\n", sum, e, value);
}
E
gcc -O2 -Wall -pthread a.c -o a && ./a
