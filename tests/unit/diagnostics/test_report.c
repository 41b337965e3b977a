/* The report as JSON, as metrics, and for a person. */
#include "lib/diagnostics/report_json.h"
#include "lib/diagnostics/report_text.h"
#include "tests/unit/check_main.h"
#include "tests/unit/diagnostics/examined.h"

#include <jansson.h>
#include <string.h>

static struct findings findings;
static struct text text;
static json_t *root;

static void set_up(void)
{
    examine_a_good_day();
}

static void tear_down(void)
{
    json_decref(root);
    root = NULL;
    text_free(&text);
}

static void render(unsigned sections)
{
    json_decref(root);
    text_clear(&text);
    findings_judge(&report, NULL, &facts, &findings);
    report_render(&text, &report, &facts, &findings, sections);
    ck_assert(!text.failed);
    root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
}

/* What stands at a path of member names and numbers with dots, written compactly; "" for nothing.
 */
static const char *at(const char *path)
{
    static char out[2048];
    char word[64];
    const json_t *value = root;
    while (*path != '\0') {
        size_t length = strcspn(path, ".");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, path);
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
                                     : json_object_get(value, word);
        path += length + (path[length] == '.');
    }
    size_t length = json_dumpb(value, out, sizeof out - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    ck_assert_uint_lt(length, sizeof out);
    out[length] = '\0';
    return out;
}

static void assert_at(const char *path, const char *expected)
{
    ck_assert_str_eq(at(path), expected);
}

START_TEST(a_good_redis_is_told_in_full)
{
    render(REPORT_ALL);
    assert_at("generated_at", "\"2026-11-23T03:01:15.120Z\"");
    assert_at("overall", "\"healthy\"");
    assert_at("redis.status", "\"pass\"");
    assert_at("redis.at", "\"2026-11-23T03:01:15.120Z\"");
    assert_at("redis.duration_ms", "9");
    assert_at("redis.error", "null");
    assert_at("redis.mode", "\"standalone\"");
    assert_at("redis.ping", "{\"ok\":true,\"latency_ms\":0,\"latency_us\":412}");
    assert_at("redis.server", "{\"version\":\"7.0.15\",\"role\":\"master\",\"run_id\":\"9f2c\","
                              "\"uptime_s\":86400,\"connected_clients\":12}");
    assert_at("redis.key_operations.ok", "true");
    assert_at("redis.memory.usage_ratio", "0.25");
    assert_at("redis.persistence",
              "{\"aof_enabled\":true,\"aof_last_write_status\":\"ok\","
              "\"rdb_last_bgsave_status\":\"ok\",\"rdb_last_save_time_s\":1795402000,"
              "\"rdb_changes_since_last_save\":5,\"loading\":false}");
    assert_at("redis.replication", "{\"role\":\"master\",\"connected_replicas\":0,"
                                   "\"good_replicas\":0,\"replication_id\":\"abcd\"}");
    assert_at("redis.keys",
              "{\"le:billing\":{\"type\":\"hash\",\"pttl_ms\":-1,\"remaining_ms\":11873}}");
    assert_at("redis.expiring", "{\"pattern\":\"le:*\",\"threshold_ms\":null,\"scanned\":2,"
                                "\"truncated\":false,\"keys\":[]}");
    assert_at("redis.lua", "{\"ok\":true,\"scripts\":{\"lease\":\"pass\"},\"error\":null}");
    assert_at("redis.sentinel", "null");
    assert_at("redis.cluster", "null");
    assert_at("redis.config.available", "true");
    assert_at("redis.config.values.maxmemory-policy", "\"value 0\"");
    assert_at("redis.config.values.stop-writes-on-bgsave-error", "\"value 6\"");
    assert_at("findings", "[]");
}
END_TEST

START_TEST(without_a_primary_all_of_it_is_unknown)
{
    redis.nodes[0].up = false;
    render(REPORT_REDIS);
    assert_at("redis.status", "\"fail\"");
    assert_at("redis.ping", "{\"ok\":false,\"latency_ms\":null,\"latency_us\":null}");
    assert_at("redis.server.version", "null");
    assert_at("redis.memory", "{\"used_bytes\":null,\"max_bytes\":null,\"usage_ratio\":null,"
                              "\"maxmemory_policy\":null,\"evicted_keys\":null,"
                              "\"expired_keys\":null}");
    assert_at("redis.persistence.aof_enabled", "null");
    assert_at("redis.persistence.loading", "null");
    assert_at("redis.replication.connected_replicas", "null");
    assert_at("clock", "");
}
END_TEST

