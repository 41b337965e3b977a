/* Whom the diagnostics ask, and how what is wrong with a configuration is kept. */
#include "config/target.h"

#include "tests/unit/config/config_case.h"

static struct target target;
static struct problem problem;

START_TEST(a_network_target_is_tcp_with_a_port_or_icmp_without)
{
    ck_assert(target_parse("tcp://db.example:5432", &target, &problem));
    ck_assert(!target.icmp);
    ck_assert_str_eq(target.host, "db.example");
    ck_assert_int_eq(target.port, 5432);
    ck_assert(target_parse("tcp://[::1]:65535", &target, &problem));
    ck_assert_str_eq(target.host, "::1");
    ck_assert_int_eq(target.port, 65535);
    ck_assert(target_parse("icmp://10.0.0.1", &target, &problem));
    ck_assert(target.icmp);
    ck_assert_int_eq(target.port, 0);
    static const char *const wrong[] = {
        "",           "h:1",        "udp://h:1",    "tcp://h",       "tcp://h:",
        "tcp://h:0",  "tcp://:1",   "tcp://h:x",    "tcp://h:65536", "tcp://h:000001",
        "icmp://h:1", "tcp://[::1", "tcp://[::1]1", "tcp://a b:1",   "tcp://h:1/x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!target_parse(wrong[i], &target, &problem), "%s", wrong[i]);
        ck_assert_str_eq(problem.text, "must be tcp://HOST:PORT or icmp://HOST");
    }
}
END_TEST

START_TEST(a_time_server_listens_on_123_unless_told_otherwise)
{
    ck_assert(ntp_server_parse("time.example", &target, &problem));
    ck_assert_str_eq(target.host, "time.example");
    ck_assert_int_eq(target.port, 123);
    ck_assert(ntp_server_parse("[fe80::1]", &target, &problem));
    ck_assert_str_eq(target.host, "fe80::1");
    ck_assert(ntp_server_parse("10.0.0.1:1123", &target, &problem));
    ck_assert_int_eq(target.port, 1123);
    static const char *const wrong[] = {"", ":123", "h:", "h:0", "h:99999", "ntp://h", "[::1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!ntp_server_parse(wrong[i], &target, &problem), "%s", wrong[i]);
        ck_assert_str_eq(problem.text, "must be HOST or HOST:PORT of a time server");
    }
}
END_TEST

START_TEST(a_host_has_at_most_253_characters)
{
    char text[300] = "icmp://";
    memset(text + 7, 'x', 255);
    for (size_t i = 7 + 60; i < 7 + 255; i += 60) {
        text[i] = '.';
    }
    text[7 + 253] = '\0';
    ck_assert(target_parse(text, &target, &problem));
    text[7 + 253] = 'x';
    ck_assert(!target_parse(text, &target, &problem));
}
END_TEST

START_TEST(a_wrong_target_is_told_with_its_place)
{
    expect_good("diagnostics: {network_targets: [\"tcp://h:1\", \"icmp://h\"]}\n");
    expect_good("diagnostics: {ntp: {servers: [time.example, \"10.0.0.1:123\"]}}\n");
    expect_issues("diagnostics: {network_targets: [\"tcp://h\"]}\n",
                  "test.yaml:1:33: diagnostics.network_targets[0]: must be tcp://HOST:PORT or "
                  "icmp://HOST (value tcp://h)\n");
    expect_issues("diagnostics: {ntp: {servers: [a, \"b:x\"]}}\n",
                  "test.yaml:1:34: diagnostics.ntp.servers[1]: must be HOST or HOST:PORT of a "
                  "time server (value b:x)\n");
}
END_TEST

static struct config_issues issues, others;
static struct text printed;
static const struct config_spot spot = {"a.yaml", 7, 3, "store.url"};

static void forget(void)
{
    config_issues_deinit(&issues);
    config_issues_deinit(&others);
    text_free(&printed);
}

START_TEST(only_warnings_are_taken_over)
{
    config_issues_add(&others, CONFIG_ERROR, &spot, "is wrong");
    config_issues_add(&others, CONFIG_WARNING, &spot, "is %s", "odd: 100%d");
    config_issues_add_warnings(&issues, &others);
    ck_assert_uint_eq(issues.count, 1);
    ck_assert_uint_eq(issues.errors, 0);
    ck_assert_uint_eq(issues.warnings, 1);
    config_issues_print(&issues, &printed);
    ck_assert_str_eq(printed.bytes, "a.yaml:7:3: store.url: warning: is odd: 100%d\n");
}
END_TEST

START_TEST(an_error_takes_the_place_of_a_warning)
{
    for (int i = 0; i < CONFIG_ISSUES_MAX; i++) {
        config_issues_add(&issues, CONFIG_WARNING, &spot, "is odd");
    }
    config_issues_add(&issues, CONFIG_WARNING, &spot, "is one too many");
    config_issues_add(&issues, CONFIG_ERROR, &spot, "is wrong");
    ck_assert_uint_eq(issues.count, CONFIG_ISSUES_MAX);
    ck_assert_uint_eq(issues.warnings, CONFIG_ISSUES_MAX + 1);
    ck_assert_uint_eq(issues.errors, 1);
    ck_assert_int_eq(issues.items[0].severity, CONFIG_ERROR);
    ck_assert_str_eq(issues.items[0].message, "is wrong");
    for (int i = 0; i < CONFIG_ISSUES_MAX; i++) {
        config_issues_add(&issues, CONFIG_ERROR, &spot, "is wrong, too");
    }
    ck_assert_uint_eq(issues.errors, CONFIG_ISSUES_MAX + 1);
    ck_assert_int_eq(issues.items[CONFIG_ISSUES_MAX - 1].severity, CONFIG_ERROR);
}
END_TEST

START_TEST(a_list_that_is_not_complete_says_so)
{
    issues.failed = true;
    config_issues_print(&issues, &printed);
    ck_assert_str_eq(printed.bytes, "out of memory\n");
    ck_assert_str_eq(config_severity_name(CONFIG_ERROR), "error");
    ck_assert_str_eq(config_severity_name(CONFIG_WARNING), "warning");
}
END_TEST

static Suite *targets_suite(void)
{
    Suite *suite = suite_create("targets");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, NULL, forget);
    tcase_add_test(rules, a_network_target_is_tcp_with_a_port_or_icmp_without);
    tcase_add_test(rules, a_time_server_listens_on_123_unless_told_otherwise);
    tcase_add_test(rules, a_host_has_at_most_253_characters);
    tcase_add_test(rules, a_wrong_target_is_told_with_its_place);
    tcase_add_test(rules, only_warnings_are_taken_over);
    tcase_add_test(rules, an_error_takes_the_place_of_a_warning);
    tcase_add_test(rules, a_list_that_is_not_complete_says_so);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(targets_suite)
