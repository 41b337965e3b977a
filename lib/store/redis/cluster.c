/* The nodes of a cluster and which has what slot, as CLUSTER SLOTS, MOVED and ASK say. */
#include "lib/store/redis/internal.h"

#include "lib/store/redis/scout.h"
#include "lib/store/redis/slots.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 1000, REDIRECTS_MAX = 5, REFRESH_APART_MS = 100 };

struct cluster {
    struct redis_store *store;
    struct scout *scout;
    struct backoff backoff;
    uv_timer_t refresh;
    bool asking, known, closing;
    struct node *nodes[NODES_MAX];
    size_t count;
    struct redis_endpoint *named; /* primaries of the latest map */
    size_t named_count;
    uint16_t slots[SLOTS]; /* index into `named`, plus one; 0: nobody's */
};

static struct node *find(const struct cluster *cluster, const struct redis_endpoint *endpoint)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (endpoint_same(&cluster->nodes[i]->endpoint, endpoint)) {
            return cluster->nodes[i];
        }
    }
    return NULL;
}

/* The node there, connecting when it is new. NULL when there are too many or memory is short. */
static struct node *use(struct cluster *cluster, const struct redis_endpoint *endpoint)
{
    struct node *node = find(cluster, endpoint);
    if (node != NULL || cluster->closing || cluster->count == NODES_MAX) {
        return node;
    }
    node = node_new(cluster->store, endpoint);
    if (node != NULL) {
        cluster->nodes[cluster->count++] = node;
        node_connect(node, endpoint);
    }
    return node;
}

/* The map. */

/* The place of a primary among the named ones plus one; 0 when there are too many. */
static uint16_t name(struct cluster *cluster, const struct redis_endpoint *primary)
{
    for (size_t i = 0; i < cluster->named_count; i++) {
        if (endpoint_same(&cluster->named[i], primary)) {
            return (uint16_t)(i + 1);
        }
    }
    if (cluster->named_count == NODES_MAX) {
        return 0;
    }
    cluster->named[cluster->named_count++] = *primary;
    return (uint16_t)cluster->named_count;
}

static void take_range(void *owner, unsigned first, unsigned last,
                       const struct redis_endpoint *primary)
{
    struct cluster *cluster = owner;
    uint16_t place = name(cluster, primary);
    for (unsigned slot = first; slot <= last; slot++) {
        cluster->slots[slot] = place;
    }
}

/* Leaves the nodes that are no primaries any more, save where an answer is awaited. */
static void prune(struct cluster *cluster)
{
    size_t kept = 0;
    for (size_t i = 0; i < cluster->count; i++) {
        struct node *node = cluster->nodes[i];
        bool named = false;
        for (size_t j = 0; j < cluster->named_count && !named; j++) {
            named = endpoint_same(&cluster->named[j], &node->endpoint);
        }
        bool busy = node->sent.count + node->held.count + node->answered.count > 0;
        if (named || busy) {
            cluster->nodes[kept++] = node;
        } else {
            node_close(node);
        }
    }
    cluster->count = kept;
}

/* Each election's node is wanted now, not only when its next call is due. */
static void use_for(void *owner, const char *key)
{
    (void)cluster_node_of(owner, key);
}

static void on_ask(void *owner, struct text *output)
{
    (void)owner;
    resp_begin(output, 2);
    resp_string(output, "CLUSTER");
    resp_string(output, "SLOTS");
}

static void refresh_in(struct cluster *cluster, int64_t ms);

static bool on_answered(void *owner, const struct redis_endpoint *from, size_t index,
                        const struct resp_value *value, struct redis_fault *fault)
{
    struct cluster *cluster = owner;
    (void)index;
    cluster->named_count = 0;
    memset(cluster->slots, 0, sizeof cluster->slots);
    bool good = slots_read(value, from, take_range, cluster);
    if (!good && value->kind == RESP_ERROR) {
        struct redis_place place = {.endpoint = from->name};
        redis_fault_read(fault, value->bytes, value->length, &place);
    } else if (!good || cluster->named_count == 0) {
        redis_fault_set(fault, "CLUSTERDOWN", REDIS_REDISCOVER,
                        "the node at %s knows no primaries of the cluster", from->name);
        good = false;
    }
    if (!good) {
        redis_tell_error(cluster->store, fault->code);
        return false;
    }
    cluster->asking = false;
    cluster->store->has_fault = false;
    backoff_reset(&cluster->backoff);
    prune(cluster);
    subscriber_each(cluster->store->subscriber, use_for, cluster);
    if (!cluster->known && cluster->count == 0) {
        redis_tell_up(cluster->store, from->name); /* nothing is in use yet */
    }
    cluster->known = true;
    return true;
}

static void on_failed(void *owner, const struct redis_fault *fault)
{
    struct cluster *cluster = owner;
    cluster->asking = false;
    redis_unreachable(cluster->store, fault);
    refresh_in(cluster, backoff_next(&cluster->backoff));
}

static const struct scout_events events = {
    .ask = on_ask, .answered = on_answered, .failed = on_failed};

static void add(struct redis_endpoint *list, size_t *count, const struct redis_endpoint *endpoint)
{
    for (size_t i = 0; i < *count; i++) {
        if (endpoint_same(&list[i], endpoint)) {
            return;
        }
    }
    if (*count < SCOUT_SERVERS_MAX) {
        list[(*count)++] = *endpoint;
    }
}

