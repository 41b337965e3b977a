#include "lib/status/metrics_writer.h"

#include <math.h>
#include <string.h>

/* Whole numbers exactly (tokens are near 2^51), others to what a millisecond of today's wall time
 * needs. */
static void add_number(struct text *text, double value)
{
    if (trunc(value) == value && fabs(value) < 9007199254740992.0) {
        text_add_integer(text, (int64_t)value);
    } else {
        text_addf(text, "%.15g", value);
    }
}

static void add_label_value(struct text *text, const char *value)
{
    size_t left = strlen(value);
    while (left > 0) {
        size_t size = utf8_character(value, left);
        if (size == 0) {
            text_add(text, "\xef\xbf\xbd");
            size = 1;
        } else if (value[0] == '\n') {
            text_add(text, "\\n");
        } else {
            text_add(text, value[0] == '"' || value[0] == '\\' ? "\\" : "");
            text_add_bytes(text, value, size);
        }
        value += size;
        left -= size;
    }
}

/* `limit` is the bucket's, or NULL. */
static void add_labels(struct text *text, const struct metrics_label *labels, const char *limit)
{
    const char *lead = "{";
    for (; labels != NULL && labels->key != NULL; labels++) {
        text_add(text, lead);
        text_add(text, labels->key);
        text_add(text, "=\"");
        add_label_value(text, labels->value != NULL ? labels->value : "");
        text_add(text, "\"");
        lead = ",";
    }
    if (limit != NULL) {
        text_addf(text, "%sle=\"%s\"", lead, limit);
        lead = ",";
    }
    text_add(text, lead[0] == ',' ? "} " : " ");
}

void metrics_family(struct metrics_writer *writer, const char *name, enum metrics_type type,
                    const char *help)
{
    static const char *const types[] = {[METRICS_GAUGE] = "gauge",
                                        [METRICS_COUNTER] = "counter",
                                        [METRICS_HISTOGRAM] = "histogram"};
    bool total = type == METRICS_COUNTER && writer->format == METRICS_PROMETHEUS;
    const char *suffix = total ? "_total" : "";
    writer->family = name;
    writer->type = type;
    text_addf(writer->text, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix,
              types[type]);
}

void metrics_sample(struct metrics_writer *writer, const struct metrics_label *labels, double value)
{
    text_add(writer->text, writer->family);
    text_add(writer->text, writer->type == METRICS_COUNTER ? "_total" : "");
    add_labels(writer->text, labels, NULL);
    add_number(writer->text, value);
    text_add(writer->text, "\n");
}

static void add_bucket(struct metrics_writer *writer, const struct metrics_label *labels,
                       const char *limit, uint64_t count)
{
    text_add(writer->text, writer->family);
    text_add(writer->text, "_bucket");
    add_labels(writer->text, labels, limit);
    add_number(writer->text, (double)count);
    text_add(writer->text, "\n");
}

/* OpenMetrics wants a decimal point in every bound. */
static void format_bound(const struct metrics_writer *writer, double bound, struct text *out)
{
    text_clear(out);
    text_addf(out, "%.15g", bound);
    if (writer->format == METRICS_OPENMETRICS && trunc(bound) == bound) {
        text_add(out, ".0");
    }
}

void metrics_histogram(struct metrics_writer *writer, const struct metrics_label *labels,
                       const struct histogram *histogram)
{
    struct text bound = {0};
    uint64_t count = 0;
    for (unsigned i = 0; i < histogram->bounds->count; i++) {
        count += histogram->counts[i];
        format_bound(writer, histogram->bounds->bounds[i], &bound);
        if (!bound.failed) {
            add_bucket(writer, labels, bound.bytes, count);
        }
    }
    count += histogram->counts[histogram->bounds->count];
    add_bucket(writer, labels, "+Inf", count);

    struct text *text = writer->text;
    text_add(text, writer->family);
    text_add(text, "_sum");
    add_labels(text, labels, NULL);
    add_number(text, histogram->sum);
    text_add(text, "\n");
    text_add(text, writer->family);
    text_add(text, "_count");
    add_labels(text, labels, NULL);
    add_number(text, (double)count);
    text_add(text, "\n");

    text->failed = text->failed || bound.failed;
    text_free(&bound);
}
