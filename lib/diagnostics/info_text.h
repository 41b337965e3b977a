/*
 * Reads the text of INFO, CLUSTER INFO and the like: lines of `name:value`.
 */
#ifndef LEADERD_DIAGNOSTICS_INFO_TEXT_H
#define LEADERD_DIAGNOSTICS_INFO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies the value of the first line `name:…`, cut to `size`; "" and false when there is none.
 * Unprintable bytes become '?'. */
bool info_string(const char *text, const char *name, char *out, size_t size);

/* The same as a whole number; `otherwise` when it is absent or none. */
int64_t info_number(const char *text, const char *name, int64_t otherwise);

#endif