/* Whoever is connected is asked first, then the configured nodes, then whoever was known. */
static void on_refresh(uv_timer_t *timer)
{
    struct cluster *cluster = timer->data;
    const struct redis_options_copy *copy = &cluster->store->access.copy;
    struct redis_endpoint list[SCOUT_SERVERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < cluster->count && count < SCOUT_SERVERS_MAX / 2; i++) {
        if (cluster->nodes[i]->ready) {
            add(list, &count, &cluster->nodes[i]->endpoint);
        }
    }
    for (size_t i = 0; i < copy->endpoint_count; i++) {
        add(list, &count, &copy->endpoints[i]);
    }
    for (size_t i = 0; i < cluster->named_count; i++) {
        add(list, &count, &cluster->named[i]);
    }
    cluster->asking = true;
    scout_ask(cluster->scout, list, count, 0);
}

static void refresh_in(struct cluster *cluster, int64_t ms)
{
    bool sooner = uv_is_active((uv_handle_t *)&cluster->refresh) &&
                  uv_timer_get_due_in(&cluster->refresh) <= (uint64_t)ms;
    if (!cluster->closing && !cluster->asking && !sooner) {
        (void)uv_timer_start(&cluster->refresh, on_refresh, (uint64_t)ms, 0);
    }
}

void cluster_refresh(struct cluster *cluster)
{
    refresh_in(cluster, REFRESH_APART_MS);
}

/* Calls. */

struct node *cluster_node_of(struct cluster *cluster, const char *key)
{
    uint16_t place = cluster->slots[slots_of_key(key)];
    if (place == 0) {
        cluster_refresh(cluster);
        return NULL;
    }
    return use(cluster, &cluster->named[place - 1]);
}

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381" */
static bool read_redirect(const struct resp_value *error, const struct redis_endpoint *from,
                          unsigned *slot, struct redis_endpoint *target)
{
    const char *end = error->bytes + error->length;
    const char *number = memchr(error->bytes, ' ', error->length);
    const char *where = number != NULL ? memchr(number + 1, ' ', (size_t)(end - number - 1)) : NULL;
    if (where == NULL) {
        return false;
    }
    unsigned long value = strtoul(number + 1, NULL, 10);
    *slot = (unsigned)value;
    return value < SLOTS && endpoint_read(target, where + 1, (size_t)(end - where - 1), from);
}

bool cluster_redirect(struct cluster *cluster, struct node *from, struct store_call *call,
                      const struct resp_value *error)
{
    struct call_slot *slot = call->slot;
    bool moved = strncmp(error->bytes, "MOVED ", 6) == 0;
    struct redis_endpoint target;
    unsigned number;
    if (moved || strncmp(error->bytes, "CLUSTERDOWN", 11) == 0) {
        cluster_refresh(cluster);
    }
    if ((!moved && strncmp(error->bytes, "ASK ", 4) != 0) || slot->redirects == REDIRECTS_MAX ||
        !read_redirect(error, &from->endpoint, &number, &target)) {
        return false;
    }
    if (moved) {
        cluster->slots[number] = name(cluster, &target);
    }
    struct node *node = use(cluster, &target);
    if (node == NULL || from->bare) {
        return false; /* the call names the reign of a connection to another server */
    }
    slot->redirects++;
    traffic_forward(node, call, !moved);
    return true;
}

size_t cluster_size(const struct cluster *cluster)
{
    return cluster->count;
}

struct node *cluster_node(const struct cluster *cluster, size_t index)
{
    return cluster->nodes[index];
}

/* Life. */

struct cluster *cluster_new(struct redis_store *store)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL) {
        return NULL;
    }
    const struct redis_store_options *options = &store->access.copy.options;
    cluster->store = store;
    cluster->backoff = (struct backoff){.prng = &store->prng,
                                        .min_ms = options->reconnect_min_ms,
                                        .max_ms = options->reconnect_max_ms};
    cluster->named = calloc(NODES_MAX, sizeof *cluster->named);
    cluster->scout = cluster->named == NULL
                         ? NULL
                         : scout_new(store->loop, &store->access.servers, &events, cluster);
    if (cluster->scout == NULL) {
        free(cluster->named);
        free(cluster);
        return NULL;
    }
    (void)uv_timer_init(store->loop, &cluster->refresh);
    cluster->refresh.data = cluster;
    store->open_parts++;
    refresh_in(cluster, 0);
    return cluster;
}

static void on_refresh_closed(uv_handle_t *handle)
{
    struct cluster *cluster = handle->data;
    struct redis_store *store = cluster->store;
    free(cluster->named);
    free(cluster);
    redis_part_closed(store);
}

static void on_scout_closed(void *owner)
{
    struct cluster *cluster = owner;
    uv_close((uv_handle_t *)&cluster->refresh, on_refresh_closed);
}

void cluster_close(struct cluster *cluster)
{
    if (cluster == NULL || cluster->closing) {
        return;
    }
    cluster->closing = true;
    (void)uv_timer_stop(&cluster->refresh);
    for (size_t i = 0; i < cluster->count; i++) {
        node_close(cluster->nodes[i]);
    }
    scout_close(cluster->scout, on_scout_closed);
}
