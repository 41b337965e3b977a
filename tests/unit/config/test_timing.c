#include "tests/unit/config/config_case.h"

/* One election with these settings must say exactly this about itself; "" is silence. */
static void expect_election(const char *settings, const char *issue)
{
    struct text yaml = {0};
    text_addf(&yaml, "elections:\n- name: a\n%s", settings);
    expect_issues(yaml.bytes, issue);
    text_free(&yaml);
}

START_TEST(a_profile_sets_the_timing)
{
    struct config_case loading = {0};
    case_load(&loading, "profile: stable\nelections:\n- name: a\n- {name: b, profile: fast}\n"
                        "- {name: c, profile: default, lease_duration: 20s}\n");
    const struct config_election *election = loading.config->elections;
    ck_assert_int_eq(election[0].lease_ms, 600000);
    ck_assert_int_eq(election[0].renew_interval_ms, 180000);
    ck_assert_int_eq(election[0].retry_interval_ms, 60000);
    ck_assert_int_eq(election[0].operation_timeout_ms, 30000);
    ck_assert_int_eq(election[0].stop_margin_ms, 120000);
    ck_assert_int_eq(election[1].lease_ms, 3000);
    ck_assert_int_eq(election[1].renew_interval_ms, 800);
    ck_assert_int_eq(election[1].retry_interval_ms, 500);
    ck_assert_int_eq(election[1].operation_timeout_ms, 500);
    ck_assert_int_eq(election[1].stop_margin_ms, 600);
    ck_assert_int_eq(election[2].lease_ms, 20000);
    ck_assert_int_eq(election[2].renew_interval_ms, 5000);
    ck_assert_int_eq(election[2].stop_margin_ms, 4000);
    case_end(&loading);
}
END_TEST

START_TEST(every_profile_is_good)
{
    expect_good("profile: fast\n");
    expect_good("profile: default\n");
    expect_good("profile: stable\n");
}
END_TEST

START_TEST(a_lease_lasts_1s_to_24h)
{
    static const char rest[] =
        "  profile: fast\n  renew_interval: 100ms\n  operation_timeout: 90ms\n";
    struct text settings = {0};
    text_addf(&settings, "%s  lease_duration: 1s\n", rest);
    expect_election(settings.bytes, "");
    text_clear(&settings);
    text_addf(&settings, "%s  lease_duration: 999ms\n", rest);
    expect_election(settings.bytes,
                    "test.yaml:6:19: elections[0].lease_duration: must be 1s to 24h "
                    "(value 999ms)\n");
    text_clear(&settings);
    text_addf(&settings, "%s  lease_duration: 86400001ms\n", rest);
    expect_election(settings.bytes,
                    "test.yaml:6:19: elections[0].lease_duration: must be 1s to 24h "
                    "(value 86400001ms)\n");
    text_free(&settings);
}
END_TEST

START_TEST(a_lease_above_1h_is_doubtful)
{
    expect_election("  lease_duration: 1h\n", "");
    expect_election("  lease_duration: 3600001ms\n",
                    "test.yaml:3:19: elections[0].lease_duration: warning: above 1h makes for long "
                    "failover times (value 3600001ms)\n");
    expect_election("  lease_duration: 24h\n",
                    "test.yaml:3:19: elections[0].lease_duration: warning: above 1h makes for long "
                    "failover times (value 24h)\n");
}
END_TEST

START_TEST(a_renewal_comes_well_before_the_end)
{
    expect_election("  lease_duration: 15s\n  renew_interval: 15s\n",
                    "test.yaml:4:19: elections[0].renew_interval: must be shorter than "
                    "lease_duration, 15s (value 15s)\n");
    expect_election("  lease_duration: 15s\n  renew_interval: 14s\n",
                    "test.yaml:4:19: elections[0].renew_interval: must be at most a third of "
                    "lease_duration, 15s (value 14s)\n");
    expect_election("  lease_duration: 15s\n  renew_interval: 5001ms\n",
                    "test.yaml:4:19: elections[0].renew_interval: must be at most a third of "
                    "lease_duration, 15s (value 5001ms)\n");
    expect_election("  lease_duration: 15s\n  renew_interval: 5s\n", "");
}
END_TEST

