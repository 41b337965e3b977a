/* What sentinels and the nodes of a cluster are asked, and what is read in their answers. */
#include "lib/diagnostics/exam_internal.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <string.h>

static struct redis_exam exam;
static struct redis_report report;
static struct redis_endpoint asked;
static struct resp_reader *reader;
static struct text question;

static void set_up(void)
{
    exam = (struct redis_exam){.report = &report};
    report = (struct redis_report){.sentinel_count = 2};
    asked = (struct redis_endpoint){.host = "10.0.0.1", .port = 7000, .name = "10.0.0.1:7000"};
    exam.access.copy.options.master_name = "main";
    exam.access.copy.endpoints = &asked;
    exam.access.copy.endpoint_count = 1;
    (void)strcpy(report.sentinels[1].endpoint.name, "s2:26379");
    reader = resp_reader_new();
    ck_assert_ptr_nonnull(reader);
}

static void tear_down(void)
{
    resp_reader_free(reader);
    text_free(&question);
}

/* NULL: there must be none. */
static void expect_question(const struct exam_step *step, const char *expected)
{
    text_clear(&question);
    ck_assert_uint_eq(step->ask(&exam, &question), expected != NULL);
    if (expected != NULL) {
        ck_assert_str_eq(question.bytes, expected);
    }
}

static void expect_no_second_question(const struct exam_step *step)
{
    exam.index = 1;
    expect_question(step, NULL);
}

static void answer(const struct exam_step *step, const char *bytes)
{
    struct resp_value *value = NULL;
    resp_feed(reader, bytes, strlen(bytes));
    ck_assert_int_eq(resp_next(reader, &value), RESP_READY);
    step->hear(&exam, value, 400);
    resp_free(value);
}

static void answer_text(const struct exam_step *step, const char *words)
{
    char bytes[2048];
    (void)snprintf(bytes, sizeof bytes, "$%zu\r\n%s\r\n", strlen(words), words);
    answer(step, bytes);
}

static const struct exam_step *const address = &exam_sentinel_steps[0];
static const struct exam_step *const quorum = &exam_sentinel_steps[1];
static const struct exam_step *const state = &exam_topology_steps[0];
static const struct exam_step *const nodes = &exam_topology_steps[1];

static struct exam_sentinel *sentinel(void)
{
    return &report.sentinels[exam.server];
}

START_TEST(a_sentinel_names_the_primary)
{
    exam.server = 1;
    expect_question(address, "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n"
                             "$4\r\nmain\r\n");
    answer(address, "*2\r\n$8\r\n10.0.0.5\r\n$4\r\n6379\r\n");
    ck_assert(sentinel()->ok && !report.sentinels[0].ok);
    ck_assert_str_eq(sentinel()->primary, "10.0.0.5:6379");
    expect_no_second_question(address);
}
END_TEST

START_TEST(a_sentinel_that_names_no_primary_is_not_well)
{
    exam.server = 1;
    answer(address, "*-1\r\n");
    ck_assert(!sentinel()->ok);
    ck_assert_str_eq(sentinel()->error.text, "the sentinel at s2:26379 knows no master named main");
    answer(address, "*2\r\n$8\r\n10.0.0.5\r\n:6379\r\n");
    ck_assert(!sentinel()->ok);
    answer(address, "-NOAUTH Authentication required.\r\n");
    ck_assert(!sentinel()->ok);
    ck_assert_ptr_nonnull(strstr(sentinel()->error.text, "s2:26379"));
    expect_question(quorum, NULL);
}
END_TEST

START_TEST(a_sentinel_without_a_quorum_is_not_well)
{
    exam.server = 1;
    sentinel()->ok = true;
    expect_question(quorum, "*3\r\n$8\r\nSENTINEL\r\n$8\r\nCKQUORUM\r\n$4\r\nmain\r\n");
    answer(quorum, "+OK 3 usable Sentinels.\r\n");
    answer(quorum, "-ERR unknown subcommand\r\n");
    ck_assert(sentinel()->ok);
    answer(quorum, "-NOQUORUM 1 usable\x07 Sentinels\r\n");
    ck_assert(!sentinel()->ok);
    ck_assert_str_eq(sentinel()->error.text, "the sentinel at s2:26379 could not do a failover: "
                                             "NOQUORUM 1 usable? Sentinels");
    sentinel()->ok = true;
    answer(quorum, "-NOGOODSLAVE No suitable replica\r\n");
    ck_assert(!sentinel()->ok);
    sentinel()->ok = true;
    expect_no_second_question(quorum);
}
END_TEST

