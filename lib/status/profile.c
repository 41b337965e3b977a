#include "lib/status/profile.h"

#include "lib/status/add.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void profile_add(struct profile *profile, enum operation operation, int64_t us)
{
    assert(operation >= 1 && (int)operation <= OPERATION_COUNT);
    struct profile_ring *ring = &profile->operations[operation - 1];
    us = us < 0 ? 0 : us;
    ring->us[ring->next] = us > INT32_MAX ? INT32_MAX : (int32_t)us;
    ring->next = (ring->next + 1) % PROFILE_WINDOW;
    if (ring->count < PROFILE_WINDOW) {
        ring->count++;
    }
    ring->total++;
}

static int compare(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* Nearest rank: the smallest value that at least `percent` of all do not exceed. */
static int64_t percentile(const int32_t *sorted, unsigned count, unsigned percent)
{
    unsigned rank = (count * percent + 99) / 100;
    return sorted[rank - 1];
}

void profile_summarize(const struct profile *profile, enum operation operation,
                       struct profile_summary *summary)
{
    assert(operation >= 1 && (int)operation <= OPERATION_COUNT);
    const struct profile_ring *ring = &profile->operations[operation - 1];
    *summary = (struct profile_summary){.count = ring->count, .total = ring->total};
    if (ring->count == 0) {
        return;
    }
    int32_t sorted[PROFILE_WINDOW];
    memcpy(sorted, ring->us, sizeof sorted);
    qsort(sorted, ring->count, sizeof sorted[0], compare);
    int64_t sum = 0;
    for (unsigned i = 0; i < ring->count; i++) {
        sum += sorted[i];
    }
    summary->avg_us = (sum + ring->count / 2) / ring->count;
    summary->min_us = sorted[0];
    summary->max_us = sorted[ring->count - 1];
    summary->p50_us = percentile(sorted, ring->count, 50);
    summary->p95_us = percentile(sorted, ring->count, 95);
    summary->p99_us = percentile(sorted, ring->count, 99);
}

/* One duration in both units, null while there was none. */
static void add_time(struct text *text, const char *name, unsigned count, int64_t us)
{
    if (count == 0) {
        text_addf(text, ",\"%s_ms\":null,\"%s_us\":null", name, name);
    } else {
        text_addf(text, ",\"%s_ms\":%" PRId64 ",\"%s_us\":%" PRId64, name, (us + 500) / 1000, name,
                  us);
    }
}

static void add_operation(struct text *text, const struct profile *profile,
                          enum operation operation)
{
    struct profile_summary summary;
    profile_summarize(profile, operation, &summary);
    add_string(text, operation == 1 ? "" : ",", operation_name(operation));
    text_addf(text, ":{\"count\":%u,\"total\":%" PRIu64, summary.count, summary.total);
    add_time(text, "avg", summary.count, summary.avg_us);
    add_time(text, "min", summary.count, summary.min_us);
    add_time(text, "max", summary.count, summary.max_us);
    add_time(text, "p50", summary.count, summary.p50_us);
    add_time(text, "p95", summary.count, summary.p95_us);
    add_time(text, "p99", summary.count, summary.p99_us);
    text_add(text, "}");
}

void profile_document_begin(struct profile_document *document, struct text *text, int64_t wall_ms)
{
    *document = (struct profile_document){.text = text};
    add_instant(text, "{\"generated_at\":", wall_ms);
    add_integer(text, ",\"window\":", PROFILE_WINDOW);
    text_add(text, ",\"elections\":{");
}

void profile_document_add(struct profile_document *document, const char *election,
                          const struct profile *profile)
{
    struct text *text = document->text;
    add_string(text, document->any ? "," : "", election);
    text_add(text, ":{\"operations\":{");
    for (int i = 1; i <= OPERATION_COUNT; i++) {
        add_operation(text, profile, (enum operation)i);
    }
    text_add(text, "}}");
    document->any = true;
}

void profile_document_end(struct profile_document *document)
{
    text_add(document->text, "}}\n");
}

static void add_cell(struct text *text, int64_t us)
{
    text_addf(text, " %7" PRId64 ".%03" PRId64, us / 1000, us % 1000);
}

static void add_row(struct text *text, const struct profile *profile, enum operation operation)
{
    struct profile_summary summary;
    profile_summarize(profile, operation, &summary);
    text_addf(text, "%-10s %6u %10" PRIu64, operation_name(operation), summary.count,
              summary.total);
    if (summary.count > 0) {
        add_cell(text, summary.avg_us);
        add_cell(text, summary.min_us);
        add_cell(text, summary.max_us);
        add_cell(text, summary.p95_us);
        add_cell(text, summary.p99_us);
    }
    text_add(text, "\n");
}

void profile_add_text(struct text *text, const char *election, const struct profile *profile)
{
    text_add(text, "=== Performance: ");
    add_plain(text, election);
    text_addf(text, " (last %d of each, ms) ===\n", PROFILE_WINDOW);
    text_addf(text, "%-10s %6s %10s %11s %11s %11s %11s %11s\n", "operation", "count", "total",
              "avg", "min", "max", "p95", "p99");
    for (int i = 1; i <= OPERATION_COUNT; i++) {
        add_row(text, profile, (enum operation)i);
    }
}