START_TEST(a_call_gives_up_before_the_next_renewal)
{
    expect_election("  lease_duration: 1m\n  renew_interval: 5s\n  operation_timeout: 4999ms\n",
                    "");
    expect_election("  lease_duration: 1m\n  renew_interval: 5s\n  operation_timeout: 5s\n",
                    "test.yaml:5:22: elections[0].operation_timeout: must be shorter than "
                    "renew_interval, 5s (value 5s)\n");
}
END_TEST

/* 5s + 2 * 2s + stop_margin + 300ms (2 % of 15s) <= 15s: stop_margin may be 5700ms. */
START_TEST(one_lost_renewal_never_costs_the_lease)
{
    expect_election("  stop_margin: 5700ms\n", "");
    expect_election("  stop_margin: 5701ms\n",
                    "test.yaml:2:3: elections[0].lease_duration: must be at least 15001ms, or one "
                    "lost renewal costs the lease: renew_interval 5s + 2 * operation_timeout 2s + "
                    "stop_margin 5701ms + clock margin 300ms (value 15s)\n");
}
END_TEST

/* Of a lease of 1s the margin is not 20ms but 50ms. */
START_TEST(the_clock_margin_is_at_least_50ms)
{
    expect_election("  profile: fast\n  lease_duration: 1s\n  renew_interval: 300ms\n"
                    "  operation_timeout: 100ms\n  stop_margin: 450ms\n",
                    "");
    expect_election("  profile: fast\n  lease_duration: 1s\n  renew_interval: 300ms\n"
                    "  operation_timeout: 100ms\n  stop_margin: 451ms\n",
                    "test.yaml:4:19: elections[0].lease_duration: must be at least 1001ms, or one "
                    "lost renewal costs the lease: renew_interval 300ms + 2 * operation_timeout "
                    "100ms + stop_margin 451ms + clock margin 50ms (value 1s)\n");
}
END_TEST

START_TEST(frequent_renewals_are_doubtful_unless_asked_for)
{
    expect_election("  renew_interval: 4999ms\n",
                    "test.yaml:3:19: elections[0].renew_interval: warning: below 5s may cause "
                    "excessive network traffic (value 4999ms)\n");
    expect_election("  renew_interval: 5s\n", "");
    expect_election("  profile: fast\n  renew_interval: 700ms\n", "");
}
END_TEST

START_TEST(a_refused_duration_is_not_complained_about_twice)
{
    expect_election(
        "  renew_interval: 5x\n",
        "test.yaml:3:19: elections[0].renew_interval: must be a duration such as 500ms, "
        "15s, 10m or 1h (value 5x)\n");
}
END_TEST

START_TEST(an_elector_gets_its_options)
{
    struct config_case loading = {0};
    struct elector_options options;
    case_load(&loading, "participant_id: p\nstore: {url: \"redis://h\"}\n"
                        "elections: [{name: a, role: observer, drain: 7s, stop_margin: 1s}]\n");
    config_elector_options(loading.config, &loading.config->elections[0], &options);
    ck_assert_str_eq(options.participant, "p");
    ck_assert(options.observer);
    ck_assert(!options.shared_clock);
    ck_assert_int_eq(options.lease_ms, 15000);
    ck_assert_int_eq(options.renew_interval_ms, 5000);
    ck_assert_int_eq(options.retry_interval_ms, 2000);
    ck_assert_int_eq(options.operation_timeout_ms, 2000);
    ck_assert_int_eq(options.stop_margin_ms, 1000);
    ck_assert_int_eq(loading.config->elections[0].drain_ms, 7000);
    case_end(&loading);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("timing");
    TCase *tests = tcase_create("timing");
    tcase_add_test(tests, a_profile_sets_the_timing);
    tcase_add_test(tests, every_profile_is_good);
    tcase_add_test(tests, a_lease_lasts_1s_to_24h);
    tcase_add_test(tests, a_lease_above_1h_is_doubtful);
    tcase_add_test(tests, a_renewal_comes_well_before_the_end);
    tcase_add_test(tests, a_call_gives_up_before_the_next_renewal);
    tcase_add_test(tests, one_lost_renewal_never_costs_the_lease);
    tcase_add_test(tests, the_clock_margin_is_at_least_50ms);
    tcase_add_test(tests, frequent_renewals_are_doubtful_unless_asked_for);
    tcase_add_test(tests, a_refused_duration_is_not_complained_about_twice);
    tcase_add_test(tests, an_elector_gets_its_options);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
