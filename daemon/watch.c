#include "daemon/watch.h"

#include "daemon/api.h"
#include "daemon/workloads.h"
#include "lib/base/moment.h"
#include "lib/status/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 256, /* watchers told in one turn of the loop */
    TIMEOUT_DEFAULT_MS = 30000,
    TIMEOUT_MAX_MS = 300000,
    LEADER_WAIT_MIN_MS = 200,
    COMMENT_EVERY_MS = 15000,
};

struct watcher {
    struct watcher *next, *previous;
    struct watch_list *list;
    struct http_call *call;
    uint64_t since; /* version that the client has seen */
    bool reset;
    struct election **elections; /* NULL: all */
    size_t election_count;
    char workload[WORKLOAD_NAME_SIZE]; /* "": does not make itself known */
    uv_timer_t timer; /* of the answer; of a stream: of the next comment, or its end */
    struct stream_state {
        bool on;
        bool begun;     /* the snapshot was sent */
        bool lease_due; /* a lease was renewed */
        bool comment_due;
        bool ending;      /* after what there is to say */
        uint64_t ends_at; /* uv_now() time; 0: with the connection */
    } stream;
};

struct watch_list {
    struct app *app;
    struct watcher ends;    /* both ends of the ring */
    struct watcher *cursor; /* the next to be told; NULL: nobody is being told */
    bool again;             /* something changed while they were being told */
    uv_idle_t idle;         /* runs while there is somebody to tell */
};

static void tell_batch(uv_idle_t *idle);

struct watch_list *watch_list_new(struct app *app)
{
    struct watch_list *list = calloc(1, sizeof *list);
    if (list != NULL) {
        list->app = app;
        list->ends.next = &list->ends;
        list->ends.previous = &list->ends;
        uv_idle_init(app->loop, &list->idle);
        list->idle.data = list;
    }
    return list;
}

void watch_list_free(struct watch_list *list)
{
    free(list);
}

static void on_watcher_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;
    free(watcher->elections);
    free(watcher);
}

/* Takes the watcher out of the list; its call is somebody else's business from here on. */
static void watcher_remove(struct watcher *watcher)
{
    struct watch_list *list = watcher->list;
    if (list->cursor == watcher) {
        list->cursor = watcher->next;
    }
    watcher->previous->next = watcher->next;
    watcher->next->previous = watcher->previous;
    uv_close((uv_handle_t *)&watcher->timer, on_watcher_closed);
}

/* Runs through the elections that a watcher watches. */
static struct election *watched(const struct watcher *watcher, size_t index)
{
    const struct app *app = watcher->list->app;
    if (watcher->elections == NULL) {
        return index < app->election_count ? app->elections[index] : NULL;
    }
    return index < watcher->election_count ? watcher->elections[index] : NULL;
}

/* Version of the latest change that this watcher cares for. */
static uint64_t latest_version(const struct watcher *watcher)
{
    uint64_t latest = 0;
    const struct election *election = watched(watcher, 0);
    for (size_t i = 0; election != NULL; election = watched(watcher, ++i)) {
        uint64_t version = election_version(election);
        latest = version > latest ? version : latest;
    }
    return latest;
}

/* Adds the whole document, as it is now. */
static void add_document(struct watcher *watcher, bool changed, struct text *body)
{
    struct api_look look;
    struct status_document document;
    struct app *app = watcher->list->app;
    struct status_watch watch = {.changed = changed || watcher->reset, .reset = watcher->reset};
    api_look(app, &look);
    status_document_begin(&document, body, &look.daemon, &watch);
    struct election *election = watched(watcher, 0);
    for (size_t i = 0; election != NULL; election = watched(watcher, ++i)) {
        if (watcher->workload[0] != '\0') {
            election_tell_workload(election, watcher->workload, look.now);
        }
        api_look_at(&look, election);
        status_document_add(&document, &look.status);
    }
    status_document_end(&document);
}

static void answer(struct watcher *watcher, bool changed)
{
    struct text body = {0};
    const struct app *app = watcher->list->app;
    add_document(watcher, changed, &body);
    struct http_call *call = watcher->call;
    if (app->shutting_down) {
        http_call_close_after(call);
    }
    http_call_answer(call, 200, "application/json", &body);
}

