/*
 * What an examination of the Redis servers found. Plain values; "unknown" is negative for numbers
 * and "" for texts.
 *
 * Maxima: the first of anything beyond the constants below is examined, the rest only counted.
 */
#ifndef LEADERD_DIAGNOSTICS_REDIS_REPORT_H
#define LEADERD_DIAGNOSTICS_REDIS_REPORT_H

#include "lib/base/problem.h"
#include "lib/store/redis/endpoint.h"

enum {
    EXAM_NODES_MAX = 64,
    EXAM_SENTINELS_MAX = 16,
    EXAM_KEYS_MAX = 1000,
    EXAM_EXPIRING_MAX = 100,
    EXAM_WORD_SIZE = 48,
};

enum exam_verdict { EXAM_UNKNOWN = 1, EXAM_PASS, EXAM_WARN, EXAM_FAIL };

/* The settings that are looked at, in this order. */
enum exam_setting {
    EXAM_MAXMEMORY_POLICY,
    EXAM_APPENDONLY,
    EXAM_SAVE,
    EXAM_TIMEOUT,
    EXAM_MIN_REPLICAS,
    EXAM_MIN_REPLICAS_LAG,
    EXAM_STOP_WRITES,
    EXAM_SETTINGS,
};

const char *exam_setting_name(enum exam_setting setting);

struct exam_node {
    struct redis_endpoint endpoint;
    bool up;              /* it answered */
    bool primary;         /* it is supposed to be one */
    bool info_denied;     /* INFO was refused; `error` says why */
    struct problem error; /* "" for none */
    int64_t connect_us, ping_us, time_offset_us, time_round_trip_us;
    bool has_time;
    char version[EXAM_WORD_SIZE], role[EXAM_WORD_SIZE], run_id[EXAM_WORD_SIZE];
    int64_t uptime_s, connected_clients, max_clients;
    int64_t used_bytes, max_bytes, system_bytes;
    char policy[EXAM_WORD_SIZE];
    int64_t evicted_keys, expired_keys;
    int64_t loading, aof_enabled;
    char aof_write_status[EXAM_WORD_SIZE], save_status[EXAM_WORD_SIZE];
    int64_t last_save_s, changes_since_save;
    int64_t connected_replicas, good_replicas;
    char replid[EXAM_WORD_SIZE];
};

struct exam_key {
    const char *key;
    const char *election; /* the end of `key` */
    char type[EXAM_WORD_SIZE];
    int64_t pttl_ms;        /* -1: no TTL, as it should be; -2: no record; -3: unknown */
    bool held;              /* the record is a lease that somebody holds */
    int64_t remaining_ms;   /* of the lease, by the server's clock; only when held */
    struct problem foreign; /* why it is no record of ours; "" when it is */
};

struct exam_expiring {
    char key[REDIS_KEY_PREFIX_MAX + 132];
    int64_t remaining_ms;
};

struct exam_sentinel {
    struct redis_endpoint endpoint;
    bool ok;
    struct problem error;
    char primary[REDIS_ENDPOINT_SIZE]; /* whom it names */
};

struct redis_report {
    enum redis_mode mode;
    int64_t at_ms, duration_us;
    struct problem error; /* the examination could not be made; "" when it could */

    struct exam_node nodes[EXAM_NODES_MAX];
    size_t node_count, node_total;
    struct {
        enum exam_verdict set, get, del;
        struct problem error;
    } key_operations;
    struct exam_key *keys; /* one for each election */
    size_t key_count;
    struct {
        char pattern[REDIS_KEY_PREFIX_MAX + 2];
        int64_t threshold_ms; /* negative: a fifth of each lease */
        int64_t scanned;
        bool truncated, denied;
        struct exam_expiring keys[EXAM_EXPIRING_MAX];
        size_t count;
    } expiring;
    struct {
        enum exam_verdict verdict;
        struct problem error;
    } lua;
    struct {
        bool denied, available;
        char values[EXAM_SETTINGS][EXAM_WORD_SIZE];
    } config;
    struct exam_sentinel sentinels[EXAM_SENTINELS_MAX];
    size_t sentinel_count;
    char cluster_state[EXAM_WORD_SIZE];
};

/* Takes NULL, too. */
void redis_report_free(struct redis_report *report);

size_t redis_report_healthy_nodes(const struct redis_report *report);

/* The server that says most about the store: the first primary. NULL when there is none. */
const struct exam_node *redis_report_primary(const struct redis_report *report);

#endif
