#include "lib/store/redis/redis_store.h"

#include "lib/base/moment.h"
#include "lib/store/redis/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { HANDLES = 3, HASTY_RECONNECT_MS = 1000 };

static struct redis_store *of(struct store *store)
{
    return (struct redis_store *)store;
}

/* What the listener may leave out. */

void redis_store_tell_error(struct redis_store *store, const char *code)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->error != NULL && !store->closing) {
        listener->error(listener->owner, code);
    }
}

static void tell_connected(struct redis_store *store, bool success)
{
    const struct store_listener *listener = &store->base.listener;
    if (listener->connected != NULL && !store->closing) {
        listener->connected(listener->owner, success);
    }
}

static void tell_up(struct redis_store *store)
{
    const struct store_listener *listener = &store->base.listener;
    store->down_told = false;
    if (listener->up != NULL && !store->closing) {
        listener->up(listener->owner);
    }
}

static void tell_down(struct redis_store *store, const struct redis_fault *fault)
{
    const struct store_listener *listener = &store->base.listener;
    bool told = store->down_told;
    store->down_told = true;
    if (listener->down != NULL && !told && !store->closing) {
        listener->down(listener->owner, fault->code, &fault->problem);
    }
}

/* The connection. */

static void on_reconnect(uv_timer_t *timer);

static void reconnect_in(struct redis_store *store, int64_t ms)
{
    (void)uv_timer_start(&store->reconnect, on_reconnect, (uint64_t)ms, 0);
}

/* The first look for another server is at once; a server that sends us away again has to wait. */
static int64_t reconnect_delay(struct redis_store *store, const struct redis_fault *fault)
{
    bool first = store->backoff.limit_ms == 0;
    int64_t delay = backoff_next(&store->backoff);
    return first && fault->remedy == REDIS_REDISCOVER ? 0 : delay;
}

/* The link is closed already. */
static void lose(struct redis_store *store, const struct redis_fault *fault)
{
    struct call_list orphans = store->sent;
    bool was_ready = store->ready;
    store->sent = (struct call_list){0};
    store->link = NULL;
    store->ready = false;
    store->leaving = false;
    store->fault = *fault;
    store->has_fault = true;
    store->moved = store->moved || fault->remedy == REDIS_REDISCOVER;
    reconnect_in(store, reconnect_delay(store, fault));
    if (!was_ready) {
        tell_connected(store, false);
    }
    tell_down(store, fault);
    traffic_orphan(store, orphans, fault);
}

void redis_store_drop(struct redis_store *store, const struct redis_fault *fault)
{
    if (!store->closing) {
        link_close(store->link);
        lose(store, fault);
    }
}

static void on_lost(void *owner, const struct redis_fault *fault)
{
    struct redis_store *store = owner;
    redis_store_tell_error(store, fault->code);
    redis_store_drop(store, fault);
}

static void on_ready(void *owner)
{
    struct redis_store *store = owner;
    store->ready = true;
    store->form = SCRIPT_PLAIN;
    store->full_form_refused = false;
    (void)snprintf(store->reign, sizeof store->reign, "%016" PRIx64 "%016" PRIx64,
                   prng_next(&store->prng), prng_next(&store->prng));
    subscriber_follow(store->subscriber, store->moved);
    store->moved = false;
    tell_connected(store, true);
    tell_up(store);
}

static void on_received(void *owner, const struct resp_value *value)
{
    traffic_receive(owner, value);
}

static const struct link_events link_events = {
    .ready = on_ready, .received = on_received, .lost = on_lost};

static void on_reconnect(uv_timer_t *timer)
{
    struct redis_store *store = timer->data;
    store->link = link_open(store->loop, &store->target, &link_events, store);
    if (store->link == NULL) {
        struct redis_fault fault;
        redis_fault_set(&fault, "memory", REDIS_RECONNECT, "out of memory");
        lose(store, &fault);
    }
}