START_TEST(key_operations_are_good_bad_or_unknown)
{
    redis.key_operations.get = EXAM_UNKNOWN;
    render(REPORT_REDIS);
    assert_at("redis.key_operations.ok", "null");
    assert_at("redis.key_operations.get", "\"unknown\"");
    redis.key_operations.get = EXAM_FAIL;
    render(REPORT_REDIS);
    assert_at("redis.key_operations.ok", "false");
    redis.key_operations.get = EXAM_PASS;
    redis.key_operations.del = EXAM_FAIL;
    redis.lua.verdict = EXAM_FAIL;
    (void)problem_set(&redis.key_operations.error, "no \"del\"");
    render(REPORT_REDIS);
    assert_at("redis.key_operations.ok", "false");
    assert_at("redis.key_operations.del", "\"fail\"");
    assert_at("redis.key_operations.error", "\"no \\\"del\\\"\"");
    assert_at("redis.lua.ok", "false");
}
END_TEST

START_TEST(what_was_not_read_of_a_record_is_null)
{
    redis.key_count = 2;
    keys[1] = (struct exam_key){.key = "le:free", .election = "free", .pttl_ms = -3};
    redis.nodes[0].aof_enabled = 0;
    redis.nodes[0].loading = 1;
    redis.nodes[0].max_bytes = 0;
    keys[0].pttl_ms = -2;
    render(REPORT_REDIS);
    assert_at("redis.keys.le:free", "{\"type\":null,\"pttl_ms\":null,\"remaining_ms\":null}");
    assert_at("redis.persistence.aof_enabled", "false");
    assert_at("redis.persistence.loading", "true");
    assert_at("redis.memory.usage_ratio", "null");
    assert_at("redis.keys.le:billing.pttl_ms", "-2");
}
END_TEST

START_TEST(leases_that_are_about_to_end_are_listed)
{
    redis.expiring.threshold_ms = 500;
    redis.expiring.count = 2;
    redis.expiring.truncated = true;
    redis.expiring.keys[0] = (struct exam_expiring){"le:a", 7};
    redis.expiring.keys[1] = (struct exam_expiring){"le:b", -8};
    render(REPORT_REDIS);
    assert_at("redis.expiring.keys",
              "[{\"key\":\"le:a\",\"remaining_ms\":7},{\"key\":\"le:b\",\"remaining_ms\":-8}]");
    assert_at("redis.expiring.threshold_ms", "500");
    assert_at("redis.expiring.truncated", "true");
    redis.expiring.denied = true;
    redis.config.available = false;
    render(REPORT_REDIS);
    assert_at("redis.expiring.scanned", "null");
    assert_at("redis.config", "{\"available\":false,\"values\":{}}");
}
END_TEST

START_TEST(sentinels_are_healthy_when_all_are)
{
    redis.mode = REDIS_SENTINEL;
    render(REPORT_REDIS);
    assert_at("redis.sentinel",
              "{\"healthy\":false,\"master_endpoint\":\"10.0.0.5:6379\",\"sentinels\":[]}");
    redis.sentinel_count = 2;
    for (int i = 0; i < 2; i++) {
        redis.sentinels[i].ok = true;
        (void)strcpy(redis.sentinels[i].endpoint.name, i == 0 ? "s1" : "s2");
    }
    render(REPORT_REDIS);
    assert_at("redis.sentinel.healthy", "true");
    redis.sentinels[0].ok = false;
    (void)problem_set(&redis.sentinels[0].error, "refused");
    redis.node_count = 0;
    render(REPORT_REDIS);
    assert_at("redis.sentinel.healthy", "false");
    assert_at("redis.sentinel.master_endpoint", "null");
    assert_at("redis.sentinel.sentinels",
              "[{\"endpoint\":\"s1\",\"ok\":false,\"error\":\"refused\"},"
              "{\"endpoint\":\"s2\",\"ok\":true,\"error\":null}]");
}
END_TEST

