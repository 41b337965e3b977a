#include "lib/status/metrics_writer.h"

#include "tests/unit/check_main.h"
#include "tests/unit/status/fixture.h"

#include <math.h>
#include <string.h>

static struct text text;
static struct status_daemon at_work;
static struct elector_view view;
static struct election_counters counters;
static struct error_counters errors;
static struct metrics_election election;
static struct metrics metrics;

static bool one_request(const void *owner, size_t index, struct metrics_request *request)
{
    (void)owner;
    *request = (struct metrics_request){.handler = "/leader", .code = 503, .count = 4};
    return index == 0;
}

static void set_up(void)
{
    static const struct metrics_count levels[] = {{"error", 0}, {"warning", 2}, {NULL, 0}};
    static const struct metrics_check checks[] = {{"connectivity", true, 0.0125}, {NULL, 0, 0}};
    at_work = daemon_at_work();
    view = leader_view();
    election_counters_init(&counters);
    error_counters_init(&errors);
    election = (struct metrics_election){.status = election_of(&view), .counters = &counters};
    metrics = (struct metrics){
        .daemon = &at_work,
        .revision = "abc",
        .elections = &election,
        .election_count = 1,
        .histograms = METRICS_HISTOGRAMS_AUTO,
        .store_connects = 2,
        .store_errors = &errors,
        .checks = checks,
        .http = {.request = one_request, .connections = 3, .connections_max = 256},
        .loop_lag_seconds = 0.004,
        .log_messages = levels,
        .last_reload_successful = true,
        .last_reload_success_at_ms = WALL_MS,
        .process = {.cpu_seconds = 0.25,
                    .resident_bytes = 4096,
                    .open_fds = 9,
                    .max_fds = -1,
                    .start_time_seconds = 1795402874.12},
    };
}

static void tear_down(void)
{
    text_free(&text);
}

static void render(enum metrics_format format)
{
    text_clear(&text);
    metrics_render(&text, &metrics, format);
    ck_assert(!text.failed);
}

static void assert_line(const char *line)
{
    struct text whole = {0};
    text_addf(&whole, "\n%s\n", line);
    ck_assert_msg(strstr(text.bytes, whole.bytes) != NULL, "no line: %s\n%s", line, text.bytes);
    text_free(&whole);
}

static void assert_no(const char *part)
{
    ck_assert_msg(strstr(text.bytes, part) == NULL, "unexpected: %s", part);
}

START_TEST(the_leader_is_told_as_of_the_scrape)
{
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_is_leader{election=\"billing\"} 1");
    assert_line("leaderd_lease_remaining_seconds{election=\"billing\"} 11.873");
    assert_line("leaderd_fencing_token{election=\"billing\"} 42");
    assert_line("leaderd_lease_last_renewal_timestamp_seconds{election=\"billing\"} "
                "1795402872.293");
    assert_line("leaderd_election_info{election=\"billing\",key=\"leader-election:billing\","
                "participant_id=\"web-1\"} 1");
    view.leads = false;
    view.lease_valid = false;
    view.term = INT64_C(9007199254740991);
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_is_leader{election=\"billing\"} 0");
    assert_line("leaderd_lease_remaining_seconds{election=\"billing\"} 0");
    assert_line("leaderd_fencing_token{election=\"billing\"} 9007199254740991");
}
END_TEST

START_TEST(known_labels_are_there_from_the_start)
{
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_operations_total{election=\"billing\",operation=\"renew\",result="
                "\"timeout\"} 0");
    assert_line("leaderd_leadership_lost_total{election=\"billing\",reason=\"renew_overdue\"} 0");
    assert_line("leaderd_store_errors_total{code=\"READONLY\"} 0");
    assert_line("leaderd_log_messages_total{level=\"error\"} 0");
    assert_line("leaderd_operation_duration_seconds_count{election=\"billing\",operation="
                "\"release\"} 0");
}
END_TEST

START_TEST(daemon_store_http_and_process_are_told)
{
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_build_info{version=\"0.1.0\",revision=\"abc\"} 1");
    assert_line("leaderd_store_connected 1");
    assert_line("leaderd_store_circuit_open 0");
    assert_line("leaderd_store_connects_total 2");
    assert_line("leaderd_health_check_passing{check=\"connectivity\"} 1");
    assert_line("leaderd_health_check_duration_seconds{check=\"connectivity\"} 0.0125");
    assert_line("leaderd_http_requests_total{handler=\"/leader\",code=\"503\"} 4");
    assert_line("leaderd_http_connections 3");
    assert_line("leaderd_loop_lag_seconds 0.004");
    assert_line("leaderd_config_last_reload_success_timestamp_seconds 1795402875.12");
    assert_line("process_cpu_seconds_total 0.25");
    assert_line("# TYPE process_max_fds gauge");
    assert_no("\nprocess_max_fds ");
}
END_TEST

