/*
 * Calls of /watch that wait for a change.
 *
 * A watcher waits for elections, by name or all of them, to change after its cursor, for its own
 * time-out, for half of the remaining lease of what is led here, or for the end of the daemon.
 * Changes are told in batches, with the loop turned between them, so that ten thousand watchers do
 * not delay a renewal; a watcher hears the latest state only.
 */
#ifndef LEADERD_DAEMON_WATCH_H
#define LEADERD_DAEMON_WATCH_H

#include "daemon/app.h"

struct watch_list;

struct watch_list *watch_list_new(struct app *app);
void watch_list_free(struct watch_list *list);

/* The handler of GET /watch. */
void watch_handle(struct app *app, struct http_call *call);

/* Something changed: whoever watches it will be answered in this turn of the loop or the next. */
void watch_list_changed(struct watch_list *list);

/* A lease was renewed: streams tell the new deadline. */
void watch_list_renewed(struct watch_list *list, const struct election *election);

/* An election goes away: whoever names it is answered now. */
void watch_list_election_gone(struct watch_list *list, const struct election *election);

/* Answers everybody: the daemon ends. */
void watch_list_end(struct watch_list *list);

#endif
