/*
 * From what was written to what holds: profiles, derived defaults, merged metadata, addresses.
 */
#ifndef LEADERD_CONFIG_FINISH_H
#define LEADERD_CONFIG_FINISH_H

#include "config/read.h"

/* Fills what schema_read() left open. Adds an issue for what cannot be brought together. */
void config_finish(const struct reading *reading, struct config *config);

/* Adds an issue for each rule over several values that is broken. */
void config_check(const struct reading *reading, const struct config *config);

/* The part of it that is about the store; config_check() calls it. */
void config_check_store(const struct reading *reading, const struct config *config);

/* Where a key of an entry, or failing that the entry, stands. */
struct config_spot spot_in(const struct yaml_node *origin, const char *path, const char *key);

#endif
