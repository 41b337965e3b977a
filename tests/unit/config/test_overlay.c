#include "tests/unit/config/config_case.h"

START_TEST(without_a_file_the_defaults_hold)
{
    struct config_case loading = {0};
    case_load(&loading, NULL);
    const struct config *config = loading.config;
    ck_assert_ptr_null(config->file);
    ck_assert_str_eq(config->participant_id, "web-1");
    ck_assert_int_eq(config->store.url.kind, STORE_KIND_LOCAL);
    ck_assert_str_eq(config->store.url.path, "/run/leaderd/leases.db");
    ck_assert_uint_eq(config->election_count, 1);
    ck_assert_str_eq(config->elections[0].name, "default");
    ck_assert_int_eq(config->elections[0].lease_ms, 15000);
    ck_assert_uint_eq(config->http.listener_count, 2);
    ck_assert_str_eq(config->http.listeners[0].address, "127.0.0.1:8720");
    ck_assert_int_eq(config->http.listeners[0].role, CONFIG_READ);
    ck_assert_str_eq(config->http.listeners[1].path, "/run/leaderd/control.sock");
    ck_assert_int_eq(config->http.listeners[1].role, CONFIG_CONTROL);
    ck_assert_int_eq(config->http.listeners[1].mode, 0600);
    ck_assert_str_eq(config->state_dir, "/run/leaderd");
    ck_assert_int_eq(config->max_changes_10m, 3);
    ck_assert_int_eq(config->per_election_histograms, CONFIG_AUTO);
    ck_assert_int_eq(config->log_level, CONFIG_LOG_INFO);
    ck_assert_int_eq(config->log_format, CONFIG_LOG_AUTO);
    case_end(&loading);
}
END_TEST

static const char file[] = "participant_id: of-file\nprofile: fast\n"
                           "store: {url: \"redis://of-file\"}\n"
                           "metadata: {of: file}\n"
                           "log: {level: error, format: json}\n";

START_TEST(the_environment_wins_over_the_file)
{
    static const char *const environment[] = {"LEADERD_STORE_URL",
                                              "redis://of-environment",
                                              "LEADERD_PARTICIPANT_ID",
                                              "of-environment",
                                              "LEADERD_PROFILE",
                                              "stable",
                                              "LEADERD_METADATA",
                                              "a=1,b=x=y,c=",
                                              "LEADERD_LOG_LEVEL",
                                              "debug",
                                              "LEADERD_LOG_FORMAT",
                                              "text",
                                              "LEADERD_LOG_COLOUR",
                                              "none",
                                              NULL};
    struct config_case loading = {.environment = environment};
    case_load(&loading, file);
    const struct config *config = loading.config;
    ck_assert_str_eq(loading.printed.bytes, "");
    ck_assert_str_eq(config->store.url.hosts[0].host, "of-environment");
    ck_assert_str_eq(config->participant_id, "of-environment");
    ck_assert_int_eq(config->elections[0].lease_ms, 600000);
    ck_assert_uint_eq(config->metadata.count, 3);
    ck_assert_str_eq(config->metadata.pairs[1].key, "b");
    ck_assert_str_eq(config->metadata.pairs[1].value, "x=y");
    ck_assert_str_eq(config->metadata.pairs[2].value, "");
    ck_assert_int_eq(config->log_level, CONFIG_LOG_DEBUG);
    ck_assert_int_eq(config->log_format, CONFIG_LOG_TEXT);
    case_end(&loading);
}
END_TEST

START_TEST(the_command_line_wins_over_the_environment)
{
    static const char *const environment[] = {"LEADERD_STORE_URL",
                                              "redis://of-environment",
                                              "LEADERD_PARTICIPANT_ID",
                                              "of-environment",
                                              "LEADERD_LOG_LEVEL",
                                              "debug",
                                              NULL};
    struct config_case loading = {.environment = environment};
    loading.source.flags.store = "unix:/of-flag";
    loading.source.flags.participant = "of-flag$";
    loading.source.flags.log_level = "warn";
    loading.source.flags.log_format = "logfmt";
    case_load(&loading, file);
    ck_assert_str_eq(loading.config->store.url.path, "/of-flag");
    ck_assert_str_eq(loading.config->participant_id, "of-flag$");
    ck_assert_int_eq(loading.config->log_level, CONFIG_LOG_WARN);
    ck_assert_int_eq(loading.config->log_format, CONFIG_LOG_LOGFMT);
    case_end(&loading);
}
END_TEST

START_TEST(an_empty_variable_counts_as_not_set)
{
    static const char *const environment[] = {"LEADERD_STORE_URL", "", "LEADERD_METADATA", "",
                                              NULL};
    struct config_case loading = {.environment = environment};
    case_load(&loading, file);
    ck_assert_str_eq(loading.config->store.url.hosts[0].host, "of-file");
    ck_assert_uint_eq(loading.config->metadata.count, 1);
    case_end(&loading);
}
END_TEST

