#include "lib/store/redis/redis_store.h"

#include "lib/base/moment.h"
#include "lib/store/redis/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct redis_store *of(struct store *store)
{
    return (struct redis_store *)store;
}

static size_t node_count(const struct redis_store *store)
{
    if (store->closing) {
        return 0;
    }
    return store->cluster != NULL ? cluster_size(store->cluster) : 1;
}

static struct node *node_at(const struct redis_store *store, size_t index)
{
    return store->cluster != NULL ? cluster_node(store->cluster, index) : store->node;
}

/* What the listener may leave out. */

void redis_tell_error(struct redis_store *store, const char *code)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->error != NULL && !store->closing) {
        listener->error(listener->owner, code);
    }
}

void redis_tell_connected(struct redis_store *store, bool success)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->connected != NULL && !store->closing) {
        listener->connected(listener->owner, success);
    }
}

void redis_tell_up(struct redis_store *store, const char *endpoint)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->up != NULL && !store->closing) {
        listener->up(listener->owner, endpoint);
    }
}

void redis_tell_weaker(struct redis_store *store, const struct redis_fault *fault)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->weaker != NULL && !store->closing) {
        listener->weaker(listener->owner, fault->code, &fault->problem);
    }
}

static void tell_down(struct redis_store *store, const struct redis_fault *fault)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->down != NULL && !store->closing) {
        listener->down(listener->owner, fault->code, &fault->problem);
    }
}

void redis_unreachable(struct redis_store *store, const struct redis_fault *fault)
{
    bool told = store->down_told;
    store->fault = *fault;
    store->has_fault = true;
    store->down_told = true;
    if (!told) {
        tell_down(store, fault);
    }
}

/* Nodes. */

void redis_node_due(struct node *node)
{
    struct redis_store *store = node->store;
    if (store->sentinel != NULL) {
        if (node->has_fault && strcmp(node->fault.code, "READONLY") == 0) {
            sentinel_doubt(store->sentinel);
        }
        sentinel_seek(store->sentinel);
        return;
    }
    if (store->cluster != NULL) {
        cluster_refresh(store->cluster); /* it may have been replaced: then it is left */
    }
    struct redis_endpoint same = node->endpoint;
    node_connect(node, &same);
}

void redis_node_up(struct node *node)
{
    struct redis_store *store = node->store;
    bool anew = node->moved && store->cluster == NULL;
    node->moved = false;
    store->down_told = false;
    subscriber_follow(store->subscriber, anew);
    redis_tell_connected(store, true);
    redis_tell_up(store, node->endpoint.name);
}

void redis_node_down(struct node *node, const struct redis_fault *fault)
{
    struct redis_store *store = node->store;
    if (store->cluster != NULL) {
        cluster_refresh(store->cluster); /* another node may have its slots soon */
    }
    tell_down(store, fault);
}

void redis_node_circuit(struct node *node, bool open)
{
    const struct store_listener *listener = &node->store->base.listener;
    if (listener->circuit != NULL && !node->store->closing) {
        listener->circuit(listener->owner, open, node->endpoint.name, &node->fault.problem);
    }
}

bool redis_redirect(struct node *node, struct store_call *call, const struct redis_fault *fault,
                    const struct resp_value *error)
{
    struct cluster *cluster = node->store->cluster;
    (void)fault;
    return cluster != NULL && cluster_redirect(cluster, node, call, error);
}

/* Messages. */

static void on_hint(void *owner, const char *election, const char *what)
{
    struct redis_store *store = owner;
    const struct store_listener *listener = &store->base.listener;
    if (listener->hint != NULL && !store->closing) {
        listener->hint(listener->owner, election, what);
    }
}

static void on_subscriber_error(void *owner, const struct redis_fault *fault)
{
    redis_tell_error(owner, fault->code);
}

static void on_deaf(void *owner, const struct redis_fault *fault)
{
    redis_tell_weaker(owner, fault);
}

/* Every node of a cluster hears all messages. */
static bool where_to_listen(void *owner, struct redis_endpoint *endpoint)
{
    const struct redis_store *store = owner;
    for (size_t i = 0; i < node_count(store); i++) {
        const struct node *node = node_at(store, i);
        if (node->ready) {
            *endpoint = node->endpoint;
            return true;
        }
    }
    *endpoint = store->access.copy.endpoints[0];
    return store->access.copy.options.mode == REDIS_STANDALONE;
}

static void on_alive(void *owner)
{
    struct redis_store *store = owner;
    if (store->node != NULL) {
        node_hasten(store->node, 0);
    }
}

static const struct subscriber_events subscriber_events = {.where = where_to_listen,
                                                           .alive = on_alive,
                                                           .hint = on_hint,
                                                           .deaf = on_deaf,
                                                           .error = on_subscriber_error};

static void subscribe(struct store *base, const char *election)
{
    subscriber_add(of(base)->subscriber, election);
}

static void unsubscribe(struct store *base, const char *election)
{
    subscriber_remove(of(base)->subscriber, election);
}

/* The store itself. */

static struct node *node_for(struct redis_store *store, const char *election)
{
    char key[CALL_KEY_SIZE];
    if (store->cluster == NULL || store->closing) {
        return store->node;
    }
    (void)snprintf(key, sizeof key, "%s%s", store->access.copy.options.key_prefix, election);
    return cluster_node_of(store->cluster, key);
}

static void submit(struct store *base, struct store_call *call, const struct lease_request *request,
                   int64_t timeout_ms)
{
    struct redis_store *store = of(base);
    struct node *node = store->closing ? NULL : node_for(store, request->election);
    if (node == NULL) {
        traffic_refuse(store, call, request);
    } else {
        traffic_submit(node, call, request, timeout_ms);
    }
}

