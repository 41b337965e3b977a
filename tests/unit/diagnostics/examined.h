/*
 * What an examination found on a good day, and a daemon that is well, for the tests of judges and
 * reports: each test breaks one thing of it.
 */
#ifndef LEADERD_TESTS_UNIT_DIAGNOSTICS_EXAMINED_H
#define LEADERD_TESTS_UNIT_DIAGNOSTICS_EXAMINED_H

#include "lib/diagnostics/findings.h"

#include <stdio.h>

/* 2026-11-23T03:01:15.120Z */
#define AT_MS INT64_C(1795402875120)

static struct redis_report redis;
static struct report report;
static struct exam_key keys[2];
static struct election_facts election;
static struct daemon_facts facts;

static inline struct exam_node good_node(const char *name, bool primary)
{
    struct exam_node node = {.up = true,
                             .primary = primary,
                             .connect_us = 200,
                             .ping_us = 412,
                             .has_time = true,
                             .time_offset_us = 1499,
                             .time_round_trip_us = 400,
                             .version = "7.0.15",
                             .role = "master",
                             .run_id = "9f2c",
                             .uptime_s = 86400,
                             .connected_clients = 12,
                             .max_clients = 10000,
                             .used_bytes = 1000000,
                             .max_bytes = 4000000,
                             .system_bytes = 8000000,
                             .policy = "noeviction",
                             .evicted_keys = 0,
                             .expired_keys = 3,
                             .loading = 0,
                             .aof_enabled = 1,
                             .aof_write_status = "ok",
                             .save_status = "ok",
                             .last_save_s = 1795402000,
                             .changes_since_save = 5,
                             .connected_replicas = 0,
                             .good_replicas = 0,
                             .replid = "abcd"};
    (void)snprintf(node.endpoint.name, sizeof node.endpoint.name, "%s", name);
    return node;
}

static inline void add_good_node(const char *name, bool primary)
{
    redis.nodes[redis.node_count++] = good_node(name, primary);
    redis.node_total = redis.node_count;
}

static inline void examine_a_good_redis(void)
{
    redis = (struct redis_report){.mode = REDIS_STANDALONE,
                                  .at_ms = AT_MS,
                                  .duration_us = 8001,
                                  .key_operations = {EXAM_PASS, EXAM_PASS, EXAM_PASS, {""}},
                                  .keys = keys,
                                  .key_count = 1,
                                  .expiring = {.pattern = "le:*", .threshold_ms = -1, .scanned = 2},
                                  .lua.verdict = EXAM_PASS,
                                  .config.available = true};
    keys[0] = (struct exam_key){.key = "le:billing",
                                .election = "billing",
                                .type = "hash",
                                .pttl_ms = -1,
                                .held = true,
                                .remaining_ms = 11873};
    for (int i = 0; i < EXAM_SETTINGS; i++) {
        (void)snprintf(redis.config.values[i], EXAM_WORD_SIZE, "value %d", i);
    }
    add_good_node("10.0.0.5:6379", true);
}

static inline void examine_a_good_day(void)
{
    examine_a_good_redis();
    report = (struct report){.at_ms = AT_MS, .redis = &redis};
    election = (struct election_facts){.name = "billing",
                                       .lease_ms = 15000,
                                       .renew_interval_ms = 5000,
                                       .operation_timeout_ms = 2000,
                                       .last_margin = 0.8,
                                       .stable = true,
                                       .renew_p99_us = 900,
                                       .since_reset_ms = -1,
                                       .since_duplicate_ms = -1};
    facts = (struct daemon_facts){.running = true,
                                  .elections = &election,
                                  .election_count = 1,
                                  .store_connected = true,
                                  .restart_guard = true,
                                  .performance_threshold_ms = 1000,
                                  .slowest_check_us = 500,
                                  .since_jump_ms = -1,
                                  .ntp_tolerance_ms = 5000,
                                  .drift_limit_ppm = 500};
}

#endif
