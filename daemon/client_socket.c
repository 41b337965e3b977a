#include "daemon/client_socket.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool client_socket_wait(int fd, short events, int64_t timeout_ms)
{
    struct pollfd descriptor = {.fd = fd, .events = events};
    if (timeout_ms <= 0) {
        return false;
    }
    int ready = poll(&descriptor, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    /* After a signal the caller's loop looks at the time again. */
    return ready > 0 || (ready < 0 && errno == EINTR);
}

/* Connects to one address. Returns the descriptor, or -1 with an errno. */
static int connect_to(const struct sockaddr *address, socklen_t length, int64_t timeout_ms,
                      int *error)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    *error = 0;
    if (connect(fd, address, length) != 0) {
        *error = errno;
        if (*error == EINPROGRESS || *error == EINTR) {
            socklen_t size = sizeof *error;
            *error = ETIMEDOUT;
            if (client_socket_wait(fd, POLLOUT, timeout_ms)) {
                (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size);
            }
        }
    }
    if (*error != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int connect_unix(const char *path, int64_t timeout_ms, int *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) {
        *error = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, length + 1);
    return connect_to((struct sockaddr *)&address, sizeof address, timeout_ms, error);
}

static int connect_tcp(const char *host_port, int64_t timeout_ms, int *error)
{
    char host[CLIENT_TARGET_SIZE];
    (void)memccpy(host, host_port, '\0', sizeof host);
    char *port = strrchr(host, ':');
    *port++ = '\0';
    char *name = host;
    if (name[0] == '[') {
        name++;
        name[strlen(name) - 1] = '\0';
    }
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    *error = 0;
    if (getaddrinfo(name, port, &wanted, &found) != 0) {
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next) {
        fd = connect_to(one->ai_addr, one->ai_addrlen, timeout_ms, error);
    }
    freeaddrinfo(found);
    return fd;
}

int client_socket_connect(const struct client_target *target, int64_t timeout_ms, int *error)
{
    return target->unix_socket ? connect_unix(target->address, timeout_ms, error)
                               : connect_tcp(target->address, timeout_ms, error);
}
