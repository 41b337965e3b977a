#include "lib/diagnostics/report_parts.h"

#include <inttypes.h>
#include <string.h>

static void add_server(struct text *text, const struct exam_node *node)
{
    add_bool(text, ",\"ping\":{\"ok\":", node != NULL);
    add_us_or_null(text, ",", "latency", node != NULL ? node->ping_us : -1);
    text_add(text, "},\"server\":{\"version\":");
    add_string_or_null(text, node != NULL ? node->version : NULL);
    text_add(text, ",\"role\":");
    add_string_or_null(text, node != NULL ? node->role : NULL);
    text_add(text, ",\"run_id\":");
    add_string_or_null(text, node != NULL ? node->run_id : NULL);
    add_unsigned(text, ",\"uptime_s\":", node != NULL ? node->uptime_s : -1);
    add_unsigned(text, ",\"connected_clients\":", node != NULL ? node->connected_clients : -1);
    text_add(text, "}");
}

static void add_verdict_bool(struct text *text, enum exam_verdict verdict)
{
    text_add(text, verdict == EXAM_PASS ? "true" : verdict == EXAM_FAIL ? "false" : "null");
}

static void add_key_operations(struct text *text, const struct redis_report *redis)
{
    enum exam_verdict set = redis->key_operations.set, get = redis->key_operations.get,
                      del = redis->key_operations.del;
    bool failed = set == EXAM_FAIL || get == EXAM_FAIL || del == EXAM_FAIL;
    bool passed = set == EXAM_PASS && get == EXAM_PASS && del == EXAM_PASS;
    text_add(text, ",\"key_operations\":{\"ok\":");
    add_verdict_bool(text, failed ? EXAM_FAIL : passed ? EXAM_PASS : EXAM_UNKNOWN);
    text_addf(text, ",\"set\":\"%s\",\"get\":\"%s\",\"del\":\"%s\",\"error\":", verdict_name(set),
              verdict_name(get), verdict_name(del));
    add_string_or_null(text, redis->key_operations.error.text);
    text_add(text, "}");
}

static void add_memory(struct text *text, const struct exam_node *node)
{
    bool limited = node != NULL && node->max_bytes > 0 && node->used_bytes >= 0;
    add_unsigned(text, ",\"memory\":{\"used_bytes\":", node != NULL ? node->used_bytes : -1);
    add_unsigned(text, ",\"max_bytes\":", node != NULL ? node->max_bytes : -1);
    if (limited) {
        text_addf(text, ",\"usage_ratio\":%.4f",
                  (double)node->used_bytes / (double)node->max_bytes);
    } else {
        text_add(text, ",\"usage_ratio\":null");
    }
    text_add(text, ",\"maxmemory_policy\":");
    add_string_or_null(text, node != NULL ? node->policy : NULL);
    add_unsigned(text, ",\"evicted_keys\":", node != NULL ? node->evicted_keys : -1);
    add_unsigned(text, ",\"expired_keys\":", node != NULL ? node->expired_keys : -1);
    text_add(text, "}");
}

static void add_persistence(struct text *text, const struct exam_node *node)
{
    text_add(text, ",\"persistence\":{\"aof_enabled\":");
    text_add(text, node == NULL || node->aof_enabled < 0 ? "null"
                   : node->aof_enabled > 0               ? "true"
                                                         : "false");
    text_add(text, ",\"aof_last_write_status\":");
    add_string_or_null(text, node != NULL ? node->aof_write_status : NULL);
    text_add(text, ",\"rdb_last_bgsave_status\":");
    add_string_or_null(text, node != NULL ? node->save_status : NULL);
    add_unsigned(text, ",\"rdb_last_save_time_s\":", node != NULL ? node->last_save_s : -1);
    add_unsigned(text,
                 ",\"rdb_changes_since_last_save\":", node != NULL ? node->changes_since_save : -1);
    text_add(text, ",\"loading\":");
    text_add(text, node == NULL || node->loading < 0 ? "null"
                   : node->loading > 0               ? "true"
                                                     : "false");
    text_add(text, "},\"replication\":{\"role\":");
    add_string_or_null(text, node != NULL ? node->role : NULL);
    add_unsigned(text, ",\"connected_replicas\":", node != NULL ? node->connected_replicas : -1);
    add_unsigned(text, ",\"good_replicas\":", node != NULL ? node->good_replicas : -1);
    text_add(text, ",\"replication_id\":");
    add_string_or_null(text, node != NULL ? node->replid : NULL);
    text_add(text, "}");
}

static void add_keys(struct text *text, const struct redis_report *redis)
{
    text_add(text, ",\"keys\":{");
    for (size_t i = 0; i < redis->key_count; i++) {
        const struct exam_key *key = &redis->keys[i];
        add_string(text, i > 0 ? "," : "", key->key);
        text_add(text, ":{\"type\":");
        add_string_or_null(text, key->type);
        text_add(text, ",\"pttl_ms\":");
        if (key->pttl_ms >= -2) {
            text_add_integer(text, key->pttl_ms);
        } else {
            text_add(text, "null");
        }
        text_add(text, ",\"remaining_ms\":");
        if (key->held) {
            text_add_integer(text, key->remaining_ms);
        } else {
            text_add(text, "null");
        }
        text_add(text, "}");
    }
    text_add(text, "}");
}

