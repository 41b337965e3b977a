/*
 * A configuration as YAML or JSON, key by key as the table has them.
 */
#ifndef LEADERD_CONFIG_PRINT_H
#define LEADERD_CONFIG_PRINT_H

#include "config/schema.h"

enum print_style { PRINT_YAML = 1, PRINT_JSON };

/* Adds one value on one line; lists and mappings are not for this. */
void print_scalar(const struct schema_key *row, const void *base, enum print_style style,
                  struct text *text);

/* Adds a quoted string that reads back: in YAML a `$` is doubled. */
void print_string(const char *string, enum print_style style, struct text *text);

#endif
