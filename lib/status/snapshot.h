/*
 * What is known at one moment, as the renderers of this layer take it.
 *
 * Plain values that are built for one answer: every pointer is borrowed for the call. Whoever
 * builds them reads the clock once and evaluates everything for that moment, so that no answer
 * holds yesterday's truth. Strings from the store may hold any bytes; they are escaped here.
 */
#ifndef LEADERD_STATUS_SNAPSHOT_H
#define LEADERD_STATUS_SNAPSHOT_H

#include "lib/elector/elector.h"
#include "lib/status/stability.h"
#include "lib/store/store.h"

/* The moment of the answer. */
struct status_clock {
    int64_t boottime_ms;
    int64_t wall_ms;
    const char *boot_id; /* NULL: unknown */
};

struct status_error {
    const char *operation; /* "renew"; NULL: there was no error, the other members mean nothing */
    const char *code;      /* "timeout", "READONLY" */
    const char *message;
    int64_t at_ms; /* wall time */
};

struct status_election {
    const char *name, *key, *participant;
    const struct elector_view *view; /* elector_look() at the moment of the clock */
    /* About view->leader; nothing of it is used while no leader is known. */
    const char *leader_metadata; /* JSON text as of metadata_decode(); NULL: {} */
    int64_t acquired_at_ms;      /* wall time, 0: unknown */
    int64_t leading_for_ms;      /* negative: unknown */
    const char *illness;         /* of the workload; NULL: none known */
    const char *hold_off_reason; /* the operator's words; NULL: the elector's reason */
    struct status_error last_error;
    struct stability_view stability;
};

struct status_daemon {
    const char *version;
    int64_t pid;
    const char *hostname;
    int64_t started_at_ms, started_boottime_ms;
    const char *config_file; /* NULL: none */
    const char *instance_id; /* 16 hex digits of this process */
    uint64_t cursor_version; /* the cursor is <instance_id>.<cursor_version> */
    bool shutting_down;
    struct status_clock clock;
    const char *health; /* "healthy", "degraded", "unhealthy"; NULL before the first run */
    int64_t health_checked_at_ms; /* wall time, 0: never */
    struct store_health store;
};

#endif
