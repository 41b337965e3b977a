#include "tests/unit/config/config_case.h"

START_TEST(a_wrong_type_is_refused)
{
    expect_issues("elections: 5\n", "test.yaml:1:12: elections: must be a list\n");
    expect_issues("elections: [billing]\n",
                  "test.yaml:1:13: elections[0]: must be a mapping of keys\n");
    expect_issues("store: local\n", "test.yaml:1:8: store: must be a mapping of keys\n");
    expect_issues("store:\n", "test.yaml:1:7: store: is empty; leave it out for its defaults\n");
    expect_issues("profile: [fast]\n",
                  "test.yaml:1:10: profile: must be a single value, not a list\n");
    expect_issues("metadata: x\n",
                  "test.yaml:1:11: metadata: must be a mapping of keys to texts\n");
    expect_issues("metadata: {a: {b: c}}\n", "test.yaml:1:15: metadata.a: must be a text\n");
    expect_issues("store: {restart_guard: \"true\"}\n",
                  "test.yaml:1:24: store.restart_guard: must be true or false, without quotes "
                  "(value true)\n");
    expect_issues("store: {restart_guard: yes}\n",
                  "test.yaml:1:24: store.restart_guard: must be true or false (value yes)\n");
    expect_issues("store: {keepalive: 15}\n",
                  "test.yaml:1:20: store.keepalive: must be a duration such as 500ms, 15s, 10m or "
                  "1h (value 15)\n");
    expect_issues("http: {max_watchers: many}\n",
                  "test.yaml:1:22: http.max_watchers: must be a whole number of 1 to 50000 (value "
                  "many)\n");
    expect_issues("participant_id: null\n",
                  "test.yaml:1:17: participant_id: must have a value; leave the key out for its "
                  "default\n");
}
END_TEST

START_TEST(an_unknown_key_is_refused_with_a_suggestion)
{
    expect_issues("electons: []\n",
                  "test.yaml:1:1: electons: is not a known key; did you mean elections?\n");
    expect_issues("store:\n  connect_timout: 5s\n",
                  "test.yaml:2:3: store.connect_timout: is not a known key; did you mean "
                  "connect_timeout?\n");
    expect_issues("elections:\n  - {name: a, lease: 15s}\n",
                  "test.yaml:2:15: elections[0].lease: is not a known key\n");
    expect_issues("url: local\n",
                  "test.yaml:1:1: url: is not a known key; did you mean store.url?\n");
    expect_issues("store.url: local\n", "test.yaml:1:1: store.url: is not a known key\n");
    expect_issues("store: {sentinels: {}}\n",
                  "test.yaml:1:9: store.sentinels: is not a known key\n");
    expect_issues("store: {tls: {cafile: /a}}\n",
                  "test.yaml:1:15: store.tls.cafile: is not a known key; did you mean ca_file?\n");
}
END_TEST

START_TEST(a_repeated_key_is_refused)
{
    expect_issues("profile: fast\nprofile: fast\n",
                  "test.yaml:2:1: profile: is given twice, first in line 1\n");
    expect_issues("metadata: {a: b, a: c}\n",
                  "test.yaml:1:18: metadata.a: is given twice, first in line 1\n");
    expect_issues("elections: [{name: a, name: b}]\n",
                  "test.yaml:1:23: elections[0].name: is given twice, first in line 1\n");
}
END_TEST

START_TEST(all_errors_are_told_at_once_before_the_warnings)
{
    expect_issues("store: {url: \"redis://:pw@h\"}\n"
                  "log: {level: inof, format: xml}\n"
                  "http: {max_connections: 1}\n",
                  "test.yaml:2:14: log.level: must be debug, info, warn or error (value inof); did "
                  "you mean info?\n"
                  "test.yaml:2:28: log.format: must be auto, text, logfmt, json or journal (value "
                  "xml)\n"
                  "test.yaml:3:25: http.max_connections: must be a whole number of 32 to 65536 "
                  "(value 1)\n"
                  "test.yaml:1:14: store.url: warning: holds a password; store.password_file keeps "
                  "it out of sight\n");
}
END_TEST

