/*
 * The daemon: everything that lives as long as the process does.
 *
 * One loop owns it all; there are no locks. This header is shared by the files of daemon/ only.
 */
#ifndef LEADERD_DAEMON_APP_H
#define LEADERD_DAEMON_APP_H

#include "daemon/boot_id.h"
#include "daemon/clock_watch.h"
#include "daemon/diagnosis.h"
#include "daemon/election.h"
#include "daemon/runtime_dir.h"
#include "daemon/settings.h"
#include "lib/http/http.h"
#include "lib/status/counters.h"
#include "lib/status/events.h"
#include "lib/status/snapshot.h"
#include "lib/store/store.h"

struct attendants;

struct app {
    uv_loop_t *loop;
    struct settings settings;
    struct loaded loaded;
    struct config_issues warnings; /* of the configuration in force */
    char runtime_dir[RUNTIME_DIR_SIZE];
    char instance_id[17];
    char hostname[256];
    int64_t pid;
    char boot_id[BOOT_ID_SIZE];
    int64_t started_at_ms, started_boottime_ms;

    struct election **elections; /* in the order of their names */
    size_t election_count;
    uint64_t version; /* of what users see: +1 at each significant change */
    bool shutting_down;

    struct store *store;
    bool store_up;
    uint64_t store_connects, store_connect_failures;
    struct error_counters store_errors;

    struct http_server *http;
    struct watch_list *watches;    /* calls of /watch that wait for a change */
    struct pending_list *pendings; /* operators' calls that wait for their end */
    struct events *events;

    struct diagnosis *diagnosis; /* NULL while shutting down, and before the elections start */

    void *diagnosing; /* a call of POST /diagnostics that waits for its report */

    struct clock_watch clock_watch;
    struct app_jumps {
        int64_t count, last_ms, last_at_ms, last_boottime_ms;
    } jumps;                   /* of the clock */
    bool short_of_descriptors; /* it has been said since the last reload */
    uv_timer_t news;           /* for systemd: runs at the next turn after a change */
    uv_timer_t watchdog;
    uv_signal_t signals[3];
    struct app_lag {
        int64_t worst_ms[2]; /* of this half minute and of the one before */
        int64_t half_minute;
    } lag;
    bool last_reload_successful;
    int64_t last_reload_success_at_ms;
    struct histogram http_durations;
    int exit_code;
};

/* Significant: wakes whoever watches `election` (NULL: all elections). */
void app_changed(struct app *app, struct election *election);

/* Election by name; NULL when there is none. */
struct election *app_election(const struct app *app, const char *name);

/* Makes the election that the configuration describes and adds it; not started yet. */
struct election *app_add_election(struct app *app, const struct config_election *config);

/* What an election is made from. `options` borrows from the configuration and from `key`. */
void app_election_options(const struct app *app, const struct config *config,
                          const struct config_election *election, const char *key,
                          struct election_options *options);

/* The daemon's part of a snapshot, with the clocks read now. */
void app_snapshot(const struct app *app, struct status_daemon *daemon, struct moment *now);

/* Worst timer delay of the last half to one minute. */
int64_t app_lag_ms(const struct app *app);

/* Begins the orderly end: drain, release, answer everybody, exit with `exit_code`. A second call
 * ends the drains. */
void app_shut_down(struct app *app, int exit_code);

/* Reads the configuration again and applies it, or changes nothing. Adds what is wrong or doubtful
 * to `issues`. */
bool app_reload(struct app *app, struct config_issues *issues);

#endif
