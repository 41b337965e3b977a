#include "tests/unit/config/config_case.h"

START_TEST(a_duplicate_election_is_refused)
{
    expect_issues("elections: [{name: a}, {name: b}, {name: a}, {name: a}]\n",
                  "test.yaml:1:42: elections[2].name: is the name of elections[0] too (value a)\n"
                  "test.yaml:1:53: elections[3].name: is the name of elections[2] too (value a)\n");
}
END_TEST

static void expect_listener(const char *listener, const char *issue)
{
    struct text yaml = {0};
    text_addf(&yaml, "http: {listeners: [%s]}\n", listener);
    expect_issues(yaml.bytes, issue);
    text_free(&yaml);
}

START_TEST(control_over_tcp_needs_a_token)
{
    static const char issue[] =
        "test.yaml:1:30: http.listeners[0].address: gives control over TCP, which needs "
        "http.token_file (value 127.0.0.1:1)\n";
    expect_listener("{address: \"127.0.0.1:1\", role: control}", issue);
    expect_listener("{address: \"127.0.0.1:1\", role: control, insecure: true}", issue);
    expect_good("http: {token_file: /t, listeners: [{address: \"0.0.0.0:1\", role: control}]}\n");
    expect_good("http: {listeners: [{address: \"unix:/c\", role: control}]}\n");
}
END_TEST

START_TEST(reading_from_other_hosts_needs_a_token_or_a_word)
{
    expect_listener("{address: \"0.0.0.0:1\"}",
                    "test.yaml:1:30: http.listeners[0].address: can be read by other hosts, which "
                    "needs http.token_file, or insecure: true (value 0.0.0.0:1)\n");
    expect_listener("{address: \"[::]:1\"}",
                    "test.yaml:1:30: http.listeners[0].address: can be read by other hosts, which "
                    "needs http.token_file, or insecure: true (value [::]:1)\n");
    expect_listener("{address: \"0.0.0.0:1\", insecure: true}", "");
    expect_listener("{address: \"0.0.0.0:1\", role: probe}", "");
    expect_listener("{address: \"127.8.9.10:1\"}, {address: \"[::1]:1\"}", "");
    expect_listener("{address: \"localhost:1\"}", "");
    expect_good("http: {token_file: /t, listeners: [{address: \"0.0.0.0:1\"}]}\n");
}
END_TEST

START_TEST(a_malformed_address_is_refused)
{
    static const char *const bad[] = {"8720",    ":8720",       "*:8720",        "host:1",
                                      "1.2.3:1", "1.2.3.4:",    "1.2.3.4:x",     "::1:1",
                                      "[::1]",   "[1.2.3.4]:1", "1.2.3.4:65536", "[::1]1",
                                      "unix:x",  "unix:",       "unix:/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config_case loading = {0};
        struct text yaml = {0};
        text_addf(&yaml, "http: {listeners: [{address: \"%s\"}]}\n", bad[i]);
        case_load(&loading, yaml.bytes);
        ck_assert_msg(loading.issues.errors == 1, "%s: %s", bad[i], loading.printed.bytes);
        ck_assert_str_eq(loading.issues.items[0].key, "http.listeners[0].address");
        case_end(&loading);
        text_free(&yaml);
    }
}
END_TEST

START_TEST(an_address_is_taken_apart)
{
    struct config_case loading = {0};
    case_load(&loading, "http: {listeners: [{address: \"[::1]:80\"}, {address: \"localhost:0\"},\n"
                        "  {address: \"unix:$RUNTIME/c\", mode: 0660}]}\n");
    const struct config_listener *listeners = loading.config->http.listeners;
    ck_assert_str_eq(listeners[0].host, "::1");
    ck_assert_int_eq(listeners[0].port, 80);
    ck_assert(listeners[0].loopback);
    ck_assert_int_eq(listeners[0].mode, -1);
    ck_assert_str_eq(listeners[1].host, "127.0.0.1");
    ck_assert_int_eq(listeners[1].role, CONFIG_READ);
    ck_assert_ptr_null(listeners[2].host);
    ck_assert_str_eq(listeners[2].path, "/run/leaderd/c");
    ck_assert_int_eq(listeners[2].mode, 0660);
    case_end(&loading);
}
END_TEST

