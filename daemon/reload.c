/* Taking in a changed configuration while running: all of it, or nothing. */
#include "daemon/app.h"

#include "daemon/attendants.h"
#include "daemon/chronicle.h"
#include "daemon/notify.h"
#include "daemon/store_open.h"
#include "lib/base/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A configuration's elections in the order of their names: with thousands of them, looking at all
 * for each would make renewals late. */
struct by_name {
    const struct config *config;
    const struct config_election **elections;
};

static int compare_names(const void *one, const void *other)
{
    return strcmp((*(const struct config_election *const *)one)->name,
                  (*(const struct config_election *const *)other)->name);
}

static bool by_name_init(struct by_name *index, const struct config *config)
{
    size_t count = config->election_count;
    index->config = config;
    index->elections = calloc(count + 1, sizeof *index->elections);
    if (index->elections == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        index->elections[i] = &config->elections[i];
    }
    qsort(index->elections, count, sizeof *index->elections, compare_names);
    return true;
}

static void by_name_deinit(struct by_name *index)
{
    free(index->elections);
}

static const struct config_election *find(const struct by_name *index, const char *name)
{
    struct config_election key = {.name = (char *)(uintptr_t)name};
    const struct config_election *sought = &key;
    const struct config_election **found = bsearch(
        &sought, index->elections, index->config->election_count, sizeof sought, compare_names);
    return found != NULL ? *found : NULL;
}

static bool same_metadata(const struct config_metadata *a, const struct config_metadata *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->pairs[i].key, b->pairs[i].key) == 0 &&
               strcmp(a->pairs[i].value, b->pairs[i].value) == 0;
    }
    return same;
}

static bool same_election(const struct config_election *a, const struct config_election *b)
{
    return a->role == b->role && a->lease_ms == b->lease_ms &&
           a->renew_interval_ms == b->renew_interval_ms &&
           a->retry_interval_ms == b->retry_interval_ms &&
           a->operation_timeout_ms == b->operation_timeout_ms &&
           a->stop_margin_ms == b->stop_margin_ms && a->drain_ms == b->drain_ms &&
           same_metadata(&a->metadata, &b->metadata);
}

/* Re-times those that stay and tells those that go to stop. */
static void update_elections(struct app *app, const struct by_name *before,
                             const struct by_name *after)
{
    for (size_t left = app->election_count; left > 0; left--) {
        if (left > app->election_count) {
            continue;
        }
        struct election *election = app->elections[left - 1];
        const struct config_election *old = find(before, election_name(election));
        const struct config_election *new = find(after, election_name(election));
        if (new == NULL) {
            struct elector_event stop = {.kind = ELECTOR_STOP,
                                         .reason = ELECTOR_RELEASED,
                                         .drain_ms = election_drain_ms(election)};
            (void)election_feed(election, &stop);
            continue;
        }
        if (old != NULL && !attendants_reconfigure(election_attendants(election), old, new)) {
            log_message(LOG_LEVEL_ERROR,
                        "out of memory: election %s lacks its hook or health check", new->name);
        }
        if (old == NULL || !same_election(old, new) ||
            before->config->max_changes_10m != after->config->max_changes_10m) {
            struct election_options options;
            app_election_options(app, after->config, new, "", &options);
            if (!election_reconfigure(election, &options)) {
                log_message(LOG_LEVEL_ERROR, "out of memory: election %s keeps its old settings",
                            new->name);
            }
        }
    }
}

static void add_elections(struct app *app, const struct config *after)
{
    for (size_t i = 0; i < after->election_count; i++) {
        const struct config_election *new = &after->elections[i];
        if (app_election(app, new->name) != NULL) {
            continue;
        }
        struct election *election = app_add_election(app, new);
        if (election == NULL) {
            log_message(LOG_LEVEL_ERROR, "out of memory: election %s is not started", new->name);
            continue;
        }
        election_start(election);
    }
}

static void refuse(struct app *app, struct loaded *loaded, const struct config_issues *issues)
{
    char message[EVENT_MESSAGE_MAX];
    bool wrong = issues->errors > 0; /* else memory was short */
    const char *first = wrong ? issues->items[0].message : "out of memory";
    const char *key = wrong ? issues->items[0].key : "";
    (void)snprintf(
        message, sizeof message,
        "the new configuration is refused, the old one stays: %zu error%s, first: %s: %s",
        issues->errors, issues->errors == 1 ? "" : "s", key, first);
    loaded_deinit(loaded);
    app->last_reload_successful = false;
    chronicle_daemon(app, EVENT_CONFIG_REFUSED, LOG_LEVEL_ERROR, NULL, message);
}

static bool refresh_store(struct app *app, const struct loaded *loaded,
                          struct config_issues *issues)
{
    struct problem problem;
    struct config_spot spot = {.file = "configuration", .key = "store"};
    if (app->store == NULL || store_refresh(app->store, loaded, &problem)) {
        return true;
    }
    config_issues_add(issues, CONFIG_ERROR, &spot, "%s", problem.text);
    return false;
}

static void apply(struct app *app, const struct loaded *loaded, const struct by_name *before,
                  const struct by_name *after, const struct config_issues *issues)
{
    app->loaded = *loaded;
    log_open((enum log_level)loaded->config->log_level,
             (enum log_format)loaded->config->log_format);
    update_elections(app, before, after);
    app->short_of_descriptors = false;
    add_elections(app, loaded->config);
    config_issues_deinit(&app->warnings);
    config_issues_add_warnings(&app->warnings, issues);
    diagnosis_reloaded(app->diagnosis);
    app->last_reload_successful = true;
    app->last_reload_success_at_ms = wall_us() / 1000;
    chronicle_daemon(app, EVENT_CONFIG_RELOADED, LOG_LEVEL_INFO, NULL,
                     "the configuration was reloaded");
    app_changed(app, NULL);
}

bool app_reload(struct app *app, struct config_issues *issues)
{
    struct loaded loaded;
    struct loaded old = app->loaded;
    struct by_name before = {0};
    struct by_name after = {0};
    notify_reloading();
    bool good = settings_load(&app->settings, &loaded, issues) &&
                config_compare(old.config, loaded.config, issues);
    if (good && app->shutting_down) {
        struct config_spot spot = {.file = "configuration", .key = ""};
        config_issues_add(issues, CONFIG_ERROR, &spot, "the daemon is shutting down");
        good = false;
    }
    if (good && !(by_name_init(&before, old.config) && by_name_init(&after, loaded.config))) {
        issues->failed = true;
        good = false;
    }
    good = good && refresh_store(app, &loaded, issues);
    if (good) {
        apply(app, &loaded, &before, &after, issues);
        loaded_deinit(&old);
    } else {
        refuse(app, &loaded, issues);
    }
    by_name_deinit(&before);
    by_name_deinit(&after);
    notify_send("READY=1");
    return good;
}
