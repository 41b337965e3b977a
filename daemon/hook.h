/*
 * The `on_change` command of one election: told of each change, one run at a time, in order.
 *
 * While it runs, changes are gathered; the next run is told of the latest only. What it prints goes
 * to the log, line by line. A run that fails is an event and nothing else. The command learns
 * everything from its environment: LEADERD_ELECTION, LEADERD_STATE, LEADERD_IS_LEADER,
 * LEADERD_LEADER, LEADERD_PREVIOUS_LEADER, LEADERD_FENCING_TOKEN, LEADERD_DEADLINE_BOOTTIME_MS,
 * LEADERD_REASON, LEADERD_URL; what is unknown is empty.
 */
#ifndef LEADERD_DAEMON_HOOK_H
#define LEADERD_DAEMON_HOOK_H

#include "config/config.h"
#include "lib/elector/elector.h"

#include <uv.h>

struct hook;

/* What a run is told; strings are copied. */
struct hook_news {
    enum elector_state state;
    bool is_leader;
    const char *leader, *previous_leader; /* NULL: unknown */
    int64_t token;                        /* 0: unknown */
    int64_t deadline_boottime_ms;         /* 0: none */
    const char *reason;                   /* why the last reign here ended; NULL: it has not */
};

/* A run has failed; `what` says how. */
typedef void hook_failed_cb(void *owner, const char *election, bool timed_out, const char *what);

/* `config` is copied and may be NULL: then nothing is run. `url` is where the daemon listens. NULL
 * when memory is short. */
struct hook *hook_new(uv_loop_t *loop, const char *election, const struct config_hook *config,
                      const char *url, hook_failed_cb *failed, void *owner);

/* Another command, from the next run on. False when memory is short: then nothing changes. */
bool hook_configure(struct hook *hook, const struct config_hook *config) must_use;

/* Something may have changed; runs the command if it is news to it. */
void hook_tell(struct hook *hook, const struct hook_news *news);

/* Frees it when what there is to tell is told. Takes NULL, too. */
void hook_release(struct hook *hook);

#endif