START_TEST(buckets_add_up)
{
    election_counters_operation(&counters, OPERATION_RENEW, OPERATION_OK, 500);
    election_counters_operation(&counters, OPERATION_RENEW, OPERATION_OK, 501);
    election_counters_operation(&counters, OPERATION_RENEW, OPERATION_TIMEOUT, 11000000);
    render(METRICS_PROMETHEUS);
#define BUCKET "leaderd_operation_duration_seconds_bucket{election=\"billing\",operation=\"renew\","
    assert_line(BUCKET "le=\"0.0005\"} 1");
    assert_line(BUCKET "le=\"0.001\"} 2");
    assert_line(BUCKET "le=\"10\"} 2");
    assert_line(BUCKET "le=\"+Inf\"} 3");
    assert_line("leaderd_operation_duration_seconds_sum{election=\"billing\",operation=\"renew\"}"
                " 11.001001");
    assert_line("leaderd_operation_duration_seconds_count{election=\"billing\",operation="
                "\"renew\"} 3");
    assert_line("leaderd_operations_total{election=\"billing\",operation=\"renew\",result=\"ok\"}"
                " 2");
    render(METRICS_OPENMETRICS);
    assert_line(BUCKET "le=\"10.0\"} 2");
    assert_line(BUCKET "le=\"0.001\"} 2");
}
END_TEST

START_TEST(openmetrics_names_counters_without_total)
{
    render(METRICS_PROMETHEUS);
    assert_line("# TYPE leaderd_operations_total counter");
    assert_line("# TYPE process_cpu_seconds_total counter");
    assert_no("# EOF");
    render(METRICS_OPENMETRICS);
    assert_line("# TYPE leaderd_operations counter");
    assert_line("# TYPE process_cpu_seconds counter");
    assert_line("process_cpu_seconds_total 0.25");
    assert_no("# TYPE leaderd_operations_total");
    ck_assert_uint_gt(text.length, 7);
    ck_assert_str_eq(text.bytes + text.length - 7, "\n# EOF\n");
}
END_TEST

/* Each family begins once, has HELP, and all its samples follow. */
START_TEST(families_are_whole_and_never_twice)
{
    struct text seen = {0};
    render((enum metrics_format)_i);
    text_add(&seen, "\n");
    const char *family = "";
    size_t length = 1;
    for (char *line = strtok(text.bytes, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            family = line + 7;
            length = strcspn(family, " ");
            struct text name = {0};
            text_addf(&name, "\n%.*s\n", (int)length, family);
            ck_assert_ptr_null(strstr(seen.bytes, name.bytes));
            text_add(&seen, name.bytes + 1);
            text_free(&name);
        } else if (line[0] == '#') {
            ck_assert(strcmp(line, "# EOF") == 0 || strncmp(line + 7, family, length) == 0);
        } else {
            ck_assert_msg(strncmp(line, family, length) == 0, "%s", line);
        }
    }
    text_free(&seen);
}
END_TEST

START_TEST(labels_are_escaped)
{
    election.status.participant = "a\"b\\c\nd\xff";
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_election_info{election=\"billing\",key=\"leader-election:billing\","
                "participant_id=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1");
}
END_TEST

START_TEST(many_elections_have_no_histograms_unless_wanted)
{
    static struct metrics_election many[METRICS_HISTOGRAMS_MAX + 1];
    for (int i = 0; i <= METRICS_HISTOGRAMS_MAX; i++) {
        many[i] = election;
    }
    metrics.elections = many;
    metrics.election_count = METRICS_HISTOGRAMS_MAX;
    render(METRICS_PROMETHEUS);
    ck_assert_ptr_nonnull(strstr(text.bytes, "leaderd_lease_margin_ratio_bucket"));
    metrics.election_count++;
    render(METRICS_PROMETHEUS);
    assert_no("leaderd_lease_margin_ratio_bucket");
    assert_line("# TYPE leaderd_lease_margin_ratio histogram");
    metrics.histograms = METRICS_HISTOGRAMS_ALWAYS;
    render(METRICS_PROMETHEUS);
    ck_assert_ptr_nonnull(strstr(text.bytes, "leaderd_lease_margin_ratio_bucket"));
    metrics.election_count = 1;
    metrics.histograms = METRICS_HISTOGRAMS_NEVER;
    render(METRICS_PROMETHEUS);
    assert_no("leaderd_lease_margin_ratio_bucket");
}
END_TEST

START_TEST(no_server_can_fill_the_table_of_errors)
{
    char code[ERROR_CODE_SIZE];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(code, sizeof code, "E%d", i);
        error_counters_add(&errors, code);
    }
    error_counters_add(&errors, "READONLY");
    error_counters_add(&errors, "");
    error_counters_add(&errors, NULL);
    error_counters_add(&errors, "A_CODE_THAT_IS_TOO_LONG_TO_BE_KEPT");
    uint64_t total = 0;
    for (unsigned i = 0; i < errors.used; i++) {
        total += errors.codes[i].count;
    }
    ck_assert_uint_eq(total, 1004);
    ck_assert_uint_eq(errors.used, ERROR_CODES_MAX);
    ck_assert_str_eq(errors.codes[1].code, "READONLY");
    ck_assert_uint_eq(errors.codes[1].count, 1);
}
END_TEST

