/*
 * The report as the answer of /diagnostics (HTTP contract), and as metrics.
 */
#ifndef LEADERD_DIAGNOSTICS_REPORT_JSON_H
#define LEADERD_DIAGNOSTICS_REPORT_JSON_H

#include "lib/base/text.h"
#include "lib/diagnostics/findings.h"
#include "lib/status/metrics_writer.h"

/* Bits. */
enum report_section {
    REPORT_REDIS = 1,
    REPORT_CLOCK = 2,
    REPORT_NETWORK = 4,
    REPORT_OPTIONS = 8,
    REPORT_ALL = 15,
};

/* The section of that name; 0 when there is none. */
unsigned report_section_of(const char *name, size_t length);

/* Adds the whole document and a newline. */
void report_render(struct text *text, const struct report *report, const struct daemon_facts *facts,
                   const struct findings *findings, unsigned sections);

/* Adds the families of metrics about Redis, clock, network and findings; `report` may be NULL. */
void report_add_metrics(struct metrics_writer *writer, const struct report *report,
                        const struct daemon_facts *facts, const struct findings *findings);

#endif
