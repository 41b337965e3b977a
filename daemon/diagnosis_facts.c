/* What the judges of lib/diagnostics are told about this daemon. */
#include "daemon/app.h"
#include "daemon/diagnosis.h"
#include "lib/base/moment.h"
#include "lib/status/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "elections[3].lease_duration": the election's name and the rest; else all of the key. */
static void place_issue(const struct config *config, const char *key, struct option_issue *issue)
{
    char *end = NULL;
    issue->field = key;
    if (strncmp(key, "elections[", 10) != 0) {
        return;
    }
    unsigned long index = strtoul(key + 10, &end, 10);
    if (index < config->election_count && strncmp(end, "].", 2) == 0) {
        issue->election = config->elections[index].name;
        issue->field = end + 2;
    }
}

static bool add_options(const struct config *config, const struct config_issues *warnings,
                        struct daemon_facts *facts)
{
    struct option_issue *issues = calloc(warnings->count + 1, sizeof *issues);
    if (issues == NULL) {
        return false;
    }
    for (size_t i = 0; i < warnings->count; i++) {
        place_issue(config, warnings->items[i].key, &issues[i]);
        issues[i].message = warnings->items[i].message;
    }
    facts->options = issues;
    facts->option_count = warnings->count;
    return true;
}

bool diagnosis_config_facts(const struct config *config, const struct config_issues *warnings,
                            struct daemon_facts *facts)
{
    struct election_facts *elections = calloc(config->election_count, sizeof *elections);
    *facts = (struct daemon_facts){.elections = elections,
                                   .restart_guard = config->store.restart_guard,
                                   .min_replicas = config->store.min_replicas,
                                   .performance_threshold_ms = config->performance_threshold_ms,
                                   .slowest_check_us = -1,
                                   .since_jump_ms = -1,
                                   .ntp_tolerance_ms = config->diagnostics.ntp_tolerance_ms,
                                   .drift_limit_ppm = (double)config->diagnostics.drift_limit_ppm};
    if (elections == NULL || !add_options(config, warnings, facts)) {
        diagnosis_facts_free(facts);
        return false;
    }
    facts->election_count = config->election_count;
    for (size_t i = 0; i < config->election_count; i++) {
        const struct config_election *election = &config->elections[i];
        elections[i] =
            (struct election_facts){.name = election->name,
                                    .lease_ms = election->lease_ms,
                                    .renew_interval_ms = election->renew_interval_ms,
                                    .operation_timeout_ms = election->operation_timeout_ms,
                                    .observer = election->role == CONFIG_OBSERVER,
                                    .last_margin = -1,
                                    .stable = true,
                                    .renew_p99_us = -1,
                                    .since_reset_ms = -1,
                                    .since_duplicate_ms = -1};
    }
    return true;
}

void diagnosis_facts_free(struct daemon_facts *facts)
{
    free((void *)(uintptr_t)facts->elections);
    free((void *)(uintptr_t)facts->options);
    *facts = (struct daemon_facts){0};
}

static int64_t since(int64_t then_ms, int64_t now_ms)
{
    return then_ms > 0 ? now_ms - then_ms : -1;
}

static bool is_recent(int64_t then_ms, int64_t now_ms)
{
    return then_ms > 0 && now_ms - then_ms < 600000;
}

static void add_election(const struct election *election, struct moment now,
                         struct election_facts *facts)
{
    struct election_troubles troubles;
    struct profile_summary renewals;
    struct elector_view view;
    election_look(election, now, &view);
    election_troubles(election, now, &troubles);
    profile_summarize(election_profile(election), OPERATION_RENEW, &renewals);
    facts->leaderless_ms = since(troubles.leaderless_since_ms, now.boot_ms);
    facts->last_margin = view.lease_valid ? troubles.last_margin : -1;
    facts->workload_unhealthy = troubles.workload_unhealthy;
    facts->illness = election_illness(election);
    facts->stable = troubles.stable;
    facts->changes_10m = troubles.changes_10m;
    facts->lost_10m_expired = is_recent(troubles.expired_at_ms, now.boot_ms);
    facts->lost_10m_operator = is_recent(troubles.given_up_at_ms, now.boot_ms);
    facts->renew_p99_us = renewals.count > 0 ? renewals.p99_us : -1;
    facts->since_reset_ms = since(troubles.reset_at_ms, now.boot_ms);
    facts->since_duplicate_ms = since(troubles.duplicate_at_ms, now.boot_ms);
}

static void add_daemon(const struct app *app, const struct status_daemon *daemon, struct moment now,
                       struct daemon_facts *facts)
{
    const struct checkup_result *health = diagnosis_health(app->diagnosis);
    struct drift_view drift;
    facts->running = true;
    facts->store_connected = daemon->store.connected;
    facts->store_error = daemon->store.last_error;
    facts->circuit_open = strcmp(daemon->store.circuit, "open") == 0;
    facts->slowest_check_us = health->slowest_us;
    facts->loop_lag_ms = app_lag_ms(app);
    facts->config_refused = !app->last_reload_successful;
    facts->jumps = app->jumps.count;
    facts->last_jump_ms = app->jumps.last_ms;
    facts->last_jump_at_ms = app->jumps.last_at_ms;
    facts->since_jump_ms = since(app->jumps.last_boottime_ms, now.boot_ms);
    diagnosis_drift(app->diagnosis, &drift);
    facts->has_drift = drift.known;
    facts->drift_ppm = drift.ppm;
    facts->drift_uncertainty_ppm = drift.uncertainty_ppm;
    facts->drift_window_ms = drift.window_ms;
}

struct diagnosis_view *diagnosis_look(const struct app *app)
{
    struct diagnosis_view *view = calloc(1, sizeof *view);
    struct status_daemon daemon;
    struct moment now;
    if (view == NULL || !diagnosis_config_facts(app->loaded.config, &app->warnings, &view->facts)) {
        free(view);
        return NULL;
    }
    app_snapshot(app, &daemon, &now);
    add_daemon(app, &daemon, now, &view->facts);
    for (size_t i = 0; i < view->facts.election_count; i++) {
        struct election_facts *facts =
            (struct election_facts *)(uintptr_t)&view->facts.elections[i];
        const struct election *election = app_election(app, facts->name);
        if (election != NULL) {
            add_election(election, now, facts);
        }
    }
    diagnosis_judge(app->diagnosis, view);
    return view;
}

void diagnosis_view_free(struct diagnosis_view *view)
{
    if (view != NULL) {
        diagnosis_facts_free(&view->facts);
        free(view);
    }
}
