#include "daemon/inherited.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3, NAME_SIZE = 32 };

/* How many there are; 0 when they are none of ours. */
static int count_sockets(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != (long)getpid()) {
        return 0;
    }
    long number = strtol(count, NULL, 10);
    return number > 0 && number <= CONFIG_LISTENERS_MAX ? (int)number : 0;
}

/* The `index`th of LISTEN_FDNAMES, a colon list. */
static void read_name(const char *names, int index, char name[NAME_SIZE])
{
    name[0] = '\0';
    for (int i = 0; names != NULL; i++) {
        size_t length = strcspn(names, ":");
        if (i == index) {
            (void)snprintf(name, NAME_SIZE, "%.*s", (int)length, names);
            return;
        }
        names = names[length] == ':' ? names + length + 1 : NULL;
    }
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET) {
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    }
    /* getsockname() has filled it. */
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
    return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* What the configuration demands of such a listener is demanded of the socket, too. */
static bool is_guarded(const struct sockaddr_storage *address, bool has_token,
                       struct http_listener *listener, struct problem *problem)
{
    if (address->ss_family == AF_UNIX) {
        return true;
    }
    listener->loopback = is_loopback(address);
    bool open = listener->role == HTTP_READ && (listener->loopback || listener->insecure);
    return listener->role == HTTP_PROBE || open || has_token ||
           problem_set(problem, "the inherited TCP socket for listener %s needs http.token_file",
                       listener->address);
}

static bool give(int fd, bool has_token, struct http_listener *listener, struct problem *problem)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int listening = 0;
    socklen_t length = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return problem_set(problem, "descriptor %d from LISTEN_FDS is no listening socket", fd);
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    bool unix_socket = address.ss_family == AF_UNIX;
    if (unix_socket != (listener->path != NULL)) {
        return problem_set(problem, "the inherited socket for listener %s is %s one",
                           listener->address, unix_socket ? "a unix" : "a TCP");
    }
    listener->fd = fd;
    return is_guarded(&address, has_token, listener, problem);
}

static struct http_listener *find(const struct config_http *config, const char *name,
                                  struct http_listener *listeners)
{
    static const char *const roles[] = {
        [HTTP_PROBE] = "probe", [HTTP_READ] = "read", [HTTP_CONTROL] = "control"};
    for (size_t i = 0; i < config->listener_count; i++) {
        if (listeners[i].fd == 0 && strcmp(roles[listeners[i].role], name) == 0) {
            return &listeners[i];
        }
    }
    return NULL;
}

bool inherited_take(const struct config_http *config, bool has_token,
                    struct http_listener *listeners, struct problem *problem)
{
    const char *names = getenv("LISTEN_FDNAMES");
    char name[NAME_SIZE];
    int count = count_sockets();
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        read_name(names, i, name);
        struct http_listener *listener = find(config, name, listeners);
        good =
            listener != NULL
                ? give(FIRST_FD + i, has_token, listener, problem)
                : problem_set(problem,
                              "the inherited socket named '%s' has no listener: the name must be "
                              "read, probe or control (FileDescriptorName=), and "
                              "http.listeners must have one of that role for each",
                              name);
    }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return good;
}
