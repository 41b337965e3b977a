#include "daemon/pending.h"

#include "daemon/api.h"
#include "lib/base/moment.h"
#include "lib/status/document.h"

#include <stdlib.h>

enum pending_kind { PENDING_RELEASE = 1, PENDING_COMMAND };

struct pending {
    struct pending *next;
    struct pending_list *list;
    enum pending_kind kind;
    struct http_call *call;
    struct election *election;
    uv_timer_t timer;
};

struct pending_list {
    struct app *app;
    struct pending *first;
};

struct pending_list *pending_list_new(struct app *app)
{
    struct pending_list *list = calloc(1, sizeof *list);
    if (list != NULL) {
        list->app = app;
    }
    return list;
}

void pending_list_free(struct pending_list *list)
{
    free(list);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop(struct pending *pending)
{
    struct pending **link = &pending->list->first;
    while (*link != pending) {
        link = &(*link)->next;
    }
    *link = pending->next;
    uv_close((uv_handle_t *)&pending->timer, on_closed);
}

static void answer(struct pending *pending, int code)
{
    struct text body = {0};
    struct api_look look;
    struct app *app = pending->list->app;
    api_look(app, &look);
    api_look_at(&look, pending->election);
    api_election_headers(pending->call, &look);
    if (http_call_format(pending->call) == HTTP_TEXT) {
        status_add_election_text(&body, &look.status, &look.daemon);
    } else {
        status_add_election(&body, &look.status, &look.daemon);
    }
    api_answer(pending->call, code, &body);
}

static void on_gone(void *data)
{
    drop(data);
}

static void on_timeout(uv_timer_t *timer)
{
    struct pending *pending = timer->data;
    answer(pending, 202);
    drop(pending);
}

static struct pending *add(struct pending_list *list, struct http_call *call,
                           struct election *election, enum pending_kind kind)
{
    struct pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL) {
        http_call_problem(call, "busy", "out of memory");
        return NULL;
    }
    *pending = (struct pending){.list = list, .kind = kind, .call = call, .election = election};
    uv_timer_init(list->app->loop, &pending->timer);
    pending->timer.data = pending;
    if (!http_call_park(call, false, on_gone, pending)) {
        uv_close((uv_handle_t *)&pending->timer, on_closed);
        return NULL;
    }
    pending->next = list->first;
    list->first = pending;
    return pending;
}

void pending_wait_release(struct pending_list *list, struct http_call *call,
                          struct election *election, int64_t timeout_ms)
{
    struct pending *pending = add(list, call, election, PENDING_RELEASE);
    if (pending != NULL && timeout_ms >= 0) {
        uv_timer_start(&pending->timer, on_timeout, (uint64_t)timeout_ms, 0);
    }
}

void pending_wait_command(struct pending_list *list, struct http_call *call,
                          struct election *election)
{
    (void)add(list, call, election, PENDING_COMMAND);
}

void pending_look(struct pending_list *list, struct election *election)
{
    struct elector_view view;
    election_look(election, moment_now(), &view);
    struct pending *next;
    for (struct pending *pending = list->first; pending != NULL; pending = next) {
        next = pending->next;
        if (pending->election == election && pending->kind == PENDING_RELEASE &&
            !view.lease_valid && !view.releasing) {
            answer(pending, 200);
            drop(pending);
        }
    }
}

static void answer_command(struct pending *pending, enum elector_verdict verdict)
{
    if (verdict == ELECTOR_IS_HELD) {
        http_call_problem(pending->call, "held",
                          "a participant holds the lease, or it was vacated: there is nothing to "
                          "bootstrap");
    } else if (verdict == ELECTOR_NO_ANSWER) {
        http_call_problem(pending->call, "not_ready",
                          "the store did not answer: what was asked for may be done or not");
    } else {
        answer(pending, 200);
    }
}

void pending_command_ended(struct pending_list *list, struct election *election,
                           const struct elector_note *note)
{
    struct pending *next;
    for (struct pending *pending = list->first; pending != NULL; pending = next) {
        next = pending->next;
        if (pending->election == election && pending->kind == PENDING_COMMAND) {
            answer_command(pending, note->verdict);
            drop(pending);
        }
    }
}

void pending_election_gone(struct pending_list *list, struct election *election)
{
    struct pending *next;
    for (struct pending *pending = list->first; pending != NULL; pending = next) {
        next = pending->next;
        if (pending->election == election) {
            answer(pending, 200);
            drop(pending);
        }
    }
}
