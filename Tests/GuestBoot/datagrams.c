// Runs in the guest of network.py, whose busybox has no UDP. usage: datagrams serve PORT | datagrams ask ADDRESS PORT TEXT
// `serve` sends every datagram back, turned round; `ask` sends one and prints the answer.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static void serve(int socket) {
    char bytes[65536], turned[65536];
    for (;;) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        ssize_t count = recvfrom(socket, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &size);
        for (ssize_t i = 0; i < count; i++) turned[i] = bytes[count - 1 - i];
        if (count >= 0) sendto(socket, turned, count, 0, (struct sockaddr *)&peer, size);
    }
}

static int ask(int socket, struct sockaddr_in *peer, const char *text) {
    char bytes[65536];
    struct timeval patience = {10, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sendto(socket, text, strlen(text), 0, (struct sockaddr *)peer, sizeof *peer);
    ssize_t count = recv(socket, bytes, sizeof bytes, 0);
    if (count < 0) return 1;
    printf("%.*s\n", (int)count, bytes);
    return 0;
}

int main(int count, char **words) {
    int serves = count == 3 && !strcmp(words[1], "serve");
    if (!serves && !(count == 5 && !strcmp(words[1], "ask"))) return 2;
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[serves ? 2 : 3]))};
    if (!serves) return inet_pton(AF_INET, words[2], &address.sin_addr) == 1 ? ask(descriptor, &address, words[4]) : 2;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address)) return 1;
    serve(descriptor);
}
