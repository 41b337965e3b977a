/* The families of metrics about Redis, the clock, the network, and findings. */
#include "lib/diagnostics/report_json.h"

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

static void sample(struct metrics_writer *writer, const char *key, const char *label, double value)
{
    struct metrics_label labels[] = {{key, label}, {NULL, NULL}};
    metrics_sample(writer, key != NULL ? labels : NULL, value);
}

/* One family with a sample for each primary whose value is known. */
struct node_family {
    const char *name, *help;
    enum metrics_type type;
    int64_t (*value)(const struct exam_node *node); /* negative: unknown */
    double unit;
};

static int64_t up(const struct exam_node *node)
{
    return node->up;
}

static int64_t ping(const struct exam_node *node)
{
    return node->up ? node->ping_us : -1;
}

static int64_t used(const struct exam_node *node)
{
    return node->used_bytes;
}

static int64_t most(const struct exam_node *node)
{
    return node->max_bytes;
}

static int64_t clients(const struct exam_node *node)
{
    return node->connected_clients;
}

static int64_t evicted(const struct exam_node *node)
{
    return node->evicted_keys;
}

static int64_t expired(const struct exam_node *node)
{
    return node->expired_keys;
}

static void add_nodes(struct metrics_writer *writer, const struct redis_report *redis)
{
    static const struct node_family families[] = {
        {"leaderd_redis_up", "1 if the server answered the last examination.", METRICS_GAUGE, up,
         1},
        {"leaderd_redis_ping_seconds", "Round trip of a PING, the best of three.", METRICS_GAUGE,
         ping, 1e-6},
        {"leaderd_redis_memory_used_bytes", "Memory that the server uses.", METRICS_GAUGE, used, 1},
        {"leaderd_redis_memory_max_bytes", "The server's maxmemory; 0: no limit.", METRICS_GAUGE,
         most, 1},
        {"leaderd_redis_connected_clients", "Clients of the server.", METRICS_GAUGE, clients, 1},
        {"leaderd_redis_evicted_keys", "Keys that the server dropped for want of memory.",
         METRICS_COUNTER, evicted, 1},
        {"leaderd_redis_expired_keys", "Keys whose TTL ran out.", METRICS_COUNTER, expired, 1},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct node_family *family = &families[i];
        metrics_family(writer, family->name, family->type, family->help);
        for (size_t j = 0; redis != NULL && j < redis->node_count; j++) {
            int64_t value = family->value(&redis->nodes[j]);
            if (value >= 0) {
                sample(writer, "node", redis->nodes[j].endpoint.name, (double)value * family->unit);
            }
        }
    }
}

static void add_store(struct metrics_writer *writer, const struct redis_report *redis)
{
    metrics_family(writer, "leaderd_redis_nodes", METRICS_GAUGE, "Servers of the store.");
    if (redis != NULL) {
        sample(writer, NULL, NULL, (double)redis->node_total);
    }
    metrics_family(writer, "leaderd_redis_nodes_healthy", METRICS_GAUGE,
                   "Servers that answered the last examination.");
    if (redis != NULL) {
        sample(writer, NULL, NULL, (double)redis_report_healthy_nodes(redis));
    }
    metrics_family(writer, "leaderd_redis_expiring_keys", METRICS_GAUGE,
                   "Leases under the prefix with less time left than the threshold.");
    if (redis != NULL && !redis->expiring.denied) {
        sample(writer, NULL, NULL, (double)redis->expiring.count);
    }
    metrics_family(writer, "leaderd_redis_script_selftest_success", METRICS_GAUGE,
                   "1 if the lease script ran in the last examination.");
    if (redis != NULL && redis->lua.verdict != EXAM_UNKNOWN) {
        sample(writer, NULL, NULL, redis->lua.verdict == EXAM_PASS);
    }
    metrics_family(writer, "leaderd_redis_sentinel_up", METRICS_GAUGE,
                   "1 if the sentinel answered and could do a failover.");
    for (size_t i = 0; redis != NULL && i < redis->sentinel_count; i++) {
        sample(writer, "sentinel", redis->sentinels[i].endpoint.name, redis->sentinels[i].ok);
    }
}

static void add_keys(struct metrics_writer *writer, const struct redis_report *redis)
{
    metrics_family(writer, "leaderd_redis_key_ttl_seconds", METRICS_GAUGE,
                   "Time left of the recorded lease by the server's clock; -2: no lease.");
    for (size_t i = 0; redis != NULL && i < redis->key_count; i++) {
        const struct exam_key *key = &redis->keys[i];
        if (key->pttl_ms != -3) {
            sample(writer, "election", key->election,
                   key->held ? (double)key->remaining_ms / 1000 : -2);
        }
    }
}

