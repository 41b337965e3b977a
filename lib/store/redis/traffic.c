#include "lib/store/redis/internal.h"

#include "lib/base/moment.h"
#include "lib/store/redis/script.h"

#include <stdio.h>
#include <string.h>

enum { SENDS_BY_NAME_MAX = 2 };

/* store_call.stage: where a call is, or why it is answered without having been sent. */
enum stage { STAGE_SENT = 1, STAGE_UNCONNECTED, STAGE_OVERLOAD, STAGE_MEMORY, STAGE_OVERSIZE };

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

void traffic_orphan(struct redis_store *store, struct call_list orphans,
                    const struct redis_fault *fault)
{
    for (struct store_call *call; (call = calls_take_first(&orphans)) != NULL;) {
        answer_without(store, call, LEASE_UNKNOWN, fault);
    }
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

void traffic_answer_unsent(struct redis_store *store)
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
    traffic_answer_unsent(store);
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
        script_add_in_full(output, slot->form, &slot->arguments);
    } else {
        script_add_by_name(output, slot->form, &slot->arguments);
    }
    slot->sent++;
    calls_add(&store->sent, call);
    link_send(store->link);
}

/* The server did nothing with the call, and another way of asking may do. */
static bool ask_otherwise(struct redis_store *store, struct store_call *call,
                          struct redis_fault *fault)
{
    struct call_slot *slot = call->slot;
    if (strcmp(fault->code, "NOSCRIPT") == 0 && slot->sent <= SENDS_BY_NAME_MAX) {
        send_call(store, call);
        return true;
    }
    if (slot->form == SCRIPT_PLAIN && strcmp(fault->code, "OOM") == 0 &&
        !store->full_form_refused) {
        store->form = SCRIPT_WHEN_FULL;
        slot->form = SCRIPT_WHEN_FULL;
        slot->sent = 0;
        send_call(store, call);
        return true;
    }
    if (slot->form == SCRIPT_WHEN_FULL && strcmp(fault->code, "ERR") == 0) {
        store->form = SCRIPT_PLAIN;
        store->full_form_refused = true;
        struct redis_place place = {.endpoint = store->copy.endpoint};
        redis_fault_read(fault, "OOM", 3, &place);
    }
    return false;
}

static void take_error(struct redis_store *store, struct store_call *call,
                       const struct resp_value *value)
{
    const struct call_slot *slot = call->slot;
    struct redis_place place = {.endpoint = store->copy.endpoint, .key = slot->key};
    struct redis_fault fault;
    redis_fault_read(&fault, value->bytes, value->length, &place);
    if (ask_otherwise(store, call, &fault)) {
        return;
    }
    store->fault = fault;
    store->has_fault = true;
    store->leaving =
        store->leaving || fault.remedy == REDIS_RECONNECT || fault.remedy == REDIS_REDISCOVER;
    redis_store_tell_error(store, fault.code);
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
    redis_store_tell_error(store, fault.code);
    redis_store_drop(store, &fault);
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

void traffic_receive(struct redis_store *store, const struct resp_value *value)
{
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
    if (store->leaving && store->link != NULL && store->sent.count == 0) {
        struct redis_fault fault = store->fault;
        redis_store_drop(store, &fault);
    }
}

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
    redis_store_tell_error(store, fault.code);
    redis_store_drop(store, &fault);
}

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

void traffic_submit(struct redis_store *store, struct store_call *call,
                    const struct lease_request *request, int64_t timeout_ms)
{
    call->request_id = request->id;
    call->give_up_at = uv_now(store->loop) + (uint64_t)timeout_ms;
    if (store->closing || !store->ready || store->leaving) {
        if (!store->closing && (request->verb == LEASE_RENEW || request->verb == LEASE_RELEASE)) {
            redis_store_hasten(store);
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
    ((struct call_slot *)call->slot)->form = store->form;
    send_call(store, call);
    if (!uv_is_active((uv_handle_t *)&store->give_up) ||
        uv_timer_get_due_in(&store->give_up) > (uint64_t)timeout_ms) {
        watch(store, call->give_up_at);
    }
}
