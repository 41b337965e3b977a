#include "tests/unit/config/config_case.h"

static const char full[] = "participant_id: p$$1\n"
                           "metadata: {\"a key\": \"quote \\\" back \\\\ dollar $$ nel \\x85 line "
                           "\\u2028 tab \\t\", b: ''}\n"
                           "profile: stable\n"
                           "store:\n"
                           "  url: redis://[::1]:7000/3\n"
                           "  username: app\n"
                           "  password_file: /run/secret\n"
                           "  key_prefix: \"x:\"\n"
                           "  connect_timeout: 1500ms\n"
                           "  reconnect: {min: 1s, max: 2s}\n"
                           "  restart_guard: false\n"
                           "elections:\n"
                           "- {name: a, role: observer, profile: fast, drain: 3s}\n"
                           "- {name: b, stop_margin: 0s, metadata: {own: x, b: over},\n"
                           "   on_change: {command: [a, '', \"b $$ c\"]}}\n"
                           "- {name: c, health_check: {http: \"http://h:1/x\", failures: 2}}\n"
                           "- {name: d, health_check: {command: [x, y]}}\n"
                           "http:\n"
                           "  listeners:\n"
                           "  - {address: \"0.0.0.0:1\", role: probe}\n"
                           "  - {address: \"[::]:2\", insecure: true}\n"
                           "  - {address: \"unix:/c$$\", role: control, mode: \"0666\"}\n"
                           "  allowed_hosts: [\"*.example.org\", leaderd.local]\n"
                           "  token_file: /run/token\n"
                           "state_dir: null\n"
                           "metrics: {per_election_histograms: false}\n"
                           "log: {level: warn, format: json}\n";

