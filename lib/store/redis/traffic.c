/* The calls on the connection to one server, each from its submit to its answer. */
#include "lib/store/redis/internal.h"

#include "lib/base/moment.h"

#include <stdio.h>
#include <string.h>

enum { SENDS_BY_NAME_MAX = 2 };

/* store_call.stage: where a call is, or why it is answered without having been sent. */
enum stage {
    STAGE_HELD = 1,
    STAGE_SENT,
    STAGE_UNCONNECTED,
    STAGE_CIRCUIT,
    STAGE_OVERLOAD,
    STAGE_MEMORY,
    STAGE_OVERSIZE,
};

static struct call_slot *slot_of(const struct store_call *call)
{
    return call->slot;
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
    struct store_health health;
    store_health(&store->base, &health);
    const char *why = health.last_error != NULL ? health.last_error : "";
    const char *colon = health.last_error != NULL ? ": " : "";
    switch (stage) {
    case STAGE_HELD:
    case STAGE_SENT:
    case STAGE_UNCONNECTED:
        redis_fault_set(fault, "unconnected", REDIS_RECONNECT, "not connected to %s%s%s",
                        health.endpoint, colon, why);
        return;
    case STAGE_CIRCUIT:
        redis_fault_set(fault, "circuit_open", REDIS_RETRY,
                        "not asked, because %s failed %d times in a row%s%s", health.endpoint,
                        store->access.copy.options.breaker_failures, colon, why);
        return;
    case STAGE_OVERLOAD:
        redis_fault_set(fault, "overload", REDIS_RETRY, "more than %d calls to %s are under way",
                        REDIS_STORE_CALLS_MAX, health.endpoint);
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
    slots_give_back(&store->slots, call->slot);
    call->slot = NULL;
    calls_add(&store->unsent, call);
    if (!store->closing) {
        (void)uv_idle_start(&store->next_turn, on_next_turn);
    }
}

void traffic_orphan(struct node *node, const struct redis_fault *fault)
{
    struct redis_store *store = node->store;
    struct call_list lists[] = {node->answered, node->sent}, held = node->held;
    node->answered = node->sent = node->held = (struct call_list){0};
    node->waits = false;
    for (struct store_call *call; (call = calls_take_first(&held)) != NULL;) {
        fail_later(store, call, STAGE_UNCONNECTED);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (struct store_call *call; (call = calls_take_first(&lists[i])) != NULL;) {
            answer_without(store, call, LEASE_UNKNOWN, fault);
        }
    }
}

/* Time limits. */

static void on_give_up(uv_timer_t *timer);

static void watch(struct node *node, uint64_t deadline)
{
    uint64_t now = uv_now(node->store->loop);
    uint64_t left_ms = deadline > now ? deadline - now : 0;
    if (!uv_is_active((uv_handle_t *)&node->give_up) ||
        uv_timer_get_due_in(&node->give_up) > left_ms) {
        (void)uv_timer_start(&node->give_up, on_give_up, left_ms, 0);
    }
}

/* Fails those that were held too long, and says when the next one will have been. */
static uint64_t give_up_held(struct node *node, uint64_t now)
{
    struct call_list held = node->held;
    node->held = (struct call_list){0};
    for (struct store_call *call; (call = calls_take_first(&held)) != NULL;) {
        if (call->give_up_at <= now) {
            fail_later(node->store, call, STAGE_UNCONNECTED);
        } else {
            calls_add(&node->held, call);
        }
    }
    return calls_earliest(&node->held);
}

static void on_give_up(uv_timer_t *timer)
{
    struct node *node = timer->data;
    uint64_t now = uv_now(node->store->loop);
    uint64_t sent = calls_earliest(&node->sent), answered = calls_earliest(&node->answered);
    uint64_t earliest = sent < answered ? sent : answered;
    if (earliest <= now) {
        struct redis_fault fault;
        redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                        "the server at %s did not answer in time: the connection is opened anew",
                        node->endpoint.name);
        node_fail(node, &fault);
        return;
    }
    uint64_t held = give_up_held(node, now);
    earliest = held < earliest ? held : earliest;
    if (earliest != UINT64_MAX) {
        watch(node, earliest);
    }
}

/* Sending. */

/* When a server has forgotten the script, a thousand calls under way learn it at once. They are
 * sent again by name once, behind the first of them, which brings the script along. A call that is
 * only let in for this once (ASKING) has no second try. */
static bool is_sent_in_full(const struct node *node, const struct call_slot *slot)
{
    const struct store_call *last = node->sent.last;
    return slot->asking || slot->sent >= SENDS_BY_NAME_MAX ||
           (slot->sent == 1 && (last == NULL || slot_of(last)->sent == 1));
}

