/* The least that an HTTP server can do: one epoll loop that answers every request with the same
 * bytes. What leaderd's CPU per request is compared with.
 *
 * usage: responder PORT FILE */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char answer[65536];
static size_t answer_length;

static void load(const char *path)
{
    static char body[60000];
    FILE *file = fopen(path, "r");
    size_t length = file != NULL ? fread(body, 1, sizeof body, file) : 0;
    int head = snprintf(
        answer, sizeof answer,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", length);
    memcpy(answer + head, body, length);
    answer_length = (size_t)head + length;
}

static int listen_at(int port)
{
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 512) != 0) {
        perror("responder");
        exit(1);
    }
    return fd;
}

/* wrk sends one whole request at a time. */
static void serve(int fd)
{
    char request[4096];
    ssize_t length = read(fd, request, sizeof request);
    if (length <= 0 || write(fd, answer, answer_length) < 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 64;
    }
    load(argv[2]);
    int door = listen_at(atoi(argv[1]));
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, ready[256];
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
    for (;;) {
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == door) {
                event.data.fd = accept(door, NULL, NULL);
                (void)epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
            } else {
                serve(ready[i].data.fd);
            }
        }
    }
}
