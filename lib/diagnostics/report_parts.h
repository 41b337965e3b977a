/*
 * Parts of the rendered report; for report_json.c and report_redis.c.
 */
#ifndef LEADERD_DIAGNOSTICS_REPORT_PARTS_H
#define LEADERD_DIAGNOSTICS_REPORT_PARTS_H

#include "lib/base/text.h"
#include "lib/diagnostics/redis_report.h"
#include "lib/status/add.h"

/* null for what is unknown: NULL and "", negative. */
void add_string_or_null(struct text *text, const char *string);
/* `"NAME_ms":1,"NAME_us":1234` */
void add_us(struct text *text, const char *lead, const char *name, int64_t us);
void add_us_or_null(struct text *text, const char *lead, const char *name, int64_t us);
const char *verdict_name(enum exam_verdict verdict);

/* The members of the section about Redis, each with a comma before it. */
void add_redis(struct text *text, const struct redis_report *redis);

#endif