static void add_expiring(struct text *text, const struct redis_report *redis)
{
    add_string(text, ",\"expiring\":{\"pattern\":", redis->expiring.pattern);
    add_unsigned(text, ",\"threshold_ms\":", redis->expiring.threshold_ms);
    add_unsigned(text, ",\"scanned\":", redis->expiring.denied ? -1 : redis->expiring.scanned);
    add_bool(text, ",\"truncated\":", redis->expiring.truncated);
    text_add(text, ",\"keys\":[");
    for (size_t i = 0; i < redis->expiring.count; i++) {
        const struct exam_expiring *entry = &redis->expiring.keys[i];
        add_string(text, i > 0 ? ",{\"key\":" : "{\"key\":", entry->key);
        text_addf(text, ",\"remaining_ms\":%" PRId64 "}", entry->remaining_ms);
    }
    text_add(text, "]}");
}

static void add_sentinel(struct text *text, const struct redis_report *redis)
{
    bool healthy = redis->sentinel_count > 0;
    const struct exam_node *node = redis->node_count > 0 ? &redis->nodes[0] : NULL;
    if (redis->mode != REDIS_SENTINEL) {
        text_add(text, ",\"sentinel\":null");
        return;
    }
    for (size_t i = 0; i < redis->sentinel_count; i++) {
        healthy = healthy && redis->sentinels[i].ok;
    }
    text_addf(text,
              ",\"sentinel\":{\"healthy\":%s,\"master_endpoint\":", healthy ? "true" : "false");
    add_string_or_null(text, node != NULL ? node->endpoint.name : NULL);
    text_add(text, ",\"sentinels\":[");
    for (size_t i = 0; i < redis->sentinel_count; i++) {
        const struct exam_sentinel *sentinel = &redis->sentinels[i];
        add_string(text, i > 0 ? ",{\"endpoint\":" : "{\"endpoint\":", sentinel->endpoint.name);
        add_bool(text, ",\"ok\":", sentinel->ok);
        text_add(text, ",\"error\":");
        add_string_or_null(text, sentinel->error.text);
        text_add(text, "}");
    }
    text_add(text, "]}");
}

static void add_node(struct text *text, const struct exam_node *node)
{
    add_string(text, "{\"endpoint\":", node->endpoint.name);
    add_bool(text, ",\"connected\":", node->up);
    text_add(text, ",\"role\":");
    add_string_or_null(text, node->role);
    add_unsigned(text, ",\"connected_clients\":", node->connected_clients);
    add_us_or_null(text, ",", "ping", node->ping_us);
    text_add(text, ",\"error\":");
    add_string_or_null(text, node->error.text);
    text_add(text, "}");
}

size_t redis_report_healthy_nodes(const struct redis_report *redis)
{
    size_t healthy = 0;
    for (size_t i = 0; i < redis->node_count; i++) {
        healthy += redis->nodes[i].up;
    }
    return healthy;
}

/* As failover counts: by primaries. */
static bool most_primaries_up(const struct redis_report *redis)
{
    size_t primaries = 0, up = 0;
    for (size_t i = 0; i < redis->node_count; i++) {
        primaries += redis->nodes[i].primary;
        up += redis->nodes[i].primary && redis->nodes[i].up;
    }
    return up * 2 > primaries;
}

static void add_cluster(struct text *text, const struct redis_report *redis)
{
    if (redis->mode != REDIS_CLUSTER) {
        text_add(text, ",\"cluster\":null");
        return;
    }
    bool healthy = strcmp(redis->cluster_state, "ok") == 0 && most_primaries_up(redis);
    text_addf(text,
              ",\"cluster\":{\"total_nodes\":%zu,\"healthy_nodes\":%zu,\"healthy\":%s,\"state\":",
              redis->node_total, redis_report_healthy_nodes(redis), healthy ? "true" : "false");
    add_string_or_null(text, redis->cluster_state);
    text_add(text, ",\"nodes\":[");
    for (size_t i = 0; i < redis->node_count; i++) {
        text_add(text, i > 0 ? "," : "");
        add_node(text, &redis->nodes[i]);
    }
    text_add(text, "]}");
}

static void add_settings(struct text *text, const struct redis_report *redis)
{
    bool any = false;
    text_addf(text, ",\"config\":{\"available\":%s,\"values\":{",
              redis->config.available ? "true" : "false");
    for (int i = 0; redis->config.available && i < EXAM_SETTINGS; i++) {
        text_add(text, any ? "," : "");
        text_add_json(text, exam_setting_name((enum exam_setting)i));
        add_string(text, ":", redis->config.values[i]);
        any = true;
    }
    text_add(text, "}}");
}

void add_redis(struct text *text, const struct redis_report *redis)
{
    static const char *const modes[] = {[REDIS_STANDALONE] = "standalone",
                                        [REDIS_SENTINEL] = "sentinel",
                                        [REDIS_CLUSTER] = "cluster"};
    const struct exam_node *node = redis_report_primary(redis);
    text_addf(text, ",\"mode\":\"%s\"", modes[redis->mode]);
    add_server(text, node);
    add_key_operations(text, redis);
    add_memory(text, node);
    add_persistence(text, node);
    add_keys(text, redis);
    add_expiring(text, redis);
    text_add(text, ",\"lua\":{\"ok\":");
    add_verdict_bool(text, redis->lua.verdict);
    text_addf(text, ",\"scripts\":{\"lease\":\"%s\"},\"error\":", verdict_name(redis->lua.verdict));
    add_string_or_null(text, redis->lua.error.text);
    text_add(text, "}");
    add_sentinel(text, redis);
    add_cluster(text, redis);
    add_settings(text, redis);
}