START_TEST(outcomes_have_results)
{
    ck_assert_int_eq(operation_result_of(LEASE_ACQUIRE, LEASE_SEEN), OPERATION_DENIED);
    ck_assert_int_eq(operation_result_of(LEASE_OBSERVE, LEASE_SEEN), OPERATION_OK);
    ck_assert_int_eq(operation_result_of(LEASE_ACQUIRE, LEASE_GUARDED), OPERATION_DENIED);
    ck_assert_int_eq(operation_result_of(LEASE_RELEASE, LEASE_GUARDED), OPERATION_OK);
    ck_assert_int_eq(operation_result_of(LEASE_RENEW, LEASE_UNKNOWN), OPERATION_TIMEOUT);
    ck_assert_int_eq(operation_result_of(LEASE_RENEW, LEASE_FAILED), OPERATION_ERROR);
    ck_assert_int_eq(operation_result_of(LEASE_RENEW, LEASE_LOST), OPERATION_DENIED);
}
END_TEST

START_TEST(verbs_are_counted_as_four_operations)
{
    static const struct {
        enum lease_verb verb;
        enum operation operation;
        const char *name;
    } verbs[] = {
        {LEASE_OBSERVE, OPERATION_OBSERVE, "observe"},
        {LEASE_ACQUIRE, OPERATION_ACQUIRE, "acquire"},
        {LEASE_BOOTSTRAP, OPERATION_ACQUIRE, "acquire"},
        {LEASE_RENEW, OPERATION_RENEW, "renew"},
        {LEASE_RELEASE, OPERATION_RELEASE, "release"},
        {LEASE_VACATE, OPERATION_RELEASE, "release"},
    };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        ck_assert_int_eq(operation_of(verbs[i].verb), verbs[i].operation);
        ck_assert_str_eq(operation_name(verbs[i].operation), verbs[i].name);
    }
    ck_assert_int_eq(operation_result_of(LEASE_RELEASE, LEASE_GAVE_UP), OPERATION_OK);
}
END_TEST

START_TEST(what_is_below_zero_counts_as_zero)
{
    struct histogram histogram;
    histogram_init(&histogram, &histogram_seconds);
    histogram_add(&histogram, -1);
    histogram_add(&histogram, NAN);
    histogram_add(&histogram, 100);
    ck_assert_uint_eq(histogram.counts[0], 2);
    ck_assert_uint_eq(histogram.counts[histogram_seconds.count], 1);
    ck_assert_double_eq(histogram.sum, 100);
}
END_TEST

static void add_one_more(void *owner, struct metrics_writer *writer)
{
    metrics_family(writer, "leaderd_more", METRICS_GAUGE, "More.");
    metrics_sample(writer, NULL, *(const double *)owner);
}

START_TEST(durations_and_what_others_add_are_told)
{
    static double more = 7;
    struct histogram duration;
    histogram_init(&duration, &histogram_seconds);
    histogram_add(&duration, 0.02);
    metrics.http.duration = &duration;
    metrics.more = add_one_more;
    metrics.more_owner = &more;
    render(METRICS_PROMETHEUS);
    assert_line("leaderd_http_request_duration_seconds_bucket{le=\"0.01\"} 0");
    assert_line("leaderd_http_request_duration_seconds_bucket{le=\"0.025\"} 1");
    assert_line("leaderd_http_request_duration_seconds_count 1");
    assert_line("leaderd_more 7");
}
END_TEST

static Suite *metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, the_leader_is_told_as_of_the_scrape);
    tcase_add_test(rules, known_labels_are_there_from_the_start);
    tcase_add_test(rules, daemon_store_http_and_process_are_told);
    tcase_add_test(rules, buckets_add_up);
    tcase_add_test(rules, openmetrics_names_counters_without_total);
    tcase_add_loop_test(rules, families_are_whole_and_never_twice, METRICS_PROMETHEUS,
                        METRICS_OPENMETRICS + 1);
    tcase_add_test(rules, labels_are_escaped);
    tcase_add_test(rules, many_elections_have_no_histograms_unless_wanted);
    tcase_add_test(rules, no_server_can_fill_the_table_of_errors);
    tcase_add_test(rules, outcomes_have_results);
    tcase_add_test(rules, verbs_are_counted_as_four_operations);
    tcase_add_test(rules, what_is_below_zero_counts_as_zero);
    tcase_add_test(rules, durations_and_what_others_add_are_told);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(metrics_suite)
