#include "lib/diagnostics/probe.h"

#include "lib/base/moment.h"
#include "lib/diagnostics/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ECHO_SIZE = 16, STATUS_LINE_SIZE = 13 /* "HTTP/1.1 200" and a NUL */ };

struct probe {
    uv_loop_t *loop;
    struct probe_target target;
    char *host;
    probe_cb *done;
    void *owner;
    struct lookup *lookup;
    struct sockaddr_storage addresses[LOOKUP_ADDRESSES_MAX];
    size_t address_count, next;
    int fd;
    uv_poll_t *poll; /* of its own storage: it is closed before the probe is */
    uv_timer_t limit;
    int64_t limit_ms, began_us, sent_wall_us;
    uint64_t nonce;
    char *request; /* HTTP; NULL for others */
    bool asked;    /* the request went out: what comes is its answer */
    char status_line[STATUS_LINE_SIZE];
    size_t status_length;
};

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static void hang_up(struct probe *probe)
{
    if (probe->poll != NULL) {
        (void)uv_poll_stop(probe->poll);
        uv_close((uv_handle_t *)probe->poll, on_poll_closed);
        probe->poll = NULL;
    }
    if (probe->fd >= 0) {
        (void)close(probe->fd);
        probe->fd = -1;
    }
}

static void on_limit_closed(uv_handle_t *handle)
{
    struct probe *probe = handle->data;
    free(probe->host);
    free(probe->request);
    free(probe);
}

void probe_cancel(struct probe *probe)
{
    if (probe != NULL) {
        lookup_cancel(probe->lookup);
        hang_up(probe);
        uv_close((uv_handle_t *)&probe->limit, on_limit_closed);
    }
}

static void finish(struct probe *probe, const struct probe_result *result)
{
    probe_cb *done = probe->done;
    void *owner = probe->owner;
    probe_cancel(probe);
    done(owner, result);
}

static void succeed(struct probe *probe, const struct sntp_result *time)
{
    struct probe_result result = {
        .ok = true, .took_us = boottime_us() - probe->began_us, .status = "ok"};
    if (time != NULL) {
        result.time = *time;
    }
    finish(probe, &result);
}

static const char *word_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return "refused";
    case ETIMEDOUT:
        return "timeout";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
        return "unreachable";
    case EPERM:
    case EACCES:
        return "not_permitted";
    default:
        return "error";
    }
}

static void fail(struct probe *probe, int error)
{
    struct probe_result result = {.took_us = -1, .status = word_of(error)};
    if (probe->target.kind == PROBE_ICMP && (error == EPERM || error == EACCES)) {
        (void)problem_set(&result.error, "this process may not send ICMP echoes; see the sysctl "
                                         "net.ipv4.ping_group_range");
    } else {
        (void)problem_set(&result.error, "%s: %s", probe->host, strerror(error));
    }
    finish(probe, &result);
}

static void on_limit(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    struct probe_result result = {.took_us = -1, .status = "timeout"};
    (void)problem_set(&result.error,
                      probe->lookup != NULL ? "%s: its name was not resolved in time"
                                            : "%s: no answer in time",
                      probe->host);
    finish(probe, &result);
}

static void try_next(struct probe *probe);

static bool is_stream(const struct probe *probe)
{
    return probe->target.kind == PROBE_TCP || probe->target.kind == PROBE_UNIX ||
           probe->target.kind == PROBE_HTTP;
}

static void on_ready(uv_poll_t *poll, int status, int events);

/* A request of this size fits into the buffer of a new connection whole. */
static void ask(struct probe *probe)
{
    size_t length = strlen(probe->request);
    ssize_t sent = send(probe->fd, probe->request, length, MSG_NOSIGNAL);
    if (sent != (ssize_t)length) {
        fail(probe, sent < 0 ? errno : EMSGSIZE);
        return;
    }
    probe->asked = true;
    (void)uv_poll_start(probe->poll, UV_READABLE, on_ready);
}

static void judge_status_line(struct probe *probe)
{
    struct probe_result result = {.took_us = -1, .status = "bad_answer"};
    const char *line = probe->status_line;
    bool http =
        strncmp(line, "HTTP/1.", 7) == 0 && line[8] == ' ' && strspn(line + 9, "0123456789") == 3;
    int status = http ? atoi(line + 9) : 0;
    if (status >= 200 && status <= 399) {
        succeed(probe, NULL);
        return;
    }
    if (http) {
        result.status = "bad_status";
        (void)problem_set(&result.error, "%s: answered with status %d", probe->host, status);
    } else {
        (void)problem_set(&result.error, "%s: what answered is not HTTP", probe->host);
    }
    finish(probe, &result);
}

