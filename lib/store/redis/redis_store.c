#include "lib/store/redis/redis_store.h"

#include "lib/base/moment.h"
#include "lib/store/redis/calls.h"
#include "lib/store/redis/link.h"
#include "lib/store/redis/options.h"
#include "lib/store/redis/script.h"
#include "lib/store/redis/subscriber.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { HANDLES = 3, HASTY_RECONNECT_MS = 1000, SENDS_BY_NAME_MAX = 2 };

/* store_call.stage: where a call is, or why it is answered without having been sent. */
enum stage { STAGE_SENT = 1, STAGE_UNCONNECTED, STAGE_OVERLOAD, STAGE_MEMORY, STAGE_OVERSIZE };

struct redis_store {
    struct store base;
    uv_loop_t *loop;
    struct redis_options_copy copy;
    struct link_target target;
    struct prng prng;
    struct backoff backoff;
    char reign[LEASE_REIGN_SIZE]; /* of this connection; see script_context */

    struct link *link; /* NULL between two attempts */
    bool ready;
    bool leaving;   /* no more calls on this link: drop it after the answers under way */
    bool down_told; /* the listener knows of this loss */
    bool has_fault; /* `fault` is newer than the last good answer */
    bool closing;
    struct redis_fault fault;
    int64_t last_ok_ms;

    struct call_list sent;   /* in the order of their answers */
    struct call_list unsent; /* to be failed in the next turn */
    struct call_slots slots;
    struct subscriber *subscriber;

    uv_timer_t give_up; /* not later than the earliest deadline of `sent` */
    uv_timer_t reconnect;
    uv_idle_t next_turn; /* answers `unsent` */
    int open_handles;
};

static struct redis_store *of(struct store *store)
{
    return (struct redis_store *)store;
}

/* What the listener may leave out. */

static void tell_error(struct redis_store *store, const char *code)
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

/* Answers. */

static void answer(struct redis_store *store, struct store_call *call, struct lease_reply *reply)
{
    slots_give_back(&store->slots, call->slot);
    call->slot = NULL;
    reply->id = call->request_id;
    call->answer(call, reply);
}

static void answer_without(struct redis_store *store, struct store_call *call,
                           enum lease_outcome outcome, const struct redis_fault *fault)
{
    struct lease_reply reply = {.outcome = outcome,
                                .record = {.state = LEASE_ABSENT, .meta = ""},
                                .problem = fault->problem};
    (void)snprintf(reply.error, sizeof reply.error, "%s", fault->code);
    answer(store, call, &reply);
}

static void explain_unsent(const struct redis_store *store, enum stage stage,
                           struct redis_fault *fault)
{
    switch (stage) {
    case STAGE_SENT:
    case STAGE_UNCONNECTED:
        redis_fault_set(fault, "unconnected", REDIS_RECONNECT, "not connected to %s%s%s",
                        store->copy.endpoint, store->has_fault ? ": " : "",
                        store->has_fault ? store->fault.problem.text : "");
        return;
    case STAGE_OVERLOAD:
        redis_fault_set(fault, "overload", REDIS_RETRY, "more than %d calls to %s are under way",
                        REDIS_STORE_CALLS_MAX, store->copy.endpoint);
        return;
    case STAGE_MEMORY:
        redis_fault_set(fault, "memory", REDIS_RETRY, "out of memory");
        return;
    case STAGE_OVERSIZE:
        redis_fault_set(fault, "oversize", REDIS_CONFIGURE,
                        "the election's name or metadata is too long: at most %d and %d bytes",
                        LEASE_ELECTION_SIZE - 1, REDIS_META_MAX);
        return;
    }
}

static void answer_unsent(struct redis_store *store)
{
    struct call_list unsent = store->unsent;
    store->unsent = (struct call_list){0};
    for (struct store_call *call; (call = calls_take_first(&unsent)) != NULL;) {
        struct redis_fault fault;
        explain_unsent(store, (enum stage)call->stage, &fault);
        answer_without(store, call, LEASE_FAILED, &fault);
    }
}

static void on_next_turn(uv_idle_t *handle)
{
    struct redis_store *store = handle->data;
    (void)uv_idle_stop(handle);
    answer_unsent(store);
}