START_TEST(a_cluster_is_healthy_with_most_of_its_primaries)
{
    redis.mode = REDIS_CLUSTER;
    (void)strcpy(redis.cluster_state, "ok");
    add_good_node("10.0.0.6:6379", true);
    add_good_node("10.0.0.7:6379", true);
    add_good_node("10.0.0.8:6379", false);
    redis.nodes[0].up = false;
    redis.node_total = 70;
    render(REPORT_REDIS);
    assert_at("redis.cluster.healthy", "true");
    assert_at("redis.cluster.total_nodes", "70");
    assert_at("redis.cluster.healthy_nodes", "3");
    assert_at("redis.cluster.nodes.0.connected", "false");
    assert_at("redis.cluster.nodes.3",
              "{\"endpoint\":\"10.0.0.8:6379\",\"connected\":true,\"role\":\"master\","
              "\"connected_clients\":12,\"ping_ms\":0,\"ping_us\":412,\"error\":null}");
    redis.nodes[1].up = false;
    render(REPORT_REDIS);
    assert_at("redis.cluster.healthy", "false");
    redis.nodes[2].primary = false; /* one of two is not most of them */
    redis.nodes[1].up = true;
    render(REPORT_REDIS);
    assert_at("redis.cluster.healthy", "false");
    redis.nodes[0].up = redis.nodes[1].up = true;
    (void)strcpy(redis.cluster_state, "fail");
    render(REPORT_REDIS);
    assert_at("redis.cluster.healthy", "false");
    assert_at("redis.cluster.state", "\"fail\"");
}
END_TEST

START_TEST(a_store_in_a_file_has_no_redis_to_examine)
{
    report.redis = NULL;
    render(REPORT_ALL);
    assert_at("redis.status", "\"unknown\"");
    assert_at("redis.mode", "\"embedded\"");
    assert_at("redis.at", "null");
    assert_at("redis.duration_ms", "null");
    assert_at("redis.error", "\"there is no Redis to examine: the store is a file on this host\"");
    assert_at("clock.redis_time.offset_us", "null");
}
END_TEST

START_TEST(an_examination_that_failed_says_why)
{
    (void)problem_set(&redis.error, "no route");
    render(REPORT_REDIS);
    assert_at("redis.status", "\"fail\"");
    assert_at("redis.error", "\"no route\"");
    assert_at("overall", "\"unhealthy\"");
    assert_at("findings.0.code", "\"store_unreachable\"");
    assert_at("findings.0.severity", "\"critical\"");
}
END_TEST

static void measure_the_clock(void)
{
    struct clock_report *clock = &report.clock;
    clock->at_ms = AT_MS;
    clock->ntp_count = 2;
    clock->ntp[0] = (struct ntp_result){
        .server = "a.example", .ok = true, .offset_us = -1500, .round_trip_us = 900, .stratum = 2};
    clock->ntp[1] = (struct ntp_result){.server = "b.example", .error.text = "no answer"};
    clock->kernel.available = clock->kernel.synchronized = true;
    clock->kernel.max_error_us = 20000;
    clock->kernel.estimated_error_us = 400;
}

START_TEST(the_clock_is_told_by_each_who_knows)
{
    measure_the_clock();
    facts.has_drift = true;
    facts.drift_ppm = 12.5;
    facts.drift_uncertainty_ppm = 0.25;
    facts.drift_window_ms = 60000;
    facts.jumps = 2;
    facts.last_jump_ms = -3600000;
    facts.last_jump_at_ms = AT_MS;
    render(REPORT_CLOCK);
    assert_at("clock.status", "\"warn\"");
    assert_at("clock.ntp.0",
              "{\"server\":\"a.example\",\"ok\":true,\"offset_ms\":-2,\"offset_us\":-1500,"
              "\"round_trip_ms\":1,\"round_trip_us\":900,\"stratum\":2,\"error\":null}");
    assert_at("clock.ntp.1",
              "{\"server\":\"b.example\",\"ok\":false,\"offset_ms\":null,\"offset_us\":null,"
              "\"round_trip_ms\":null,\"round_trip_us\":null,\"stratum\":null,"
              "\"error\":\"no answer\"}");
    assert_at("clock.tolerance_ms", "5000");
    assert_at("clock.redis_time", "{\"offset_ms\":1,\"offset_us\":1499,\"round_trip_ms\":0,"
                                  "\"round_trip_us\":400}");
    assert_at("clock.drift", "{\"ppm\":12.5,\"uncertainty_ppm\":0.25,\"window_ms\":60000}");
    assert_at("clock.kernel", "{\"available\":true,\"synchronized\":true,\"max_error_ms\":20,"
                              "\"max_error_us\":20000,\"estimated_error_ms\":0,"
                              "\"estimated_error_us\":400}");
    assert_at("clock.jumps", "{\"count\":2,\"last_at\":\"2026-11-23T03:01:15.120Z\","
                             "\"last_ms\":-3600000}");
}
END_TEST

