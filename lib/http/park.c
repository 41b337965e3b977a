/* Calls that wait for their owner. libmicrohttpd does not look at a suspended connection, so their
 * sockets are watched here: a client that hangs up is told to the owner within the same turn. */
#include "lib/http/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { RESUMED_PER_TURN = 256, HANGUPS_PER_TURN = 64 };

static int socket_of(const struct http_call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

static void unpark(struct http_call *call)
{
    struct http_server *server = call->server;
    (void)epoll_ctl(server->watch_fd, EPOLL_CTL_DEL, socket_of(call), NULL);
    server->watcher_count -= call->is_watcher;
    call->gone = NULL;
}

static void on_turn(uv_idle_t *idle)
{
    struct http_server *server = idle->data;
    struct http_call *ends = &server->resuming;
    for (int i = 0; i < RESUMED_PER_TURN && ends->next != ends; i++) {
        struct http_call *call = ends->next;
        ring_remove(call);
        ring_add(&server->calls, call);
        call->stage = HTTP_STAGE_HANDLING;
        MHD_resume_connection(call->connection);
    }
    if (ends->next == ends) {
        uv_idle_stop(idle);
    }
    server_run(server);
}

void park_resume_later(struct http_call *call)
{
    struct http_server *server = call->server;
    unpark(call);
    call->stage = HTTP_STAGE_RESUMING;
    ring_remove(call);
    ring_add(&server->resuming, call);
    uv_idle_start(&server->resume, on_turn);
}

void park_abandon(struct http_call *call)
{
    void (*gone)(void *data) = call->gone;
    void *data = call->gone_data;
    call->client_gone = true;
    call->ready = true;
    link_leaves(call->server, link_of(call->connection));
    park_resume_later(call);
    if (gone != NULL) {
        gone(data);
    }
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    struct http_server *server = poll->data;
    struct epoll_event hangups[HANGUPS_PER_TURN];
    (void)status;
    (void)events;
    int count = epoll_wait(server->watch_fd, hangups, HANGUPS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        struct http_call *call = hangups[i].data.ptr;
        if (call->stage == HTTP_STAGE_PARKED && call->stream != NULL) {
            call->client_gone = true;
            link_leaves(server, link_of(call->connection));
            stream_wake(call);
        } else if (call->stage == HTTP_STAGE_PARKED) {
            park_abandon(call);
        }
    }
}

bool park_init(struct http_server *server, struct problem *problem)
{
    server->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->watch_fd < 0) {
        return problem_set(problem, "cannot watch connections: %s", strerror(errno));
    }
    int error = uv_poll_init(server->loop, &server->watch_poll, server->watch_fd);
    if (error != 0) {
        return problem_set(problem, "cannot watch connections: %s", uv_strerror(error));
    }
    (void)uv_idle_init(server->loop, &server->resume);
    server->resume.data = server;
    server->watch_poll.data = server;
    server->open_handles += 2;
    return uv_poll_start(&server->watch_poll, UV_READABLE, on_hangup) == 0;
}

void park_resume_batches(struct http_server *server)
{
    uv_idle_start(&server->resume, on_turn);
}

bool park_admit_watcher(struct http_call *call)
{
    struct http_server *server = call->server;
    struct http_link *link = link_of(call->connection);
    if (link->watched == NULL &&
        (int64_t)server->watch_link_count >= server->options.max_watchers) {
        http_call_problem(call, "too_many_watchers",
                          "http.max_watchers are waiting already: try again later, or raise it");
        return false;
    }
    link_watches(server, link, call->route);
    return true;
}

void http_call_will_watch(struct http_call *call)
{
    struct http_server *server = call->server;
    struct http_link *link = link_of(call->connection);
    if (link != NULL && (int64_t)server->watch_link_count < server->options.max_watchers) {
        link_watches(server, link, call->route);
    }
}

bool http_call_park(struct http_call *call, bool watcher, void (*gone)(void *data), void *data)
{
    struct http_server *server = call->server;
    if (watcher && !park_admit_watcher(call)) {
        return false;
    }
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data = {.ptr = call}};
    MHD_suspend_connection(call->connection);
    call->stage = HTTP_STAGE_PARKED;
    call->was_parked = true;
    call->is_watcher = watcher;
    call->gone = gone;
    call->gone_data = data;
    server->watcher_count += watcher;
    /* Without it the client's end is seen when it is answered. */
    (void)epoll_ctl(server->watch_fd, EPOLL_CTL_ADD, socket_of(call), &event);
    return true;
}
