/*
 * Small additions to a struct text that the renderers share.
 *
 * `lead` is what stands before the value: comma, key, colon. Unknown values become null.
 */
#ifndef LEADERD_STATUS_ADD_H
#define LEADERD_STATUS_ADD_H

#include "lib/base/text.h"

void add_string(struct text *text, const char *lead, const char *value);
void add_integer(struct text *text, const char *lead, int64_t value);
void add_bool(struct text *text, const char *lead, bool value);

/* null unless positive: tokens, and instants where 0 means none. */
void add_positive(struct text *text, const char *lead, int64_t value);

/* null when negative. */
void add_unsigned(struct text *text, const char *lead, int64_t value);

/* RFC 3339; null when 0. */
void add_instant(struct text *text, const char *lead, int64_t wall_ms);

/* For a terminal: control characters and what is not UTF-8 become U+FFFD. NULL is "none". */
void add_plain(struct text *text, const char *value);

#endif