START_TEST(a_clock_that_was_not_looked_at_is_unknown)
{
    render(REPORT_CLOCK);
    assert_at("clock.status", "\"unknown\"");
    assert_at("clock.drift", "{\"ppm\":null,\"uncertainty_ppm\":null,\"window_ms\":null}");
    assert_at("clock.kernel.synchronized", "null");
    assert_at("clock.kernel.max_error_us", "null");
    assert_at("clock.jumps", "{\"count\":0,\"last_at\":null,\"last_ms\":null}");
    measure_the_clock();
    report.clock.kernel.synchronized = false;
    render(REPORT_CLOCK);
    assert_at("clock.kernel.synchronized", "false");
}
END_TEST

static void probe_the_network(void)
{
    struct network_report *network = &report.network;
    network->at_ms = AT_MS;
    network->count = 3;
    network->results[0] = (struct network_result){.host = "db.example",
                                                  .port = 5432,
                                                  .method = "tcp",
                                                  .healthy = true,
                                                  .response_us = 1500,
                                                  .status = "open"};
    network->results[1] = (struct network_result){.host = "::1",
                                                  .port = 80,
                                                  .method = "http",
                                                  .response_us = -1,
                                                  .status = "closed",
                                                  .error.text = "refused"};
    network->results[2] = (struct network_result){.host = "gate.example",
                                                  .method = "icmp",
                                                  .barred = true,
                                                  .response_us = -1,
                                                  .status = "barred"};
}

START_TEST(the_network_is_told_target_by_target)
{
    render(REPORT_NETWORK);
    assert_at("network.status", "\"unknown\"");
    assert_at("network.overall", "null");
    probe_the_network();
    render(REPORT_NETWORK);
    assert_at("network.status", "\"warn\"");
    assert_at("network.overall", "\"degraded\"");
    assert_at("network.results.0",
              "{\"host\":\"db.example\",\"port\":5432,\"method\":\"tcp\",\"healthy\":true,"
              "\"response_time_ms\":2,\"response_time_us\":1500,\"status\":\"open\","
              "\"error\":null}");
    assert_at("network.results.1.healthy", "false");
    assert_at("network.results.1.error", "\"refused\"");
    assert_at("network.results.2.healthy", "null");
    assert_at("network.results.2.port", "null");
    report.network.count = 1;
    render(REPORT_NETWORK);
    assert_at("network.overall", "\"healthy\"");
}
END_TEST

START_TEST(a_target_has_the_name_of_a_url)
{
    char name[TARGET_SIZE + 24];
    probe_the_network();
    const char *names[] = {"tcp://db.example:5432", "http://[::1]:80", "icmp://gate.example"};
    for (size_t i = 0; i < 3; i++) {
        network_target_name(&report.network.results[i], name, sizeof name);
        ck_assert_str_eq(name, names[i]);
    }
    struct network_result local = {.host = "/run/db.sock", .method = "unix"};
    network_target_name(&local, name, sizeof name);
    ck_assert_str_eq(name, "unix:/run/db.sock");
}
END_TEST

START_TEST(issues_of_options_are_listed)
{
    struct option_issue issues[] = {{NULL, "profile", "is slow"}, {"billing", "lease", "is long"}};
    facts.options = issues;
    facts.option_count = 2;
    render(REPORT_OPTIONS);
    assert_at("options.status", "\"warn\"");
    assert_at("options.issues",
              "[{\"election\":null,\"field\":\"profile\",\"severity\":\"warning\","
              "\"message\":\"is slow\"},{\"election\":\"billing\",\"field\":\"lease\","
              "\"severity\":\"warning\",\"message\":\"is long\"}]");
    ck_assert_uint_eq(json_array_size(json_object_get(root, "findings")), 2);
}
END_TEST

START_TEST(a_finding_of_the_daemon_belongs_to_no_section)
{
    facts.loop_lag_ms = 9999;
    render(REPORT_ALL);
    assert_at("overall", "\"degraded\"");
    assert_at("redis.status", "\"pass\"");
    assert_at("options.status", "\"pass\"");
    assert_at("findings.0.code", "\"loop_lag\"");
    facts.circuit_open = true; /* last in the list, but about Redis */
    render(REPORT_ALL);
    assert_at("redis.status", "\"warn\"");
}
END_TEST