static void write_call(struct node *node, struct store_call *call)
{
    struct call_slot *slot = call->slot;
    struct text *output = link_output(node->link);
    if (slot->asking) {
        resp_begin(output, 1);
        resp_string(output, "ASKING");
        slot->replies_before = 1;
    }
    if (is_sent_in_full(node, slot)) {
        script_add_in_full(output, slot->form, &slot->arguments);
    } else {
        script_add_by_name(output, slot->form, &slot->arguments);
    }
    slot->sent++;
    call->stage = STAGE_SENT;
    calls_add(&node->sent, call);
}

static bool must_be_replicated(const struct node *node, const struct store_call *call)
{
    const struct call_slot *slot = call->slot;
    return node->store->access.copy.options.min_replicas > 0 &&
           (slot->verb == LEASE_ACQUIRE || slot->verb == LEASE_RENEW);
}

/* One WAIT for all that was just written. It must be over well before the first of these calls
 * gives up, and blocks the connection meanwhile: so whatever comes now is held until then. */
static void write_wait(struct node *node)
{
    uint64_t now = uv_now(node->store->loop), earliest = calls_earliest(&node->sent);
    uint64_t left_ms = earliest > now ? earliest - now : 0;
    struct text *output = link_output(node->link);
    resp_begin(output, 3);
    resp_string(output, "WAIT");
    resp_integer(output, node->store->access.copy.options.min_replicas);
    resp_integer(output, 1 + (int64_t)(left_ms / 2));
    node->waits = true;
}

static void send_held(struct node *node)
{
    bool wait = false;
    struct call_list held = node->held;
    node->held = (struct call_list){0};
    for (struct store_call *call; (call = calls_take_first(&held)) != NULL;) {
        wait = wait || must_be_replicated(node, call);
        write_call(node, call);
    }
    if (wait) {
        write_wait(node);
    }
    if (node->sent.count > 0) {
        link_send(node->link);
    }
}

static void send_call(struct node *node, struct store_call *call)
{
    call->stage = STAGE_HELD;
    calls_add(&node->held, call);
    if (node->ready && !node->waits) {
        send_held(node);
    }
}

void traffic_resume(struct node *node)
{
    send_held(node);
}

/* Errors. */

/* The server did nothing with the call, and another way of asking may do. */
static bool ask_otherwise(struct node *node, struct store_call *call, struct redis_fault *fault)
{
    struct call_slot *slot = call->slot;
    if (strcmp(fault->code, "NOSCRIPT") == 0 && slot->sent <= SENDS_BY_NAME_MAX) {
        send_call(node, call);
        return true;
    }
    if (slot->form == SCRIPT_PLAIN && strcmp(fault->code, "OOM") == 0 && !node->full_form_refused) {
        node->form = SCRIPT_WHEN_FULL;
        slot->form = SCRIPT_WHEN_FULL;
        slot->sent = 0;
        send_call(node, call);
        return true;
    }
    if (slot->form == SCRIPT_WHEN_FULL && strcmp(fault->code, "ERR") == 0) {
        node->form = SCRIPT_PLAIN;
        node->full_form_refused = true;
        struct redis_place place = {.endpoint = node->endpoint.name};
        redis_fault_read(fault, "OOM", 3, &place);
    }
    return false;
}

static void count_failure(struct node *node)
{
    bool closed = node->breaker.state == BREAKER_CLOSED;
    breaker_fail(&node->breaker, (int64_t)uv_now(node->store->loop));
    if (closed && node->breaker.state == BREAKER_OPEN) {
        redis_node_circuit(node, true);
    }
}

static void count_success(struct node *node)
{
    bool closed = node->breaker.state == BREAKER_CLOSED;
    breaker_succeed(&node->breaker);
    backoff_reset(&node->backoff);
    node->has_fault = node->has_fault && node->unreplicated;
    node->store->last_ok_ms = boottime_us() / 1000;
    if (!closed) {
        redis_node_circuit(node, false);
    }
}

static void take_error(struct node *node, struct store_call *call, const struct resp_value *value)
{
    struct redis_place place = {.endpoint = node->endpoint.name, .key = slot_of(call)->key};
    struct redis_fault fault;
    redis_fault_read(&fault, value->bytes, value->length, &place);
    if (ask_otherwise(node, call, &fault)) {
        return;
    }
    redis_tell_error(node->store, fault.code);
    if (redis_redirect(node, call, &fault, value)) {
        return;
    }
    node->fault = fault;
    node->has_fault = true;
    bool elsewhere = fault.remedy == REDIS_REDISCOVER && node->store->cluster == NULL;
    node->leaving = node->leaving || fault.remedy == REDIS_RECONNECT || elsewhere;
    if (!fault.about_key) {
        count_failure(node);
    }
    answer_without(node->store, call, LEASE_FAILED, &fault);
}