START_TEST(an_empty_list_of_elections_is_refused)
{
    expect_issues("elections: []\n",
                  "test.yaml:1:12: elections: must have 1 to 10000 items (value: 0)\n");
}
END_TEST

START_TEST(bounds_are_inclusive)
{
    expect_good("http: {max_connections: 32, max_watchers: 50000}\n");
    expect_issues("http: {max_watchers: 50001}\n",
                  "test.yaml:1:22: http.max_watchers: must be a whole number of 1 to 50000 (value "
                  "50001)\n");
    expect_good("store: {connect_timeout: 100ms, reconnect: {min: 1h, max: 1h}}\n");
    expect_issues("store: {connect_timeout: 99ms}\n",
                  "test.yaml:1:26: store.connect_timeout: must be 100ms to 10m (value 99ms)\n");
    expect_issues("http: {max_watchers: 99999999999999999999}\n",
                  "test.yaml:1:22: http.max_watchers: must be a whole number of 1 to 50000 (value "
                  "99999999999999999999)\n");
}
END_TEST

START_TEST(an_election_needs_a_proper_name)
{
    static const char why[] = "must be of letters, digits and . _ : -, beginning with a letter or "
                              "digit";
    expect_good("elections: [{name: \"9a.B_c:d-e\"}]\n");
    expect_issues("elections: [{role: observer}]\n",
                  "test.yaml:1:13: elections[0].name: is missing\n");
    static const char *const bad[] = {"-a", "a b", "a/b", "\xc3\xa9", ".a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text yaml = {0};
        struct text printed = {0};
        text_addf(&yaml, "elections: [{name: \"%s\"}]\n", bad[i]);
        text_addf(&printed, "test.yaml:1:20: elections[0].name: %s (value %s)\n", why, bad[i]);
        expect_issues(yaml.bytes, printed.bytes);
        text_free(&yaml);
        text_free(&printed);
    }
}
END_TEST

START_TEST(a_participant_is_of_printable_characters)
{
    expect_good("participant_id: m\xc3\xbcller/1\n");
    expect_issues("participant_id: a b\n",
                  "test.yaml:1:17: participant_id: must be of printable characters without space "
                  "(value a b)\n");
    expect_issues("participant_id: \"\"\n",
                  "test.yaml:1:17: participant_id: must be of 1 to 128 characters (value )\n");
    expect_issues("participant_id: \"a\\u00a0b\\u0007\"\n",
                  "test.yaml:1:17: participant_id: must be of printable characters without space "
                  "(value a\xc2\xa0"
                  "b?)\n");
}
END_TEST

START_TEST(a_key_prefix_may_be_empty_and_has_no_space)
{
    expect_good("store: {key_prefix: \"\"}\n");
    expect_good("store: {key_prefix: \"{tag}:\"}\n");
    expect_issues("store: {key_prefix: \"a b\"}\n",
                  "test.yaml:1:21: store.key_prefix: must be of printable characters without space "
                  "(value a b)\n");
    struct config_case loading = {0};
    struct text yaml = {0};
    text_add(&yaml, "store: {key_prefix: \"");
    for (int i = 0; i < 86; i++) {
        text_add(&yaml, "\xe2\x82\xac");
    }
    text_add(&yaml, "\"}\n");
    case_load(&loading, yaml.bytes);
    ck_assert_ptr_nonnull(strstr(loading.printed.bytes, "must be of at most 256 bytes"));
    case_end(&loading);
    text_free(&yaml);
}
END_TEST

static void expect_metadata(size_t key_length, size_t value_length, bool good)
{
    struct text yaml = {0};
    text_add(&yaml, "metadata: {\"");
    for (size_t i = 0; i < key_length; i++) {
        text_add(&yaml, "\xc3\xa9");
    }
    text_add(&yaml, "\": \"");
    for (size_t i = 0; i < value_length; i++) {
        text_add(&yaml, "\xe2\x82\xac");
    }
    text_add(&yaml, "\"}\n");
    struct config_case loading = {0};
    case_load(&loading, yaml.bytes);
    ck_assert_int_eq(loading.config != NULL, good);
    case_end(&loading);
    text_free(&yaml);
}

