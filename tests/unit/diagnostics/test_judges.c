/* What is found wrong with Redis and with this host, and how bad it is. */
#include "tests/unit/check_main.h"
#include "tests/unit/diagnostics/examined.h"

#include <string.h>

static struct findings findings;

static void judge(const struct report *earlier)
{
    findings_judge(&report, earlier, &facts, &findings);
}

static const struct finding *found(enum finding_code code)
{
    for (size_t i = 0; i < findings.count; i++) {
        if (findings.items[i].code == code) {
            return &findings.items[i];
        }
    }
    return NULL;
}

static enum finding_severity severity_of(enum finding_code code)
{
    judge(NULL);
    const struct finding *finding = found(code);
    return finding != NULL ? finding->severity : 0;
}

static void assert_told(enum finding_code code, enum finding_severity severity, const char *words)
{
    ck_assert_int_eq(severity_of(code), severity);
    ck_assert_msg(strstr(found(code)->message, words) != NULL, "%s", found(code)->message);
}

static struct exam_node *node(void)
{
    return &redis.nodes[0];
}

START_TEST(a_good_day_has_no_finding)
{
    judge(&report);
    ck_assert_uint_eq(findings.count, 0);
    ck_assert_str_eq(findings_overall(&findings), "healthy");
}
END_TEST

START_TEST(an_examination_that_could_not_be_made_is_critical)
{
    (void)problem_set(&redis.error, "no route");
    assert_told(FINDING_STORE_UNREACHABLE, FINDING_CRITICAL, "no route");
    redis.error.text[0] = '\0';
    redis.node_count = 0;
    ck_assert_int_eq(severity_of(FINDING_STORE_UNREACHABLE), FINDING_CRITICAL);
}
END_TEST

START_TEST(a_primary_that_does_not_answer_is_critical_and_nothing_else_is_said_of_it)
{
    node()->up = false;
    node()->ping_us = 9000000;
    (void)problem_set(&node()->error, "refused");
    assert_told(FINDING_STORE_UNREACHABLE, FINDING_CRITICAL,
                "10.0.0.5:6379 does not answer: refused");
    ck_assert_uint_eq(findings.count, 1);
}
END_TEST

START_TEST(a_ping_may_take_a_quarter_of_the_shortest_timeout)
{
    struct election_facts both[] = {election, election};
    facts.elections = both;
    facts.election_count = 2;
    both[1].operation_timeout_ms = 1000;
    node()->ping_us = 250000;
    ck_assert_int_eq(severity_of(FINDING_STORE_SLOW), 0);
    node()->ping_us = 250001;
    assert_told(FINDING_STORE_SLOW, FINDING_WARNING, "in 250 ms, more than a quarter");
    assert_told(FINDING_STORE_SLOW, FINDING_WARNING, "operation_timeout of 1000 ms");
    facts.election_count = 0;
    ck_assert_int_eq(severity_of(FINDING_STORE_SLOW), 0);
}
END_TEST

START_TEST(without_info_only_that_is_said)
{
    node()->info_denied = true;
    (void)strcpy(node()->role, "slave");
    ck_assert_int_eq(severity_of(FINDING_INFO_DENIED), FINDING_INFO);
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_str_eq(findings_overall(&findings), "healthy");
}
END_TEST

START_TEST(a_server_that_is_no_primary_is_named_as_what_it_is)
{
    (void)strcpy(node()->role, "slave");
    assert_told(FINDING_REPLICA_ROLE, FINDING_CRITICAL, "is a replica");
    (void)strcpy(node()->role, "sentinel");
    assert_told(FINDING_REPLICA_ROLE, FINDING_CRITICAL, "is a sentinel");
    node()->role[0] = '\0';
    ck_assert_int_eq(severity_of(FINDING_REPLICA_ROLE), 0);
}
END_TEST

START_TEST(only_a_policy_that_evicts_leases_is_found)
{
    (void)strcpy(node()->policy, "volatile-lru");
    ck_assert_int_eq(severity_of(FINDING_EVICTING_POLICY), 0);
    (void)strcpy(node()->policy, "allkeys-lru");
    assert_told(FINDING_EVICTING_POLICY, FINDING_WARNING, "allkeys-lru");
}
END_TEST