static void add_findings(struct metrics_writer *writer, const struct findings *findings)
{
    metrics_family(writer, "leaderd_finding", METRICS_GAUGE, "1 for each finding of the present.");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool told = false; /* the same code may be about several things */
        for (size_t j = 0; j < i && !told; j++) {
            told = findings->items[j].code == finding->code &&
                   findings->items[j].severity == finding->severity;
        }
        struct metrics_label labels[] = {{"code", finding_code_name(finding->code)},
                                         {"severity", finding_severity_name(finding->severity)},
                                         {NULL, NULL}};
        if (!told) {
            metrics_sample(writer, labels, 1);
        }
    }
}

static void add_clock(struct metrics_writer *writer, const struct report *report,
                      const struct daemon_facts *facts)
{
    const struct clock_report *clock = report != NULL ? &report->clock : NULL;
    bool known = clock != NULL && clock->kernel.available;
    metrics_family(writer, "leaderd_clock_synchronized", METRICS_GAUGE,
                   "1 if the kernel calls this host's clock synchronized, 0 if not, -1 unknown.");
    sample(writer, NULL, NULL, !known ? -1 : clock->kernel.synchronized);
    metrics_family(writer, "leaderd_clock_max_error_seconds", METRICS_GAUGE,
                   "The kernel's bound of the clock's error.");
    if (known) {
        sample(writer, NULL, NULL, seconds(clock->kernel.max_error_us));
    }
    metrics_family(writer, "leaderd_clock_ntp_offset_seconds", METRICS_GAUGE,
                   "How far the time server is ahead of this host.");
    for (size_t i = 0; clock != NULL && i < clock->ntp_count; i++) {
        if (clock->ntp[i].ok) {
            sample(writer, "server", clock->ntp[i].server, seconds(clock->ntp[i].offset_us));
        }
    }
    metrics_family(writer, "leaderd_clock_jumps", METRICS_COUNTER,
                   "Steps of this host's wall clock, and suspends.");
    sample(writer, NULL, NULL, (double)(facts->jumps > 0 ? facts->jumps : 0));
}

static void add_server_clock(struct metrics_writer *writer, const struct redis_report *redis,
                             const struct daemon_facts *facts)
{
    metrics_family(writer, "leaderd_clock_redis_offset_seconds", METRICS_GAUGE,
                   "How far the server's wall clock is ahead of this host's.");
    for (size_t i = 0; redis != NULL && i < redis->node_count; i++) {
        if (redis->nodes[i].has_time) {
            sample(writer, "node", redis->nodes[i].endpoint.name,
                   seconds(redis->nodes[i].time_offset_us));
        }
    }
    const struct exam_node *node = redis != NULL ? redis_report_primary(redis) : NULL;
    metrics_family(writer, "leaderd_clock_drift_ratio", METRICS_GAUGE,
                   "By what share the server's clock runs faster than this host's.");
    if (node != NULL && facts->has_drift) {
        sample(writer, "node", node->endpoint.name, facts->drift_ppm / 1e6);
    }
}

static void add_network(struct metrics_writer *writer, const struct network_report *network)
{
    char target[TARGET_SIZE + 24];
    metrics_family(writer, "leaderd_network_probe_success", METRICS_GAUGE,
                   "1 if the target could be reached.");
    for (size_t i = 0; network != NULL && i < network->count; i++) {
        network_target_name(&network->results[i], target, sizeof target);
        sample(writer, "target", target, network->results[i].healthy);
    }
    metrics_family(writer, "leaderd_network_probe_duration_seconds", METRICS_GAUGE,
                   "How long that took.");
    for (size_t i = 0; network != NULL && i < network->count; i++) {
        network_target_name(&network->results[i], target, sizeof target);
        if (network->results[i].response_us >= 0) {
            sample(writer, "target", target, seconds(network->results[i].response_us));
        }
    }
}

void report_add_metrics(struct metrics_writer *writer, const struct report *report,
                        const struct daemon_facts *facts, const struct findings *findings)
{
    const struct redis_report *redis = report != NULL ? report->redis : NULL;
    add_nodes(writer, redis);
    add_store(writer, redis);
    add_keys(writer, redis);
    add_findings(writer, findings);
    add_clock(writer, report, facts);
    add_server_clock(writer, redis, facts);
    add_network(writer, report != NULL ? &report->network : NULL);
    metrics_family(writer, "leaderd_diagnostics_last_run_timestamp_seconds", METRICS_GAUGE,
                   "When the diagnostics last ran; 0: not yet.");
    sample(writer, NULL, NULL, report != NULL ? (double)report->at_ms / 1e3 : 0);
}
