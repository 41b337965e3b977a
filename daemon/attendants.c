#include "daemon/attendants.h"

#include "daemon/chronicle.h"
#include "daemon/gate.h"
#include "daemon/hook.h"
#include "lib/base/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attendants {
    struct app *app;
    struct election *election;
    struct hook *hook;
    struct gate *gate; /* NULL: none */
};

/* Where a command of this host finds us: the control socket, if there is one. */
static void own_url(const struct app *app, struct text *url)
{
    const struct config_http *http = &app->loaded.config->http;
    size_t best = 0;
    for (size_t i = http->listener_count; i > 0; i--) {
        const struct config_listener *listener = &http->listeners[i - 1];
        bool control = listener->path != NULL && listener->role == CONFIG_CONTROL;
        best = control || http->listeners[best].path == NULL ? i - 1 : best;
    }
    const struct config_listener *listener = &http->listeners[best];
    if (listener->path != NULL) {
        text_addf(url, "unix:%s", listener->path);
    } else {
        bool bare = strchr(listener->host, ':') != NULL;
        text_addf(url, "http://%s%s%s:%d", bare ? "[" : "", listener->host, bare ? "]" : "",
                  http_server_port(app->http, best));
    }
}

static void on_hook_failed(void *owner, const char *election, bool timed_out, const char *what)
{
    chronicle_hook(owner, election, timed_out ? "hook_timeout" : "hook_failed", what);
}

static void on_verdict(void *owner, bool well, const char *why)
{
    struct attendants *attendants = owner;
    struct election *election = attendants->election;
    chronicle_workload(attendants->app, election, well, why);
    election_set_health(election, well, why);
}

static bool start_gate(struct attendants *attendants, const struct config_health_check *config)
{
    if (config != NULL) {
        attendants->gate = gate_start(attendants->app->loop, config, on_verdict, attendants);
    }
    return config == NULL || attendants->gate != NULL;
}

struct attendants *attendants_new(struct app *app, struct election *election,
                                  const struct config_election *config)
{
    struct text url = {0};
    struct attendants *attendants = calloc(1, sizeof *attendants);
    if (attendants == NULL) {
        return NULL;
    }
    own_url(app, &url);
    *attendants = (struct attendants){.app = app, .election = election};
    if (!url.failed) {
        attendants->hook =
            hook_new(app->loop, config->name, config->on_change, url.bytes, on_hook_failed, app);
    }
    text_free(&url);
    if (attendants->hook == NULL || !start_gate(attendants, config->health_check)) {
        attendants_release(attendants);
        return NULL;
    }
    return attendants;
}

static bool same_command(char *const *one, char *const *other)
{
    size_t i = 0;
    while (one[i] != NULL && other[i] != NULL && strcmp(one[i], other[i]) == 0) {
        i++;
    }
    return one[i] == NULL && other[i] == NULL;
}

static bool same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool same_check(const struct config_health_check *one,
                       const struct config_health_check *other)
{
    if (one == NULL || other == NULL) {
        return one == other;
    }
    return same_text(one->http, other->http) && same_text(one->tcp, other->tcp) &&
           same_command(one->command, other->command) && one->interval_ms == other->interval_ms &&
           one->timeout_ms == other->timeout_ms && one->failures == other->failures &&
           one->successes == other->successes;
}

bool attendants_reconfigure(struct attendants *attendants, const struct config_election *before,
                            const struct config_election *after)
{
    bool good = hook_configure(attendants->hook, after->on_change);
    if (!same_check(before->health_check, after->health_check)) {
        gate_stop(attendants->gate);
        attendants->gate = NULL;
        if (after->health_check == NULL) {
            election_set_health(attendants->election, true, "");
        }
        good &= start_gate(attendants, after->health_check);
    }
    return good;
}

void attendants_tell(struct attendants *attendants)
{
    struct elector_view view;
    struct election *election = attendants->election;
    election_look(election, moment_now(), &view);
    bool previous = view.previous_leader->term != 0;
    struct hook_news news = {.state = view.state,
                             .is_leader = view.leads,
                             .leader = view.leader_known ? view.leader->participant : NULL,
                             .previous_leader = previous ? view.previous_leader->participant : NULL,
                             .token = view.term,
                             .deadline_boottime_ms = view.deadline_boottime_ms,
                             .reason = election_loss_reason(election)};
    hook_tell(attendants->hook, &news);
}

void attendants_release(struct attendants *attendants)
{
    if (attendants != NULL) {
        gate_stop(attendants->gate);
        hook_release(attendants->hook);
        free(attendants);
    }
}
