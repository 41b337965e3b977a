/* The connection to one server: made, lost, made again. */
#include "lib/store/redis/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void on_reconnect(uv_timer_t *timer)
{
    redis_node_due(timer->data);
}

static void reconnect_in(struct node *node, int64_t ms)
{
    (void)uv_timer_start(&node->reconnect, on_reconnect, (uint64_t)ms, 0);
}

/* The first look for another server is at once; a server that sends us away again has to wait. */
static int64_t reconnect_delay(struct node *node, const struct redis_fault *fault)
{
    bool first = node->backoff.limit_ms == 0;
    int64_t delay = backoff_next(&node->backoff);
    return first && fault->remedy == REDIS_REDISCOVER ? 0 : delay;
}

/* The link is closed already. */
static void lose(struct node *node, const struct redis_fault *fault)
{
    bool was_ready = node->ready;
    node->link = NULL;
    node->ready = false;
    node->leaving = false;
    node->unreplicated = false;
    node->bare = false;
    node->fault = *fault;
    node->has_fault = true;
    node->moved = node->moved || fault->remedy == REDIS_REDISCOVER;
    reconnect_in(node, reconnect_delay(node, fault));
    if (!was_ready) {
        redis_tell_connected(node->store, false);
    }
    if (!node->down_told) {
        node->down_told = true;
        redis_node_down(node, fault);
    }
    traffic_orphan(node, fault);
}

void node_drop(struct node *node, const struct redis_fault *fault)
{
    if (!node->closing) {
        link_close(node->link);
        lose(node, fault);
    }
}

void node_fail(struct node *node, const struct redis_fault *fault)
{
    if (!node->closing) {
        redis_tell_error(node->store, fault->code);
        node_drop(node, fault);
    }
}

static void on_lost(void *owner, const struct redis_fault *fault)
{
    node_fail(owner, fault);
}

static void on_ready(void *owner)
{
    struct node *node = owner;
    struct prng *prng = &node->store->prng;
    node->ready = true;
    node->down_told = false;
    node->form = SCRIPT_PLAIN;
    node->full_form_refused = false;
    (void)snprintf(node->reign, sizeof node->reign, "%016" PRIx64 "%016" PRIx64, prng_next(prng),
                   prng_next(prng));
    breaker_wake(&node->breaker);
    traffic_resume(node);
    redis_node_up(node);
}

static void on_received(void *owner, const struct resp_value *value)
{
    traffic_receive(owner, value);
}

static const struct link_events link_events = {
    .ready = on_ready, .received = on_received, .lost = on_lost};

void node_connect(struct node *node, const struct redis_endpoint *endpoint)
{
    if (node->link != NULL && !node->closing) {
        struct redis_fault fault;
        redis_fault_set(&fault, "switched", REDIS_REDISCOVER, "the primary is now at %s",
                        endpoint->name);
        node_drop(node, &fault);
    }
    if (node->closing) {
        return;
    }
    (void)uv_timer_stop(&node->reconnect);
    node->moved = node->moved || !endpoint_same(&node->endpoint, endpoint);
    node->endpoint = *endpoint;
    node->link = link_open(node->store->loop, &node->endpoint, &node->store->access.servers,
                           &link_events, node);
    if (node->link == NULL) {
        struct redis_fault fault;
        redis_fault_set(&fault, "memory", REDIS_RECONNECT, "out of memory");
        lose(node, &fault);
    }
}

void node_hasten(struct node *node, int64_t most_ms)
{
    bool waits = node->link == NULL && uv_is_active((uv_handle_t *)&node->reconnect);
    if (waits && uv_timer_get_due_in(&node->reconnect) > (uint64_t)most_ms) {
        reconnect_in(node, most_ms == 0 ? 0 : 1 + prng_below(&node->store->prng, most_ms));
    }
}

struct node *node_new(struct redis_store *store, const struct redis_endpoint *endpoint)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    const struct redis_store_options *options = &store->access.copy.options;
    node->store = store;
    node->endpoint = *endpoint;
    node->backoff = (struct backoff){.prng = &store->prng,
                                     .min_ms = options->reconnect_min_ms,
                                     .max_ms = options->reconnect_max_ms};
    breaker_init(&node->breaker, options->breaker_failures, options->breaker_open_ms);
    (void)uv_timer_init(store->loop, &node->give_up);
    (void)uv_timer_init(store->loop, &node->reconnect);
    node->give_up.data = node;
    node->reconnect.data = node;
    node->open_handles = 2;
    store->open_parts++;
    return node;
}

void node_begin(struct node *node)
{
    reconnect_in(node, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct node *node = handle->data;
    struct redis_store *store = node->store;
    if (--node->open_handles == 0) {
        struct redis_fault fault;
        redis_fault_set(&fault, "closed", REDIS_RECONNECT, "the connection was closed");
        traffic_orphan(node, &fault);
        free(node);
        redis_part_closed(store);
    }
}

void node_close(struct node *node)
{
    if (node == NULL || node->closing) {
        return;
    }
    node->closing = true;
    node->ready = false;
    link_close(node->link);
    node->link = NULL;
    uv_close((uv_handle_t *)&node->give_up, on_closed);
    uv_close((uv_handle_t *)&node->reconnect, on_closed);
}
