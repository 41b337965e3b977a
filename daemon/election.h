/*
 * One election of this daemon: the elector with its hands.
 *
 * The one place where orders become I/O (store calls, the state file, a timer) and where I/O
 * becomes events. It also measures what it does: counters, durations, the last error, how often
 * the leader changed. It decides nothing, and tells its listener what happened.
 */
#ifndef LEADERD_DAEMON_ELECTION_H
#define LEADERD_DAEMON_ELECTION_H

#include "daemon/flag_page.h"
#include "lib/elector/elector.h"
#include "lib/status/counters.h"
#include "lib/status/metadata.h"
#include "lib/status/profile.h"
#include "lib/status/snapshot.h"
#include "lib/store/store.h"

struct election;

/* Called on the loop, from inside election_feed() and the timers. */
struct election_listener {
    void *owner;
    /* Something happened; `note` lives during the call. */
    void (*note)(void *owner, struct election *election, const struct elector_note *note);
    /* Something significant to users changed; after the notes. */
    void (*changed)(void *owner, struct election *election);
    /* It became stable, or unstable: by a change of leader, or because the last ones are long ago.
     * `changed` follows. */
    void (*stability)(void *owner, struct election *election, bool stable);
    /* A renewal was granted: the deadline has moved. */
    void (*renewed)(void *owner, struct election *election);
    /* A call was refused or not answered; true: somebody was told. Then the first one that works
     * again is told too, with code NULL. */
    bool (*trouble)(void *owner, struct election *election, enum lease_verb verb, const char *code,
                    const struct problem *problem);
    /* A timer fired this much later than it was due. */
    void (*late)(void *owner, int64_t late_ms);
    /* A stop is complete: the lease is given up, and no more calls will be made. */
    void (*stopped)(void *owner, struct election *election);
};

struct election_options {
    const char *name; /* copied */
    const char *key;  /* as the store calls the record; copied */
    struct elector_options elector;
    int64_t drain_ms;
    const struct metadata_pair *metadata; /* copied */
    size_t metadata_count;
    const char *state_dir;   /* NULL: nothing survives a crash */
    int64_t max_changes_10m; /* with fewer changes of leader the election is stable */
};

/* Borrows loop and store. A state file that cannot be used is not fatal: `problem` says so (its
 * text is empty otherwise), and the election runs without one. NULL when memory ran out. */
struct election *election_new(uv_loop_t *loop, struct store *store,
                              const struct election_options *options,
                              const struct election_listener *listener, struct problem *problem);

/* Keeps the election's leader flag in `directory` from now on. On failure it runs without one. */
bool election_open_flag(struct election *election, const char *directory,
                        struct problem *problem) must_use;

/* Begins to take part; events before that are not allowed. */
void election_start(struct election *election);

/* Feeds one event, and carries out what comes of it. */
enum elector_verdict election_feed(struct election *election, const struct elector_event *event);

/* A workload of this name is about to be told what election_look() tells at `now`; see
 * daemon/workloads.h. */
void election_tell_workload(struct election *election, const char *workload, struct moment now);

/* Is there room for one of this name? */
bool election_has_room(struct election *election, const char *workload);

/* It says that it has ended. */
void election_end_workload(struct election *election, const char *workload);

/* New timing, drain and metadata for a running election; name, key and state_dir are ignored. False
 * when memory ran out: then nothing changed. */
bool election_reconfigure(struct election *election, const struct election_options *options);

/* Frees it, once the loop has turned. A call under way must have been answered: stop first. */
void election_free(struct election *election);

/* Its timer is overdue by more than ten seconds: the engine is stuck. */
bool election_is_stuck(const struct election *election, struct moment now);

const char *election_name(const struct election *election);
int64_t election_drain_ms(const struct election *election);

/* The present truth, evaluated at `now`. Pointers live until the next event. */
void election_look(const struct election *election, struct moment now, struct elector_view *view);

/* The same as the renderers take it; `view` is the caller's room for it. */
void election_status(const struct election *election, const struct status_clock *clock,
                     struct moment now, struct elector_view *view, struct status_election *status);

const struct election_counters *election_counters(const struct election *election);
const struct profile *election_profile(const struct election *election);

/* What lately went wrong: CLOCK_BOOTTIME in ms, 0: never. */
struct election_troubles {
    bool workload_unhealthy;
    int64_t leaderless_since_ms; /* nobody is known to lead since then; 0: somebody does */
    int64_t reset_at_ms, duplicate_at_ms;
    int64_t expired_at_ms, given_up_at_ms; /* own reigns that ended, for want of a renewal or not */
    double last_margin; /* share of the lease left at the last renewal; negative: none */
    int64_t changes_10m;
    bool stable;
};

void election_troubles(const struct election *election, struct moment now,
                       struct election_troubles *troubles);

/* Whether the workload is well, and why not. */
void election_set_health(struct election *election, bool well, const char *why);
/* "" while it is well, or was not asked yet. */
const char *election_illness(const struct election *election);

/* Why the last reign here ended; NULL while there was none, or one goes on. */
const char *election_loss_reason(const struct election *election);

/* Free for the daemon's use: what serves the election, the version of the latest significant
 * change, and why the operator asked for a hold-off. */
struct attendants *election_attendants(const struct election *election);
void election_set_attendants(struct election *election, struct attendants *attendants);
uint64_t election_version(const struct election *election);
void election_set_version(struct election *election, uint64_t version);
void election_set_hold_off_reason(struct election *election, const char *reason);

#endif