static void expect_section(enum finding_code code, const char *path, const char *expected)
{
    findings.count = 1;
    findings.items[0] = (struct finding){code, FINDING_CRITICAL, "", ""};
    json_decref(root);
    text_clear(&text);
    report_render(&text, &report, &facts, &findings, REPORT_ALL);
    root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    assert_at(path, expected);
}

START_TEST(each_finding_belongs_to_its_section)
{
    report.clock.at_ms = report.network.at_ms = AT_MS;
    expect_section(FINDING_STORE_UNREACHABLE, "redis.status", "\"fail\"");
    expect_section(FINDING_STORE_RESET, "redis.status", "\"fail\"");
    expect_section(FINDING_CLOCK_OFFSET, "redis.status", "\"pass\"");
    expect_section(FINDING_CLOCK_OFFSET, "clock.status", "\"fail\"");
    expect_section(FINDING_CLOCK_JUMP, "clock.status", "\"fail\"");
    expect_section(FINDING_NETWORK_UNHEALTHY, "clock.status", "\"pass\"");
    expect_section(FINDING_NETWORK_UNHEALTHY, "network.status", "\"fail\"");
    expect_section(FINDING_OPTIONS_WARNING, "options.status", "\"fail\"");
    expect_section(FINDING_CONFIG_REFUSED, "options.status", "\"fail\"");
    expect_section(FINDING_NO_LEADER, "options.status", "\"pass\"");
}
END_TEST

START_TEST(sections_are_known_by_their_whole_name)
{
    ck_assert_uint_eq(report_section_of("redis", 5), REPORT_REDIS);
    ck_assert_uint_eq(report_section_of("clock,x", 5), REPORT_CLOCK);
    ck_assert_uint_eq(report_section_of("network", 7), REPORT_NETWORK);
    ck_assert_uint_eq(report_section_of("options", 7), REPORT_OPTIONS);
    ck_assert_uint_eq(report_section_of("redi", 4), 0);
    ck_assert_uint_eq(report_section_of("Clock", 5), 0);
}
END_TEST

static void write_metrics(const struct report *shown)
{
    struct metrics_writer writer = {.text = &text, .format = METRICS_PROMETHEUS};
    text_clear(&text);
    findings_judge(shown, NULL, &facts, &findings);
    report_add_metrics(&writer, shown, &facts, &findings);
    ck_assert(!text.failed);
}

static void assert_line(const char *line)
{
    char whole[160];
    (void)snprintf(whole, sizeof whole, "\n%s\n", line);
    ck_assert_msg(strstr(text.bytes, whole) != NULL, "no line %s", line);
}

START_TEST(metrics_have_a_sample_for_each_known_value)
{
    measure_the_clock();
    probe_the_network();
    facts.has_drift = true;
    facts.drift_ppm = 500;
    facts.jumps = 3;
    write_metrics(&report);
    assert_line("leaderd_redis_up{node=\"10.0.0.5:6379\"} 1");
    assert_line("leaderd_redis_ping_seconds{node=\"10.0.0.5:6379\"} 0.000412");
    assert_line("leaderd_redis_memory_used_bytes{node=\"10.0.0.5:6379\"} 1000000");
    assert_line("leaderd_redis_memory_max_bytes{node=\"10.0.0.5:6379\"} 4000000");
    assert_line("leaderd_redis_connected_clients{node=\"10.0.0.5:6379\"} 12");
    assert_line("leaderd_redis_evicted_keys_total{node=\"10.0.0.5:6379\"} 0");
    assert_line("leaderd_redis_expired_keys_total{node=\"10.0.0.5:6379\"} 3");
    assert_line("leaderd_redis_nodes 1");
    assert_line("leaderd_redis_nodes_healthy 1");
    assert_line("leaderd_redis_expiring_keys 0");
    assert_line("leaderd_redis_script_selftest_success 1");
    assert_line("leaderd_redis_key_ttl_seconds{election=\"billing\"} 11.873");
    assert_line("leaderd_clock_synchronized 1");
    assert_line("leaderd_clock_max_error_seconds 0.02");
    assert_line("leaderd_clock_ntp_offset_seconds{server=\"a.example\"} -0.0015");
    ck_assert_ptr_null(strstr(text.bytes, "server=\"b.example\""));
    assert_line("leaderd_clock_jumps_total 3");
    assert_line("leaderd_clock_redis_offset_seconds{node=\"10.0.0.5:6379\"} 0.001499");
    assert_line("leaderd_clock_drift_ratio{node=\"10.0.0.5:6379\"} 0.0005");
    assert_line("leaderd_network_probe_success{target=\"tcp://db.example:5432\"} 1");
    assert_line("leaderd_network_probe_success{target=\"http://[::1]:80\"} 0");
    assert_line("leaderd_network_probe_duration_seconds{target=\"tcp://db.example:5432\"} 0.0015");
    ck_assert_ptr_null(strstr(text.bytes, "duration_seconds{target=\"http"));
    assert_line("leaderd_diagnostics_last_run_timestamp_seconds 1795402875.12");
}
END_TEST

