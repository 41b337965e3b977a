#include "lib/store/local/local_store.h"

#include "lib/base/moment.h"
#include "lib/store/local/job.h"
#include "lib/store/local/messages.h"
#include "lib/store/local/record_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HANDLES = 2, PROBE_EVERY_MS = 250, PROBE_PATIENCE_MS = 100 };

struct local_store {
    struct store base;
    uv_loop_t *loop;
    struct record_file *file;
    char *path;
    struct messages messages;
    struct job_queue jobs; /* waiting or running; only the first runs */
    bool running;
    bool down;
    bool closing;
    int open_handles;
    uv_timer_t timer; /* for the earliest time to give up, or to probe; early when that was met */
    uint64_t wakes_at;
    bool told_up;
    uint64_t probe_at;         /* while it is down */
    struct store_call *unsent; /* there was no memory to keep them */
    int64_t last_ok_ms;
    struct problem last_error;
};

static struct local_store *of(struct store *store)
{
    return (struct local_store *)store;
}

static void run_next(struct local_store *store);

/* Health. */

static void tell_up(struct local_store *store)
{
    const struct store_listener *listener = &store->base.listener;
    store->down = false;
    if (listener->connected != NULL) {
        listener->connected(listener->owner, true);
    }
    if (listener->up != NULL) {
        listener->up(listener->owner, store->path);
    }
}

static void tell_down(struct local_store *store, const struct lease_reply *reply)
{
    const struct store_listener *listener = &store->base.listener;
    store->down = true;
    store->probe_at = uv_now(store->loop) + PROBE_EVERY_MS;
    if (listener->connected != NULL) {
        listener->connected(listener->owner, false);
    }
    if (listener->down != NULL && !store->closing) {
        listener->down(listener->owner, reply->error, &reply->problem);
    }
}

/* A bad row is the trouble of one election; everything else is the store's. Once it is down only a
 * probe brings it up, because a full disk can still be read. */
static void take_result(struct local_store *store, const struct job *job)
{
    const struct store_listener *listener = &store->base.listener;
    const struct lease_reply *reply = &job->reply;
    if (store->closing) {
        return;
    }
    if (reply->error[0] == '\0') {
        store->last_ok_ms = boottime_us() / 1000;
        if (store->down && job->probe) {
            store->last_error.text[0] = '\0';
            tell_up(store);
        }
        return;
    }
    store->last_error = reply->problem;
    if (listener->error != NULL && !job->probe) {
        listener->error(listener->owner, reply->error);
    }
    if (!store->down && !store->closing && strcmp(reply->error, "malformed") != 0) {
        tell_down(store, reply);
    }
}

static void on_message(void *owner, const char *election, const char *what)
{
    const struct store_listener *listener = &((struct local_store *)owner)->base.listener;
    if (listener->hint != NULL) {
        listener->hint(listener->owner, election, what);
    }
}

/* Calls. */

static void answer(struct job *job, const struct lease_reply *reply)
{
    struct store_call *call = job->call;
    job->call = NULL;
    if (call != NULL) {
        call->slot = NULL;
        call->answer(call, reply);
    }
}

static void answer_without(struct job *job, enum lease_outcome outcome, const char *code,
                           const char *sentence)
{
    struct lease_reply reply = {
        .id = job->request.id, .outcome = outcome, .record = {.state = LEASE_ABSENT, .meta = ""}};
    (void)snprintf(reply.error, sizeof reply.error, "%s", code);
    (void)problem_set(&reply.problem, "lease file %s: %s",
                      ((const struct local_store *)job->owner)->path, sentence);
    answer(job, &reply);
}

static void on_work(uv_work_t *work)
{
    struct job *job = work->data;
    struct local_store *store = job->owner;
    job_run(job, store->file);
}

static void arm(struct local_store *store);
static void wake_by(struct local_store *store, uint64_t at);
static void close_if_idle(struct local_store *store);