START_TEST(metadata_has_bounds)
{
    expect_metadata(64, 1000, true);
    expect_metadata(65, 1, false);
    expect_metadata(1, 1001, false);
    expect_metadata(1, 0, true);
    expect_issues("metadata: {\" \": x}\n", "test.yaml:1:17: metadata. : must not be blank\n");
    expect_issues("metadata: {a: null}\n", "test.yaml:1:15: metadata.a: must be a text\n");
    struct text yaml = {0};
    text_add(&yaml, "metadata:\n");
    for (int i = 0; i < 16; i++) {
        text_addf(&yaml, "  k%d: %d\n", i, i);
    }
    expect_good(yaml.bytes);
    struct text more = {0};
    text_addf(&more, "%selections: [{name: a, metadata: {extra: 1}}]\n", yaml.bytes);
    expect_issues(more.bytes, "test.yaml:18:33: elections[0].metadata: must have at most 16 keys, "
                              "those of the top metadata counted (value: 17)\n");
    text_add(&yaml, "  k16: 1\n");
    expect_issues(yaml.bytes, "test.yaml:2:3: metadata: must have at most 16 keys (value: 17)\n");
    text_free(&yaml);
    text_free(&more);
}
END_TEST

START_TEST(an_election_inherits_metadata_and_may_replace_it)
{
    struct config_case loading = {0};
    case_load(&loading, "metadata: {node: n1, zone: z}\n"
                        "elections: [{name: a, metadata: {node: n2}}, {name: b}]\n");
    const struct config_metadata *first = &loading.config->elections[0].metadata;
    const struct config_metadata *second = &loading.config->elections[1].metadata;
    ck_assert_uint_eq(first->count, 2);
    ck_assert_str_eq(first->pairs[0].value, "n2");
    ck_assert_str_eq(first->pairs[1].value, "z");
    ck_assert_uint_eq(second->count, 2);
    ck_assert_str_eq(second->pairs[0].value, "n1");
    case_end(&loading);
}
END_TEST

START_TEST(a_secret_file_is_a_path_or_a_credential)
{
    static const char *const environment[] = {"CREDENTIALS_DIRECTORY", "/run/credentials/l", NULL};
    struct config_case loading = {.environment = environment};
    case_load(&loading, "store:\n  password_file: redis\nhttp: {token_file: /etc/token}\n");
    ck_assert_str_eq(loading.config->store.password_file, "/run/credentials/l/redis");
    ck_assert_uint_eq(loading.config->store.password_file_place.line, 2);
    ck_assert_uint_eq(loading.config->store.password_file_place.column, 18);
    ck_assert_str_eq(loading.config->http.token_file, "/etc/token");
    case_end(&loading);
    expect_issues("http: {token_file: token}\n",
                  "test.yaml:1:20: http.token_file: must be a path; a bare name is that of a "
                  "credential, and $CREDENTIALS_DIRECTORY is not set (value token)\n");
}
END_TEST

START_TEST(the_store_has_keys_for_tls_sentinels_and_resilience)
{
    static const char *const environment[] = {"CREDENTIALS_DIRECTORY", "/run/credentials/l", NULL};
    struct config_case loading = {.environment = environment};
    case_load(&loading, "store:\n"
                        "  url: rediss+sentinel://s/m\n"
                        "  sentinel_username: u\n"
                        "  sentinel_password_file: sentinel\n"
                        "  tls: {ca_file: /ca, cert_file: cert,\n"
                        "        key_file: /key, server_name: \"::1\", min_version: 1.3}\n"
                        "  circuit_breaker: {failures: 1000, open_for: 100ms}\n"
                        "  min_replicas: 16\n");
    ck_assert_str_eq(loading.printed.bytes, "");
    const struct config_store *store = &loading.config->store;
    ck_assert_str_eq(store->sentinel_username, "u");
    ck_assert_str_eq(store->sentinel_password_file, "/run/credentials/l/sentinel");
    ck_assert_uint_eq(store->sentinel_password_file_place.line, 4);
    ck_assert_str_eq(store->tls.ca_file, "/ca");
    ck_assert_uint_eq(store->tls.ca_file_place.column, 18);
    ck_assert_str_eq(store->tls.cert_file, "/run/credentials/l/cert");
    ck_assert_uint_eq(store->tls.cert_file_place.line, 5);
    ck_assert_str_eq(store->tls.key_file, "/key");
    ck_assert_uint_eq(store->tls.key_file_place.line, 6);
    ck_assert_str_eq(store->tls.server_name, "::1");
    ck_assert(store->tls.verify);
    ck_assert_int_eq(store->tls.min_version, CONFIG_TLS_1_3);
    ck_assert_int_eq(store->breaker_failures, 1000);
    ck_assert_int_eq(store->breaker_open_ms, 100);
    ck_assert_int_eq(store->min_replicas, 16);
    case_end(&loading);
}
END_TEST

