#include "lib/store/redis/slots.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <string.h>

static struct redis_endpoint asked;
static char seen[512];

static void setup(void)
{
    ck_assert(endpoint_set(&asked, "10.0.0.9", 7000));
    seen[0] = '\0';
}

static void note(void *owner, unsigned first, unsigned last, const struct redis_endpoint *primary)
{
    size_t length = strlen(seen);
    (void)owner;
    (void)snprintf(seen + length, sizeof seen - length, "%u-%u %s;", first, last, primary->name);
}

static bool read_text(const char *text)
{
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    ck_assert_ptr_nonnull(reader);
    resp_feed(reader, text, strlen(text));
    ck_assert_int_eq(resp_next(reader, &value), RESP_READY);
    bool good = slots_read(value, &asked, note, NULL);
    resp_free(value);
    resp_reader_free(reader);
    return good;
}

START_TEST(a_key_has_the_slot_of_the_specification)
{
    ck_assert_uint_eq(slots_of_key("123456789"), 0x31c3);
    ck_assert_uint_eq(slots_of_key("foo"), 12182);
}
END_TEST

START_TEST(what_stands_in_the_first_braces_decides)
{
    ck_assert_uint_eq(slots_of_key("{user1000}.following"), slots_of_key("{user1000}.followers"));
    ck_assert_uint_eq(slots_of_key("foo{{bar}}zap"), slots_of_key("{bar"));
    ck_assert_uint_eq(slots_of_key("foo{bar}{zap}"), slots_of_key("bar"));
    ck_assert_uint_ne(slots_of_key("foo{}{bar}"), slots_of_key("bar"));
    ck_assert_uint_ne(slots_of_key("foo{bar"), slots_of_key("bar"));
}
END_TEST

START_TEST(ranges_and_their_primaries_are_read)
{
    ck_assert(read_text("*2\r\n"
                        "*4\r\n:0\r\n:5460\r\n*3\r\n$8\r\n10.0.0.1\r\n:6379\r\n$1\r\na\r\n"
                        "*3\r\n$8\r\n10.0.0.4\r\n:6379\r\n$1\r\nb\r\n"
                        "*3\r\n:5461\r\n:16383\r\n*2\r\n$3\r\n::1\r\n:6380\r\n"));
    ck_assert_str_eq(seen, "0-5460 10.0.0.1:6379;5461-16383 [::1]:6380;");
}
END_TEST

START_TEST(a_node_without_an_address_is_the_one_that_was_asked)
{
    ck_assert(read_text("*2\r\n*3\r\n:0\r\n:1\r\n*2\r\n$0\r\n\r\n:7001\r\n"
                        "*3\r\n:2\r\n:3\r\n*2\r\n$-1\r\n:7002\r\n"));
    ck_assert_str_eq(seen, "0-1 10.0.0.9:7001;2-3 10.0.0.9:7002;");
}
END_TEST

static const char *const no_answers[] = {
    "+OK\r\n",
    "-ERR This instance has cluster support disabled\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n*2\r\n:0\r\n:1\r\n",
    "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n$1\r\n0\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n",
};

START_TEST(what_is_no_answer_is_refused)
{
    ck_assert(!read_text(no_answers[_i]));
    ck_assert_str_eq(seen, "");
}
END_TEST

static const char *const nobodys[] = {
    "*1\r\n*3\r\n:0\r\n:1\r\n:5\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n:7\r\n:6379\r\n",
};

START_TEST(a_range_whose_primary_cannot_be_read_is_nobodys)
{
    ck_assert(read_text(nobodys[_i]));
    ck_assert_str_eq(seen, "");
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("slots");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, a_key_has_the_slot_of_the_specification);
    tcase_add_test(tests, what_stands_in_the_first_braces_decides);
    tcase_add_test(tests, ranges_and_their_primaries_are_read);
    tcase_add_test(tests, a_node_without_an_address_is_the_one_that_was_asked);
    tcase_add_loop_test(tests, what_is_no_answer_is_refused, 0,
                        sizeof no_answers / sizeof no_answers[0]);
    tcase_add_loop_test(tests, a_range_whose_primary_cannot_be_read_is_nobodys, 0,
                        sizeof nobodys / sizeof nobodys[0]);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