static void on_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct local_store *store = job->owner;
    (void)status;
    store->running = false;
    job_queue_pop(&store->jobs);
    const char *what = lease_announcement(job->reply.outcome);
    if (what != NULL) {
        messages_send(&store->messages, job->request.election, what);
    }
    take_result(store, job);
    answer(job, &job->reply);
    job_free(job);
    run_next(store);
    if (store->jobs.first == NULL) {
        arm(store); /* or it would wake an idle daemon for nothing */
    } else if (store->down) {
        wake_by(store, store->probe_at);
    }
    close_if_idle(store);
}

/* Waits for other processes a little less long than the caller waits for us: so that the caller
 * hears that the file is locked, and that nothing was done. */
static int patience_ms(const struct local_store *store, const struct job *job)
{
    uint64_t now = uv_now(store->loop);
    if (job->probe) {
        return PROBE_PATIENCE_MS;
    }
    return job->call->give_up_at > now ? (int)((job->call->give_up_at - now) / 8 * 7) : 0;
}

/* Starts the first job; one that was given up before it began is dropped. */
static void run_next(struct local_store *store)
{
    while (!store->running && store->jobs.first != NULL) {
        struct job *job = store->jobs.first;
        if ((job->call == NULL && !job->probe) || store->closing) {
            job_queue_pop(&store->jobs);
            answer_without(job, LEASE_FAILED, "closed", "the store is being closed");
            job_free(job);
            continue;
        }
        job->begun = true;
        job->patience_ms = patience_ms(store, job);
        store->running = true;
        if (uv_queue_work(store->loop, &job->work, on_work, on_done) != 0) {
            abort(); /* only for a NULL callback */
        }
    }
}

static void give_up_overdue(struct local_store *store)
{
    uint64_t now = uv_now(store->loop);
    for (struct job *job = store->jobs.first; job != NULL; job = job->next) {
        if (job->call == NULL || job->call->give_up_at > now) {
            continue;
        }
        if (job->begun) {
            answer_without(job, LEASE_UNKNOWN, "timeout", "it did not answer in time");
        } else {
            answer_without(job, LEASE_FAILED, "timeout", "calls before this one took too long");
        }
    }
}

static void fail_unsent(struct local_store *store)
{
    while (store->unsent != NULL) {
        struct store_call *call = store->unsent;
        store->unsent = call->next;
        struct lease_reply reply = {.id = call->request_id,
                                    .outcome = LEASE_FAILED,
                                    .record = {.state = LEASE_ABSENT, .meta = ""},
                                    .error = "memory",
                                    .problem = {"out of memory"}};
        call->answer(call, &reply);
    }
}

