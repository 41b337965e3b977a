/* What follows from what was measured; those conditions that no test can make on a real host. */
#include "lib/diagnostics/drift.h"
#include "lib/diagnostics/findings.h"
#include "lib/diagnostics/info_text.h"
#include "tests/unit/check_main.h"

#include <string.h>

static struct election_facts well = {.name = "billing",
                                     .lease_ms = 15000,
                                     .operation_timeout_ms = 2000,
                                     .last_margin = -1,
                                     .stable = true,
                                     .renew_p99_us = -1,
                                     .since_reset_ms = -1,
                                     .since_duplicate_ms = -1};

static struct daemon_facts facts_of(const struct election_facts *election)
{
    return (struct daemon_facts){.running = true,
                                 .elections = election,
                                 .election_count = 1,
                                 .store_connected = true,
                                 .restart_guard = true,
                                 .performance_threshold_ms = 1000,
                                 .slowest_check_us = 500,
                                 .since_jump_ms = -1,
                                 .ntp_tolerance_ms = 5000,
                                 .drift_limit_ppm = 500};
}

static struct findings findings;

static enum finding_severity severity_of(const struct daemon_facts *facts, enum finding_code code)
{
    findings_judge(NULL, NULL, facts, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        if (findings.items[i].code == code) {
            ck_assert(findings.items[i].message[0] != '\0');
            return findings.items[i].severity;
        }
    }
    return 0;
}

START_TEST(when_all_is_well_there_is_no_finding)
{
    struct daemon_facts facts = facts_of(&well);
    findings_judge(NULL, NULL, &facts, &findings);
    ck_assert_uint_eq(findings.count, 0);
    ck_assert_str_eq(findings_overall(&findings), "healthy");
}
END_TEST

START_TEST(a_drift_beyond_doubt_is_found_and_a_doubtful_one_is_not)
{
    struct daemon_facts facts = facts_of(&well);
    facts.has_drift = true;
    facts.drift_ppm = -900;
    facts.drift_uncertainty_ppm = 100;
    ck_assert_int_eq(severity_of(&facts, FINDING_CLOCK_DRIFT), FINDING_WARNING);
    facts.drift_uncertainty_ppm = 500;
    ck_assert_int_eq(severity_of(&facts, FINDING_CLOCK_DRIFT), 0);
}
END_TEST

START_TEST(a_jump_is_found_for_ten_minutes)
{
    struct daemon_facts facts = facts_of(&well);
    facts.jumps = 1;
    facts.since_jump_ms = 599999;
    ck_assert_int_eq(severity_of(&facts, FINDING_CLOCK_JUMP), FINDING_WARNING);
    facts.since_jump_ms = 600000;
    ck_assert_int_eq(severity_of(&facts, FINDING_CLOCK_JUMP), 0);
}
END_TEST

START_TEST(a_sick_workload_is_found)
{
    struct election_facts sick = well;
    sick.workload_unhealthy = true;
    struct daemon_facts facts = facts_of(&sick);
    ck_assert_int_eq(severity_of(&facts, FINDING_WORKLOAD_UNHEALTHY), FINDING_WARNING);
}
END_TEST

START_TEST(flapping_names_the_likely_reason)
{
    struct election_facts election = well;
    election.stable = false;
    election.changes_10m = 5;
    election.lost_10m_expired = 1;
    election.renew_p99_us = 1500000;
    struct daemon_facts facts = facts_of(&election);
    ck_assert_int_eq(severity_of(&facts, FINDING_FLAPPING), FINDING_WARNING);
    ck_assert_ptr_nonnull(strstr(findings.items[0].message, "too short"));
    election.renew_p99_us = 100;
    ck_assert_int_eq(severity_of(&facts, FINDING_FLAPPING), FINDING_WARNING);
    ck_assert_ptr_nonnull(strstr(findings.items[0].message, "did not come through"));
}
END_TEST

