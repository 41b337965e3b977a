/*
 * Runs a command on the loop: for hooks and health checks.
 *
 * No shell. The command gets a session of its own, nothing to read, and one pipe for both outputs,
 * which comes back line by line. When its time is over it is killed, and its group with it; what it
 * left running in the background when it ended is left alone, and no longer listened to.
 * Lines are cut at COMMAND_LINE_MAX bytes; of one run up to COMMAND_LINES_MAX are told.
 */
#ifndef LEADERD_DAEMON_COMMAND_H
#define LEADERD_DAEMON_COMMAND_H

#include "lib/base/problem.h"

#include <stdint.h>
#include <uv.h>

enum { COMMAND_LINE_MAX = 2000, COMMAND_LINES_MAX = 1000 };

struct command_options {
    char *const *command;     /* program and arguments, NULL behind the last */
    char *const *environment; /* likewise */
    int64_t timeout_ms;
};

/* `problem` says what was wrong, when it did not exit with 0. */
struct command_end {
    bool good;
    bool timed_out;
    struct problem problem;
};

/* On the loop, never from inside command_start(). */
struct command_listener {
    void *owner;
    void (*line)(void *owner, const char *line);             /* NULL: not listened to */
    void (*end)(void *owner, const struct command_end *end); /* once; the last one */
};

/* A copy of a command in one block: free() it. NULL when memory is short. */
char **command_copy(char *const *command);

struct command;

/* Borrows `options` for the call. NULL when memory is short. A program that cannot be started is
 * told by `end`. */
struct command *command_start(uv_loop_t *loop, const struct command_options *options,
                              const struct command_listener *listener);

/* Kills it; nothing is called any more. Takes NULL, too; not to be used after `end`. */
void command_cancel(struct command *command);

#endif