START_TEST(metrics_leave_out_what_is_unknown)
{
    redis.nodes[0].up = redis.nodes[0].has_time = false;
    redis.nodes[0].used_bytes = -1;
    redis.expiring.denied = true;
    redis.lua.verdict = EXAM_UNKNOWN;
    redis.key_count = 2;
    keys[0].held = false;
    keys[1] = (struct exam_key){.key = "le:free", .election = "free", .pttl_ms = -3};
    redis.sentinel_count = 1;
    (void)strcpy(redis.sentinels[0].endpoint.name, "s1");
    write_metrics(&report);
    assert_line("leaderd_redis_up{node=\"10.0.0.5:6379\"} 0");
    assert_line("leaderd_redis_nodes_healthy 0");
    assert_line("leaderd_redis_sentinel_up{sentinel=\"s1\"} 0");
    assert_line("leaderd_redis_key_ttl_seconds{election=\"billing\"} -2");
    assert_line("leaderd_clock_synchronized -1");
    ck_assert_ptr_null(strstr(text.bytes, "election=\"free\""));
    ck_assert_ptr_null(strstr(text.bytes, "ping_seconds{"));
    ck_assert_ptr_null(strstr(text.bytes, "used_bytes{"));
    ck_assert_ptr_null(strstr(text.bytes, "\nleaderd_redis_expiring_keys "));
    ck_assert_ptr_null(strstr(text.bytes, "\nleaderd_redis_script_selftest_success "));
    ck_assert_ptr_null(strstr(text.bytes, "redis_offset_seconds{"));
    write_metrics(NULL);
    ck_assert_ptr_null(strstr(text.bytes, "\nleaderd_redis_nodes "));
    assert_line("leaderd_diagnostics_last_run_timestamp_seconds 0");
}
END_TEST

START_TEST(a_code_of_one_weight_is_one_sample)
{
    facts.circuit_open = true;
    add_good_node("10.0.0.6:6379", true);
    redis.nodes[0].up = redis.nodes[1].up = false;
    write_metrics(&report);
    const char *sample = "\nleaderd_finding{code=\"store_unreachable\",severity=\"critical\"} 1\n";
    const char *first = strstr(text.bytes, sample);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, sample));
    assert_line("leaderd_finding{code=\"circuit_open\",severity=\"warning\"} 1");
}
END_TEST

static struct text page;

static void show(const char *json, enum report_style style)
{
    text_clear(&page);
    ck_assert(report_render_text(&page, json, strlen(json), style));
}

static void tear_down_page(void)
{
    tear_down();
    text_free(&page);
}

START_TEST(a_person_reads_findings_first_and_then_the_sections)
{
    redis.nodes[0].up = false;
    render(REPORT_ALL);
    show(text.bytes, REPORT_PLAIN);
    const char *finding = strstr(page.bytes, "\ncritical  store_unreachable\n");
    const char *advice = strstr(page.bytes, "\n  What to do: Check that Redis runs");
    const char *section = strstr(page.bytes, "\n== redis: fail\n");
    ck_assert(finding != NULL && advice > finding && section > advice);
    ck_assert_ptr_nonnull(strstr(page.bytes, "docs/troubleshooting.md#store_unreachable\n"));
    ck_assert_ptr_nonnull(strstr(page.bytes, "\n  ping: ok no\n"));
    ck_assert_ptr_nonnull(strstr(page.bytes, "\n  memory: -\n"));
    ck_assert_ptr_nonnull(strstr(page.bytes, "\n== options: pass\n"));
    ck_assert_ptr_null(strchr(page.bytes, '\033'));
}
END_TEST

