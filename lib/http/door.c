/* Listening sockets. */
#include "lib/http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool fail(const struct http_door *door, const char *what, int reason,
                 struct problem *problem)
{
    const char *hint = reason == EADDRINUSE ? ": another process listens there"
                       : reason == EACCES   ? ": this user may not"
                                            : "";
    return problem_set(problem, "cannot %s %s: %s%s", what, door->listener.address,
                       strerror(reason), hint);
}

static bool listen_on(struct http_door *door, const struct sockaddr *address, socklen_t size,
                      struct problem *problem)
{
    if (bind(door->fd, address, size) != 0 || listen(door->fd, BACKLOG) != 0) {
        return fail(door, "listen on", errno, problem);
    }
    return true;
}

static void read_port(struct http_door *door)
{
    struct sockaddr_storage storage = {0};
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&storage;
    socklen_t length = sizeof storage;
    if (getsockname(door->fd, (struct sockaddr *)&storage, &length) == 0 &&
        storage.ss_family != AF_UNIX) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname() has filled it
        door->port = ntohs(storage.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
    }
}

static bool open_tcp(struct http_door *door, struct problem *problem)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    uint16_t port = htons((uint16_t)door->listener.port);
    socklen_t size = sizeof *v4;
    if (inet_pton(AF_INET, door->listener.host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
    } else if (inet_pton(AF_INET6, door->listener.host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = port;
        size = sizeof *v6;
    } else {
        return fail(door, "listen on", EINVAL, problem);
    }
    int one = 1;
    door->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door->fd < 0) {
        return fail(door, "listen on", errno, problem);
    }
    (void)setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (storage.ss_family == AF_INET6) {
        (void)setsockopt(door->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (!listen_on(door, (struct sockaddr *)&storage, size, problem)) {
        return false;
    }
    read_port(door);
    return true;
}

/* A socket that nobody answers on was left behind by a crash. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return refused;
}

static bool open_unix(struct http_door *door, struct problem *problem)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = door->listener.path;
    if (strlen(path) >= sizeof address.sun_path) {
        return fail(door, "listen on", ENAMETOOLONG, problem);
    }
    memcpy(address.sun_path, path, strlen(path));
    if (is_stale(&address)) {
        (void)unlink(path);
    }
    door->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (door->fd < 0) {
        return fail(door, "listen on", errno, problem);
    }
    /* The mode is set before anybody can connect. */
    mode_t before = umask(0777);
    bool bound = bind(door->fd, (struct sockaddr *)&address, sizeof address) == 0;
    int reason = errno;
    (void)umask(before);
    if (!bound) {
        return fail(door, "listen on", reason, problem);
    }
    door->bound = true;
    if (chmod(path, (mode_t)door->listener.mode) != 0 || listen(door->fd, BACKLOG) != 0) {
        return fail(door, "listen on", errno, problem);
    }
    return true;
}

bool door_open(struct http_door *door, struct problem *problem)
{
    door->fd = door->listener.fd > 0 ? door->listener.fd : -1;
    if (door->fd >= 0) {
        read_port(door);
        return true;
    }
    return door->listener.path != NULL ? open_unix(door, problem) : open_tcp(door, problem);
}

bool door_start(struct http_door *door, uv_poll_cb on_readable)
{
    if (uv_poll_init(door->server->loop, &door->poll, door->fd) != 0) {
        return false;
    }
    door->poll.data = door;
    door->server->open_handles++;
    return uv_poll_start(&door->poll, UV_READABLE, on_readable) == 0;
}

void door_deinit(struct http_door *door)
{
    if (door->fd >= 0) {
        close(door->fd);
    }
    if (door->bound) {
        (void)unlink(door->listener.path);
    }
    free((char *)(uintptr_t)door->listener.address);
    free((char *)(uintptr_t)door->listener.path);
    free((char *)(uintptr_t)door->listener.host);
}
