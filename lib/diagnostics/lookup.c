#include "lib/diagnostics/lookup.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
    uv_getaddrinfo_t request;
    uv_timer_t turn; /* answers for a literal address, and for a name that is none */
    int status;      /* the turn's */
    struct sockaddr_storage literal;
    lookup_cb *done;
    void *owner;
    bool cancelled;
};

static void on_turn_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_turn(uv_timer_t *turn)
{
    struct lookup *lookup = turn->data;
    uv_close((uv_handle_t *)turn, on_turn_closed);
    if (!lookup->cancelled) {
        lookup->cancelled = true;
        lookup->done(lookup->owner, lookup->status, &lookup->literal, lookup->status == 0);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct lookup *lookup = request->data;
    struct sockaddr_storage addresses[LOOKUP_ADDRESSES_MAX];
    size_t count = 0;
    memset(addresses, 0, sizeof addresses);
    for (struct addrinfo *a = list; a != NULL && count < LOOKUP_ADDRESSES_MAX; a = a->ai_next) {
        memcpy(&addresses[count++], a->ai_addr, a->ai_addrlen);
    }
    uv_freeaddrinfo(list);
    if (!lookup->cancelled) {
        lookup->done(lookup->owner, status == 0 && count == 0 ? UV_EAI_NODATA : status, addresses,
                     count);
    }
    uv_close((uv_handle_t *)&lookup->turn, on_turn_closed);
}

struct lookup *lookup_start(uv_loop_t *loop, const char *host, int port, int socktype,
                            lookup_cb *done, void *owner)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = socktype};
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return NULL;
    }
    lookup->done = done;
    lookup->owner = owner;
    lookup->request.data = lookup;
    (void)uv_timer_init(loop, &lookup->turn);
    lookup->turn.data = lookup;
    bool literal = uv_ip4_addr(host, port, (struct sockaddr_in *)&lookup->literal) == 0 ||
                   uv_ip6_addr(host, port, (struct sockaddr_in6 *)&lookup->literal) == 0;
    (void)snprintf(service, sizeof service, "%d", port);
    if (!literal) {
        lookup->status = uv_getaddrinfo(loop, &lookup->request, on_resolved, host, service, &hints);
    }
    if (literal || lookup->status != 0) {
        (void)uv_timer_start(&lookup->turn, on_turn, 0, 0);
    }
    return lookup;
}

void lookup_cancel(struct lookup *lookup)
{
    if (lookup != NULL && !lookup->cancelled) {
        lookup->cancelled = true;
        (void)uv_cancel((uv_req_t *)&lookup->request);
        if (uv_is_active((uv_handle_t *)&lookup->turn)) {
            uv_close((uv_handle_t *)&lookup->turn, on_turn_closed);
        }
    }
}