START_TEST(the_store_has_defaults)
{
    struct config_case loading = {0};
    case_load(&loading, "");
    const struct config_store *store = &loading.config->store;
    ck_assert_ptr_null(store->sentinel_username);
    ck_assert_ptr_null(store->sentinel_password_file);
    ck_assert_ptr_null(store->tls.ca_file);
    ck_assert_ptr_null(store->tls.cert_file);
    ck_assert_ptr_null(store->tls.key_file);
    ck_assert_ptr_null(store->tls.server_name);
    ck_assert(store->tls.verify);
    ck_assert_int_eq(store->tls.min_version, CONFIG_TLS_1_2);
    ck_assert_int_eq(store->breaker_failures, 5);
    ck_assert_int_eq(store->breaker_open_ms, 5000);
    ck_assert_int_eq(store->min_replicas, 0);
    case_end(&loading);
}
END_TEST

START_TEST(keys_of_the_store_have_bounds)
{
    expect_issues("store: {circuit_breaker: {failures: 0, open_for: 601s}, min_replicas: 17}\n",
                  "test.yaml:1:37: store.circuit_breaker.failures: must be a whole number of 1 to "
                  "1000 (value 0)\n"
                  "test.yaml:1:50: store.circuit_breaker.open_for: must be 100ms to 10m (value "
                  "601s)\n"
                  "test.yaml:1:71: store.min_replicas: must be a whole number of 0 to 16 (value "
                  "17)\n");
    expect_issues("store: {tls: {min_version: 1.1}}\n",
                  "test.yaml:1:28: store.tls.min_version: must be 1.2 or 1.3 (value 1.1); did you "
                  "mean 1.2?\n");
    expect_issues("store: {tls: {server_name: \"redis:6379\"}}\n",
                  "test.yaml:1:28: store.tls.server_name: must be a host name or an IP address, "
                  "without a port (value redis:6379)\n");
}
END_TEST

START_TEST(a_refused_boolean_is_not_complained_about_twice)
{
    expect_issues("store: {url: \"rediss://h\", tls: {verify: no}}\n",
                  "test.yaml:1:42: store.tls.verify: must be true or false (value no)\n");
    expect_issues("store: {url: \"rediss://h\", tls: {verify: []}}\n",
                  "test.yaml:1:42: store.tls.verify: must be a single value, not a list\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("keys");
    TCase *tests = tcase_create("keys");
    tcase_add_test(tests, a_wrong_type_is_refused);
    tcase_add_test(tests, an_unknown_key_is_refused_with_a_suggestion);
    tcase_add_test(tests, a_repeated_key_is_refused);
    tcase_add_test(tests, all_errors_are_told_at_once_before_the_warnings);
    tcase_add_test(tests, an_empty_list_of_elections_is_refused);
    tcase_add_test(tests, bounds_are_inclusive);
    tcase_add_test(tests, an_election_needs_a_proper_name);
    tcase_add_test(tests, a_participant_is_of_printable_characters);
    tcase_add_test(tests, a_key_prefix_may_be_empty_and_has_no_space);
    tcase_add_test(tests, metadata_has_bounds);
    tcase_add_test(tests, an_election_inherits_metadata_and_may_replace_it);
    tcase_add_test(tests, a_secret_file_is_a_path_or_a_credential);
    tcase_add_test(tests, the_store_has_keys_for_tls_sentinels_and_resilience);
    tcase_add_test(tests, the_store_has_defaults);
    tcase_add_test(tests, keys_of_the_store_have_bounds);
    tcase_add_test(tests, a_refused_boolean_is_not_complained_about_twice);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