static void on_timeout(uv_timer_t *timer)
{
    struct watcher *watcher = timer->data;
    answer(watcher, latest_version(watcher) > watcher->since);
    watcher_remove(watcher);
}

/* The client hung up. */
static void on_gone(void *data)
{
    watcher_remove(data);
}

/* A leader's watcher never waits longer than half of what is left of the lease, so that it always
 * gets its next deadline in time. */
static int64_t longest_wait_ms(const struct watcher *watcher, int64_t timeout_ms)
{
    struct moment now = moment_now();
    const struct election *election = watched(watcher, 0);
    for (size_t i = 0; election != NULL; election = watched(watcher, ++i)) {
        struct elector_view view;
        election_look(election, now, &view);
        int64_t half_ms = view.remaining_ms / 2;
        half_ms = half_ms > LEADER_WAIT_MIN_MS ? half_ms : LEADER_WAIT_MIN_MS;
        if (view.lease_valid && half_ms < timeout_ms) {
            timeout_ms = half_ms;
        }
    }
    return timeout_ms;
}

/* Reads `since`: false when it is malformed. */
static bool read_since(const struct app *app, const char *since, struct watcher *watcher)
{
    const char *dot = strchr(since, '.');
    size_t id_length = sizeof app->instance_id - 1;
    if (dot == NULL || (size_t)(dot - since) != id_length ||
        strspn(since, "0123456789abcdef") != id_length) {
        return false;
    }
    size_t digits = strspn(dot + 1, "0123456789");
    if (digits == 0 || digits > 18 || dot[1 + digits] != '\0') {
        return false;
    }
    watcher->since = strtoull(dot + 1, NULL, 10);
    watcher->reset =
        strncmp(since, app->instance_id, id_length) != 0 || watcher->since > app->version;
    return true;
}

static bool is_watched(const struct watcher *watcher, const struct election *election)
{
    for (size_t i = 0; i < watcher->election_count; i++) {
        if (watcher->elections[i] == election) {
            return true;
        }
    }
    return false;
}

/* Reads the comma list `names`; false: the call was answered with a problem. */
static bool read_elections(struct app *app, struct http_call *call, const char *names,
                           struct watcher *watcher)
{
    char name[LEASE_ELECTION_SIZE];
    watcher->elections = calloc(app->election_count + 1, sizeof *watcher->elections);
    while (watcher->elections != NULL) {
        size_t length = strcspn(names, ",");
        size_t kept = length < sizeof name ? length : sizeof name - 1;
        memcpy(name, names, kept);
        name[kept] = '\0';
        struct election *election = length == kept ? app_election(app, name) : NULL;
        if (election == NULL) {
            api_no_election(app, call, name);
            return false;
        }
        if (is_watched(watcher, election)) {
            http_call_problem(call, "bad_parameter", "election: a name is repeated");
            return false;
        }
        watcher->elections[watcher->election_count++] = election;
        if (names[length] == '\0') {
            return true;
        }
        names += length + 1;
    }
    http_call_problem(call, "busy", "out of memory");
    return false;
}

static bool read_workload(struct http_call *call, struct watcher *watcher)
{
    const char *name = http_call_query(call, "workload");
    if (name == NULL) {
        return true;
    }
    if (!api_workload_is_good(call, name)) {
        return false;
    }
    (void)snprintf(watcher->workload, sizeof watcher->workload, "%s", name);
    struct election *election = watched(watcher, 0);
    for (size_t i = 0; election != NULL; election = watched(watcher, ++i)) {
        if (!election_has_room(election, name)) {
            http_call_problem(call, "busy", "64 workloads of this election are known already");
            return false;
        }
    }
    return true;
}

static bool read_query(struct app *app, struct http_call *call, struct watcher *watcher,
                       int64_t *timeout_ms)
{
    const char *since = http_call_query(call, "since");
    const char *last = http_call_asked(call, "Last-Event-ID");
    if (since == NULL && http_call_format(call) == HTTP_EVENTS && last != NULL && last[0] != '\0') {
        since = last; /* a browser that reconnects */
    }
    const char *names = http_call_query(call, "election");
    if (!api_query_duration(call, "timeout", timeout_ms)) {
        return false;
    }
    if (*timeout_ms > TIMEOUT_MAX_MS) {
        http_call_problem(call, "bad_parameter", "timeout: at most 300s");
        return false;
    }
    if (since != NULL && !read_since(app, since, watcher)) {
        http_call_problem(call, "bad_cursor",
                          "since: give the cursor of an earlier answer, as it is");
        return false;
    }
    return (names == NULL || read_elections(app, call, names, watcher)) &&
           read_workload(call, watcher);
}