static char *print_of(const struct config *config)
{
    struct text text = {0};
    config_print(config, &text);
    char *bytes = text_take(&text);
    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

static char *json_of(const struct config *config)
{
    struct text text = {0};
    config_json(config, &text);
    char *bytes = text_take(&text);
    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

/* What is printed is good, means the same, and is printed in the same way again. */
static void expect_round_trip(const char *yaml)
{
    struct config_case first = {0};
    struct config_case second = {0};
    struct config_issues differences = {0};
    case_load(&first, yaml);
    char *printed = print_of(first.config);
    case_load(&second, printed);
    ck_assert_str_eq(second.printed.bytes, first.printed.bytes);
    char *again = print_of(second.config);
    char *json = json_of(first.config);
    char *json_again = json_of(second.config);
    ck_assert_str_eq(again, printed);
    ck_assert_str_eq(json_again, json);
    ck_assert(config_compare(first.config, second.config, &differences));
    free(printed);
    free(again);
    free(json);
    free(json_again);
    case_end(&first);
    case_end(&second);
}

START_TEST(what_is_printed_reads_back)
{
    expect_round_trip("");
    expect_round_trip(full);
    expect_round_trip("store: {url: \"unix:/run/a%3F b.sock?db=2\"}\n");
    expect_round_trip("store: {url: \"local:/x y%25.db\"}\n");
    expect_round_trip("store: {url: \"rediss+sentinel://u@a,b:1/m%40/2\"}\n");
    expect_round_trip("store: {url: \"redis+cluster://a,b:1\"}\n");
    expect_round_trip("store: {url: \"rediss+sentinel://a/m\", sentinel_username: u,\n"
                      "  sentinel_password_file: /p, tls: {ca_file: /a, cert_file: /c,\n"
                      "  key_file: /k, server_name: n, min_version: \"1.3\"},\n"
                      "  circuit_breaker: {failures: 7, open_for: 1s}, min_replicas: 2}\n");
    expect_round_trip("profile: fast\nelections: [{name: a}, {name: b, profile: default}]\n");
}
END_TEST

START_TEST(effective_values_are_printed)
{
    struct config_case loading = {0};
    case_load(&loading, full);
    char *printed = print_of(loading.config);
    static const char *const expected[] = {
        "participant_id: \"p$$1\"\n",
        "  \"a key\": \"quote \\u0022 back \\u005c dollar $$ nel \\u0085 line \\u2028 tab "
        "\\u0009\"\n",
        "  url: \"redis://[::1]:7000/3\"\n  username: \"app\"\n  password_file: \"/run/secret\"\n",
        "  reconnect:\n    min: 1s\n    max: 2s\n",
        "  sentinel_password_file: null\n  tls:\n    ca_file: null\n    cert_file: null\n"
        "    key_file: null\n    server_name: null\n    verify: true\n    min_version: 1.2\n"
        "  key_prefix:",
        "  circuit_breaker:\n    failures: 5\n    open_for: 5s\n  min_replicas: 0\n",
        "elections:\n  - name: \"a\"\n    role: observer\n    profile: fast\n"
        "    lease_duration: 3s\n    renew_interval: 800ms\n",
        "    - address: \"unix:/c$$\"\n      role: control\n      mode: \"0666\"\n"
        "      insecure: false\n  allowed_hosts:\n    - \"*.example.org\"\n",
        "state_dir: null\n",
        "  per_election_histograms: false\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        ck_assert_msg(strstr(printed, expected[i]) != NULL, "no %s in %s", expected[i], printed);
    }
    free(printed);
    case_end(&loading);
}
END_TEST

START_TEST(json_is_one_object)
{
    struct config_case loading = {0};
    case_load(&loading, "participant_id: p\nmetadata: {a: \"\\\"$$\"}\n");
    char *json = json_of(loading.config);
    static const char start[] = "{\"participant_id\":\"p\",\"metadata\":{\"a\":\"\\\"$\"},"
                                "\"profile\":\"default\",\"store\":{\"url\":\"local:/run/leaderd/"
                                "leases.db\",\"username\":null,";
    ck_assert_int_eq(strncmp(json, start, strlen(start)), 0);
    ck_assert_ptr_nonnull(strstr(json, "\"reconnect\":{\"min\":\"100ms\",\"max\":\"30s\"},"));
    ck_assert_ptr_nonnull(strstr(json, "\"mode\":null,\"insecure\":false},{\"address\":"));
    static const char end[] = "null},\"log\":{\"level\":\"info\",\"format\":\"auto\"}}";
    ck_assert_str_eq(json + strlen(json) - strlen(end), end);
    free(json);
    case_end(&loading);
}
END_TEST

START_TEST(a_password_is_never_printed)
{
    struct config_case loading = {0};
    case_load(&loading, "store: {url: \"redis://u:hunter2@h\"}\n");
    char *printed = print_of(loading.config);
    char *json = json_of(loading.config);
    ck_assert_ptr_null(strstr(printed, "hunter2"));
    ck_assert_ptr_null(strstr(json, "hunter2"));
    ck_assert_ptr_null(strstr(loading.printed.bytes, "hunter2"));
    ck_assert_ptr_nonnull(strstr(printed, "url: \"redis://h:6379/0\"\n  username: \"u\"\n"));
    ck_assert_ptr_nonnull(strstr(json, "\"url\":\"redis://:(set)@h:6379/0\""));
    free(printed);
    free(json);
    case_end(&loading);
}
END_TEST

/* Wherever the value goes wrong, the message does not show it. */
START_TEST(a_password_is_never_in_a_message)
{
    static const char *const bad[] = {
        "store: {url: \"redis://u:hunter2@h:x\"}\n",
        "store: {url: \"redis://u:hunter2@h/$x\"}\n",
        "store: {url: \"rediss+cluster://u:hunter2@h,h\"}\n",
        "store: {url: \"redis://u:hunter2$@h\"}\n",
        "store: {url: \"redis://u:hunter2@h\", username: v}\n",
        "store: {urll: \"redis://u:hunter2@h\"}\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config_case loading = {0};
        case_load(&loading, bad[i]);
        ck_assert_uint_ge(loading.issues.errors, 1);
        ck_assert_msg(strstr(loading.printed.bytes, "hunter2") == NULL, "%s",
                      loading.printed.bytes);
        case_end(&loading);
    }
}
END_TEST

static void expect_comparison(const char *running, const char *wanted, const char *printed)
{
    struct config_case first = {0};
    struct config_case second = {0};
    struct config_issues issues = {0};
    struct text text = {0};
    case_load(&first, running);
    case_load(&second, wanted);
    text_add(&text, "");
    ck_assert_int_eq(config_compare(first.config, second.config, &issues), printed[0] == '\0');
    config_issues_print(&issues, &text);
    ck_assert_str_eq(text.bytes, printed);
    config_issues_deinit(&issues);
    text_free(&text);
    case_end(&first);
    case_end(&second);
}

START_TEST(what_cannot_change_while_running_is_refused_by_name)
{
    expect_comparison("participant_id: a\n", "participant_id: b\n",
                      "test.yaml: participant_id: cannot change while the daemon runs; restart it "
                      "(value \"b\", running \"a\")\n");
    expect_comparison("", "store: {url: \"redis://h\"}\n",
                      "test.yaml: store.url: cannot change while the daemon runs; restart it "
                      "(value \"redis://h:6379/0\", running \"local:/run/leaderd/leases.db\")\n");
    expect_comparison("store: {url: \"redis://:a@h\"}\n", "store: {url: \"redis://:b@h\"}\n",
                      "test.yaml: store.url: cannot change while the daemon runs; restart it (its "
                      "password)\n");
    expect_comparison("store: {url: \"redis://h\"}\n",
                      "store: {url: \"rediss://h\", min_replicas: 1,\n"
                      "  tls: {ca_file: /a, verify: false}}\n",
                      "test.yaml: store.url: cannot change while the daemon runs; restart it "
                      "(value \"rediss://h:6379/0\", running \"redis://h:6379/0\")\n"
                      "test.yaml: store.tls.ca_file: cannot change while the daemon runs; restart "
                      "it (value \"/a\", running null)\n"
                      "test.yaml: store.tls.verify: cannot change while the daemon runs; restart "
                      "it (value false, running true)\n"
                      "test.yaml: store.min_replicas: cannot change while the daemon runs; restart "
                      "it (value 1, running 0)\n");
    expect_comparison("", "http: {listeners: [{address: \"127.0.0.1:1\"}]}\n",
                      "test.yaml: http.listeners: cannot change while the daemon runs; restart "
                      "it\n");
    expect_comparison("http: {allowed_hosts: [a]}\n", "http: {allowed_hosts: [b]}\n",
                      "test.yaml: http.allowed_hosts: cannot change while the daemon runs; restart "
                      "it\n");
    expect_comparison("", "state_dir: null\n",
                      "test.yaml: state_dir: cannot change while the daemon runs; restart it "
                      "(value null, running \"/run/leaderd\")\n");
}
END_TEST

START_TEST(elections_and_logging_may_change)
{
    expect_comparison("",
                      "elections: [{name: x, profile: fast}]\nlog: {level: debug}\n"
                      "metadata: {a: b}\nstability: {max_changes_10m: 9}\n",
                      "");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("print");
    TCase *tests = tcase_create("print");
    tcase_add_test(tests, what_is_printed_reads_back);
    tcase_add_test(tests, effective_values_are_printed);
    tcase_add_test(tests, json_is_one_object);
    tcase_add_test(tests, a_password_is_never_printed);
    tcase_add_test(tests, a_password_is_never_in_a_message);
    tcase_add_test(tests, what_cannot_change_while_running_is_refused_by_name);
    tcase_add_test(tests, elections_and_logging_may_change);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