START_TEST(memory_is_short_from_nine_tenths_on)
{
    node()->used_bytes = 3599999;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), 0);
    node()->used_bytes = 3600000;
    assert_told(FINDING_MEMORY_PRESSURE, FINDING_WARNING, "90 %");
    node()->used_bytes = -1;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), 0);
}
END_TEST

START_TEST(memory_without_a_limit_is_that_of_the_host)
{
    node()->max_bytes = 0;
    node()->used_bytes = 7000000;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), 0);
    node()->used_bytes = 7500000;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), FINDING_WARNING);
    node()->system_bytes = -1;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), 0);
}
END_TEST

START_TEST(full_memory_is_critical_where_redis_refuses_leases_then)
{
    node()->used_bytes = 3800000;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), FINDING_WARNING); /* 7.0 goes on */
    (void)strcpy(node()->version, "6.2.6");
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), FINDING_CRITICAL);
    node()->used_bytes = 3700000;
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), FINDING_WARNING);
    node()->used_bytes = 3800000;
    (void)strcpy(node()->policy, "volatile-lru");
    ck_assert_int_eq(severity_of(FINDING_MEMORY_PRESSURE), FINDING_WARNING);
}
END_TEST

START_TEST(keys_are_evicted_when_the_same_server_says_more_than_before)
{
    static struct redis_report redis_before;
    redis_before = redis;
    struct report before = {.redis = &redis_before};
    redis_before.nodes[0].evicted_keys = 7;
    node()->evicted_keys = 9;
    judge(&before);
    ck_assert_ptr_nonnull(strstr(found(FINDING_KEYS_EVICTED)->message, "evicted 2 keys since"));
    redis_before.nodes[0].evicted_keys = 0;
    judge(&before);
    ck_assert_ptr_nonnull(found(FINDING_KEYS_EVICTED));
    redis_before.nodes[0].evicted_keys = 7;
    node()->evicted_keys = 7;
    judge(&before);
    ck_assert_ptr_null(found(FINDING_KEYS_EVICTED));
    node()->evicted_keys = 9;
    (void)strcpy(node()->run_id, "another");
    judge(&before);
    ck_assert_ptr_null(found(FINDING_KEYS_EVICTED));
    (void)strcpy(node()->run_id, redis_before.nodes[0].run_id);
    redis_before.nodes[0].evicted_keys = -1;
    judge(&before);
    ck_assert_ptr_null(found(FINDING_KEYS_EVICTED));
}
END_TEST

START_TEST(in_a_first_run_evictions_count_where_the_policy_evicts_anything)
{
    node()->evicted_keys = 9;
    ck_assert_int_eq(severity_of(FINDING_KEYS_EVICTED), 0);
    (void)strcpy(node()->policy, "allkeys-random");
    node()->evicted_keys = 0;
    ck_assert_int_eq(severity_of(FINDING_KEYS_EVICTED), 0);
    node()->evicted_keys = 9;
    assert_told(FINDING_KEYS_EVICTED, FINDING_WARNING, "has evicted 9 keys since it was started");
}
END_TEST

START_TEST(nothing_on_disk_is_critical_without_the_restart_guard)
{
    node()->aof_enabled = 0;
    redis.config.values[EXAM_SAVE][0] = '\0';
    ck_assert_int_eq(severity_of(FINDING_PERSISTENCE_OFF), 0);
    facts.restart_guard = false;
    ck_assert_int_eq(severity_of(FINDING_PERSISTENCE_OFF), FINDING_CRITICAL);
    node()->aof_enabled = 1;
    ck_assert_int_eq(severity_of(FINDING_PERSISTENCE_OFF), 0);
    node()->aof_enabled = 0;
    (void)strcpy(redis.config.values[EXAM_SAVE], "3600 1");
    ck_assert_int_eq(severity_of(FINDING_PERSISTENCE_OFF), 0);
    redis.config.values[EXAM_SAVE][0] = '\0';
    redis.config.available = false; /* then nobody knows */
    ck_assert_int_eq(severity_of(FINDING_PERSISTENCE_OFF), 0);
}
END_TEST