static void list_add(struct watcher *watcher)
{
    struct watch_list *list = watcher->list;
    watcher->previous = list->ends.previous;
    watcher->next = &list->ends;
    watcher->previous->next = watcher;
    watcher->next->previous = watcher;
}

static void park(struct watcher *watcher, int64_t timeout_ms)
{
    list_add(watcher);
    timeout_ms = longest_wait_ms(watcher, timeout_ms);
    uv_timer_start(&watcher->timer, on_timeout, (uint64_t)timeout_ms, 0);
}

/* Streams (text/event-stream, WHATWG HTML "Server-sent events"). */

/* An election that goes away is watched no more, whatever else is. */
static void end_stream(struct watcher *watcher)
{
    watcher->stream.ending = true;
    if (!watcher->list->app->shutting_down) {
        watcher->election_count = 0;
    }
    http_stream_wake(watcher->call);
}

static void add_state(struct watcher *watcher, struct text *text)
{
    const struct app *app = watcher->list->app;
    uint64_t version = app->version;
    bool changed = !watcher->stream.begun ? latest_version(watcher) > watcher->since : true;
    text_addf(text, "event: state\nid: %s.%llu\ndata: ", app->instance_id,
              (unsigned long long)version);
    add_document(watcher, changed, text); /* it ends its line */
    text_add(text, "\n");
    watcher->since = version;
    watcher->reset = false;
    watcher->stream.begun = true;
}

static void add_lease(const struct watcher *watcher, struct election *election, struct text *text)
{
    struct elector_view view;
    struct moment now = moment_now();
    if (watcher->workload[0] != '\0') {
        election_tell_workload(election, watcher->workload, now);
    }
    election_look(election, now, &view);
    if (view.leads) {
        text_add(text, "event: lease\ndata: {\"election\":");
        text_add_json(text, election_name(election));
        text_addf(
            text,
            ",\"fencing_token\":%lld,\"deadline_boottime_ms\":%lld,\"remaining_ms\":%lld}\n\n",
            (long long)view.term, (long long)view.deadline_boottime_ms,
            (long long)view.remaining_ms);
    }
}

static bool fill_stream(void *data, struct text *text)
{
    struct watcher *watcher = data;
    struct stream_state *stream = &watcher->stream;
    const struct app *app = watcher->list->app;
    if (!stream->begun) {
        text_add(text, "retry: 1000\n\n");
    }
    if (!stream->begun || latest_version(watcher) > watcher->since || app->shutting_down) {
        add_state(watcher, text);
    }
    struct election *election = stream->lease_due ? watched(watcher, 0) : NULL;
    for (size_t i = 0; election != NULL; election = watched(watcher, ++i)) {
        add_lease(watcher, election, text);
    }
    if (stream->comment_due) {
        text_add(text, ": still here\n\n");
    }
    stream->lease_due = stream->comment_due = false;
    if (app->shutting_down) {
        stream->ending = true;
        text_add(text, "event: bye\ndata: {}\n\n");
    }
    return !stream->ending;
}

static const struct http_stream stream_events = {.fill = fill_stream, .gone = on_gone};

static void on_comment(uv_timer_t *timer)
{
    struct watcher *watcher = timer->data;
    uint64_t ends_at = watcher->stream.ends_at;
    watcher->stream.comment_due = true;
    watcher->stream.ending |= ends_at != 0 && uv_now(timer->loop) >= ends_at;
    http_stream_wake(watcher->call);
}

void watch_list_renewed(struct watch_list *list, const struct election *election)
{
    for (struct watcher *watcher = list->ends.next; watcher != &list->ends;
         watcher = watcher->next) {
        if (watcher->stream.on && (watcher->elections == NULL || is_watched(watcher, election))) {
            watcher->stream.lease_due = true;
            http_stream_wake(watcher->call);
        }
    }
}