START_TEST(listeners_do_not_collide)
{
    expect_listener("{address: \"127.0.0.1:1\"}, {address: \"127.0.0.1:1\"}",
                    "test.yaml:1:56: http.listeners[1].address: is listened on twice (value "
                    "127.0.0.1:1)\n");
    expect_listener("{address: \"127.0.0.1:0\"}, {address: \"127.0.0.1:0\"}", "");
}
END_TEST

START_TEST(a_mode_is_for_sockets)
{
    expect_listener("{address: \"127.0.0.1:1\", mode: \"0600\"}",
                    "test.yaml:1:51: http.listeners[0].mode: is for unix sockets only\n");
    expect_listener("{address: \"unix:/c\", mode: \"rw\"}",
                    "test.yaml:1:47: http.listeners[0].mode: must be an octal file mode such as "
                    "\"0600\" (value rw)\n");
}
END_TEST

START_TEST(back_off_grows)
{
    expect_good("store: {reconnect: {min: 2s, max: 2s}}\n");
    expect_issues("store: {reconnect: {min: 2001ms, max: 2s}}\n",
                  "test.yaml:1:26: store.reconnect.min: must not be longer than "
                  "store.reconnect.max, 2s (value 2001ms)\n");
}
END_TEST

START_TEST(a_password_in_the_url_is_doubtful)
{
    static const char yaml[] = "store:\n  url: redis://u:hunter2@h\n";
    static const char warning[] = "test.yaml:2:8: store.url: warning: holds a password; "
                                  "store.password_file keeps it out of sight\n";
    expect_issues(yaml, warning);
    struct config_case loading = {.source.readable_by_others = true};
    case_load(&loading, yaml);
    ck_assert_uint_eq(loading.issues.warnings, 2);
    ck_assert_ptr_nonnull(strstr(loading.printed.bytes, "others can read the file"));
    ck_assert_str_eq(loading.config->store.url.password, "hunter2");
    ck_assert_str_eq(loading.config->store.username, "u");
    case_end(&loading);
}
END_TEST

START_TEST(a_secret_is_given_once)
{
    expect_issues("store: {url: \"redis://u:p@h\", password_file: /p}\n",
                  "test.yaml:1:14: store.url: holds a password, and store.password_file names one; "
                  "leave one out\n");
    expect_issues("store: {url: \"redis://u@h\", username: v}\n",
                  "test.yaml:1:39: store.username: is given in store.url too; leave one out\n");
}
END_TEST

START_TEST(a_password_in_any_url_of_redis_is_doubtful)
{
    static const char *const urls[] = {"rediss://:p@h", "redis+sentinel://:p@h/m",
                                       "rediss+sentinel://:p@h/m", "redis+cluster://:p@h",
                                       "rediss+cluster://:p@h"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct text yaml = {0};
        text_addf(&yaml, "store: {url: \"%s\"}\n", urls[i]);
        expect_issues(yaml.bytes, "test.yaml:1:14: store.url: warning: holds a password; "
                                  "store.password_file keeps it out of sight\n");
        text_free(&yaml);
    }
}
END_TEST

START_TEST(a_certificate_and_its_key_come_together)
{
    expect_good("store: {url: \"rediss://h\", tls: {cert_file: /c, key_file: /k}}\n");
    expect_issues("store: {url: \"rediss://h\", tls: {cert_file: /c}}\n",
                  "test.yaml:1:45: store.tls.cert_file: needs store.tls.key_file, the private key "
                  "of this certificate (value /c)\n");
    expect_issues("store: {url: \"rediss://h\", tls: {key_file: /k}}\n",
                  "test.yaml:1:44: store.tls.key_file: needs store.tls.cert_file, the certificate "
                  "of this key (value /k)\n");
}
END_TEST

