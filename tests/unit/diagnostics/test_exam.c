#include "lib/diagnostics/exam_internal.h"
#include "tests/unit/check_main.h"

#include <string.h>

enum { STEP_TIME = 1 };

/* Has the server say `answer` to TIME. */
static struct exam_node after_time(const char *answer)
{
    struct exam_node node = {0};
    struct redis_exam exam = {.node = &node};
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    resp_feed(reader, answer, strlen(answer));
    ck_assert_int_eq(resp_next(reader, &value), RESP_READY);
    exam_server_steps[STEP_TIME].hear(&exam, value, 0);
    resp_free(value);
    resp_reader_free(reader);
    return node;
}

START_TEST(the_time_of_a_server_is_read)
{
    struct exam_node node = after_time("*2\r\n$10\r\n4102444800\r\n$6\r\n000001\r\n"); /* 2100 */
    ck_assert(node.has_time);
    ck_assert_int_gt(node.time_offset_us, 0);
}
END_TEST

START_TEST(a_time_that_is_none_is_not_believed)
{
    static const char *const answers[] = {
        "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n1\r\n",
        "*2\r\n$10\r\n1795516642\r\n$7\r\n1000000\r\n",
        "*2\r\n$2\r\n-1\r\n$1\r\n1\r\n",
        "*2\r\n$0\r\n\r\n$1\r\n1\r\n",
        "*1\r\n$10\r\n1795516642\r\n",
        "+OK\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        ck_assert(!after_time(answers[i]).has_time);
    }
}
END_TEST

static Suite *exam_suite(void)
{
    Suite *suite = suite_create("exam");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, the_time_of_a_server_is_read);
    tcase_add_test(rules, a_time_that_is_none_is_not_believed);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(exam_suite)
