/* libmicrohttpd in the loop: its beginning, its turns, its orderly end. */
#include "lib/http/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RUNS_PER_TURN = 64,
    STOP_WITHIN_MS = 2000,
    STOP_CHECK_MS = 20,
};

/* Lets libmicrohttpd work until it has nothing more to do now. When it says 0 it wants to run
 * again: pipelined requests would hang otherwise. */
void server_run(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (server->running || server->daemon == NULL) {
        return; /* a handler is at work: the run around it goes on */
    }
    server->running = true;
    int runs = 0;
    bool again = true;
    while (again && runs++ < RUNS_PER_TURN) {
        (void)MHD_run(server->daemon);
        again = MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES && wait_ms == 0;
    }
    server->running = false;
    bool timed = MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES;
    if (server->stopping && (!timed || wait_ms > STOP_CHECK_MS)) {
        timed = true;
        wait_ms = STOP_CHECK_MS;
    }
    if (timed) {
        uv_update_time(server->loop);
        (void)uv_timer_start(&server->timer, server->timer.timer_cb, wait_ms, 0);
    } else {
        (void)uv_timer_stop(&server->timer);
    }
}

static void stop_when_answered(struct http_server *server);

static void on_timer(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    server_run(server);
    stop_when_answered(server);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct http_server *server = poll->data;
    (void)status;
    (void)events;
    server_run(server);
    stop_when_answered(server);
}

/* Beyond the limit nobody is read; a status tells why. */
static void turn_away(int fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                 "Content-Length: 0\r\nConnection: close\r\n\r\n";
    ssize_t sent = send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
    close(fd);
}

static int spare_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Without a descriptor nobody can be accepted, and a client left in the queue would keep the loop
 * spinning: the spare one is given up to turn that client away. False: nobody is there. */
static bool turn_away_without_descriptors(struct http_server *server, const struct http_door *door)
{
    if ((errno != EMFILE && errno != ENFILE) || server->spare_fd < 0) {
        return false;
    }
    close(server->spare_fd);
    int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        turn_away(fd);
        count_refusal(server, http_code_find("too_many_connections"));
    }
    server->spare_fd = spare_open();
    return fd >= 0;
}

/* A client whose host is gone says nothing any more: the kernel asks it after ten quiet seconds,
 * and ends the connection when three questions in a row are not answered. */
static void expect_life(int fd)
{
    const int on = 1, quiet_s = 10, apart_s = 3, questions = 3;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &quiet_s, sizeof quiet_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &apart_s, sizeof apart_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &questions, sizeof questions);
}

/* libmicrohttpd closes by itself what it cannot take. */
static void take_in(struct http_server *server, struct http_door *door, int fd,
                    const struct sockaddr *address, socklen_t size)
{
    server->arriving = door;
    if (links_counted(server) >= (size_t)server->options.max_connections &&
        !links_make_room(server)) {
        turn_away(fd);
        count_refusal(server, http_code_find("too_many_connections"));
        return;
    }
    if (door->listener.path == NULL) {
        expect_life(fd);
    }
    if (MHD_add_connection(server->daemon, fd, address, size) != MHD_YES) {
        count_refusal(server, http_code_find("too_many_connections"));
    }
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct http_door *door = poll->data;
    struct http_server *server = door->server;
    (void)status;
    (void)events;
    for (;;) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd =
            accept4(door->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && !turn_away_without_descriptors(server, door)) {
            break;
        }
        if (fd >= 0) {
            take_in(server, door, fd, (struct sockaddr *)&address, size);
        }
        server_run(server);
    }
}

static void token_free(char *token)
{
    if (token != NULL) {
        explicit_bzero(token, strlen(token));
        free(token);
    }
}

static void server_free(struct http_server *server)
{
    for (size_t i = 0; i < server->door_count; i++) {
        door_deinit(&server->doors[i]);
    }
    for (size_t i = 0;
         server->options.allowed_hosts != NULL && i < server->options.allowed_host_count; i++) {
        free(server->options.allowed_hosts[i]);
    }
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->spare_fd >= 0) {
        close(server->spare_fd);
    }
    if (server->watch_fd >= 0) {
        close(server->watch_fd);
    }
    token_free(server->token);
    free((char **)(uintptr_t)server->options.allowed_hosts);
    free(server->doors);
    free(server);
}

static void count_closed(struct http_server *server)
{
    void (*stopped)(void *owner) = server->stopped;
    void *owner = server->stopped_owner;
    if (--server->open_handles > 0) {
        return;
    }
    server_free(server);
    if (stopped != NULL) {
        stopped(owner);
    }
}

static void on_closed(uv_handle_t *handle)
{
    count_closed(handle->data);
}

static void on_door_closed(uv_handle_t *handle)
{
    const struct http_door *door = handle->data;
    count_closed(door->server);
}

