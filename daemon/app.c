#include "daemon/app.h"

#include "daemon/api.h"
#include "daemon/attendants.h"
#include "daemon/chronicle.h"
#include "daemon/descriptors.h"
#include "daemon/notify.h"
#include "daemon/pending.h"
#include "daemon/watch.h"
#include "lib/base/moment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the election of this name is, or would be. */
static size_t place_of(const struct app *app, const char *name)
{
    size_t low = 0;
    size_t high = app->election_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(election_name(app->elections[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct election *app_election(const struct app *app, const char *name)
{
    size_t place = place_of(app, name);
    bool found =
        place < app->election_count && strcmp(election_name(app->elections[place]), name) == 0;
    return found ? app->elections[place] : NULL;
}

static void insert(struct app *app, struct election *election)
{
    size_t place = place_of(app, election_name(election));
    struct election **at = app->elections + place;
    memmove(at + 1, at, (app->election_count - place) * sizeof *at);
    *at = election;
    app->election_count++;
}

static void take_out(struct app *app, const struct election *election)
{
    size_t place = place_of(app, election_name(election));
    struct election **at = app->elections + place;
    assert(place < app->election_count && *at == election);
    app->election_count--;
    memmove(at, at + 1, (app->election_count - place) * sizeof *at);
}

/* What `systemctl status` shows: the one election's state, or how many are led. */
static void tell_systemd(uv_timer_t *news)
{
    const struct app *app = news->data;
    size_t leading = 0;
    struct moment now = moment_now();
    struct elector_view view = {.state = ELECTOR_STARTING};
    char message[LEASE_ELECTION_SIZE + 120];
    for (size_t i = 0; i < app->election_count; i++) {
        election_look(app->elections[i], now, &view);
        leading += view.leads;
    }
    const char *prefix = app->shutting_down ? "shutting down: " : "";
    const char *suffix = app->store_up ? "" : "; the store is not reachable";
    if (app->election_count == 1) {
        (void)snprintf(message, sizeof message, "STATUS=%s%s: %s%s", prefix,
                       election_name(app->elections[0]), elector_state_name(view.state), suffix);
    } else {
        (void)snprintf(message, sizeof message, "STATUS=%sleader of %zu of %zu elections%s", prefix,
                       leading, app->election_count, suffix);
    }
    notify_send(message);
}

void app_changed(struct app *app, struct election *election)
{
    app->version++;
    if (election != NULL) {
        election_set_version(election, app->version);
    } else {
        for (size_t i = 0; i < app->election_count; i++) {
            election_set_version(app->elections[i], app->version);
        }
    }
    watch_list_changed(app->watches);
    if (notify_is_wanted() && !uv_is_active((uv_handle_t *)&app->news)) {
        uv_timer_start(&app->news, tell_systemd, 0, 0);
    }
}

static void on_note(void *owner, struct election *election, const struct elector_note *note)
{
    struct app *app = owner;
    chronicle_note(app, election, note);
    if (note->kind == ELECTOR_NOTE_COMMAND_ENDED) {
        pending_command_ended(app->pendings, election, note);
    }
}

static void on_changed(void *owner, struct election *election)
{
    struct app *app = owner;
    app_changed(app, election);
    if (election_attendants(election) != NULL) {
        attendants_tell(election_attendants(election));
    }
    pending_look(app->pendings, election);
}

static void on_stability(void *owner, struct election *election, bool stable)
{
    chronicle_stability(owner, election, stable);
}

static void on_renewed(void *owner, struct election *election)
{
    struct app *app = owner;
    watch_list_renewed(app->watches, election);
}

static bool on_trouble(void *owner, struct election *election, enum lease_verb verb,
                       const char *code, const struct problem *problem)
{
    return chronicle_trouble(owner, election, verb, code, problem);
}

static void on_late(void *owner, int64_t late_ms)
{
    struct app *app = owner;
    int64_t half_minute = boottime_us() / 30000000;
    struct app_lag *lag = &app->lag;
    if (half_minute != lag->half_minute) {
        lag->worst_ms[1] = half_minute == lag->half_minute + 1 ? lag->worst_ms[0] : 0;
        lag->worst_ms[0] = 0;
        lag->half_minute = half_minute;
    }
    if (late_ms > lag->worst_ms[0]) {
        lag->worst_ms[0] = late_ms;
    }
}

int64_t app_lag_ms(const struct app *app)
{
    const struct app_lag *lag = &app->lag;
    int64_t age = boottime_us() / 30000000 - lag->half_minute;
    int64_t worst_ms = age <= 1 ? lag->worst_ms[0] : 0;
    return age == 0 && lag->worst_ms[1] > worst_ms ? lag->worst_ms[1] : worst_ms;
}

/* The last election is gone: nothing needs the store any more. */
static void end_if_done(struct app *app)
{
    if (app->shutting_down && app->election_count == 0 && app->store != NULL) {
        struct store *store = app->store;
        app->store = NULL;
        store_close(store);
    }
}

static void on_stopped(void *owner, struct election *election)
{
    struct app *app = owner;
    pending_election_gone(app->pendings, election);
    watch_list_election_gone(app->watches, election);
    take_out(app, election);
    attendants_release(election_attendants(election));
    election_free(election);
    app_changed(app, NULL);
    end_if_done(app);
}

static void compose_key(const struct config *config, const char *election, char *key, size_t size)
{
    (void)snprintf(key, size, "%s%s", config->store.key_prefix, election);
}

void app_election_options(const struct app *app, const struct config *config,
                          const struct config_election *election, const char *key,
                          struct election_options *options)
{
    *options = (struct election_options){.name = election->name,
                                         .key = key,
                                         .drain_ms = election->drain_ms,
                                         .metadata = election->metadata.pairs,
                                         .metadata_count = election->metadata.count,
                                         .state_dir = config->state_dir,
                                         .max_changes_10m = config->max_changes_10m};
    config_elector_options(config, election, &options->elector);
    options->elector.shared_clock = app->store->class->shared_clock;
}

/* Once: where one has none, a thousand may follow. */
static void tell_short_of_descriptors(struct app *app, const struct config_election *first)
{
    const struct config *config = app->loaded.config;
    if (!app->short_of_descriptors) {
        app->short_of_descriptors = true;
        log_message(LOG_LEVEL_WARN,
                    "too few descriptors for %zu elections: from %s on they run without a memory "
                    "of crashes and without a leader flag, until a restart; raise LimitNOFILE "
                    "(ulimit -n) to %lld",
                    config->election_count, first->name,
                    2 * (long long)config->election_count + config->http.max_connections +
                        config->http.max_watchers + 256);
    }
}

struct election *app_add_election(struct app *app, const struct config_election *config)
{
    char key[512];
    struct election_options options;
    struct problem problem;
    const struct election_listener listener = {.owner = app,
                                               .note = on_note,
                                               .changed = on_changed,
                                               .stability = on_stability,
                                               .renewed = on_renewed,
                                               .trouble = on_trouble,
                                               .late = on_late,
                                               .stopped = on_stopped};
    struct election **grown = realloc(app->elections, (app->election_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    app->elections = grown;
    compose_key(app->loaded.config, config->name, key, sizeof key);
    app_election_options(app, app->loaded.config, config, key, &options);
    bool with_files = descriptors_to_spare();
    if (!with_files) {
        tell_short_of_descriptors(app, config);
        options.state_dir = NULL;
    }
    struct election *election = election_new(app->loop, app->store, &options, &listener, &problem);
    if (election == NULL) {
        return NULL;
    }
    election_set_attendants(election, attendants_new(app, election, config));
    if (election_attendants(election) == NULL) {
        election_free(election);
        return NULL;
    }
    if (problem.text[0] != '\0') {
        log_message(LOG_LEVEL_WARN, "%s; the election runs without a memory of crashes",
                    problem.text);
    }
    if (with_files && !election_open_flag(election, app->runtime_dir, &problem)) {
        log_message(LOG_LEVEL_WARN, "%s; the election runs without a leader flag", problem.text);
    }
    insert(app, election);
    return election;
}

void app_snapshot(const struct app *app, struct status_daemon *daemon, struct moment *now)
{
    *now = moment_now();
    *daemon = (struct status_daemon){.version = LEADERD_VERSION,
                                     .pid = app->pid,
                                     .hostname = app->hostname,
                                     .started_at_ms = app->started_at_ms,
                                     .started_boottime_ms = app->started_boottime_ms,
                                     .config_file = app->loaded.config->file,
                                     .instance_id = app->instance_id,
                                     .cursor_version = app->version,
                                     .shutting_down = app->shutting_down,
                                     .clock = {.boottime_ms = now->boot_ms,
                                               .wall_ms = wall_us() / 1000,
                                               .boot_id = app->boot_id}};
    const struct checkup_result *health =
        app->diagnosis != NULL ? diagnosis_health(app->diagnosis) : NULL;
    if (health != NULL) {
        daemon->health = checkup_health_name(health->health);
        daemon->health_checked_at_ms = health->at_ms;
    }
    if (app->store != NULL) {
        store_health(app->store, &daemon->store);
    } else {
        daemon->store = (struct store_health){
            .kind = "none", .mode = "closed", .endpoint = "", .circuit = "closed"};
    }
}

void app_shut_down(struct app *app, int exit_code)
{
    bool again = app->shutting_down;
    if (!again) {
        api_diagnostics_end(app);
        diagnosis_stop(app->diagnosis);
        app->diagnosis = NULL;
        app->shutting_down = true;
        app->exit_code = exit_code;
        chronicle_daemon(app, EVENT_SHUTDOWN, LOG_LEVEL_INFO, NULL, "shutting down");
        notify_send("STOPPING=1");
        app_changed(app, NULL);
    }
    /* Stopped elections leave the array from within: go from the end, and look anew each time. */
    for (size_t left = app->election_count; left > 0; left--) {
        if (left > app->election_count) {
            continue;
        }
        struct election *election = app->elections[left - 1];
        struct elector_event stop = {.kind = ELECTOR_STOP,
                                     .reason = ELECTOR_SHUTDOWN,
                                     .drain_ms = again ? 0 : election_drain_ms(election)};
        (void)election_feed(election, &stop);
    }
    end_if_done(app);
}