static void on_malformed(struct node *node)
{
    struct redis_fault fault;
    redis_fault_set(&fault, "malformed", REDIS_RECONNECT,
                    "the server at %s sent what is no answer of the lease script",
                    node->endpoint.name);
    node_fail(node, &fault);
}

/* Answers. */

/* Keeps the answer until WAIT has told whether it counts. */
static bool keep_reply(struct call_slot *slot, const struct lease_reply *reply)
{
    slot->reply = *reply;
    text_clear(&slot->meta);
    text_add(&slot->meta, reply->record.meta);
    slot->reply.record.meta = slot->meta.bytes != NULL ? slot->meta.bytes : "";
    return !slot->meta.failed;
}

/* Where a script may not read INFO, the version begins with the reign of our connection. */
static void notice_bareness(struct node *node, const struct lease_reply *reply)
{
    bool bare = strncmp(reply->version, node->reign, strlen(node->reign)) == 0;
    if (bare && !node->bare) {
        struct redis_fault fault;
        redis_fault_set(&fault, "info_denied", REDIS_HOLD,
                        "the server at %s lets no script read INFO: a lease that others wrote is "
                        "taken for one that may be lost, so a hand-over waits one lease; permit "
                        "+info",
                        node->endpoint.name);
        redis_tell_weaker(node->store, &fault);
    }
    node->bare = bare;
}

static void take_answer(struct node *node, struct store_call *call, const struct resp_value *value)
{
    struct lease_reply reply;
    if (!script_read_answer(value, &reply)) {
        calls_add(&node->sent, call); /* unknown like the others */
        on_malformed(node);
        return;
    }
    count_success(node);
    notice_bareness(node, &reply);
    if (!must_be_replicated(node, call)) {
        answer(node->store, call, &reply);
    } else if (keep_reply(call->slot, &reply)) {
        calls_add(&node->answered, call);
    } else {
        struct redis_fault fault;
        redis_fault_set(&fault, "memory", REDIS_RETRY, "out of memory");
        answer_without(node->store, call, LEASE_UNKNOWN, &fault);
    }
}

/* Why the answers do not count, although they were carried out. */
static void explain_wait(const struct node *node, const struct resp_value *value,
                         struct redis_fault *fault)
{
    if (value->kind == RESP_INTEGER) {
        redis_fault_set(fault, "unreplicated", REDIS_RETRY,
                        "%lld of %d replicas of %s have acknowledged in time: the lease does not "
                        "count (store.min_replicas)",
                        (long long)value->integer, node->store->access.copy.options.min_replicas,
                        node->endpoint.name);
        return;
    }
    struct redis_place place = {.endpoint = node->endpoint.name};
    struct redis_fault refusal;
    redis_fault_read(&refusal, value->bytes, value->length, &place);
    redis_fault_set(fault, refusal.code, REDIS_HOLD,
                    "store.min_replicas needs the command WAIT (+wait): %.400s",
                    refusal.problem.text);
}

static bool is_grant(const struct lease_reply *reply)
{
    return reply->outcome == LEASE_ACQUIRED || reply->outcome == LEASE_RENEWED ||
           reply->outcome == LEASE_REASSERTED;
}

static void answer_replicated(struct node *node, struct store_call *call,
                              const struct redis_fault *fault)
{
    struct lease_reply reply = slot_of(call)->reply;
    if (fault != NULL && is_grant(&reply)) {
        reply.replicated = false;
        reply.problem = fault->problem;
        (void)snprintf(reply.error, sizeof reply.error, "%s", fault->code);
    }
    answer(node->store, call, &reply);
}

static void take_wait(struct node *node, const struct resp_value *value)
{
    struct call_list answered = node->answered;
    int64_t wanted = node->store->access.copy.options.min_replicas;
    bool enough = value->kind == RESP_INTEGER && value->integer >= wanted;
    struct redis_fault fault;
    node->answered = (struct call_list){0};
    node->waits = false;
    if (!enough) {
        explain_wait(node, value, &fault);
        redis_tell_error(node->store, fault.code);
        node->fault = fault;
    }
    node->has_fault = !enough;
    node->unreplicated = !enough;
    send_held(node); /* before the callbacks, which may close the store */
    for (struct store_call *call; (call = calls_take_first(&answered)) != NULL;) {
        answer_replicated(node, call, enough ? NULL : &fault);
    }
}