/* The first line tells all. */
static void hear_http(struct probe *probe)
{
    size_t room = STATUS_LINE_SIZE - 1 - probe->status_length;
    ssize_t got = recv(probe->fd, probe->status_line + probe->status_length, room, 0);
    if (got < 0 && errno == EAGAIN) {
        return;
    }
    if (got < 0) {
        fail(probe, errno);
        return;
    }
    probe->status_length += (size_t)got;
    if (got == 0 || (size_t)got == room) {
        judge_status_line(probe);
    }
}

/* To a stream, the connection is the answer; to a datagram, only a datagram is one. */
static void hear_socket(struct probe *probe)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    if (error == 0 && probe->target.kind == PROBE_HTTP) {
        ask(probe);
    } else if (error == 0 && is_stream(probe)) {
        succeed(probe, NULL);
    } else if (probe->next < probe->address_count) {
        try_next(probe);
    } else {
        fail(probe, error != 0 ? error : EIO);
    }
}

static void hear_time(struct probe *probe, const uint8_t *bytes, size_t length)
{
    struct sntp_result time;
    struct probe_result result = {.took_us = -1, .status = "bad_answer"};
    switch (sntp_read(bytes, length, probe->nonce, probe->sent_wall_us, wall_us(), &time,
                      &result.error)) {
    case SNTP_GOOD:
        succeed(probe, &time);
        return;
    case SNTP_FOREIGN:
        return;
    case SNTP_BAD:
    case SNTP_KISS:
        result.time = time;
        finish(probe, &result);
        return;
    }
}