START_TEST(tls_without_a_url_that_says_so_is_doubtful)
{
    static const char idle[] = "has no effect: store.url does not begin with rediss (value ";
    struct text printed = {0};
    text_addf(&printed, "test.yaml:3:14: store.tls.ca_file: warning: %s/a)\n", idle);
    text_addf(&printed, "test.yaml:4:16: store.tls.cert_file: warning: %s/c)\n", idle);
    text_addf(&printed, "test.yaml:5:15: store.tls.key_file: warning: %s/k)\n", idle);
    text_addf(&printed, "test.yaml:6:18: store.tls.server_name: warning: %sn)\n", idle);
    text_addf(&printed, "test.yaml:7:13: store.tls.verify: warning: %sfalse)\n", idle);
    static const char tls[] = "  tls:\n    ca_file: /a\n    cert_file: /c\n    key_file: /k\n"
                              "    server_name: n\n    verify: false\n";
    static const char *const urls[] = {"redis://h", "unix:/s", "redis+cluster://h", "local"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct config_case loading = {.source.flags.store = urls[i]};
        struct text yaml = {0};
        text_addf(&yaml, "store:\n%s", tls);
        case_load(&loading, yaml.bytes);
        ck_assert_str_eq(loading.printed.bytes, printed.bytes);
        case_end(&loading);
        text_free(&yaml);
    }
    text_free(&printed);
}
END_TEST

START_TEST(an_unchecked_server_is_doubtful)
{
    expect_issues("store: {url: \"rediss+cluster://h\", tls: {verify: false}}\n",
                  "test.yaml:1:50: store.tls.verify: warning: the server's identity is not "
                  "checked: whoever answers in its place gets the password, and decides who leads "
                  "(value false)\n");
}
END_TEST

START_TEST(secrets_of_sentinels_without_sentinels_are_doubtful)
{
    static const char keys[] = "sentinel_username: u, sentinel_password_file: /p}\n";
    struct text yaml = {0};
    text_addf(&yaml, "store: {url: \"redis+sentinel://h/m\", %s", keys);
    expect_good(yaml.bytes);
    text_clear(&yaml);
    text_addf(&yaml, "store: {url: \"redis+cluster://h\", %s", keys);
    expect_issues(yaml.bytes,
                  "test.yaml:1:54: store.sentinel_username: warning: has no effect: store.url does "
                  "not begin with redis+sentinel or rediss+sentinel (value u)\n"
                  "test.yaml:1:81: store.sentinel_password_file: warning: has no effect: store.url "
                  "does not begin with redis+sentinel or rediss+sentinel (value /p)\n");
    text_free(&yaml);
}
END_TEST

START_TEST(a_local_store_has_no_replicas)
{
    expect_good("store: {url: \"redis://h\", min_replicas: 1}\n");
    expect_good("store: {min_replicas: 0}\n");
    expect_issues("store: {min_replicas: 2}\n",
                  "test.yaml:1:23: store.min_replicas: must be 0 with a local store, which has no "
                  "replicas (value 2)\n");
    expect_issues("store: {url: \"nosuch:\", min_replicas: 2, tls: {ca_file: /a}}\n",
                  "test.yaml:1:14: store.url: must be local, local:/path, unix:/path?db=N, "
                  "redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB or "
                  "redis+cluster://HOST:PORT,HOST:PORT; rediss in place of redis for TLS (value "
                  "nosuch:)\n");
}
END_TEST

START_TEST(variables_are_replaced)
{
    static const char *const environment[] = {"NAME", "n", "EMPTY", "", "PORT", "77", NULL};
    struct config_case loading = {.environment = environment};
    case_load(&loading, "participant_id: ${NAME}-${EMPTY:-e}-${NONE:-d}-$$x${EMPTY}\n"
                        "metadata: {a: \"${HOSTNAME}\"}\n"
                        "http:\n  max_connections: ${PORT}\n");
    ck_assert_str_eq(loading.printed.bytes, "");
    ck_assert_str_eq(loading.config->participant_id, "n-e-d-$x");
    ck_assert_str_eq(loading.config->metadata.pairs[0].value, "web-1");
    ck_assert_int_eq(loading.config->http.max_connections, 77);
    case_end(&loading);
}
END_TEST

