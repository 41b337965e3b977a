/* on_change and health_check of an election. */
#include "tests/unit/config/config_case.h"

static void expect_check(const char *check, const char *fault)
{
    struct text yaml = {0};
    text_addf(&yaml, "elections:\n- name: a\n  health_check: %s\n", check);
    expect_issues(yaml.bytes, fault);
    text_free(&yaml);
}

START_TEST(a_hook_has_a_command_and_a_time)
{
    struct config_case loading = {0};
    case_load(&loading, "elections:\n- {name: a, on_change: {command: [sh, -c, \"x $$y\", ''], "
                        "timeout: 2s}}\n- {name: b, on_change: null}\n- name: c\n");
    const struct config_hook *hook = loading.config->elections[0].on_change;
    ck_assert_uint_eq(hook->command_count, 4);
    ck_assert_str_eq(hook->command[2], "x $y");
    ck_assert_str_eq(hook->command[3], "");
    ck_assert_ptr_null(hook->command[4]);
    ck_assert_int_eq(hook->timeout_ms, 2000);
    ck_assert_ptr_null(loading.config->elections[1].on_change);
    ck_assert_ptr_null(loading.config->elections[2].on_change);
    case_end(&loading);
}
END_TEST

START_TEST(a_hook_without_a_program_is_refused)
{
    static const char *const faults[][2] = {
        {"{}", "3:14: elections[0].on_change.command: is missing"},
        {"{command: []}",
         "3:24: elections[0].on_change.command: must have 1 to 64 items (value: 0)"},
        {"{command: ['', x]}",
         "3:24: elections[0].on_change.command: must begin with the program to run"},
        {"/etc/hook", "3:14: elections[0].on_change: must be a mapping of keys, or null"},
        {"{command: [x], timout: 1s}", "3:29: elections[0].on_change.timout: is not a known key; "
                                       "did you mean timeout?"},
        {"{command: [x], timeout: 0s}", "3:38: elections[0].on_change.timeout: must be 100ms to 1h "
                                        "(value 0s)"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct text yaml = {0};
        struct text printed = {0};
        text_addf(&yaml, "elections:\n- name: a\n  on_change: %s\n", faults[i][0]);
        text_addf(&printed, "test.yaml:%s\n", faults[i][1]);
        expect_issues(yaml.bytes, printed.bytes);
        text_free(&yaml);
        text_free(&printed);
    }
}
END_TEST

START_TEST(a_health_check_asks_in_one_way)
{
    expect_check("{http: \"http://h/x\"}", "");
    expect_check("{http: \"http://[::1]:81\", timeout: 10s}", "");
    expect_check("{tcp: \"h:1\", command: []}", "");
    expect_check("{command: [\"true\"]}", "");
    expect_check("{interval: 1s}",
                 "test.yaml:3:17: elections[0].health_check: must have one of http, tcp and "
                 "command\n");
    expect_check("{tcp: \"h:1\", command: [x]}",
                 "test.yaml:3:17: elections[0].health_check: must have one of http, tcp and "
                 "command, not several\n");
}
END_TEST

START_TEST(where_to_ask_must_be_an_address)
{
    expect_check("{http: \"https://h/\"}",
                 "test.yaml:3:24: elections[0].health_check.http: must be http://; for https use "
                 "command, with curl for one (value https://h/)\n");
    static const char *const bad[] = {"ftp://h/",    "http://",        "http:///x",
                                      "http://h:0",  "http://h:66666", "http://u@h/",
                                      "http://h/#f", "http://h/ x",    "http://h?q"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text check = {0};
        struct text printed = {0};
        text_addf(&check, "{http: \"%s\"}", bad[i]);
        text_addf(&printed,
                  "test.yaml:3:24: elections[0].health_check.http: must be "
                  "http://HOST[:PORT][/PATH] (value %s)\n",
                  bad[i]);
        expect_check(check.bytes, printed.bytes);
        text_free(&check);
        text_free(&printed);
    }
    expect_check("{tcp: \"h\"}",
                 "test.yaml:3:23: elections[0].health_check.tcp: must be HOST:PORT (value h)\n");
}
END_TEST

START_TEST(a_gated_candidate_begins_as_unhealthy)
{
    struct config_case loading = {0};
    struct elector_options options;
    case_load(&loading, "elections:\n- {name: a, health_check: {tcp: \"h:1\"}}\n- {name: b}\n");
    config_elector_options(loading.config, &loading.config->elections[0], &options);
    ck_assert(options.gated);
    config_elector_options(loading.config, &loading.config->elections[1], &options);
    ck_assert(!options.gated);
    case_end(&loading);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("workload");
    TCase *tests = tcase_create("workload");
    tcase_add_test(tests, a_hook_has_a_command_and_a_time);
    tcase_add_test(tests, a_hook_without_a_program_is_refused);
    tcase_add_test(tests, a_health_check_asks_in_one_way);
    tcase_add_test(tests, where_to_ask_must_be_an_address);
    tcase_add_test(tests, a_gated_candidate_begins_as_unhealthy);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