START_TEST(a_disk_that_cannot_be_written_is_found)
{
    (void)strcpy(node()->save_status, "err");
    assert_told(FINDING_PERSISTENCE_OFF, FINDING_WARNING, "MISCONF");
    (void)strcpy(node()->save_status, "ok");
    (void)strcpy(node()->aof_write_status, "err");
    assert_told(FINDING_PERSISTENCE_OFF, FINDING_WARNING, "MISCONF");
}
END_TEST

START_TEST(who_may_fail_over_wants_replicas_that_acknowledge)
{
    node()->connected_replicas = node()->good_replicas = 1;
    assert_told(FINDING_NO_REPLICA_ACK, FINDING_WARNING, "store.min_replicas is 0");
    node()->connected_replicas = 0;
    ck_assert_int_eq(severity_of(FINDING_NO_REPLICA_ACK), 0);
    redis.mode = REDIS_SENTINEL;
    ck_assert_int_eq(severity_of(FINDING_NO_REPLICA_ACK), FINDING_WARNING);
    node()->connected_replicas = -1;
    ck_assert_int_eq(severity_of(FINDING_NO_REPLICA_ACK), 0);
}
END_TEST

START_TEST(too_few_replicas_that_follow_are_critical)
{
    facts.min_replicas = 2;
    node()->connected_replicas = 2;
    node()->good_replicas = 2;
    ck_assert_int_eq(severity_of(FINDING_NO_REPLICA_ACK), 0);
    node()->good_replicas = 1;
    assert_told(FINDING_NO_REPLICA_ACK, FINDING_CRITICAL, "nobody can lead");
}
END_TEST

START_TEST(a_record_with_a_ttl_and_a_foreign_one_are_found)
{
    keys[0].pttl_ms = 0;
    assert_told(FINDING_RECORD_HAS_TTL, FINDING_WARNING, "gone in 0 ms");
    (void)problem_set(&keys[0].foreign, "it is a list");
    assert_told(FINDING_FOREIGN_RECORD, FINDING_CRITICAL, "le:billing is no record of leaderd");
    ck_assert_ptr_null(found(FINDING_RECORD_HAS_TTL));
}
END_TEST

START_TEST(a_script_that_fails_is_critical_and_settings_that_are_denied_are_not)
{
    redis.lua.verdict = EXAM_UNKNOWN;
    ck_assert_int_eq(severity_of(FINDING_SCRIPT_FAILED), 0);
    redis.lua.verdict = EXAM_FAIL;
    (void)problem_set(&redis.lua.error, "no permission");
    redis.config.denied = true;
    assert_told(FINDING_SCRIPT_FAILED, FINDING_CRITICAL, "no permission");
    ck_assert_int_eq(severity_of(FINDING_CONFIG_DENIED), FINDING_INFO);
}
END_TEST

static void add_sentinel(bool ok, const char *primary)
{
    struct exam_sentinel *sentinel = &redis.sentinels[redis.sentinel_count++];
    *sentinel = (struct exam_sentinel){.ok = ok};
    (void)snprintf(sentinel->endpoint.name, sizeof sentinel->endpoint.name, "s%zu:26379",
                   redis.sentinel_count);
    (void)snprintf(sentinel->primary, sizeof sentinel->primary, "%s", primary);
    (void)problem_set(&sentinel->error, "%s", ok ? "" : "refused");
}

START_TEST(sentinels_that_are_gone_are_critical_when_none_is_left)
{
    redis.mode = REDIS_SENTINEL;
    facts.min_replicas = 0;
    add_sentinel(true, "10.0.0.5:6379");
    add_sentinel(false, "");
    assert_told(FINDING_SENTINEL_UNHEALTHY, FINDING_WARNING, "s2:26379: refused");
    redis.sentinels[0].ok = false;
    ck_assert_int_eq(severity_of(FINDING_SENTINEL_UNHEALTHY), FINDING_CRITICAL);
    redis.mode = REDIS_STANDALONE;
    ck_assert_int_eq(severity_of(FINDING_SENTINEL_UNHEALTHY), 0);
}
END_TEST

