/*
 * `${NAME}`, `${NAME:-default}`, `$$` and `$RUNTIME` in a value.
 *
 * A variable that is not set, or empty, gives way to its default; without one an unset variable is
 * a failure, save ${HOSTNAME}. Any other `$` is a failure. Defaults are literal. Pure.
 */
#ifndef LEADERD_CONFIG_EXPAND_H
#define LEADERD_CONFIG_EXPAND_H

#include "config/config.h"

enum { EXPAND_MAX = 64 * 1024, EXPAND_NAME_MAX = 128 };

/* Adds the expanded value; more than EXPAND_MAX bytes are a failure. `runtime` tells whether
 * $RUNTIME is known here. */
bool expand(const struct config_source *source, bool runtime, const char *value, struct text *out,
            struct problem *problem) must_use;

/* NULL when it is not set. */
const char *config_variable(const struct config_source *source, const char *name);

#endif