static void fail_later(struct redis_store *store, struct store_call *call, enum stage stage)
{
    call->stage = (int)stage;
    call->slot = NULL;
    calls_add(&store->unsent, call);
    if (!store->closing) {
        (void)uv_idle_start(&store->next_turn, on_next_turn);
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

/* The link is closed already. Everything that was under way on it has an unknown fate. */
static void on_lost(void *owner, const struct redis_fault *reason)
{
    struct redis_store *store = owner;
    struct redis_fault fault = *reason;
    struct call_list orphans = store->sent;
    bool was_ready = store->ready;
    store->sent = (struct call_list){0};
    store->link = NULL;
    store->ready = false;
    store->leaving = false;
    store->fault = fault;
    store->has_fault = true;
    reconnect_in(store, reconnect_delay(store, &fault));
    if (!was_ready) {
        tell_connected(store, false);
    }
    tell_error(store, fault.code);
    tell_down(store, &fault);
    for (struct store_call *call; (call = calls_take_first(&orphans)) != NULL;) {
        answer_without(store, call, LEASE_UNKNOWN, &fault);
    }
}

static void drop(struct redis_store *store, const struct redis_fault *fault)
{
    link_close(store->link);
    on_lost(store, fault);
}

static void on_ready(void *owner)
{
    struct redis_store *store = owner;
    store->ready = true;
    (void)snprintf(store->reign, sizeof store->reign, "%016" PRIx64 "%016" PRIx64,
                   prng_next(&store->prng), prng_next(&store->prng));
    tell_connected(store, true);
    tell_up(store);
}

/* Sends a call for the first time or, after NOSCRIPT, again. */
static void send_call(struct redis_store *store, struct store_call *call)
{
    struct call_slot *slot = call->slot;
    struct text *output = link_output(store->link);
    /* When a server has forgotten the script, a thousand calls under way learn it at once. They are
     * sent again by name once, behind the first of them, which brings the script along. */
    bool in_full = slot->sent >= SENDS_BY_NAME_MAX ||
                   (slot->sent == 1 && (store->sent.last == NULL ||
                                        ((struct call_slot *)store->sent.last->slot)->sent == 1));
    if (in_full) {
        script_add_in_full(output, &slot->arguments);
    } else {
        script_add_by_name(output, &slot->arguments);
    }
    slot->sent++;
    calls_add(&store->sent, call);
    link_send(store->link);
}

static void take_error(struct redis_store *store, struct store_call *call,
                       const struct resp_value *value)
{
    const struct call_slot *slot = call->slot;
    struct redis_place place = {.endpoint = store->copy.endpoint, .key = slot->key};
    struct redis_fault fault;
    redis_fault_read(&fault, value->bytes, value->length, &place);
    if (strcmp(fault.code, "NOSCRIPT") == 0 && slot->sent <= SENDS_BY_NAME_MAX) {
        send_call(store, call);
        return;
    }
    store->fault = fault;
    store->has_fault = true;
    store->leaving =
        store->leaving || fault.remedy == REDIS_RECONNECT || fault.remedy == REDIS_REDISCOVER;
    tell_error(store, fault.code);
    answer_without(store, call, LEASE_FAILED, &fault);
}

static void on_malformed(struct redis_store *store, struct store_call *call)
{
    struct redis_fault fault;
    redis_fault_set(&fault, "malformed", REDIS_RECONNECT,
                    "the server at %s sent what is no answer of the lease script",
                    store->copy.endpoint);
    if (call != NULL) {
        calls_add(&store->sent, call); /* unknown like the others */
    }
    drop(store, &fault);
}

static void take_answer(struct redis_store *store, struct store_call *call,
                        const struct resp_value *value)
{
    struct lease_reply reply;
    if (!script_read_answer(value, &reply)) {
        on_malformed(store, call);
        return;
    }
    backoff_reset(&store->backoff);
    store->has_fault = false;
    store->last_ok_ms = boottime_us() / 1000;
    answer(store, call, &reply);
}

static void on_received(void *owner, const struct resp_value *value)
{
    struct redis_store *store = owner;
    struct store_call *call = calls_take_first(&store->sent);
    if (call == NULL) {
        on_malformed(store, NULL);
        return;
    }
    if (value->kind == RESP_ERROR) {
        take_error(store, call, value);
    } else {
        take_answer(store, call, value);
    }
    if (store->leaving && store->link != NULL && store->sent.count == 0 && !store->closing) {
        struct redis_fault fault = store->fault;
        drop(store, &fault);
    }
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
        on_lost(store, &fault);
    }
}

/* The time limit of calls. */

static void on_give_up(uv_timer_t *timer);

static void watch(struct redis_store *store, uint64_t deadline)
{
    uint64_t now = uv_now(store->loop);
    (void)uv_timer_start(&store->give_up, on_give_up, deadline > now ? deadline - now : 0, 0);
}

static void on_give_up(uv_timer_t *timer)
{
    struct redis_store *store = timer->data;
    uint64_t earliest = calls_earliest(&store->sent);
    if (earliest == UINT64_MAX) {
        return;
    }
    if (earliest > uv_now(store->loop)) {
        watch(store, earliest);
        return;
    }
    struct redis_fault fault;
    redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                    "the server at %s did not answer in time: the connection is opened anew",
                    store->copy.endpoint);
    drop(store, &fault);
}

