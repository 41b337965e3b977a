/*
 * Writes down what happens: the event ring for /events, and one log line each.
 */
#ifndef LEADERD_DAEMON_CHRONICLE_H
#define LEADERD_DAEMON_CHRONICLE_H

#include "daemon/app.h"
#include "daemon/log.h"

void chronicle_note(struct app *app, struct election *election, const struct elector_note *note);

/* The election became stable or unstable. */
void chronicle_stability(struct app *app, struct election *election, bool stable);

/* A hook's run failed; `reason` is hook_failed or hook_timeout. The election may be gone. */
void chronicle_hook(struct app *app, const char *election, const char *reason, const char *what);

/* The workload fell ill, or is well again. */
void chronicle_workload(struct app *app, struct election *election, bool well, const char *why);

/* A call of an election was refused or not answered; code NULL: it works again. False: the trouble
 * is the whole store's, which was told once for all elections. */
bool chronicle_trouble(struct app *app, struct election *election, enum lease_verb verb,
                       const char *code, const struct problem *problem);

/* Something about the whole daemon. `reason` may be NULL. */
void chronicle_daemon(struct app *app, enum event_type type, enum log_level level,
                      const char *reason, const char *message);

#endif
