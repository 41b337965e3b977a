/*
 * The daemon's diagnostics: the health check all the time, a run of the doctor every now and then,
 * and the findings that follow from both and from what the daemon knows of itself.
 *
 * A finding that appears or goes is told once: an event `health_changed` with its code, and a line
 * in the log.
 */
#ifndef LEADERD_DAEMON_DIAGNOSIS_H
#define LEADERD_DAEMON_DIAGNOSIS_H

#include "config/issues.h"
#include "daemon/settings.h"
#include "lib/diagnostics/checkup.h"
#include "lib/diagnostics/drift.h"
#include "lib/diagnostics/findings.h"

struct app;
struct diagnosis;
struct diagnosis_view;

/* Begins with the elections that there are. NULL, with a problem, when the store for the health
 * check cannot be made or memory is short. */
struct diagnosis *diagnosis_start(struct app *app, struct problem *problem);

/* Ends within the loop's next turns, or when a call under way is answered. Takes NULL, too. */
void diagnosis_stop(struct diagnosis *diagnosis);

/* The configuration was reloaded. */
void diagnosis_reloaded(struct diagnosis *diagnosis);

const struct checkup_result *diagnosis_health(const struct diagnosis *diagnosis);

/* The last finished run; NULL before the first. */
const struct report *diagnosis_report(const struct diagnosis *diagnosis);

typedef void diagnosis_done_cb(void *owner);

/* Runs the doctor now, and calls `done` when the report is there; never from inside. False, and
 * nothing happens, while a run is under way or when memory is short. */
bool diagnosis_run(struct diagnosis *diagnosis, diagnosis_done_cb *done, void *owner) must_use;

/* Nobody waits for the run any more. */
void diagnosis_forget(struct diagnosis *diagnosis);

/* What is wrong at this moment, with the facts that were judged. diagnosis_view_free() it. */
struct diagnosis_view {
    struct daemon_facts facts;
    struct findings findings;
};

/* NULL when memory is short. */
struct diagnosis_view *diagnosis_look(const struct app *app);
void diagnosis_view_free(struct diagnosis_view *view);

/* Parts of that. */
void diagnosis_drift(const struct diagnosis *diagnosis, struct drift_view *view);
void diagnosis_judge(const struct diagnosis *diagnosis, struct diagnosis_view *view);

/* Facts that come from the configuration alone; the arrays are for diagnosis_facts_free(). False
 * when memory is short. */
bool diagnosis_config_facts(const struct config *config, const struct config_issues *warnings,
                            struct daemon_facts *facts) must_use;
void diagnosis_facts_free(struct daemon_facts *facts);

#endif
