#include "lib/store/memory/memory_store.h"

#include "lib/base/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char election[LEASE_ELECTION_SIZE];
    struct lease_record record;
    char *meta;
    bool subscribed;
};

struct memory_store {
    struct store base;
    uv_timer_t turn; /* runs in the next turn of the loop */
    bool up, closing;
    char reign[LEASE_REIGN_SIZE];
    int64_t reigns;
    struct entry entries[MEMORY_STORE_ELECTIONS];
    size_t entry_count;
    struct store_call *first, *last;
    int64_t last_ok_ms;
};

/* What waits in a call's slot: the reply, made at once, answered in the next turn. */
struct answer {
    struct lease_reply reply;
    char *meta;
    const char *said; /* to be published */
    char election[LEASE_ELECTION_SIZE];
};

static struct memory_store *of(struct store *store)
{
    return (struct memory_store *)store;
}

/* The entry of an election, made where it is missing; NULL when there is no room. */
static struct entry *find(struct memory_store *store, const char *election)
{
    for (size_t i = 0; i < store->entry_count; i++) {
        if (strcmp(store->entries[i].election, election) == 0) {
            return &store->entries[i];
        }
    }
    if (store->entry_count == MEMORY_STORE_ELECTIONS) {
        return NULL;
    }
    struct entry *entry = &store->entries[store->entry_count++];
    *entry = (struct entry){.record = {.state = LEASE_ABSENT, .meta = ""}};
    (void)snprintf(entry->election, sizeof entry->election, "%s", election);
    return entry;
}

static void new_reign(struct memory_store *store)
{
    (void)snprintf(store->reign, sizeof store->reign, "memory-%lld", (long long)++store->reigns);
}

static bool keep_meta(struct entry *entry, const struct lease_request *request)
{
    if (entry->record.meta != request->meta) {
        return true;
    }
    char *copy = strdup(request->meta);
    if (copy == NULL) {
        return false;
    }
    free(entry->meta);
    entry->meta = copy;
    entry->record.meta = copy;
    return true;
}

static void fail(struct answer *answer, uint64_t id, const char *code, const char *sentence)
{
    answer->reply = (struct lease_reply){
        .id = id, .outcome = LEASE_FAILED, .record = {.state = LEASE_ABSENT, .meta = ""}};
    (void)snprintf(answer->reply.error, sizeof answer->reply.error, "%s", code);
    (void)problem_set(&answer->reply.problem, "memory store: %s", sentence);
}

static void carry_out(struct memory_store *store, const struct lease_request *request,
                      struct answer *answer)
{
    struct entry *entry = find(store, request->election);
    int64_t now_us = wall_us();
    struct lease_server server = {
        .now_us = now_us, .term_floor_us = now_us, .reign = store->reign, .restart_guard = true};
    if (entry == NULL) {
        fail(answer, request->id, "full", "no room for another election");
        return;
    }
    struct lease_record before = entry->record;
    if (lease_apply(&entry->record, request, &server, &answer->reply) &&
        !keep_meta(entry, request)) {
        entry->record = before;
        fail(answer, request->id, "memory", "out of memory");
        return;
    }
    answer->meta = strdup(entry->record.meta);
    answer->reply.record.meta = answer->meta != NULL ? answer->meta : "";
    answer->said = lease_announcement(answer->reply.outcome);
    (void)snprintf(answer->election, sizeof answer->election, "%s", request->election);
}

static void publish(struct memory_store *store, const struct answer *answer)
{
    const struct store_listener *listener = &store->base.listener;
    const struct entry *entry = answer->said != NULL ? find(store, answer->election) : NULL;
    if (entry != NULL && entry->subscribed && listener->hint != NULL && !store->closing) {
        listener->hint(listener->owner, answer->election, answer->said);
    }
}