START_TEST(a_lone_dollar_is_refused)
{
    expect_issues("participant_id: a$b\n",
                  "test.yaml:1:17: participant_id: has a lone $; a variable is ${NAME}, a dollar "
                  "sign is $$ (value a$b)\n");
    expect_issues("participant_id: a$\n",
                  "test.yaml:1:17: participant_id: has a lone $; a variable is ${NAME}, a dollar "
                  "sign is $$ (value a$)\n");
    expect_issues("participant_id: ${NOPE}\n",
                  "test.yaml:1:17: participant_id: names the variable NOPE, which is not set; "
                  "${NOPE:-...} gives it a default (value ${NOPE})\n");
    expect_issues("participant_id: ${NOPE\n",
                  "test.yaml:1:17: participant_id: has a ${ without its } (value ${NOPE)\n");
    expect_issues("participant_id: ${1}\n",
                  "test.yaml:1:17: participant_id: must name a variable as ${NAME} or "
                  "${NAME:-default} (value ${1})\n");
    expect_issues("participant_id: ${A-b}\n",
                  "test.yaml:1:17: participant_id: must name a variable as ${NAME} or "
                  "${NAME:-default} (value ${A-b})\n");
}
END_TEST

START_TEST(runtime_is_known_in_places_only)
{
    struct config_case loading = {0};
    case_load(&loading, "state_dir: $RUNTIME/state\nstore: {url: \"local:$RUNTIME/l.db\"}\n");
    ck_assert_str_eq(loading.config->state_dir, "/run/leaderd/state");
    ck_assert_str_eq(loading.config->store.url.path, "/run/leaderd/l.db");
    case_end(&loading);
    expect_issues("participant_id: $RUNTIME\n",
                  "test.yaml:1:17: participant_id: $RUNTIME is known only in "
                  "http.listeners[].address, state_dir and store.url (value "
                  "$RUNTIME)\n");
    expect_issues("state_dir: $RUNTIMES\n",
                  "test.yaml:1:12: state_dir: has a lone $; a variable is ${NAME}, a dollar sign "
                  "is $$ (value $RUNTIMES)\n");
    expect_issues("state_dir: here\n",
                  "test.yaml:1:12: state_dir: must be an absolute path (value here)\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, a_duplicate_election_is_refused);
    tcase_add_test(tests, control_over_tcp_needs_a_token);
    tcase_add_test(tests, reading_from_other_hosts_needs_a_token_or_a_word);
    tcase_add_test(tests, a_malformed_address_is_refused);
    tcase_add_test(tests, an_address_is_taken_apart);
    tcase_add_test(tests, listeners_do_not_collide);
    tcase_add_test(tests, a_mode_is_for_sockets);
    tcase_add_test(tests, back_off_grows);
    tcase_add_test(tests, a_password_in_the_url_is_doubtful);
    tcase_add_test(tests, a_secret_is_given_once);
    tcase_add_test(tests, a_password_in_any_url_of_redis_is_doubtful);
    tcase_add_test(tests, a_certificate_and_its_key_come_together);
    tcase_add_test(tests, tls_without_a_url_that_says_so_is_doubtful);
    tcase_add_test(tests, an_unchecked_server_is_doubtful);
    tcase_add_test(tests, secrets_of_sentinels_without_sentinels_are_doubtful);
    tcase_add_test(tests, a_local_store_has_no_replicas);
    tcase_add_test(tests, variables_are_replaced);
    tcase_add_test(tests, a_lone_dollar_is_refused);
    tcase_add_test(tests, runtime_is_known_in_places_only);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
