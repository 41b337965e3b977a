/*
 * Times as text: durations that people write and read, and RFC 3339 instants.
 */
#ifndef LEADERD_BASE_TIMETEXT_H
#define LEADERD_BASE_TIMETEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Longest duration that is accepted anywhere: ten years, so that sums never overflow. */
#define DURATION_MAX_MS INT64_C(315360000000)

/* Reads `500ms`, `15s`, `10m`, `1h`; with `bare_seconds` also a number alone. Only digits and one
 * unit: no sign, space, fraction. False when malformed or beyond DURATION_MAX_MS. */
bool duration_parse(const char *text, bool bare_seconds, int64_t *ms);

enum { DURATION_TEXT_MAX = 32, RFC3339_TEXT_MAX = 32 };

/* Writes the shortest exact form that duration_parse() reads back: `1h`, `90s`, `1500ms`. */
void duration_format(int64_t ms, char out[DURATION_TEXT_MAX]);

/* Writes for a person: `1h 2m 11s`, `12.2s`, `340ms`. Negative counts as 0. */
void duration_describe(int64_t ms, char out[DURATION_TEXT_MAX]);

/* Writes `2026-11-23T03:01:15.120Z` (UTC). */
void rfc3339_format(int64_t wall_ms, char out[RFC3339_TEXT_MAX]);

#endif
