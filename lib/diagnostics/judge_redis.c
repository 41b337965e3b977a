/* The judge of the Redis servers. */
#include "lib/diagnostics/judges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_BUDGET_PARTS = 4 };

struct trial {
    const struct redis_report *redis, *before;
    const struct daemon_facts *facts;
    struct findings *findings;
};

static int64_t shortest_timeout_ms(const struct daemon_facts *facts)
{
    int64_t shortest = INT64_MAX;
    for (size_t i = 0; i < facts->election_count; i++) {
        if (facts->elections[i].operation_timeout_ms < shortest) {
            shortest = facts->elections[i].operation_timeout_ms;
        }
    }
    return shortest;
}

static void judge_speed(const struct trial *trial, const struct exam_node *node)
{
    int64_t timeout_ms = shortest_timeout_ms(trial->facts);
    if (node->ping_us >= 0 && timeout_ms < INT64_MAX &&
        node->ping_us > timeout_ms * 1000 / LEASE_BUDGET_PARTS) {
        finding_add(trial->findings, FINDING_STORE_SLOW, FINDING_WARNING,
                    "Redis at %s answers a PING in %.0f ms, more than a quarter of the "
                    "operation_timeout of %" PRId64 " ms.",
                    node->endpoint.name, (double)node->ping_us / 1000, timeout_ms);
    }
}

static bool evicts_anything(const char *policy)
{
    return strncmp(policy, "allkeys-", 8) == 0;
}

static void judge_memory(const struct trial *trial, const struct exam_node *node)
{
    if (evicts_anything(node->policy)) {
        finding_add(trial->findings, FINDING_EVICTING_POLICY, FINDING_WARNING,
                    "Redis at %s may evict leases: its maxmemory-policy is %s.",
                    node->endpoint.name, node->policy);
    }
    int64_t most = node->max_bytes > 0 ? node->max_bytes : node->system_bytes;
    double used = most > 0 && node->used_bytes >= 0 ? (double)node->used_bytes / (double)most : 0;
    if (used >= 0.9) {
        bool refuses = strcmp(node->policy, "noeviction") == 0 && atoi(node->version) < 7;
        finding_add(trial->findings, FINDING_MEMORY_PRESSURE,
                    used >= 0.95 && refuses ? FINDING_CRITICAL : FINDING_WARNING,
                    "Redis at %s uses %.0f %% of its memory (%" PRId64 " of %" PRId64 " bytes).",
                    node->endpoint.name, used * 100, node->used_bytes, most);
    }
    const struct redis_report *before = trial->before;
    for (size_t i = 0; before != NULL && i < before->node_count; i++) {
        const struct exam_node *then = &before->nodes[i];
        if (strcmp(then->run_id, node->run_id) == 0 && node->evicted_keys > then->evicted_keys &&
            then->evicted_keys >= 0) {
            finding_add(trial->findings, FINDING_KEYS_EVICTED, FINDING_WARNING,
                        "Redis at %s evicted %" PRId64 " keys since the last run.",
                        node->endpoint.name, node->evicted_keys - then->evicted_keys);
        }
    }
    if (before == NULL && evicts_anything(node->policy) && node->evicted_keys > 0) {
        finding_add(trial->findings, FINDING_KEYS_EVICTED, FINDING_WARNING,
                    "Redis at %s has evicted %" PRId64 " keys since it was started.",
                    node->endpoint.name, node->evicted_keys);
    }
}

static void judge_persistence(const struct trial *trial, const struct exam_node *node)
{
    const struct redis_report *redis = trial->redis;
    bool saves = !redis->config.available || redis->config.values[EXAM_SAVE][0] != '\0';
    if (node->aof_enabled == 0 && !saves && !trial->facts->restart_guard) {
        finding_add(trial->findings, FINDING_PERSISTENCE_OFF, FINDING_CRITICAL,
                    "Redis at %s keeps nothing on disk, and store.restart_guard is off: after a "
                    "restart of Redis two may lead.",
                    node->endpoint.name);
    }
    bool broken =
        strcmp(node->save_status, "err") == 0 || strcmp(node->aof_write_status, "err") == 0;
    if (broken) {
        finding_add(trial->findings, FINDING_PERSISTENCE_OFF, FINDING_WARNING,
                    "Redis at %s cannot write to its disk; it may refuse all writes (MISCONF).",
                    node->endpoint.name);
    }
}

static void judge_replicas(const struct trial *trial, const struct exam_node *node)
{
    int64_t wanted = trial->facts->min_replicas;
    bool fails_over = trial->redis->mode != REDIS_STANDALONE || node->connected_replicas > 0;
    if (node->connected_replicas < 0) {
        return;
    }
    if (wanted == 0 && fails_over) {
        finding_add(
            trial->findings, FINDING_NO_REPLICA_ACK, FINDING_WARNING,
            "Redis at %s may fail over to a replica, and store.min_replicas is 0: a primary "
            "that is cut off can go on confirming a lease.",
            node->endpoint.name);
    } else if (node->good_replicas < wanted) {
        finding_add(trial->findings, FINDING_NO_REPLICA_ACK, FINDING_CRITICAL,
                    "Redis at %s has %" PRId64 " replicas that follow; store.min_replicas wants "
                    "%" PRId64 ", so nobody can lead.",
                    node->endpoint.name, node->good_replicas, wanted);
    }
}

