/*
 * Examines the Redis servers of a store: asks them, on connections of their own, one question at a
 * time, and writes down what they say. Changes nothing but throwaway keys with a TTL
 * (`<key_prefix>.check-…`).
 */
#ifndef LEADERD_DIAGNOSTICS_REDIS_EXAM_H
#define LEADERD_DIAGNOSTICS_REDIS_EXAM_H

#include "lib/diagnostics/redis_report.h"
#include "lib/store/redis/redis_store.h"

struct redis_exam;

struct redis_exam_options {
    const struct redis_store_options *store; /* copied */
    const char *const *elections;            /* names; copied */
    size_t election_count;                   /* the first EXAM_KEYS_MAX are looked at */
    int64_t expiring_ms;                     /* threshold; -1: a fifth of each lease */
    int64_t limit_ms;                        /* for each server */
};

/* Once, on the loop, never from inside redis_exam_start(). `report` is the callback's. */
typedef void redis_exam_cb(void *owner, struct redis_report *report);

/* NULL with a problem when the options are wrong or memory is short. */
struct redis_exam *redis_exam_start(uv_loop_t *loop, const struct redis_exam_options *options,
                                    redis_exam_cb *done, void *owner, struct problem *problem);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void redis_exam_cancel(struct redis_exam *exam);

#endif