START_TEST(sentinels_that_disagree_are_found)
{
    redis.mode = REDIS_SENTINEL;
    add_sentinel(true, "");
    add_sentinel(true, "10.0.0.5:6379");
    add_sentinel(true, "10.0.0.5:6379");
    ck_assert_int_eq(severity_of(FINDING_SENTINEL_DISAGREE), 0);
    add_sentinel(true, "10.0.0.6:6379");
    assert_told(FINDING_SENTINEL_DISAGREE, FINDING_WARNING, "10.0.0.5:6379 and 10.0.0.6:6379");
}
END_TEST

START_TEST(a_cluster_is_unhealthy_by_its_own_word_or_by_a_silent_node)
{
    redis.mode = REDIS_CLUSTER;
    (void)strcpy(redis.cluster_state, "ok");
    add_good_node("10.0.0.6:6379", false);
    ck_assert_int_eq(severity_of(FINDING_CLUSTER_UNHEALTHY), 0);
    redis.nodes[1].up = false;
    assert_told(FINDING_CLUSTER_UNHEALTHY, FINDING_WARNING, "The node at 10.0.0.6:6379");
    redis.nodes[0].up = false;
    assert_told(FINDING_CLUSTER_UNHEALTHY, FINDING_CRITICAL, "The primary at 10.0.0.5:6379");
    redis.nodes[0].up = redis.nodes[1].up = true;
    (void)strcpy(redis.cluster_state, "fail");
    assert_told(FINDING_CLUSTER_UNHEALTHY, FINDING_CRITICAL, "its state is fail");
}
END_TEST

START_TEST(a_daemon_that_is_ill_says_so)
{
    facts.store_connected = false;
    assert_told(FINDING_STORE_UNREACHABLE, FINDING_CRITICAL, "no connection yet");
    facts.store_error = "refused";
    assert_told(FINDING_STORE_UNREACHABLE, FINDING_CRITICAL, "refused");
    facts.circuit_open = facts.config_refused = true;
    facts.slowest_check_us = 1000001;
    facts.loop_lag_ms = 251;
    judge(NULL);
    ck_assert_ptr_nonnull(found(FINDING_CIRCUIT_OPEN));
    ck_assert_ptr_nonnull(found(FINDING_CONFIG_REFUSED));
    ck_assert_ptr_nonnull(found(FINDING_STORE_SLOW));
    ck_assert_ptr_nonnull(found(FINDING_LOOP_LAG));
    facts.slowest_check_us = 1000000;
    facts.loop_lag_ms = 250;
    judge(NULL);
    ck_assert_ptr_null(found(FINDING_STORE_SLOW));
    ck_assert_ptr_null(found(FINDING_LOOP_LAG));
}
END_TEST

START_TEST(without_a_daemon_nothing_is_said_of_it)
{
    facts.store_connected = false;
    election.workload_unhealthy = true;
    facts.running = false;
    judge(NULL);
    ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(warnings_of_the_configuration_are_findings)
{
    struct option_issue issue = {"billing", "lease_duration", "is long"};
    facts.options = &issue;
    facts.option_count = 1;
    assert_told(FINDING_OPTIONS_WARNING, FINDING_WARNING, "lease_duration: is long");
}
END_TEST

START_TEST(a_late_renewal_is_found_by_what_was_left)
{
    election.last_margin = 0.25;
    ck_assert_int_eq(severity_of(FINDING_LEASE_MARGIN_LOW), 0);
    election.last_margin = 0.24;
    assert_told(FINDING_LEASE_MARGIN_LOW, FINDING_WARNING, "only 24 %");
    election.last_margin = 0;
    ck_assert_int_eq(severity_of(FINDING_LEASE_MARGIN_LOW), FINDING_WARNING);
    election.last_margin = -1;
    ck_assert_int_eq(severity_of(FINDING_LEASE_MARGIN_LOW), 0);
}
END_TEST

START_TEST(flapping_is_explained_by_what_is_known)
{
    election.stable = false;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "other participants");
    election.lost_10m_operator = 1;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "stepped down");
    election.lost_10m_expired = 1;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "did not come through");
    election.renew_p99_us = 1000000;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "did not come through");
    election.renew_p99_us = 1000001;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "up to 1000 ms of the 2000 ms");
    election.since_reset_ms = 599999;
    assert_told(FINDING_FLAPPING, FINDING_WARNING, "restarted or failed over");
    ck_assert_ptr_nonnull(found(FINDING_STORE_RESET));
    election.since_reset_ms = 600000;
    ck_assert_int_eq(severity_of(FINDING_STORE_RESET), 0);
}
END_TEST