static void probe_when_due(struct local_store *store)
{
    uint64_t now = uv_now(store->loop);
    if (!store->down || now < store->probe_at) {
        return;
    }
    store->probe_at = now + PROBE_EVERY_MS;
    struct job *job = job_new(NULL, store);
    if (job != NULL) {
        job_queue_push(&store->jobs, job);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct local_store *store = timer->data;
    fail_unsent(store);
    if (!store->told_up && !store->closing) {
        store->told_up = true;
        tell_up(store);
    }
    if (!store->closing) {
        probe_when_due(store);
    }
    give_up_overdue(store);
    run_next(store);
    arm(store);
}

static void wake_at(struct local_store *store, uint64_t at)
{
    uint64_t now = uv_now(store->loop);
    store->wakes_at = at;
    uv_timer_start(&store->timer, on_timer, at > now ? at - now : 0, 0);
}

/* Thousands may wait: who comes in addition does not look at all of them. */
static void wake_by(struct local_store *store, uint64_t at)
{
    if (!store->closing && (!uv_is_active((uv_handle_t *)&store->timer) || at < store->wakes_at)) {
        wake_at(store, at);
    }
}

static void arm(struct local_store *store)
{
    uint64_t earliest = UINT64_MAX;
    if (store->closing) {
        return;
    }
    for (const struct job *job = store->jobs.first; job != NULL; job = job->next) {
        if (job->call != NULL && job->call->give_up_at < earliest) {
            earliest = job->call->give_up_at;
        }
    }
    uint64_t now = uv_now(store->loop);
    if (!store->told_up || store->unsent != NULL) {
        earliest = now;
    }
    if (store->down && store->probe_at < earliest) {
        earliest = store->probe_at;
    }
    if (earliest == UINT64_MAX) {
        uv_timer_stop(&store->timer);
    } else {
        wake_at(store, earliest);
    }
}

static void submit(struct store *base, struct store_call *call, const struct lease_request *request,
                   int64_t timeout_ms)
{
    struct local_store *store = of(base);
    struct job *job = job_new(request, store);
    call->request_id = request->id;
    call->give_up_at = uv_now(store->loop) + (uint64_t)timeout_ms;
    if (job == NULL) {
        call->next = store->unsent;
        store->unsent = call;
        wake_by(store, 0);
        return;
    }
    job->call = call;
    call->slot = job;
    job_queue_push(&store->jobs, job);
    if (!store->closing) {
        run_next(store);
    }
    wake_by(store, call->give_up_at);
}

static void subscribe(struct store *base, const char *election)
{
    messages_subscribe(&of(base)->messages, election);
}

static void unsubscribe(struct store *base, const char *election)
{
    messages_unsubscribe(&of(base)->messages, election);
}

static void health(const struct store *base, struct store_health *health)
{
    const struct local_store *store = (const struct local_store *)base;
    *health = (struct store_health){
        .kind = "local",
        .mode = "embedded",
        .endpoint = store->path,
        .connected = store->told_up && !store->down,
        .last_ok_ms = store->last_ok_ms,
        .circuit = "closed",
        .last_error = store->last_error.text[0] != '\0' ? store->last_error.text : NULL};
}

static void store_free(struct local_store *store)
{
    if (store->file != NULL) {
        record_file_close(store->file);
    }
    free(store->path);
    free(store);
}

static void on_closed(uv_handle_t *handle)
{
    struct local_store *store = handle->data;
    if (--store->open_handles > 0) {
        return;
    }
    struct store_listener listener = store->base.listener;
    store_free(store);
    if (listener.closed != NULL) {
        listener.closed(listener.owner);
    }
}

static void close_if_idle(struct local_store *store)
{
    if (store->closing && !store->running && !uv_is_closing((uv_handle_t *)&store->timer)) {
        fail_unsent(store);
        uv_close((uv_handle_t *)&store->timer, on_closed);
        messages_close(&store->messages, on_closed);
    }
}

/* The rest is done in the next turn: nobody is answered from inside a call. */
static void close_later(uv_timer_t *timer)
{
    struct local_store *store = timer->data;
    struct job *job = store->jobs.first;
    if (store->running) {
        answer_without(job, LEASE_UNKNOWN, "closed", "the store is being closed");
    } else {
        run_next(store);
    }
    close_if_idle(store);
}

static void close_store(struct store *base)
{
    struct local_store *store = of(base);
    store->closing = true;
    messages_stop(&store->messages);
    uv_timer_start(&store->timer, close_later, 0, 0);
}

static const struct store_class local_class = {.submit = submit,
                                               .subscribe = subscribe,
                                               .unsubscribe = unsubscribe,
                                               .health = health,
                                               .close = close_store,
                                               .shared_clock = true};

static void watch_messages(struct local_store *store)
{
    char path[4200];
    (void)snprintf(path, sizeof path, "%s.events", store->path);
    messages_init(&store->messages, store->loop, path);
    messages_listen(&store->messages, on_message, store);
}

struct store *local_store_new(uv_loop_t *loop, const struct local_store_options *options,
                              const struct store_listener *listener, struct problem *problem)
{
    struct local_store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(options->path)) == NULL) {
        free(store);
        (void)problem_set(problem, "lease file %s: out of memory", options->path);
        return NULL;
    }
    store->base = (struct store){.class = &local_class, .listener = *listener};
    store->loop = loop;
    store->file = record_file_open(options->path, problem);
    if (store->file == NULL) {
        store_free(store);
        return NULL;
    }
    store->open_handles = HANDLES;
    uv_timer_init(loop, &store->timer);
    store->timer.data = store;
    watch_messages(store);
    arm(store);
    return &store->base;
}