static const char *mode_name(enum redis_mode mode)
{
    switch (mode) {
    case REDIS_STANDALONE:
        return "standalone";
    case REDIS_SENTINEL:
        return "sentinel";
    case REDIS_CLUSTER:
        return "cluster";
    }
    return "";
}

static bool worse(const struct breaker *breaker, const struct breaker *than)
{
    return than == NULL || (breaker->state == BREAKER_OPEN && than->state != BREAKER_OPEN) ||
           (breaker->state == BREAKER_HALF_OPEN && than->state == BREAKER_CLOSED);
}

static void health(const struct store *base, struct store_health *health)
{
    const struct redis_store *store = (const struct redis_store *)base;
    const struct breaker *worst = NULL;
    *health =
        (struct store_health){.kind = "redis",
                              .mode = mode_name(store->access.copy.options.mode),
                              .endpoint = store->access.copy.endpoints[0].name,
                              .tls = store->access.tls != NULL,
                              .connected = node_count(store) > 0 && !store->has_fault,
                              .last_ok_ms = store->last_ok_ms,
                              .circuit = "closed",
                              .last_error = store->has_fault ? store->fault.problem.text : NULL};
    for (size_t i = 0; i < node_count(store); i++) {
        const struct node *node = node_at(store, i);
        health->connected = health->connected && node->ready;
        if (node->has_fault) {
            health->last_error = node->fault.problem.text;
        }
        if (worse(&node->breaker, worst)) {
            worst = &node->breaker;
            health->circuit = breaker_state_name(worst);
        }
    }
    if (store->node != NULL && !store->closing) {
        health->endpoint = store->node->endpoint.name;
    }
}

static void free_store(struct redis_store *store)
{
    slots_deinit(&store->slots);
    redis_access_deinit(&store->access);
    free(store);
}

void redis_part_closed(struct redis_store *store)
{
    if (--store->open_parts > 0) {
        return;
    }
    store->node = NULL;
    store->cluster = NULL;
    while (store->unsent.count > 0) {
        traffic_answer_unsent(store);
    }
    struct store_listener listener = store->base.listener;
    free_store(store);
    if (listener.closed != NULL) {
        listener.closed(listener.owner);
    }
}

static void on_next_turn_closed(uv_handle_t *handle)
{
    redis_part_closed(handle->data);
}

static void close_store(struct store *base)
{
    struct redis_store *store = of(base);
    if (store->closing) {
        return;
    }
    store->closing = true;
    subscriber_close(store->subscriber);
    sentinel_close(store->sentinel);
    cluster_close(store->cluster);
    node_close(store->node);
    uv_close((uv_handle_t *)&store->next_turn, on_next_turn_closed);
}

static const struct store_class redis_class = {.submit = submit,
                                               .subscribe = subscribe,
                                               .unsubscribe = unsubscribe,
                                               .health = health,
                                               .close = close_store};

static void seed(struct redis_store *store)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) {
        number = (uint64_t)boottime_us() ^ (uint64_t)(uintptr_t)store;
    }
    prng_init(&store->prng, number);
}

static bool make_topology(struct redis_store *store)
{
    enum redis_mode mode = store->access.copy.options.mode;
    if (mode == REDIS_CLUSTER) {
        store->cluster = cluster_new(store);
        return store->cluster != NULL;
    }
    store->node = node_new(store, &store->access.copy.endpoints[0]);
    if (mode == REDIS_SENTINEL && store->node != NULL) {
        store->sentinel = sentinel_new(store);
    }
    return store->node != NULL && (mode != REDIS_SENTINEL || store->sentinel != NULL);
}

/* False when memory is short: what there is then is closed by the caller, on the loop. */
static bool start(struct redis_store *store)
{
    struct backoff backoff = {.prng = &store->prng,
                              .min_ms = store->access.copy.options.reconnect_min_ms,
                              .max_ms = store->access.copy.options.reconnect_max_ms};
    seed(store);
    (void)uv_idle_init(store->loop, &store->next_turn);
    store->next_turn.data = store;
    store->open_parts = 1;
    store->subscriber =
        subscriber_new(store->loop, &store->access.servers, store->access.copy.options.key_prefix,
                       &backoff, &subscriber_events, store);
    if (store->subscriber == NULL || !make_topology(store)) {
        return false;
    }
    if (store->node != NULL) {
        node_begin(store->node);
    }
    return true;
}

static struct redis_store *make(const struct redis_store_options *options, struct problem *problem)
{
    struct redis_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        (void)problem_set(problem, "store: out of memory");
        return NULL;
    }
    if (!redis_access_init(&store->access, options, problem)) {
        free(store);
        return NULL;
    }
    return store;
}

struct store *redis_store_new(uv_loop_t *loop, const struct redis_store_options *options,
                              const struct store_listener *listener, struct problem *problem)
{
    struct redis_store *store = make(options, problem);
    if (store == NULL) {
        return NULL;
    }
    store->base = (struct store){.class = &redis_class, .listener = *listener};
    store->loop = loop;
    if (!start(store)) {
        store->base.listener = (struct store_listener){0};
        close_store(&store->base);
        (void)problem_set(problem, "store: out of memory");
        return NULL;
    }
    return &store->base;
}

bool redis_store_refresh(struct store *base, const struct redis_store_options *options,
                         struct problem *problem)
{
    return redis_access_refresh(&of(base)->access, options, problem);
}
