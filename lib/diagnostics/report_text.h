/*
 * The report for a person: findings first, the worst at the top, each with what to do and where it
 * is explained; then what was measured, by section.
 */
#ifndef LEADERD_DIAGNOSTICS_REPORT_TEXT_H
#define LEADERD_DIAGNOSTICS_REPORT_TEXT_H

#include "lib/base/text.h"

enum report_style { REPORT_PLAIN = 1, REPORT_COLOURED };

/* Renders the answer of /diagnostics (a whole JSON document, of whatever content). False when it is
 * no such document; nothing is added then. */
bool report_render_text(struct text *text, const char *json, size_t length,
                        enum report_style style);

/* "healthy", "degraded", "unhealthy" of such a document; "" when there is none. */
void report_read_overall(const char *json, size_t length, char *out, size_t size);

#endif
