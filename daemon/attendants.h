/*
 * What serves one election beside its elector: the hook that is told of its changes, and the gate
 * that asks whether the workload is well.
 */
#ifndef LEADERD_DAEMON_ATTENDANTS_H
#define LEADERD_DAEMON_ATTENDANTS_H

#include "daemon/app.h"

/* NULL when memory is short. */
struct attendants *attendants_new(struct app *app, struct election *election,
                                  const struct config_election *config);

/* Another configuration of the same election. False when memory is short: some of it may be in
 * force. */
bool attendants_reconfigure(struct attendants *attendants, const struct config_election *before,
                            const struct config_election *after) must_use;

/* Something significant about the election changed. */
void attendants_tell(struct attendants *attendants);

/* The election goes away. The hook is told everything before it ends. Takes NULL, too. */
void attendants_release(struct attendants *attendants);

#endif