/* Once nothing is under way, libmicrohttpd closes what is idle. */
static void stop_when_answered(struct http_server *server)
{
    bool late = uv_now(server->loop) >= server->stop_by;
    if (!server->stopping || server->running || server->daemon == NULL ||
        (server->call_count > 0 && !late)) {
        return;
    }
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
    uv_close((uv_handle_t *)&server->resume, on_closed);
    uv_close((uv_handle_t *)&server->watch_poll, on_closed);
    uv_close((uv_handle_t *)&server->sweep, on_closed);
}

void http_server_stop(struct http_server *server, void (*stopped)(void *owner), void *owner)
{
    server->stopping = true;
    server->stop_by = uv_now(server->loop) + STOP_WITHIN_MS;
    server->stopped = stopped;
    server->stopped_owner = owner;
    for (size_t i = 0; i < server->door_count; i++) {
        uv_close((uv_handle_t *)&server->doors[i].poll, on_door_closed);
    }
    struct http_call *next;
    for (struct http_call *call = server->calls.next; call != &server->calls; call = next) {
        next = call->next;
        if (call->stage == HTTP_STAGE_PARKED && call->stream != NULL) {
            call->stream_ended = true;
            stream_wake(call);
        } else if (call->stage == HTTP_STAGE_PARKED) {
            http_call_problem(call, "shutting_down", "the daemon is shutting down");
        }
    }
    uv_timer_start(&server->timer, on_timer, 0, 0);
}

static char *copy_string(const char *string)
{
    return string != NULL ? strdup(string) : NULL;
}

static bool copy_options(struct http_server *server, const struct http_options *options)
{
    size_t hosts = options->allowed_host_count;
    char **copies = calloc(hosts + 1, sizeof *copies);
    server->options = *options;
    server->options.allowed_hosts = copies;
    server->token = copy_string(options->token);
    server->doors = calloc(options->listener_count, sizeof *server->doors);
    bool whole = copies != NULL && server->doors != NULL &&
                 (options->token == NULL || server->token != NULL);
    for (size_t i = 0; copies != NULL && i < hosts; i++) {
        copies[i] = strdup(options->allowed_hosts[i]);
        whole &= copies[i] != NULL;
    }
    for (size_t i = 0; server->doors != NULL && i < options->listener_count; i++) {
        struct http_listener *copy = &server->doors[i].listener;
        *copy = options->listeners[i];
        copy->address = copy_string(copy->address);
        copy->path = copy_string(copy->path);
        copy->host = copy_string(copy->host);
        server->doors[i].server = server;
        server->doors[i].fd = -1;
        server->door_count++;
        whole &= copy->address != NULL && (copy->path != NULL || copy->host != NULL);
    }
    return whole;
}

static bool start_daemon(struct http_server *server, struct problem *problem)
{
    server->daemon = request_start_daemon(server);
    const union MHD_DaemonInfo *info =
        server->daemon != NULL ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
                               : NULL;
    if (info == NULL || uv_poll_init(server->loop, &server->poll, info->epoll_fd) != 0) {
        return problem_set(problem, "cannot start the HTTP server: %s", strerror(errno));
    }
    server->poll.data = server;
    server->open_handles++;
    return uv_poll_start(&server->poll, UV_READABLE, on_ready) == 0;
}

struct http_server *http_server_new(uv_loop_t *loop, const struct http_options *options,
                                    struct problem *problem)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        (void)problem_set(problem, "out of memory");
        return NULL;
    }
    server->loop = loop;
    server->watch_fd = -1;
    server->spare_fd = spare_open();
    server->calls.next = server->calls.previous = &server->calls;
    server->resuming.next = server->resuming.previous = &server->resuming;
    bool good = copy_options(server, options) || problem_set(problem, "out of memory");
    for (size_t i = 0; good && i < server->door_count; i++) {
        good = door_open(&server->doors[i], problem);
    }
    if (!good) {
        server_free(server); /* no handle is open yet */
        return NULL;
    }
    uv_timer_init(loop, &server->timer);
    server->timer.data = server;
    server->timer.timer_cb = on_timer;
    server->open_handles++;
    links_init(server);
    good = park_init(server, problem) && start_daemon(server, problem);
    for (size_t i = 0; good && i < server->door_count; i++) {
        good = door_start(&server->doors[i], on_connection) ||
               problem_set(problem, "cannot poll %s", server->doors[i].listener.address);
    }
    if (!good) {
        uv_timer_stop(&server->timer);
        return NULL;
    }
    return server;
}

int http_server_port(const struct http_server *server, size_t listener)
{
    return server->doors[listener].port;
}

bool http_server_set_token(struct http_server *server, const char *token)
{
    char *copy = copy_string(token);
    if (token != NULL && copy == NULL) {
        return false;
    }
    token_free(server->token);
    server->token = copy;
    return true;
}
