/*
 * jansson's values as text in our own memory.
 */
#ifndef LEADERD_STATUS_JSON_TEXT_H
#define LEADERD_STATUS_JSON_TEXT_H

#include "lib/base/text.h"

#include <jansson.h>

/* Adds the value as JSON; `flags` as for json_dumps(). A NULL, or no memory, makes the text failed.
 */
void json_add(struct text *text, const json_t *value, size_t flags);

#endif