/* Ours, back again: the kernel gives us answers to our own echoes only. */
static void hear_echo(struct probe *probe, const uint8_t *bytes, size_t length)
{
    if (length >= ECHO_SIZE && memcmp(bytes + 8, &probe->nonce, sizeof probe->nonce) == 0) {
        succeed(probe, NULL);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct probe *probe = poll->data;
    uint8_t bytes[256];
    (void)events;
    if (status >= 0 && probe->asked) {
        hear_http(probe);
        return;
    }
    if (status < 0 || is_stream(probe)) {
        hear_socket(probe);
        return;
    }
    ssize_t length = recv(probe->fd, bytes, sizeof bytes, 0);
    if (length < 0 && errno != EAGAIN) {
        fail(probe, errno);
    } else if (length >= 0 && probe->target.kind == PROBE_SNTP) {
        hear_time(probe, bytes, (size_t)length);
    } else if (length >= 0) {
        hear_echo(probe, bytes, (size_t)length);
    }
}

/* 0, or an errno. */
static int say(struct probe *probe, int family)
{
    uint8_t packet[SNTP_PACKET_SIZE] = {0};
    size_t length = SNTP_PACKET_SIZE;
    if (probe->target.kind == PROBE_SNTP) {
        sntp_request(packet, probe->nonce);
    } else if (probe->target.kind == PROBE_ICMP) {
        packet[0] = family == AF_INET6 ? 128 : ICMP_ECHO; /* the kernel adds id and checksum */
        memcpy(packet + 8, &probe->nonce, sizeof probe->nonce);
        length = ECHO_SIZE;
    } else {
        return 0;
    }
    probe->began_us = boottime_us();
    probe->sent_wall_us = wall_us();
    return send(probe->fd, packet, length, 0) < 0 ? errno : 0;
}

static int open_socket(const struct probe *probe, int family)
{
    int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    switch (probe->target.kind) {
    case PROBE_TCP:
    case PROBE_UNIX:
    case PROBE_HTTP:
        return socket(family, SOCK_STREAM | flags, 0);
    case PROBE_SNTP:
        return socket(family, SOCK_DGRAM | flags, 0);
    case PROBE_ICMP:
        return socket(family, SOCK_DGRAM | flags,
                      family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    }
    return -1;
}

static socklen_t size_of(const struct sockaddr_storage *address)
{
    switch (address->ss_family) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return sizeof(struct sockaddr_un);
    }
}

/* 0, or an errno. A connected datagram socket hears only whom it asked. */
static int begin(struct probe *probe, const struct sockaddr_storage *address)
{
    probe->fd = open_socket(probe, address->ss_family);
    if (probe->fd < 0) {
        return errno;
    }
    if (connect(probe->fd, (const struct sockaddr *)address, size_of(address)) != 0 &&
        errno != EINPROGRESS) {
        return errno;
    }
    int error = say(probe, address->ss_family);
    probe->poll = error == 0 ? calloc(1, sizeof *probe->poll) : NULL;
    if (error != 0 || probe->poll == NULL) {
        return error != 0 ? error : ENOMEM;
    }
    if (uv_poll_init(probe->loop, probe->poll, probe->fd) != 0) {
        free(probe->poll);
        probe->poll = NULL;
        return EMFILE;
    }
    probe->poll->data = probe;
    (void)uv_poll_start(probe->poll, is_stream(probe) ? UV_WRITABLE : UV_READABLE, on_ready);
    return 0;
}

static void try_next(struct probe *probe)
{
    int error = EHOSTUNREACH;
    while (probe->next < probe->address_count) {
        hang_up(probe);
        error = begin(probe, &probe->addresses[probe->next++]);
        if (error == 0) {
            return;
        }
    }
    fail(probe, error);
}

static void on_found(void *owner, int status, const struct sockaddr_storage *addresses,
                     size_t count)
{
    struct probe *probe = owner;
    probe->lookup = NULL;
    if (status != 0) {
        struct probe_result result = {.took_us = -1, .status = "unresolved"};
        (void)problem_set(&result.error, "%s: %s", probe->host, uv_strerror(status));
        finish(probe, &result);
        return;
    }
    memcpy(probe->addresses, addresses, count * sizeof *addresses);
    probe->address_count = count;
    try_next(probe);
}

/* A socket of this host needs no lookup, but the callback must not come from within start. */
static void on_turn(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    struct sockaddr_un *address = (struct sockaddr_un *)&probe->addresses[0];
    size_t length = strlen(probe->host);
    if (length >= sizeof address->sun_path) {
        fail(probe, ENAMETOOLONG);
        return;
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, probe->host, length + 1);
    probe->address_count = 1;
    (void)uv_timer_start(&probe->limit, on_limit, (uint64_t)probe->limit_ms, 0);
    try_next(probe);
}

static bool start(struct probe *probe)
{
    if (probe->target.kind == PROBE_UNIX) {
        (void)uv_timer_start(&probe->limit, on_turn, 0, 0);
        return true;
    }
    int type = is_stream(probe) ? SOCK_STREAM : SOCK_DGRAM;
    (void)uv_timer_start(&probe->limit, on_limit, (uint64_t)probe->limit_ms, 0);
    probe->lookup =
        lookup_start(probe->loop, probe->host, probe->target.port, type, on_found, probe);
    return probe->lookup != NULL;
}

/* RFC 9112. HTTP/1.0 would do, but many servers answer it strangely. */
static bool compose_request(struct probe *probe)
{
    const struct probe_target *target = &probe->target;
    bool bare = strchr(target->host, ':') != NULL;
    return target->kind != PROBE_HTTP ||
           asprintf(&probe->request,
                    "GET %s HTTP/1.1\r\nHost: %s%s%s:%d\r\nUser-Agent: leaderd\r\n"
                    "Accept: */*\r\nConnection: close\r\n\r\n",
                    target->path, bare ? "[" : "", target->host, bare ? "]" : "", target->port) > 0;
}

struct probe *probe_start(uv_loop_t *loop, const struct probe_target *target, int64_t limit_ms,
                          probe_cb *done, void *owner)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return NULL;
    }
    probe->loop = loop;
    probe->target = *target;
    probe->done = done;
    probe->owner = owner;
    probe->fd = -1;
    probe->limit_ms = limit_ms;
    probe->began_us = boottime_us();
    probe->host = strdup(target->host);
    if (getrandom(&probe->nonce, sizeof probe->nonce, 0) != sizeof probe->nonce) {
        probe->nonce = (uint64_t)boottime_us() * UINT64_C(0x9E3779B97F4A7C15);
    }
    (void)uv_timer_init(loop, &probe->limit);
    probe->limit.data = probe;
    bool composed = compose_request(probe);
    if (!composed) {
        probe->request = NULL;
    }
    if (probe->host == NULL || !composed || !start(probe)) {
        probe_cancel(probe);
        return NULL;
    }
    return probe;
}