START_TEST(a_namesake_is_found_for_ten_minutes)
{
    election.since_duplicate_ms = 0;
    ck_assert_int_eq(severity_of(FINDING_DUPLICATE_PARTICIPANT), FINDING_WARNING);
    election.since_duplicate_ms = 600000;
    ck_assert_int_eq(severity_of(FINDING_DUPLICATE_PARTICIPANT), 0);
}
END_TEST

START_TEST(a_sick_workload_is_critical_when_nobody_leads)
{
    election.workload_unhealthy = true;
    election.illness = "exit 3";
    election.leaderless_ms = 15000;
    assert_told(FINDING_WORKLOAD_UNHEALTHY, FINDING_WARNING, "(exit 3)");
    election.leaderless_ms = 15001;
    assert_told(FINDING_WORKLOAD_UNHEALTHY, FINDING_CRITICAL, "all workloads may be ill");
}
END_TEST

static struct ntp_result *add_time_server(int64_t offset_us, int64_t round_trip_us)
{
    struct ntp_result *ntp = &report.clock.ntp[report.clock.ntp_count++];
    *ntp = (struct ntp_result){.server = "time.example",
                               .ok = true,
                               .offset_us = offset_us,
                               .round_trip_us = round_trip_us};
    return ntp;
}

START_TEST(the_clock_may_differ_by_the_tolerance_and_half_a_round_trip)
{
    struct ntp_result *ntp = add_time_server(5001000, 2000);
    ck_assert_int_eq(severity_of(FINDING_CLOCK_OFFSET), 0);
    ntp->offset_us = 5001001;
    assert_told(FINDING_CLOCK_OFFSET, FINDING_WARNING, "5001.0 ms behind time.example");
    ntp->offset_us = -5001001;
    assert_told(FINDING_CLOCK_OFFSET, FINDING_WARNING, "ahead of time.example");
}
END_TEST

START_TEST(a_clock_that_nothing_keeps_is_found_unless_a_time_server_confirms_it)
{
    report.clock.kernel.available = true;
    ck_assert_int_eq(severity_of(FINDING_CLOCK_UNSYNCHRONIZED), FINDING_INFO);
    struct ntp_result *ntp = add_time_server(0, 2000);
    ck_assert_int_eq(severity_of(FINDING_CLOCK_UNSYNCHRONIZED), 0);
    ntp->ok = false;
    (void)problem_set(&ntp->error, "no answer");
    assert_told(FINDING_CLOCK_UNSYNCHRONIZED, FINDING_WARNING, "no usable answer: no answer");
    report.clock.ntp_count = 0;
    report.clock.kernel.synchronized = true;
    ck_assert_int_eq(severity_of(FINDING_CLOCK_UNSYNCHRONIZED), 0);
}
END_TEST

START_TEST(the_clock_of_redis_is_compared_too)
{
    node()->time_offset_us = -5000201;
    assert_told(FINDING_CLOCK_OFFSET, FINDING_INFO, "10.0.0.5:6379 differs");
    node()->time_offset_us = -5000200;
    ck_assert_int_eq(severity_of(FINDING_CLOCK_OFFSET), 0);
    node()->time_offset_us = -9000000;
    node()->has_time = false;
    ck_assert_int_eq(severity_of(FINDING_CLOCK_OFFSET), 0);
}
END_TEST

START_TEST(a_target_that_may_not_be_asked_is_no_warning)
{
    struct network_result *result = &report.network.results[report.network.count++];
    *result = (struct network_result){.host = "db.example", .method = "icmp", .healthy = true};
    ck_assert_int_eq(severity_of(FINDING_NETWORK_UNHEALTHY), 0);
    result->healthy = false;
    assert_told(FINDING_NETWORK_UNHEALTHY, FINDING_WARNING, "db.example cannot be reached by icmp");
    result->barred = true;
    ck_assert_int_eq(severity_of(FINDING_NETWORK_UNHEALTHY), FINDING_INFO);
}
END_TEST