/* `timeout_ms` negative: it ends with the connection. */
static void begin_stream(struct watcher *watcher, int64_t timeout_ms)
{
    uint64_t tick_ms = COMMENT_EVERY_MS;
    if (!http_call_stream(watcher->call, "text/event-stream", &stream_events, watcher)) {
        uv_close((uv_handle_t *)&watcher->timer, on_watcher_closed);
        return;
    }
    watcher->stream.on = true;
    if (timeout_ms >= 0) {
        watcher->stream.ends_at = uv_now(watcher->timer.loop) + (uint64_t)timeout_ms;
        tick_ms = (uint64_t)timeout_ms < tick_ms ? (uint64_t)timeout_ms : tick_ms;
    }
    list_add(watcher);
    watcher->stream.ending = watcher->list->app->shutting_down;
    uv_timer_start(&watcher->timer, on_comment, tick_ms, tick_ms);
}

void watch_handle(struct app *app, struct http_call *call)
{
    int64_t timeout_ms = TIMEOUT_DEFAULT_MS;
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL) {
        http_call_problem(call, "busy", "out of memory");
        return;
    }
    watcher->list = app->watches;
    watcher->call = call;
    uv_timer_init(app->loop, &watcher->timer);
    watcher->timer.data = watcher;
    if (!read_query(app, call, watcher, &timeout_ms)) {
        uv_close((uv_handle_t *)&watcher->timer, on_watcher_closed);
        return;
    }
    if (http_call_format(call) == HTTP_EVENTS) {
        begin_stream(watcher, http_call_query(call, "timeout") != NULL ? timeout_ms : -1);
        return;
    }
    bool changed = http_call_query(call, "since") == NULL || watcher->reset ||
                   latest_version(watcher) > watcher->since;
    /* The shutdown is a change as well: whoever knows of it waits for the end of the drain. */
    if (changed || timeout_ms == 0) {
        http_call_will_watch(call);
        answer(watcher, changed);
        uv_close((uv_handle_t *)&watcher->timer, on_watcher_closed);
    } else if (http_call_park(call, true, on_gone, watcher)) {
        park(watcher, timeout_ms);
    } else {
        uv_close((uv_handle_t *)&watcher->timer, on_watcher_closed);
    }
}

static void tell_batch(uv_idle_t *idle)
{
    struct watch_list *list = idle->data;
    for (int i = 0; i < BATCH && list->cursor != &list->ends; i++) {
        struct watcher *watcher = list->cursor;
        list->cursor = watcher->next;
        if (latest_version(watcher) <= watcher->since && !list->app->shutting_down) {
            continue;
        }
        if (watcher->stream.on) {
            http_stream_wake(watcher->call);
        } else {
            answer(watcher, true);
            watcher_remove(watcher);
        }
    }
    if (list->cursor != &list->ends) {
        return;
    }
    list->cursor = list->again ? list->ends.next : NULL;
    list->again = false;
    if (list->cursor == NULL) {
        uv_idle_stop(idle);
    }
}

/* Before the elections are gone: the last state shall name them. */
static void wake_streams(struct watch_list *list)
{
    for (struct watcher *watcher = list->ends.next; watcher != &list->ends;
         watcher = watcher->next) {
        if (watcher->stream.on) {
            http_stream_wake(watcher->call);
        }
    }
}

void watch_list_changed(struct watch_list *list)
{
    if (list->app->shutting_down) {
        wake_streams(list);
    }
    if (list->cursor != NULL) {
        list->again = true;
    } else if (list->ends.next != &list->ends) {
        list->cursor = list->ends.next;
        uv_idle_start(&list->idle, tell_batch);
    }
}

void watch_list_election_gone(struct watch_list *list, const struct election *election)
{
    struct watcher *next;
    for (struct watcher *watcher = list->ends.next; watcher != &list->ends; watcher = next) {
        next = watcher->next;
        if (!is_watched(watcher, election)) {
            continue;
        }
        if (watcher->stream.on) {
            end_stream(watcher);
        } else {
            answer(watcher, true);
            watcher_remove(watcher);
        }
    }
}

void watch_list_end(struct watch_list *list)
{
    struct watcher *next;
    for (struct watcher *watcher = list->ends.next; watcher != &list->ends; watcher = next) {
        next = watcher->next;
        if (watcher->stream.on) {
            end_stream(watcher);
        } else {
            answer(watcher, true);
            watcher_remove(watcher);
        }
    }
}
