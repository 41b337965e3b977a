/*
 * How long the operations on the store took, for /performance.
 *
 * A plain value for each election; an empty one is all zeros. Of every operation the last
 * PROFILE_WINDOW durations are kept.
 */
#ifndef LEADERD_STATUS_PROFILE_H
#define LEADERD_STATUS_PROFILE_H

#include "lib/base/text.h"
#include "lib/status/operation.h"

enum { PROFILE_WINDOW = 100 };

struct profile_ring {
    int32_t us[PROFILE_WINDOW]; /* longer than 35 minutes is kept as that */
    unsigned next, count;
    uint64_t total; /* ever */
};

struct profile {
    struct profile_ring operations[OPERATION_COUNT];
};

struct profile_summary {
    unsigned count; /* in the window; 0: the times below are unknown */
    uint64_t total; /* ever */
    int64_t avg_us, min_us, max_us, p50_us, p95_us, p99_us;
};

void profile_add(struct profile *profile, enum operation operation, int64_t us);

void profile_summarize(const struct profile *profile, enum operation operation,
                       struct profile_summary *summary);

/* The answer of /performance: begin, add each election, end. Times are in whole milliseconds, and
 * again in microseconds (avg_us, …), since a Redis nearby answers in less than one. */
struct profile_document {
    struct text *text;
    bool any;
};

void profile_document_begin(struct profile_document *document, struct text *text, int64_t wall_ms);
void profile_document_add(struct profile_document *document, const char *election,
                          const struct profile *profile);
void profile_document_end(struct profile_document *document);

/* ... and for a person: a table for each election. */
void profile_add_text(struct text *text, const char *election, const struct profile *profile);

#endif