START_TEST(findings_beyond_the_room_are_counted)
{
    for (int i = 0; i < FINDINGS_MAX + 3; i++) {
        report.network.results[i] = (struct network_result){.host = "", .method = "icmp"};
    }
    report.network.count = FINDINGS_MAX + 3;
    judge(NULL);
    ck_assert_uint_eq(findings.count, FINDINGS_MAX);
    ck_assert_uint_eq(findings.more, 3);
}
END_TEST

START_TEST(findings_of_one_weight_are_in_the_order_of_code_and_words)
{
    add_good_node("10.0.0.4:6379", true);
    node()->up = redis.nodes[1].up = false;
    (void)problem_set(&redis.lua.error, "no");
    redis.lua.verdict = EXAM_FAIL;
    judge(NULL);
    ck_assert_uint_eq(findings.count, 3);
    ck_assert_ptr_nonnull(strstr(findings.items[0].message, "10.0.0.4"));
    ck_assert_ptr_nonnull(strstr(findings.items[1].message, "10.0.0.5"));
    ck_assert_int_eq(findings.items[2].code, FINDING_SCRIPT_FAILED);
}
END_TEST

static Suite *judges_suite(void)
{
    Suite *suite = suite_create("judges");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, examine_a_good_day, NULL);
    tcase_add_test(rules, a_good_day_has_no_finding);
    tcase_add_test(rules, an_examination_that_could_not_be_made_is_critical);
    tcase_add_test(rules,
                   a_primary_that_does_not_answer_is_critical_and_nothing_else_is_said_of_it);
    tcase_add_test(rules, a_ping_may_take_a_quarter_of_the_shortest_timeout);
    tcase_add_test(rules, without_info_only_that_is_said);
    tcase_add_test(rules, a_server_that_is_no_primary_is_named_as_what_it_is);
    tcase_add_test(rules, only_a_policy_that_evicts_leases_is_found);
    tcase_add_test(rules, memory_is_short_from_nine_tenths_on);
    tcase_add_test(rules, memory_without_a_limit_is_that_of_the_host);
    tcase_add_test(rules, full_memory_is_critical_where_redis_refuses_leases_then);
    tcase_add_test(rules, keys_are_evicted_when_the_same_server_says_more_than_before);
    tcase_add_test(rules, in_a_first_run_evictions_count_where_the_policy_evicts_anything);
    tcase_add_test(rules, nothing_on_disk_is_critical_without_the_restart_guard);
    tcase_add_test(rules, a_disk_that_cannot_be_written_is_found);
    tcase_add_test(rules, who_may_fail_over_wants_replicas_that_acknowledge);
    tcase_add_test(rules, too_few_replicas_that_follow_are_critical);
    tcase_add_test(rules, a_record_with_a_ttl_and_a_foreign_one_are_found);
    tcase_add_test(rules, a_script_that_fails_is_critical_and_settings_that_are_denied_are_not);
    tcase_add_test(rules, sentinels_that_are_gone_are_critical_when_none_is_left);
    tcase_add_test(rules, sentinels_that_disagree_are_found);
    tcase_add_test(rules, a_cluster_is_unhealthy_by_its_own_word_or_by_a_silent_node);
    tcase_add_test(rules, a_daemon_that_is_ill_says_so);
    tcase_add_test(rules, without_a_daemon_nothing_is_said_of_it);
    tcase_add_test(rules, warnings_of_the_configuration_are_findings);
    tcase_add_test(rules, a_late_renewal_is_found_by_what_was_left);
    tcase_add_test(rules, flapping_is_explained_by_what_is_known);
    tcase_add_test(rules, a_namesake_is_found_for_ten_minutes);
    tcase_add_test(rules, a_sick_workload_is_critical_when_nobody_leads);
    tcase_add_test(rules, the_clock_may_differ_by_the_tolerance_and_half_a_round_trip);
    tcase_add_test(rules, a_clock_that_nothing_keeps_is_found_unless_a_time_server_confirms_it);
    tcase_add_test(rules, the_clock_of_redis_is_compared_too);
    tcase_add_test(rules, a_target_that_may_not_be_asked_is_no_warning);
    tcase_add_test(rules, findings_beyond_the_room_are_counted);
    tcase_add_test(rules, findings_of_one_weight_are_in_the_order_of_code_and_words);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(judges_suite)