/* The calls. */

static bool fits(const struct lease_request *request)
{
    return strlen(request->election) < LEASE_ELECTION_SIZE &&
           strlen(request->meta) <= REDIS_META_MAX;
}

static struct call_slot *prepare(struct redis_store *store, const struct lease_request *request)
{
    struct call_slot *slot = slots_take(&store->slots);
    if (slot == NULL) {
        return NULL;
    }
    char channel[CALL_KEY_SIZE + sizeof ":events"];
    (void)snprintf(slot->key, sizeof slot->key, "%s%s", store->copy.options.key_prefix,
                   request->election);
    (void)snprintf(channel, sizeof channel, "%s:events", slot->key);
    struct script_context context = {.key = slot->key,
                                     .channel = channel,
                                     .reign = store->reign,
                                     .restart_guard = store->copy.options.restart_guard};
    script_add_arguments(&slot->arguments, request, &context);
    if (slot->arguments.failed) {
        slots_give_back(&store->slots, slot);
        return NULL;
    }
    return slot;
}

/* A lease runs: do not sit out a long wait. */
static void hasten(struct redis_store *store)
{
    bool waits = store->link == NULL && uv_is_active((uv_handle_t *)&store->reconnect);
    if (waits && uv_timer_get_due_in(&store->reconnect) > HASTY_RECONNECT_MS) {
        reconnect_in(store, 1 + prng_below(&store->prng, HASTY_RECONNECT_MS));
    }
}

static void submit(struct store *base, struct store_call *call, const struct lease_request *request,
                   int64_t timeout_ms)
{
    struct redis_store *store = of(base);
    call->request_id = request->id;
    call->give_up_at = uv_now(store->loop) + (uint64_t)timeout_ms;
    if (store->closing || !store->ready || store->leaving) {
        if (!store->closing && (request->verb == LEASE_RENEW || request->verb == LEASE_RELEASE)) {
            hasten(store);
        }
        fail_later(store, call, STAGE_UNCONNECTED);
        return;
    }
    if (!fits(request)) {
        fail_later(store, call, STAGE_OVERSIZE);
        return;
    }
    if (store->sent.count >= REDIS_STORE_CALLS_MAX) {
        fail_later(store, call, STAGE_OVERLOAD);
        return;
    }
    call->stage = STAGE_SENT;
    call->slot = prepare(store, request);
    if (call->slot == NULL) {
        fail_later(store, call, STAGE_MEMORY);
        return;
    }
    send_call(store, call);
    if (!uv_is_active((uv_handle_t *)&store->give_up) ||
        uv_timer_get_due_in(&store->give_up) > (uint64_t)timeout_ms) {
        watch(store, call->give_up_at);
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
    tell_error(owner, fault->code);
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
    for (struct store_call *call; (call = calls_take_first(&orphans)) != NULL;) {
        answer_without(store, call, LEASE_UNKNOWN, &fault);
    }
    store->fault = fault;
    store->has_fault = true;
    while (store->unsent.count > 0) {
        answer_unsent(store);
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
