/* Which server is the primary, as the sentinels say: asked before each connection, and followed
 * by their message +switch-master (https://redis.io/docs/reference/sentinel-clients/). */
#include "lib/store/redis/internal.h"

#include "lib/store/redis/scout.h"

#include <stdlib.h>
#include <string.h>

struct sentinel {
    struct redis_store *store;
    struct scout *scout;
    struct backoff backoff;
    size_t index; /* of the one that answered last */
    bool wanted;  /* the node waits for an address */
    bool closing;
    uv_timer_t retry; /* of the connection for messages */
};

static void look(struct sentinel *sentinel)
{
    const struct redis_options_copy *copy = &sentinel->store->access.copy;
    (void)uv_timer_stop(&sentinel->retry);
    scout_ask(sentinel->scout, copy->endpoints, copy->endpoint_count,
              sentinel->index % copy->endpoint_count);
}

static void on_retry(uv_timer_t *timer)
{
    look(timer->data);
}

static void look_later(struct sentinel *sentinel)
{
    (void)uv_timer_start(&sentinel->retry, on_retry, (uint64_t)backoff_next(&sentinel->backoff), 0);
}

static void on_ask(void *owner, struct text *output)
{
    const struct sentinel *sentinel = owner;
    resp_begin(output, 3);
    resp_string(output, "SENTINEL");
    resp_string(output, "GET-MASTER-ADDR-BY-NAME");
    resp_string(output, sentinel->store->access.copy.options.master_name);
}

static bool read_number(const char *text, int *number)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 5 || text[length] != '\0') {
        return false;
    }
    *number = atoi(text);
    return *number > 0;
}

static bool read_address(const struct resp_value *value, struct redis_endpoint *primary)
{
    int port = 0;
    if (value->kind != RESP_ARRAY || value->count != 2) {
        return false;
    }
    const char *host = resp_text(value->items[0]), *number = resp_text(value->items[1]);
    return host != NULL && number != NULL && read_number(number, &port) &&
           endpoint_set(primary, host, port);
}

static void explain(const struct sentinel *sentinel, const struct redis_endpoint *from,
                    const struct resp_value *value, struct redis_fault *fault)
{
    if (value->kind == RESP_ERROR && strncmp(value->bytes, "ERR unknown command", 19) == 0) {
        redis_fault_set(fault, "sentinel", REDIS_CONFIGURE,
                        "the server at %s is no sentinel: check the addresses in store.url",
                        from->name);
    } else if (value->kind == RESP_ERROR) {
        struct redis_place place = {.endpoint = from->name};
        redis_fault_read(fault, value->bytes, value->length, &place);
    } else if (value->kind == RESP_NIL) {
        redis_fault_set(fault, "sentinel", REDIS_CONFIGURE,
                        "the sentinel at %s knows no primary named \"%s\": check the name behind "
                        "the sentinels in store.url",
                        from->name, sentinel->store->access.copy.options.master_name);
    } else {
        redis_fault_set(fault, "sentinel", REDIS_RECONNECT,
                        "the sentinel at %s gave no address of a primary", from->name);
    }
}

/* The node connects to it, unless it is there already. */
static void go_to(struct sentinel *sentinel, const struct redis_endpoint *primary)
{
    struct node *node = sentinel->store->node;
    bool there = node->link != NULL && endpoint_same(&node->endpoint, primary);
    if (sentinel->wanted || !there) {
        sentinel->wanted = false;
        node_connect(node, primary);
    }
}

static bool on_answered(void *owner, const struct redis_endpoint *from, size_t index,
                        const struct resp_value *value, struct redis_fault *fault)
{
    struct sentinel *sentinel = owner;
    struct redis_endpoint primary;
    if (!read_address(value, &primary)) {
        explain(sentinel, from, value, fault);
        redis_tell_error(sentinel->store, fault->code);
        return false;
    }
    sentinel->index = index;
    backoff_reset(&sentinel->backoff);
    scout_say(sentinel->scout, "SUBSCRIBE", "+switch-master");
    go_to(sentinel, &primary);
    return true;
}

