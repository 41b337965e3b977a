/*
 * The subcommands that tell the daemon to do something to elections.
 */
#ifndef LEADERD_DAEMON_CONTROL_H
#define LEADERD_DAEMON_CONTROL_H

#include "daemon/cli_client.h"

/* POST /elections/{name}/{action} for each of the elections meant. */
struct control {
    const struct cli_command *command;
    const struct cli_place *place;
    const char *action;
    const char *query;   /* "" or "?wait=10s" */
    const json_t *body;  /* an object; NULL for none */
    const char *done;    /* what to print after the name: "paused" */
    int64_t timeout_ms;  /* of each call */
    const char *skipped; /* problem code that is no failure with --all; NULL for none */
    int accepted_exit;   /* for 202: the daemon has begun */
};

/* `election` NULL and not `all`: the only one there is. Returns the exit code: the first failure.
 */
int control_run(const struct control *control, const char *election, bool all);

#endif