START_TEST(faults_name_their_flag_or_variable)
{
    static const char *const environment[] = {"LEADERD_PROFILE", "quick", "LEADERD_METADATA",
                                              "a=1,b", NULL};
    static const char *const elections[] = {"a", "b c", "a"};
    static const char *const listeners[] = {"0.0.0.0:80", "x"};
    struct config_case loading = {.environment = environment};
    loading.source.flags.store = "redis://u:hunter2@h:x";
    loading.source.flags.participant = "a b";
    loading.source.flags.log_level = "";
    loading.source.flags.elections = elections;
    loading.source.flags.election_count = 3;
    loading.source.flags.listeners = listeners;
    loading.source.flags.listener_count = 2;
    case_load(&loading, NULL);
    ck_assert_str_eq(
        loading.printed.bytes,
        "environment: LEADERD_METADATA: must be KEY=VALUE,... (value b)\n"
        "command line: --participant: must be of printable characters without space (value a b)\n"
        "environment: LEADERD_PROFILE: must be fast, default or stable (value quick)\n"
        "command line: --store: must have a port of 1 to 65535\n"
        "command line: --election: must be of letters, digits and . _ : -, beginning with a letter "
        "or digit (value b c)\n"
        "command line: --listen: must be IP:PORT (0.0.0.0 for all addresses, [::1]:8720 for IPv6), "
        "localhost:PORT or unix:/PATH (value x)\n"
        "command line: --log-level: must be debug, info, warn or error (value )\n"
        "command line: --election: is the name of elections[0] too (value a)\n"
        "command line: --listen: can be read by other hosts, which needs http.token_file, or "
        "insecure: true (value 0.0.0.0:80)\n");
    case_end(&loading);
}
END_TEST

START_TEST(election_flags_replace_the_list_and_keep_settings)
{
    static const char *const elections[] = {"new", "b"};
    struct config_case loading = {0};
    loading.source.flags.elections = elections;
    loading.source.flags.election_count = 2;
    case_load(&loading, "elections: [{name: a}, {name: b, role: observer}, {name: c}]\n");
    ck_assert_uint_eq(loading.config->election_count, 2);
    ck_assert_str_eq(loading.config->elections[0].name, "new");
    ck_assert_int_eq(loading.config->elections[0].role, CONFIG_CANDIDATE);
    ck_assert_str_eq(loading.config->elections[1].name, "b");
    ck_assert_int_eq(loading.config->elections[1].role, CONFIG_OBSERVER);
    case_end(&loading);
}
END_TEST

START_TEST(listen_flags_replace_the_list_and_keep_settings)
{
    static const char *const listeners[] = {"127.0.0.1:1", "unix:/c"};
    struct config_case loading = {0};
    loading.source.flags.listeners = listeners;
    loading.source.flags.listener_count = 2;
    case_load(&loading, "http:\n  max_watchers: 7\n  listeners:\n"
                        "  - {address: \"unix:/c\", role: control}\n"
                        "  - {address: \"127.0.0.1:2\"}\n");
    const struct config_http *http = &loading.config->http;
    ck_assert_uint_eq(http->listener_count, 2);
    ck_assert_int_eq(http->listeners[0].port, 1);
    ck_assert_int_eq(http->listeners[0].role, CONFIG_READ);
    ck_assert_str_eq(http->listeners[1].path, "/c");
    ck_assert_int_eq(http->listeners[1].role, CONFIG_CONTROL);
    ck_assert_int_eq(http->max_watchers, 7);
    case_end(&loading);
}
END_TEST

START_TEST(a_flag_hides_no_fault_of_its_section)
{
    struct config_case loading = {0};
    loading.source.flags.store = "local";
    case_load(&loading, "store: 5\n");
    ck_assert_str_eq(loading.printed.bytes, "test.yaml:1:8: store: must be a mapping of keys\n");
    case_end(&loading);
}
END_TEST

START_TEST(a_bad_host_name_is_a_fault_of_the_configuration)
{
    struct config_issues issues = {0};
    struct text printed = {0};
    struct config_source source = {.hostname = "a b", .runtime_dir = "/run"};
    ck_assert_ptr_null(config_load(&source, &issues));
    config_issues_print(&issues, &printed);
    ck_assert_str_eq(printed.bytes, "configuration: participant_id: must be of printable "
                                    "characters without space (value a b)\n");
    config_issues_deinit(&issues);
    text_free(&printed);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("overlay");
    TCase *tests = tcase_create("overlay");
    tcase_add_test(tests, without_a_file_the_defaults_hold);
    tcase_add_test(tests, the_environment_wins_over_the_file);
    tcase_add_test(tests, the_command_line_wins_over_the_environment);
    tcase_add_test(tests, an_empty_variable_counts_as_not_set);
    tcase_add_test(tests, faults_name_their_flag_or_variable);
    tcase_add_test(tests, election_flags_replace_the_list_and_keep_settings);
    tcase_add_test(tests, listen_flags_replace_the_list_and_keep_settings);
    tcase_add_test(tests, a_flag_hides_no_fault_of_its_section);
    tcase_add_test(tests, a_bad_host_name_is_a_fault_of_the_configuration);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