static void on_failed(void *owner, const struct redis_fault *fault)
{
    struct sentinel *sentinel = owner;
    if (!sentinel->wanted) {
        look_later(sentinel);
        return;
    }
    struct redis_fault none;
    redis_fault_set(&none, "sentinel", fault->remedy,
                    "none of %zu sentinels could name the primary; the last one: %.380s",
                    sentinel->store->access.copy.endpoint_count, fault->problem.text);
    sentinel->wanted = false;
    node_fail(sentinel->store->node, &none);
}

/* "<name> <old host> <old port> <new host> <new port>" */
static bool read_switch(const struct sentinel *sentinel, const char *message,
                        struct redis_endpoint *primary)
{
    char copy[1024], *rest = copy, *words[5];
    if (strlen(message) >= sizeof copy) {
        return false;
    }
    memcpy(copy, message, strlen(message) + 1);
    for (size_t i = 0; i < 5; i++) {
        words[i] = strsep(&rest, " ");
        if (words[i] == NULL) {
            return false;
        }
    }
    int port;
    return strcmp(words[0], sentinel->store->access.copy.options.master_name) == 0 &&
           read_number(words[4], &port) && endpoint_set(primary, words[3], port);
}

static void on_heard(void *owner, const struct resp_value *value)
{
    struct sentinel *sentinel = owner;
    if (value->kind != RESP_ARRAY || value->count != 3) {
        return;
    }
    const char *kind = resp_text(value->items[0]), *message = resp_text(value->items[2]);
    struct redis_endpoint primary;
    if (kind != NULL && message != NULL && strcmp(kind, "message") == 0 &&
        read_switch(sentinel, message, &primary)) {
        go_to(sentinel, &primary);
    }
}

static void on_left(void *owner, const struct redis_fault *fault)
{
    struct sentinel *sentinel = owner;
    redis_tell_error(sentinel->store, fault->code);
    sentinel->index++; /* rather ask the next one */
    look_later(sentinel);
}

static const struct scout_events events = {.ask = on_ask,
                                           .answered = on_answered,
                                           .failed = on_failed,
                                           .heard = on_heard,
                                           .left = on_left};

struct sentinel *sentinel_new(struct redis_store *store)
{
    struct sentinel *sentinel = calloc(1, sizeof *sentinel);
    if (sentinel == NULL) {
        return NULL;
    }
    const struct redis_store_options *options = &store->access.copy.options;
    sentinel->store = store;
    sentinel->backoff = (struct backoff){.prng = &store->prng,
                                         .min_ms = options->reconnect_min_ms,
                                         .max_ms = options->reconnect_max_ms};
    sentinel->scout = scout_new(store->loop, &store->access.sentinels, &events, sentinel);
    if (sentinel->scout == NULL) {
        free(sentinel);
        return NULL;
    }
    (void)uv_timer_init(store->loop, &sentinel->retry);
    sentinel->retry.data = sentinel;
    store->open_parts++;
    return sentinel;
}

void sentinel_seek(struct sentinel *sentinel)
{
    sentinel->wanted = true;
    look(sentinel);
}

void sentinel_doubt(struct sentinel *sentinel)
{
    sentinel->index++;
}

static void on_retry_closed(uv_handle_t *handle)
{
    struct sentinel *sentinel = handle->data;
    struct redis_store *store = sentinel->store;
    free(sentinel);
    redis_part_closed(store);
}

static void on_scout_closed(void *owner)
{
    struct sentinel *sentinel = owner;
    uv_close((uv_handle_t *)&sentinel->retry, on_retry_closed);
}

void sentinel_close(struct sentinel *sentinel)
{
    if (sentinel != NULL && !sentinel->closing) {
        sentinel->closing = true;
        (void)uv_timer_stop(&sentinel->retry);
        scout_close(sentinel->scout, on_scout_closed);
    }
}