START_TEST(every_kind_of_value_is_shown)
{
    show("{\"overall\":\"healthy\",\"findings\":[],\"clock\":{\"status\":\"odd\",\"at\":\"now\","
         "\"a\":[],\"b\":[1,{\"c\":true,\"n\":null}],\"d\":1.5,\"e\":\"x\\u0007y\",\"f\":false,"
         "\"g\":{\"h\":[null]},\"i\":null}}",
         REPORT_PLAIN);
    ck_assert_str_eq(page.bytes, "leaderd finds this host and its store healthy.\n"
                                 "\nNo findings.\n\n== clock: odd\n  a: none\n"
                                 "  b: \n    - 1\n    - (c yes)\n  d: 1.500\n  e: x?y\n  f: no\n"
                                 "  g: h \n    - -\n");
}
END_TEST

START_TEST(colours_say_how_bad_it_is)
{
    const char *const colours[][2] = {{"critical", "1;31"},
                                      {"warning", "1;33"},
                                      {"pass", "1;32"},
                                      {"info", "1;36"},
                                      {"odd", "1"}};
    char json[160], expected[64];
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        (void)snprintf(json, sizeof json,
                       "{\"overall\":\"healthy\",\"findings\":[{\"severity\":"
                       "\"%s\"}]}",
                       colours[i][0]);
        (void)snprintf(expected, sizeof expected, "\n\033[%sm%s\033[0m  ", colours[i][1],
                       colours[i][0]);
        show(json, REPORT_COLOURED);
        ck_assert_ptr_nonnull(strstr(page.bytes, "store \033[1;32mhealthy\033[0m.\n"));
        ck_assert_ptr_nonnull(strstr(page.bytes, expected));
    }
}
END_TEST

START_TEST(what_is_no_report_is_refused)
{
    const char *const others[] = {"", "[]", "{}", "{\"findings\":1}", "{\"findings\":[]"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert(!report_render_text(&page, others[i], strlen(others[i]), REPORT_PLAIN));
        ck_assert_uint_eq(page.length, 0);
    }
}
END_TEST

START_TEST(the_overall_word_is_read)
{
    char word[16];
    const char *json = "{\"overall\":\"degraded\"}";
    report_read_overall(json, strlen(json), word, sizeof word);
    ck_assert_str_eq(word, "degraded");
    report_read_overall("{", 1, word, sizeof word);
    ck_assert_str_eq(word, "");
    report_read_overall("{\"overall\":7}", 13, word, sizeof word);
    ck_assert_str_eq(word, "");
}
END_TEST

static Suite *report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down_page);
    tcase_add_test(rules, a_good_redis_is_told_in_full);
    tcase_add_test(rules, without_a_primary_all_of_it_is_unknown);
    tcase_add_test(rules, key_operations_are_good_bad_or_unknown);
    tcase_add_test(rules, what_was_not_read_of_a_record_is_null);
    tcase_add_test(rules, leases_that_are_about_to_end_are_listed);
    tcase_add_test(rules, sentinels_are_healthy_when_all_are);
    tcase_add_test(rules, a_cluster_is_healthy_with_most_of_its_primaries);
    tcase_add_test(rules, a_store_in_a_file_has_no_redis_to_examine);
    tcase_add_test(rules, an_examination_that_failed_says_why);
    tcase_add_test(rules, the_clock_is_told_by_each_who_knows);
    tcase_add_test(rules, a_clock_that_was_not_looked_at_is_unknown);
    tcase_add_test(rules, the_network_is_told_target_by_target);
    tcase_add_test(rules, a_target_has_the_name_of_a_url);
    tcase_add_test(rules, issues_of_options_are_listed);
    tcase_add_test(rules, a_finding_of_the_daemon_belongs_to_no_section);
    tcase_add_test(rules, each_finding_belongs_to_its_section);
    tcase_add_test(rules, sections_are_known_by_their_whole_name);
    tcase_add_test(rules, metrics_have_a_sample_for_each_known_value);
    tcase_add_test(rules, metrics_leave_out_what_is_unknown);
    tcase_add_test(rules, a_code_of_one_weight_is_one_sample);
    tcase_add_test(rules, a_person_reads_findings_first_and_then_the_sections);
    tcase_add_test(rules, every_kind_of_value_is_shown);
    tcase_add_test(rules, colours_say_how_bad_it_is);
    tcase_add_test(rules, what_is_no_report_is_refused);
    tcase_add_test(rules, the_overall_word_is_read);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(report_suite)