static void judge_role(const struct trial *trial, const struct exam_node *node)
{
    if (node->role[0] != '\0' && strcmp(node->role, "master") != 0) {
        finding_add(trial->findings, FINDING_REPLICA_ROLE, FINDING_CRITICAL,
                    "Redis at %s is a %s, not a primary.", node->endpoint.name,
                    strcmp(node->role, "slave") == 0 ? "replica" : node->role);
    }
}

static void judge_primary(const struct trial *trial, const struct exam_node *node)
{
    if (!node->up) {
        finding_add(trial->findings, FINDING_STORE_UNREACHABLE, FINDING_CRITICAL,
                    "Redis at %s does not answer: %.400s", node->endpoint.name, node->error.text);
        return;
    }
    judge_speed(trial, node);
    if (node->info_denied) {
        finding_add(trial->findings, FINDING_INFO_DENIED, FINDING_INFO,
                    "Redis at %s does not let leaderd call INFO.", node->endpoint.name);
        return;
    }
    judge_role(trial, node);
    judge_memory(trial, node);
    judge_persistence(trial, node);
    judge_replicas(trial, node);
}

static void judge_keys(const struct trial *trial)
{
    const struct redis_report *redis = trial->redis;
    for (size_t i = 0; i < redis->key_count; i++) {
        const struct exam_key *key = &redis->keys[i];
        if (key->foreign.text[0] != '\0') {
            finding_add(trial->findings, FINDING_FOREIGN_RECORD, FINDING_CRITICAL,
                        "The key %s is no record of leaderd: %.300s", key->key, key->foreign.text);
        } else if (key->pttl_ms >= 0) {
            finding_add(trial->findings, FINDING_RECORD_HAS_TTL, FINDING_WARNING,
                        "The key %s has a TTL: the record is gone in %" PRId64
                        " ms, and then everybody waits.",
                        key->key, key->pttl_ms);
        }
    }
    if (redis->lua.verdict == EXAM_FAIL) {
        finding_add(trial->findings, FINDING_SCRIPT_FAILED, FINDING_CRITICAL,
                    "The lease script cannot run: %.400s", redis->lua.error.text);
    }
    if (redis->config.denied) {
        finding_add(trial->findings, FINDING_CONFIG_DENIED, FINDING_INFO,
                    "Redis does not let leaderd read its configuration (CONFIG GET).");
    }
}

static void judge_sentinels(const struct trial *trial)
{
    const struct redis_report *redis = trial->redis;
    const char *named = NULL;
    const char *other = NULL;
    size_t good = 0;
    for (size_t i = 0; i < redis->sentinel_count; i++) {
        const struct exam_sentinel *sentinel = &redis->sentinels[i];
        good += sentinel->ok;
        if (sentinel->primary[0] != '\0' && named == NULL) {
            named = sentinel->primary;
        } else if (sentinel->primary[0] != '\0' && strcmp(named, sentinel->primary) != 0) {
            other = sentinel->primary;
        }
    }
    for (size_t i = 0; i < redis->sentinel_count; i++) {
        if (!redis->sentinels[i].ok) {
            finding_add(trial->findings, FINDING_SENTINEL_UNHEALTHY,
                        good == 0 ? FINDING_CRITICAL : FINDING_WARNING, "Sentinel %s: %.400s",
                        redis->sentinels[i].endpoint.name, redis->sentinels[i].error.text);
        }
    }
    if (other != NULL) {
        finding_add(trial->findings, FINDING_SENTINEL_DISAGREE, FINDING_WARNING,
                    "The sentinels name different primaries: %s and %s.", named, other);
    }
}

static void judge_cluster(const struct trial *trial)
{
    const struct redis_report *redis = trial->redis;
    if (redis->cluster_state[0] != '\0' && strcmp(redis->cluster_state, "ok") != 0) {
        finding_add(trial->findings, FINDING_CLUSTER_UNHEALTHY, FINDING_CRITICAL,
                    "The cluster says that its state is %s: some elections have no node.",
                    redis->cluster_state);
    }
    for (size_t i = 0; i < redis->node_count; i++) {
        const struct exam_node *node = &redis->nodes[i];
        if (!node->up && !node->primary) {
            finding_add(trial->findings, FINDING_CLUSTER_UNHEALTHY, FINDING_WARNING,
                        "The node at %s does not answer: %.300s", node->endpoint.name,
                        node->error.text);
        } else if (!node->up) {
            finding_add(trial->findings, FINDING_CLUSTER_UNHEALTHY, FINDING_CRITICAL,
                        "The primary at %s does not answer: %.300s", node->endpoint.name,
                        node->error.text);
        }
    }
}

void judge_redis(const struct redis_report *redis, const struct redis_report *before,
                 const struct daemon_facts *facts, struct findings *findings)
{
    struct trial trial = {.redis = redis, .before = before, .facts = facts, .findings = findings};
    if (redis->node_count == 0 || redis->error.text[0] != '\0') {
        finding_add(findings, FINDING_STORE_UNREACHABLE, FINDING_CRITICAL,
                    "Redis could not be examined: %.400s", redis->error.text);
    }
    for (size_t i = 0; i < redis->node_count; i++) {
        if (redis->nodes[i].primary) {
            judge_primary(&trial, &redis->nodes[i]);
        }
    }
    judge_keys(&trial);
    if (redis->mode == REDIS_SENTINEL) {
        judge_sentinels(&trial);
    }
    if (redis->mode == REDIS_CLUSTER) {
        judge_cluster(&trial);
    }
}