START_TEST(a_cluster_says_its_state)
{
    expect_question(state, "*2\r\n$7\r\nCLUSTER\r\n$4\r\nINFO\r\n");
    answer(state, "-ERR This instance has cluster support disabled\r\n");
    ck_assert_str_eq(report.cluster_state, "");
    answer_text(state, "cluster_state:fail\r\ncluster_slots_assigned:16384\r\n");
    ck_assert_str_eq(report.cluster_state, "fail");
    answer(state, "+cluster_state:ok\r\n");
    ck_assert_str_eq(report.cluster_state, "ok");
    expect_no_second_question(state);
}
END_TEST

static void assert_node(size_t index, const char *name, bool primary)
{
    ck_assert_uint_lt(index, report.node_count);
    ck_assert_str_eq(report.nodes[index].endpoint.name, name);
    ck_assert_int_eq(report.nodes[index].primary, primary);
}

START_TEST(a_cluster_names_its_nodes)
{
    expect_question(nodes, "*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n");
    answer_text(nodes, "a1 10.0.0.1:7000@17000,host myself,master - 0 0 1 connected 0-5460\n"
                       "a2 10.0.0.2:7001@17001 slave a1 0 0 1 connected\r\n"
                       "a3 :7002@17002 master - 0 0 3 connected 5461-10922\n"
                       "a4 ::1:7003@17003 master - 0 0 4 connected\n");
    ck_assert_uint_eq(report.node_count, 4);
    assert_node(0, "10.0.0.1:7000", true);
    assert_node(1, "10.0.0.2:7001", false);
    assert_node(2, "10.0.0.1:7002", true); /* without a host it is the one that was asked */
    assert_node(3, "[::1]:7003", true);
    expect_no_second_question(nodes);
}
END_TEST

START_TEST(nodes_without_an_address_and_those_that_only_join_are_passed_over)
{
    answer_text(nodes, "a1 :0@0 master,noaddr - 0 0 1 disconnected\n"
                       "a2 10.0.0.2:7001@17001 handshake - 0 0 0 connected\n"
                       "a3 10.0.0.3@17001 master - 0 0 0 connected\n"
                       "a4 10.0.0.4:7001@17001\n"
                       "a5\n"
                       "\n");
    ck_assert_uint_eq(report.node_total, 0);
}
END_TEST

START_TEST(a_failed_primary_without_slots_was_replaced)
{
    answer_text(nodes, "a1 10.0.0.1:7000@17000 master,fail - 0 0 1 disconnected\n"
                       "a2 10.0.0.2:7001@17001 master,fail - 0 0 1 disconnected 0-5460\n"
                       "a3 10.0.0.3:7002@17002 master,fail - 0 0 1 disconnected 5461\n"
                       "a4 10.0.0.4:7003@17003 master - 0 0 1 connected\n");
    ck_assert_uint_eq(report.node_count, 4);
    assert_node(0, "10.0.0.1:7000", false);
    assert_node(1, "10.0.0.2:7001", true);
    assert_node(2, "10.0.0.3:7002", true);
    assert_node(3, "10.0.0.4:7003", true);
}
END_TEST

START_TEST(nodes_that_cannot_be_read_are_a_failure_of_the_examination)
{
    answer(nodes, "-NOPERM this user has no permissions\r\n");
    ck_assert_str_ne(report.error.text, "");
    answer(nodes, ":7\r\n");
    ck_assert_str_eq(report.error.text, "? gave an answer that makes no sense");
}
END_TEST

START_TEST(nodes_beyond_the_room_are_counted)
{
    for (int i = 0; i < EXAM_NODES_MAX; i++) {
        ck_assert_ptr_nonnull(exam_add_node(&report, &asked, true));
    }
    ck_assert_ptr_null(exam_add_node(&report, &asked, true));
    ck_assert_uint_eq(report.node_count, EXAM_NODES_MAX);
    ck_assert_uint_eq(report.node_total, EXAM_NODES_MAX + 1);
}
END_TEST

static Suite *topology_suite(void)
{
    Suite *suite = suite_create("exam topology");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, a_sentinel_names_the_primary);
    tcase_add_test(rules, a_sentinel_that_names_no_primary_is_not_well);
    tcase_add_test(rules, a_sentinel_without_a_quorum_is_not_well);
    tcase_add_test(rules, a_cluster_says_its_state);
    tcase_add_test(rules, a_cluster_names_its_nodes);
    tcase_add_test(rules, nodes_without_an_address_and_those_that_only_join_are_passed_over);
    tcase_add_test(rules, a_failed_primary_without_slots_was_replaced);
    tcase_add_test(rules, nodes_that_cannot_be_read_are_a_failure_of_the_examination);
    tcase_add_test(rules, nodes_beyond_the_room_are_counted);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(topology_suite)