static void answer_next(struct memory_store *store)
{
    struct store_call *call = store->first;
    struct answer *answer = call->slot;
    store->first = call->next;
    if (store->first == NULL) {
        store->last = NULL;
    }
    if (answer == NULL) {
        struct answer short_of_memory;
        fail(&short_of_memory, call->request_id, "memory", "out of memory");
        call->answer(call, &short_of_memory.reply);
        return;
    }
    call->slot = NULL;
    store->last_ok_ms = boottime_us() / 1000;
    call->answer(call, &answer->reply);
    publish(store, answer);
    free(answer->meta);
    free(answer);
}

static void on_closed(uv_handle_t *handle)
{
    struct memory_store *store = handle->data;
    struct store_listener listener = store->base.listener;
    for (size_t i = 0; i < store->entry_count; i++) {
        free(store->entries[i].meta);
    }
    free(store);
    if (listener.closed != NULL) {
        listener.closed(listener.owner);
    }
}

static void on_turn(uv_timer_t *turn)
{
    struct memory_store *store = turn->data;
    const struct store_listener *listener = &store->base.listener;
    if (!store->up) {
        store->up = true;
        if (listener->up != NULL) {
            listener->up(listener->owner, "memory");
        }
    }
    const struct store_call *end = store->last;
    for (const struct store_call *call = NULL; store->first != NULL && call != end;) {
        call = store->first;
        answer_next(store);
    }
    if (store->first != NULL) {
        uv_timer_start(turn, on_turn, 0, 0);
    } else if (store->closing) {
        uv_close((uv_handle_t *)turn, on_closed);
    }
}

static void submit(struct store *base, struct store_call *call, const struct lease_request *request,
                   int64_t timeout_ms)
{
    struct memory_store *store = of(base);
    struct answer *answer = calloc(1, sizeof *answer);
    (void)timeout_ms; /* never late */
    call->request_id = request->id;
    call->next = NULL;
    call->slot = answer;
    if (answer != NULL && store->closing) {
        fail(answer, request->id, "closed", "the store is being closed");
    } else if (answer != NULL) {
        carry_out(store, request, answer);
    }
    if (store->last != NULL) {
        store->last->next = call;
    } else {
        store->first = call;
    }
    store->last = call;
    if (!uv_is_closing((uv_handle_t *)&store->turn)) {
        uv_timer_start(&store->turn, on_turn, 0, 0);
    }
}

static void subscribe(struct store *base, const char *election)
{
    struct entry *entry = find(of(base), election);
    if (entry != NULL) {
        entry->subscribed = true;
    }
}

static void unsubscribe(struct store *base, const char *election)
{
    struct entry *entry = find(of(base), election);
    if (entry != NULL) {
        entry->subscribed = false;
    }
}

static void health(const struct store *base, struct store_health *health)
{
    const struct memory_store *store = (const struct memory_store *)base;
    *health = (struct store_health){.kind = "memory",
                                    .mode = "embedded",
                                    .endpoint = "memory",
                                    .connected = store->up,
                                    .last_ok_ms = store->last_ok_ms,
                                    .circuit = "closed"};
}

static void close_store(struct store *base)
{
    struct memory_store *store = of(base);
    store->closing = true;
    uv_timer_start(&store->turn, on_turn, 0, 0);
}

static const struct store_class memory_class = {.submit = submit,
                                                .subscribe = subscribe,
                                                .unsubscribe = unsubscribe,
                                                .health = health,
                                                .close = close_store};

struct store *memory_store_new(uv_loop_t *loop, const struct store_listener *listener,
                               struct problem *problem)
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        (void)problem_set(problem, "memory store: out of memory");
        return NULL;
    }
    store->base = (struct store){.class = &memory_class, .listener = *listener};
    new_reign(store);
    uv_timer_init(loop, &store->turn);
    store->turn.data = store;
    uv_timer_start(&store->turn, on_turn, 0, 0);
    return &store->base;
}

void memory_store_restart(struct store *base, bool keep)
{
    struct memory_store *store = of(base);
    new_reign(store);
    for (size_t i = 0; i < store->entry_count && !keep; i++) {
        store->entries[i].record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
    }
}