void traffic_receive(struct node *node, const struct resp_value *value)
{
    struct store_call *call = node->sent.first;
    if (call != NULL && slot_of(call)->replies_before > 0) {
        slot_of(call)->replies_before--; /* to ASKING */
        return;
    }
    (void)calls_take_first(&node->sent);
    if (call == NULL && node->waits) {
        take_wait(node, value);
    } else if (call == NULL) {
        on_malformed(node);
    } else if (value->kind == RESP_ERROR) {
        take_error(node, call, value);
    } else {
        take_answer(node, call, value);
    }
    bool idle = node->sent.count == 0 && !node->waits;
    if (idle && node->held.count == 0 && node->answered.count == 0) {
        (void)uv_timer_stop(&node->give_up); /* or it would wake an idle daemon for nothing */
    }
    if (node->leaving && node->link != NULL && idle) {
        struct redis_fault fault = node->fault;
        node_drop(node, &fault);
    }
}

/* Submits. */

/* What a holder does for its lease, and an operator by hand, is never put off. */
static bool is_urgent(const struct lease_request *request)
{
    switch (request->verb) {
    case LEASE_RENEW:
    case LEASE_RELEASE:
    case LEASE_BOOTSTRAP:
    case LEASE_VACATE:
        return true;
    case LEASE_OBSERVE:
        return request->term > 0; /* a holder reads back what it was granted */
    case LEASE_ACQUIRE:
        return false;
    }
    return false;
}

static bool fits(const struct lease_request *request)
{
    return strlen(request->election) < LEASE_ELECTION_SIZE &&
           strlen(request->meta) <= REDIS_META_MAX;
}

static struct call_slot *prepare(struct node *node, const struct lease_request *request)
{
    struct redis_store *store = node->store;
    struct call_slot *slot = slots_take(&store->slots);
    if (slot == NULL) {
        return NULL;
    }
    char channel[CALL_KEY_SIZE + sizeof ":events"];
    (void)snprintf(slot->key, sizeof slot->key, "%s%s", store->access.copy.options.key_prefix,
                   request->election);
    (void)snprintf(channel, sizeof channel, "%s:events", slot->key);
    struct script_context context = {.key = slot->key,
                                     .channel = channel,
                                     .reign = node->reign,
                                     .restart_guard = store->access.copy.options.restart_guard};
    script_add_arguments(&slot->arguments, request, &context);
    if (slot->arguments.failed) {
        slots_give_back(&store->slots, slot);
        return NULL;
    }
    slot->verb = request->verb;
    slot->form = node->form;
    return slot;
}

static void begin(struct redis_store *store, struct store_call *call,
                  const struct lease_request *request, int64_t timeout_ms)
{
    call->request_id = request->id;
    call->give_up_at = uv_now(store->loop) + (uint64_t)timeout_ms;
    call->slot = NULL;
}

void traffic_refuse(struct redis_store *store, struct store_call *call,
                    const struct lease_request *request)
{
    begin(store, call, request, 0);
    fail_later(store, call, STAGE_UNCONNECTED);
}

/* Somebody's lease runs out meanwhile. */
static void refuse_unconnected(struct node *node, struct store_call *call, bool urgent)
{
    enum { HASTY_RECONNECT_MS = 1000 };
    if (urgent) {
        node_hasten(node, HASTY_RECONNECT_MS);
    }
    fail_later(node->store, call, STAGE_UNCONNECTED);
}

void traffic_submit(struct node *node, struct store_call *call, const struct lease_request *request,
                    int64_t timeout_ms)
{
    struct redis_store *store = node->store;
    int64_t now_ms = (int64_t)uv_now(store->loop);
    bool urgent = is_urgent(request);
    begin(store, call, request, timeout_ms);
    /* A node of a cluster is connected to by the first call for it. */
    bool new = store->cluster != NULL && node->link != NULL && !node->has_fault;
    if (node->closing || node->leaving || !(node->ready || new)) {
        refuse_unconnected(node, call, urgent);
    } else if (!urgent && !breaker_admits(&node->breaker, now_ms)) {
        fail_later(store, call, STAGE_CIRCUIT);
    } else if (!fits(request)) {
        fail_later(store, call, STAGE_OVERSIZE);
    } else if (node->sent.count + node->held.count >= REDIS_STORE_CALLS_MAX) {
        fail_later(store, call, STAGE_OVERLOAD);
    } else if ((call->slot = prepare(node, request)) == NULL) {
        fail_later(store, call, STAGE_MEMORY);
    } else {
        send_call(node, call);
        watch(node, call->give_up_at);
    }
}

void traffic_forward(struct node *node, struct store_call *call, bool asking)
{
    struct call_slot *slot = call->slot;
    if (node->closing || node->sent.count + node->held.count >= REDIS_STORE_CALLS_MAX) {
        fail_later(node->store, call, node->closing ? STAGE_UNCONNECTED : STAGE_OVERLOAD);
        return;
    }
    slot->asking = asking;
    slot->sent = 0;
    slot->form = node->form != 0 ? node->form : SCRIPT_PLAIN;
    send_call(node, call);
    watch(node, call->give_up_at);
}
