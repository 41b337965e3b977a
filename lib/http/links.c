/* Connections, and those that are too slow: a request must be whole five seconds after its first
 * byte, however steadily it drips in. */
#include "lib/http/internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    REQUEST_WITHIN_MS = 5000,
    SWEEP_EVERY_MS = 1000,
    IDLE_ENOUGH_MS = 5000, /* to give way to somebody else */
    /* of tcpi_bytes_received in the kernel's struct tcp_info (4.1 and later), which is longer than
       that of the C library */
    BYTES_RECEIVED_OFFSET = 128,
};

/* Bytes that the peer has sent so far; of a unix socket the kernel does not say. */
static uint64_t received_bytes(const struct http_link *link)
{
    unsigned char info[256];
    socklen_t size = sizeof info;
    uint64_t received = 0;
    if (link->door->listener.path == NULL &&
        getsockopt(link->fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0 &&
        size >= BYTES_RECEIVED_OFFSET + sizeof received) {
        memcpy(&received, info + BYTES_RECEIVED_OFFSET, sizeof received);
    }
    return received;
}

static bool is_too_slow(const struct http_server *server, struct http_link *link)
{
    uint64_t now = uv_now(server->loop);
    if (link->busy) {
        return false;
    }
    if (link->first_byte == 0 && received_bytes(link) > link->received) {
        link->first_byte = now;
    }
    return link->first_byte != 0 && now - link->first_byte > REQUEST_WITHIN_MS - SWEEP_EVERY_MS;
}

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    /* Time in which we were stopped ourselves is not the client's. */
    uint64_t now = uv_now(server->loop);
    uint64_t late = now > server->sweep_due ? now - server->sweep_due : 0;
    server->sweep_due = now + SWEEP_EVERY_MS;
    for (struct http_link *link = server->links.next; link != &server->links; link = link->next) {
        link->first_byte += link->first_byte != 0 ? late : 0;
        if (is_too_slow(server, link)) {
            count_refusal(server, http_code_find("timeout"));
            (void)shutdown(link->fd, SHUT_RDWR);
            link->busy = true; /* it ends: do not look again, nor count it again */
        }
    }
}

void links_init(struct http_server *server)
{
    server->links.next = server->links.previous = &server->links;
    uv_timer_init(server->loop, &server->sweep);
    server->sweep.data = server;
    server->open_handles++;
}

static void watch_no_more(struct http_server *server, struct http_link *link)
{
    server->watch_link_count -= link->watched != NULL;
    link->watched = NULL;
}

void link_watches(struct http_server *server, struct http_link *link,
                  const struct http_route *route)
{
    server->watch_link_count += link->watched == NULL;
    link->watched = route;
}

void link_leaves(struct http_server *server, struct http_link *link)
{
    if (link->watched != NULL) {
        watch_no_more(server, link);
        link->leaving = true;
        server->leaving_count++;
    }
}

size_t links_counted(const struct http_server *server)
{
    return server->connection_count - server->watch_link_count - server->leaving_count;
}

bool links_make_room(struct http_server *server)
{
    struct http_link *oldest = NULL;
    uint64_t now = uv_now(server->loop);
    for (struct http_link *link = server->links.next; link != &server->links; link = link->next) {
        bool idle = !link->busy && link->watched == NULL && now - link->since > IDLE_ENOUGH_MS;
        if (idle && (oldest == NULL || link->since < oldest->since)) {
            oldest = link;
        }
    }
    if (oldest != NULL) {
        (void)shutdown(oldest->fd, SHUT_RDWR);
        oldest->busy = true; /* it ends: do not look again */
    }
    return oldest != NULL;
}

void link_idle(struct http_server *server, struct http_link *link, const struct http_call *call)
{
    if (call == NULL || call->route != link->watched) {
        watch_no_more(server, link);
    }
    link->busy = false;
    link->understood = false;
    link->first_byte = 0;
    link->since = uv_now(server->loop);
    link->received = received_bytes(link);
}

struct http_link *link_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void begin(struct http_server *server, struct MHD_Connection *connection, void **context)
{
    struct http_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return; /* its first request ends it: see request.c */
    }
    link->door = server->arriving;
    link->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    link->since = uv_now(server->loop);
    link->next = &server->links;
    link->previous = server->links.previous;
    link->previous->next = link;
    server->links.previous = link;
    *context = link;
    if (!uv_is_active((uv_handle_t *)&server->sweep)) {
        server->sweep_due = uv_now(server->loop) + SWEEP_EVERY_MS;
        uv_timer_start(&server->sweep, on_sweep, SWEEP_EVERY_MS, SWEEP_EVERY_MS);
    }
}

/* A first line that is none makes libmicrohttpd close at once, and it tells nobody. What is longer
 * than it can hold it refuses with an answer, which is counted elsewhere. To the kernel the end of
 * a connection is a byte. */
static bool was_not_understood(const struct http_link *link)
{
    uint64_t bytes = received_bytes(link) - link->received;
    return !link->busy && !link->understood && bytes > 1 && bytes < HTTP_CONNECTION_MEMORY;
}

void links_notify(void *owner, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = owner;
    struct http_link *link = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server->connection_count++;
        begin(server, connection, context);
        return;
    }
    server->connection_count--;
    if (link != NULL) {
        if (was_not_understood(link)) {
            count_refusal(server, http_code_find("malformed"));
        }
        watch_no_more(server, link);
        server->leaving_count -= link->leaving;
        link->previous->next = link->next;
        link->next->previous = link->previous;
        free(link);
        *context = NULL;
    }
    if (server->links.next == &server->links) {
        uv_timer_stop(&server->sweep);
    }
}
