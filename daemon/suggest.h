/*
 * "Did you mean …?"
 */
#ifndef LEADERD_DAEMON_SUGGEST_H
#define LEADERD_DAEMON_SUGGEST_H

#include <stddef.h>

/* The name that is at most two edits away from `word`, or begins with it; NULL when there is none.
 * Words longer than 31 are near to nothing. */
const char *suggest_near(const char *word, const char *const *names, size_t count);

#endif
