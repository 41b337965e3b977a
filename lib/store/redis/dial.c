#include "lib/store/redis/dial.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Outlives its dial when that is cancelled: the worker pool cannot be interrupted. */
struct resolution {
    uv_getaddrinfo_t request;
    struct dial *dial;
};

struct dial {
    uv_loop_t *loop;
    const struct redis_endpoint *endpoint;
    const struct link_manners *manners;
    dial_done_cb *done;
    void *owner;
    uv_timer_t timer; /* starts the dial, then limits each address */
    uint64_t deadline;
    struct resolution *resolution;
    struct sockaddr_storage addresses[DIAL_ADDRESSES_MAX];
    size_t count, next;
    struct transport *transport;
    char *why; /* the last address failed by TLS */
    bool finished;
};

static void on_closed(uv_handle_t *timer)
{
    struct dial *dial = timer->data;
    free(dial->why);
    free(dial);
}

void dial_cancel(struct dial *dial)
{
    if (dial == NULL) {
        return;
    }
    dial->finished = true;
    if (dial->resolution != NULL) {
        dial->resolution->dial = NULL;
        (void)uv_cancel((uv_req_t *)&dial->resolution->request);
        dial->resolution = NULL;
    }
    transport_close(dial->transport);
    uv_close((uv_handle_t *)&dial->timer, on_closed);
}

static void finish(struct dial *dial, int status)
{
    struct transport *transport = dial->transport;
    dial->transport = NULL;
    if (status < 0) {
        transport_close(transport);
        transport = NULL;
    }
    dial_done_cb *done = dial->done;
    void *owner = dial->owner;
    dial_cancel(dial); /* is freed in a later turn of the loop */
    done(owner, transport, status, dial->why);
}

static void try_next(struct dial *dial, int status);

static void on_connected(void *owner, int status)
{
    struct dial *dial = owner;
    if (status == 0) {
        finish(dial, 0);
        return;
    }
    const char *why = transport_why(dial->transport);
    free(dial->why);
    dial->why = why != NULL ? strdup(why) : NULL;
    transport_close(dial->transport);
    dial->transport = NULL;
    try_next(dial, status);
}

static void on_address_timeout(uv_timer_t *timer)
{
    struct dial *dial = timer->data;
    transport_close(dial->transport);
    dial->transport = NULL;
    try_next(dial, UV_ETIMEDOUT);
}

/* Until the callback has handed the transport over, nothing is read: the owner listens in time. */
static void on_early_bytes(void *owner, const char *bytes, size_t length)
{
    (void)owner;
    (void)bytes;
    (void)length;
    assert(false);
}

static void on_early_end(void *owner, int status)
{
    on_connected(owner, status);
}

static const struct transport_events dial_events = {
    .connected = on_connected, .received = on_early_bytes, .ended = on_early_end};

/* `status` is the failure of the last address. */
static void try_next(struct dial *dial, int status)
{
    struct transport_options options = {.keepalive_ms = dial->manners->keepalive_ms,
                                        .user_timeout_ms = dial->manners->connect_timeout_ms,
                                        .tls = dial->manners->tls,
                                        .host = dial->endpoint->host};
    while (dial->next < dial->count && dial->transport == NULL) {
        const struct sockaddr *address =
            (const struct sockaddr *)(const void *)&dial->addresses[dial->next++];
        dial->transport = transport_open(dial->loop, address, &options, &status);
    }
    if (dial->transport == NULL) {
        finish(dial, status);
        return;
    }
    transport_listen(dial->transport, &dial_events, dial);
    uint64_t now = uv_now(dial->loop);
    uint64_t left = dial->deadline > now ? dial->deadline - now : 0;
    uint64_t share = left / (dial->count - dial->next + 1);
    (void)uv_timer_start(&dial->timer, on_address_timeout, share > 0 ? share : 1, 0);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct resolution *resolution = request->data;
    struct dial *dial = resolution->dial;
    free(resolution);
    if (dial != NULL) {
        dial->resolution = NULL;
        for (struct addrinfo *each = found; each != NULL && dial->count < DIAL_ADDRESSES_MAX;
             each = each->ai_next) {
            memcpy(&dial->addresses[dial->count++], each->ai_addr, each->ai_addrlen);
        }
        try_next(dial, status < 0 ? status : UV_EAI_NODATA);
    }
    uv_freeaddrinfo(found);
}

static int resolve(struct dial *dial)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    (void)snprintf(service, sizeof service, "%d", dial->endpoint->port);
    struct resolution *resolution = calloc(1, sizeof *resolution);
    if (resolution == NULL) {
        return UV_ENOMEM;
    }
    resolution->dial = dial;
    resolution->request.data = resolution;
    int status = uv_getaddrinfo(dial->loop, &resolution->request, on_resolved, dial->endpoint->host,
                                service, &hints);
    if (status < 0) {
        free(resolution);
        return status;
    }
    dial->resolution = resolution;
    return 0;
}

/* True when no resolver is needed. */
static bool take_literal(struct dial *dial)
{
    const struct redis_endpoint *endpoint = dial->endpoint;
    struct sockaddr_storage *address = &dial->addresses[0];
    if (endpoint->port == 0) {
        struct sockaddr_un *local = (struct sockaddr_un *)(void *)address;
        local->sun_family = AF_UNIX;
        memcpy(local->sun_path, endpoint->host,
               strnlen(endpoint->host, sizeof local->sun_path - 1)); /* all else is zero */
        return true;
    }
    return uv_ip4_addr(endpoint->host, endpoint->port, (struct sockaddr_in *)(void *)address) ==
               0 ||
           uv_ip6_addr(endpoint->host, endpoint->port, (struct sockaddr_in6 *)(void *)address) == 0;
}

static void on_start(uv_timer_t *timer)
{
    struct dial *dial = timer->data;
    if (take_literal(dial)) {
        dial->count = 1;
        try_next(dial, UV_EINVAL);
        return;
    }
    int status = resolve(dial);
    if (status < 0) {
        finish(dial, status);
    }
}

struct dial *dial_start(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                        const struct link_manners *manners, dial_done_cb *done, void *owner)
{
    struct dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL) {
        return NULL;
    }
    dial->loop = loop;
    dial->endpoint = endpoint;
    dial->manners = manners;
    dial->done = done;
    dial->owner = owner;
    dial->deadline = uv_now(loop) + (uint64_t)manners->connect_timeout_ms;
    (void)uv_timer_init(loop, &dial->timer);
    dial->timer.data = dial;
    (void)uv_timer_start(&dial->timer, on_start, 0, 0);
    return dial;
}

bool dial_is_shaking(const struct dial *dial)
{
    return dial->transport != NULL && transport_is_shaking(dial->transport);
}