START_TEST(the_worst_finding_comes_first)
{
    struct election_facts election = well;
    election.stable = false;
    election.leaderless_ms = 30001;
    struct daemon_facts facts = facts_of(&election);
    ck_assert_int_eq(severity_of(&facts, FINDING_NO_LEADER), FINDING_CRITICAL);
    ck_assert_int_eq(findings.items[0].code, FINDING_NO_LEADER);
    ck_assert_str_eq(findings_overall(&findings), "unhealthy");
    election.leaderless_ms = 30000;
    ck_assert_int_eq(severity_of(&facts, FINDING_NO_LEADER), 0);
    ck_assert_str_eq(findings_overall(&findings), "degraded");
}
END_TEST

START_TEST(every_code_has_a_name_and_advice)
{
    for (int code = 1; code <= FINDING_CODES; code++) {
        ck_assert_ptr_nonnull(finding_code_name((enum finding_code)code));
    }
}
END_TEST

static void run_clock(struct drift *drift, double ppm, int samples)
{
    for (int i = 0; i < samples; i++) {
        int64_t local_us = 1000000 + i * INT64_C(10000000);
        struct drift_sample sample = {.local_us = local_us,
                                      .server_us = INT64_C(1795516642000000) + local_us +
                                                   (int64_t)((double)local_us * ppm / 1e6),
                                      .round_trip_us = 400};
        drift_add(drift, &sample);
    }
}

START_TEST(a_rate_is_measured_and_gets_more_certain)
{
    struct drift drift = {0};
    struct drift_view soon, late;
    run_clock(&drift, 800, 2);
    drift_look(&drift, &soon);
    ck_assert(soon.known && soon.ppm > 760 && soon.ppm < 840);
    drift_reset(&drift);
    run_clock(&drift, 800, 100);
    drift_look(&drift, &late);
    ck_assert(late.ppm > 799 && late.ppm < 801);
    ck_assert(late.uncertainty_ppm < 1 && late.uncertainty_ppm < soon.uncertainty_ppm);
    ck_assert_int_le(late.window_ms, 600000);
}
END_TEST

START_TEST(a_step_of_the_servers_clock_is_no_drift)
{
    struct drift drift = {0};
    struct drift_view view;
    run_clock(&drift, 0, 5);
    struct drift_sample after = {.local_us = 51000000,
                                 .server_us = INT64_C(1795516642000000) + 51000000 + 3600000000,
                                 .round_trip_us = 400};
    drift_add(&drift, &after);
    drift_look(&drift, &view);
    ck_assert(!view.known);
}
END_TEST

START_TEST(the_text_of_info_is_read_by_whole_names)
{
    char word[8];
    const char *text = "# "
                       "Server\r\nxrole:no\r\nrole:master\r\nused_memory:12\r\nbig:"
                       "99999999999999999999\r\nodd:a\tb\r\n";
    ck_assert(info_string(text, "role", word, sizeof word));
    ck_assert_str_eq(word, "master");
    ck_assert(info_string(text, "odd", word, sizeof word));
    ck_assert_str_eq(word, "a?b");
    ck_assert(!info_string(text, "rol", word, sizeof word));
    ck_assert_int_eq(info_number(text, "used_memory", -1), 12);
    ck_assert_int_eq(info_number(text, "big", -1), -1);
    ck_assert_int_eq(info_number(text, "role", -1), -1);
    ck_assert_int_eq(info_number("", "role", -7), -7);
}
END_TEST

static Suite *findings_suite(void)
{
    Suite *suite = suite_create("findings");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, when_all_is_well_there_is_no_finding);
    tcase_add_test(rules, a_drift_beyond_doubt_is_found_and_a_doubtful_one_is_not);
    tcase_add_test(rules, a_jump_is_found_for_ten_minutes);
    tcase_add_test(rules, a_sick_workload_is_found);
    tcase_add_test(rules, flapping_names_the_likely_reason);
    tcase_add_test(rules, the_worst_finding_comes_first);
    tcase_add_test(rules, every_code_has_a_name_and_advice);
    tcase_add_test(rules, a_rate_is_measured_and_gets_more_certain);
    tcase_add_test(rules, a_step_of_the_servers_clock_is_no_drift);
    tcase_add_test(rules, the_text_of_info_is_read_by_whole_names);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(findings_suite)