void redis_store_hasten(struct redis_store *store)
{
    bool waits = store->link == NULL && uv_is_active((uv_handle_t *)&store->reconnect);
    if (waits && uv_timer_get_due_in(&store->reconnect) > HASTY_RECONNECT_MS) {
        reconnect_in(store, 1 + prng_below(&store->prng, HASTY_RECONNECT_MS));
    }
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
    redis_store_tell_error(owner, fault->code);
}

static const struct subscriber_events subscriber_events = {.hint = on_hint,
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

static void submit(struct store *base, struct store_call *call, const struct lease_request *request,
                   int64_t timeout_ms)
{
    traffic_submit(of(base), call, request, timeout_ms);
}

static void health(const struct store *base, struct store_health *health)
{
    const struct redis_store *store = (const struct redis_store *)base;
    *health =
        (struct store_health){.kind = "redis",
                              .mode = "standalone",
                              .endpoint = store->copy.endpoint,
                              .connected = store->ready,
                              .last_ok_ms = store->last_ok_ms,
                              .circuit = "closed",
                              .last_error = store->has_fault ? store->fault.problem.text : NULL};
}

static void free_store(struct redis_store *store)
{
    slots_deinit(&store->slots);
    redis_options_deinit(&store->copy);
    free(store);
}

static void on_closed(uv_handle_t *handle)
{
    struct redis_store *store = handle->data;
    if (--store->open_handles > 0) {
        return;
    }
    struct redis_fault fault;
    redis_fault_set(&fault, "closed", REDIS_RECONNECT, "the store was closed");
    struct call_list orphans = store->sent;
    store->sent = (struct call_list){0};
    traffic_orphan(store, orphans, &fault);
    store->fault = fault;
    store->has_fault = true;
    while (store->unsent.count > 0) {
        traffic_answer_unsent(store);
    }
    struct store_listener listener = store->base.listener;
    free_store(store);
    if (listener.closed != NULL) {
        listener.closed(listener.owner);
    }
}

static void close_store(struct store *base)
{
    struct redis_store *store = of(base);
    if (store->closing) {
        return;
    }
    store->closing = true;
    store->ready = false;
    link_close(store->link);
    store->link = NULL;
    subscriber_close(store->subscriber);
    uv_close((uv_handle_t *)&store->give_up, on_closed);
    uv_close((uv_handle_t *)&store->reconnect, on_closed);
    uv_close((uv_handle_t *)&store->next_turn, on_closed);
}

static const struct store_class redis_class = {.submit = submit,
                                               .subscribe = subscribe,
                                               .unsubscribe = unsubscribe,
                                               .health = health,
                                               .close = close_store};

static void start(struct redis_store *store)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
        seed = (uint64_t)boottime_us() ^ (uint64_t)(uintptr_t)store;
    }
    prng_init(&store->prng, seed);
    (void)uv_timer_init(store->loop, &store->give_up);
    (void)uv_timer_init(store->loop, &store->reconnect);
    (void)uv_idle_init(store->loop, &store->next_turn);
    store->give_up.data = store;
    store->reconnect.data = store;
    store->next_turn.data = store;
    store->open_handles = HANDLES;
    reconnect_in(store, 0);
}

struct store *redis_store_new(uv_loop_t *loop, const struct redis_store_options *options,
                              const struct store_listener *listener, struct problem *problem)
{
    struct redis_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        (void)problem_set(problem, "store: out of memory");
        return NULL;
    }
    if (!redis_options_copy(&store->copy, options, problem)) {
        free(store);
        return NULL;
    }
    store->base = (struct store){.class = &redis_class, .listener = *listener};
    store->loop = loop;
    store->target = (struct link_target){&store->copy.options, store->copy.endpoint};
    store->backoff = (struct backoff){.prng = &store->prng,
                                      .min_ms = options->reconnect_min_ms,
                                      .max_ms = options->reconnect_max_ms};
    store->subscriber =
        subscriber_new(loop, &store->target, &store->backoff, &subscriber_events, store);
    if (store->subscriber == NULL) {
        (void)problem_set(problem, "store: out of memory");
        free_store(store);
        return NULL;
    }
    start(store);
    return &store->base;
}
