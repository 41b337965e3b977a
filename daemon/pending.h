/*
 * Operators' calls that are answered when what they asked for has come to its end: a step-down
 * waits for the release, a bootstrap or vacate for the store's answer.
 */
#ifndef LEADERD_DAEMON_PENDING_H
#define LEADERD_DAEMON_PENDING_H

#include "daemon/app.h"

struct pending_list;

struct pending_list *pending_list_new(struct app *app);
void pending_list_free(struct pending_list *list);

/* Parks `call` until the lease of `election` is given up (200), or `timeout_ms` is over (202);
 * a negative time-out waits as long as the lease lasts. */
void pending_wait_release(struct pending_list *list, struct http_call *call,
                          struct election *election, int64_t timeout_ms);

/* Parks `call` until the command under way for `election` has ended. */
void pending_wait_command(struct pending_list *list, struct http_call *call,
                          struct election *election);

/* The election has changed: answers the calls whose release has happened. */
void pending_look(struct pending_list *list, struct election *election);

/* A bootstrap or vacate has ended. */
void pending_command_ended(struct pending_list *list, struct election *election,
                           const struct elector_note *note);

/* The election goes away: answers all its calls. */
void pending_election_gone(struct pending_list *list, struct election *election);

#endif
