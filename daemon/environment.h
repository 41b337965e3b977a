/*
 * The environment of a command: ours, with some variables set anew.
 */
#ifndef LEADERD_DAEMON_ENVIRONMENT_H
#define LEADERD_DAEMON_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENVIRONMENT_OWN_MAX = 12 };

struct environment {
    char **variables; /* for execve(2); the first `own_count` are ours, the rest borrowed */
    size_t own_count, count;
    bool failed; /* memory ran out, or there were more than ENVIRONMENT_OWN_MAX */
};

void environment_init(struct environment *environment);
void environment_free(struct environment *environment);

/* Takes out what a service manager tells its service alone (sd_notify(3), sd_listen_fds(3)). */
void environment_drop_service(struct environment *environment);

/* Each name once; it takes the place of the one that we have ourselves. NULL sets an empty text. */
void environment_set(struct environment *environment, const char *name, const char *value);
void environment_set_number(struct environment *environment, const char *name, int64_t number);

#endif
