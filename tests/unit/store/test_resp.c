/* Commands to bytes, bytes to values; and what is refused of them. */
#include "lib/store/redis/resp.h"

#include "tests/unit/check_main.h"

#include <string.h>

static struct resp_reader *reader;
static struct resp_value *value;
static struct text text;

static void set_up(void)
{
    reader = resp_reader_new();
    ck_assert_ptr_nonnull(reader);
}

static void tear_down(void)
{
    resp_free(value);
    value = NULL;
    resp_reader_free(reader);
    text_free(&text);
}

static enum resp_progress read_bytes(const char *bytes, size_t length)
{
    resp_free(value);
    value = NULL;
    resp_feed(reader, bytes, length);
    return resp_next(reader, &value);
}

static enum resp_progress read_string(const char *bytes)
{
    return read_bytes(bytes, strlen(bytes));
}

START_TEST(a_command_is_written_as_its_parts)
{
    resp_begin(&text, 3);
    resp_string(&text, "GET");
    resp_part(&text, "a\0b", 3);
    resp_integer(&text, INT64_MIN);
    ck_assert_uint_eq(text.length, strlen("*3\r\n$3\r\nGET\r\n$3\r\na.b\r\n$20\r\n"
                                          "-9223372036854775808\r\n"));
    ck_assert_int_eq(memcmp(text.bytes, "*3\r\n$3\r\nGET\r\n$3\r\na\0b\r\n$20\r\n", 27), 0);
}
END_TEST

START_TEST(each_kind_is_read)
{
    ck_assert_int_eq(read_string("+OK\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_STATUS);
    ck_assert_str_eq(value->bytes, "OK");
    ck_assert_int_eq(read_string("-ERR no\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_ERROR);
    ck_assert_str_eq(value->bytes, "ERR no");
    ck_assert_int_eq(read_string(":-7\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_INTEGER);
    ck_assert_int_eq(value->integer, -7);
    ck_assert_str_eq(value->bytes, "");
    ck_assert_int_eq(read_string("$-1\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_NIL);
    ck_assert_int_eq(read_string("*-1\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_NIL);
    ck_assert_int_eq(read_string("*2\r\n$1\r\nx\r\n*1\r\n:3\r\n"), RESP_READY);
    ck_assert_int_eq(value->kind, RESP_ARRAY);
    ck_assert_uint_eq(value->count, 2);
    ck_assert_str_eq(value->items[0]->bytes, "x");
    ck_assert_int_eq(value->items[1]->items[0]->integer, 3);
}
END_TEST

START_TEST(only_strings_without_nul_are_text)
{
    ck_assert_int_eq(read_string("$2\r\nab\r\n"), RESP_READY);
    ck_assert_str_eq(resp_text(value), "ab");
    ck_assert_int_eq(read_bytes("$3\r\na\0b\r\n", 9), RESP_READY);
    ck_assert_uint_eq(value->length, 3);
    ck_assert_ptr_null(resp_text(value));
    ck_assert_int_eq(read_string("+OK\r\n"), RESP_READY);
    ck_assert_str_eq(resp_text(value), "OK");
    ck_assert_int_eq(read_string("-ERR\r\n"), RESP_READY);
    ck_assert_ptr_null(resp_text(value));
}
END_TEST

START_TEST(pieces_of_any_size_make_a_value)
{
    const char *bytes = "*2\r\n$3\r\nabc\r\n:12\r\n+next\r\n";
    for (const char *at = bytes; *at != '+'; at++) {
        ck_assert_int_eq(read_bytes(at, 1), at[1] == '+' ? RESP_READY : RESP_MORE);
    }
    ck_assert_str_eq(value->items[0]->bytes, "abc");
    ck_assert_int_eq(value->items[1]->integer, 12);
    ck_assert_int_eq(read_string("+a\r\n+b\r\n"), RESP_READY);
    ck_assert_str_eq(value->bytes, "a");
    resp_free(value);
    ck_assert_int_eq(resp_next(reader, &value), RESP_READY);
    ck_assert_str_eq(value->bytes, "b");
    ck_assert_int_eq(read_string(""), RESP_MORE);
    ck_assert_str_eq(resp_reader_error(reader), "");
}
END_TEST

START_TEST(what_is_no_resp_breaks_the_stream_for_good)
{
    ck_assert_int_eq(read_string("HTTP/1.1 400 Bad Request\r\n"), RESP_BROKEN);
    ck_assert_str_ne(resp_reader_error(reader), "");
    ck_assert_int_eq(read_string("+OK\r\n"), RESP_BROKEN);
}
END_TEST

START_TEST(a_value_beyond_the_room_breaks_the_stream)
{
    char *many = calloc(1, RESP_VALUE_MAX);
    memset(many, 'x', RESP_VALUE_MAX);
    text_addf(&text, "$%d\r\n", RESP_VALUE_MAX + 1);
    ck_assert_int_eq(read_string(text.bytes), RESP_MORE);
    ck_assert_int_eq(read_bytes(many, RESP_VALUE_MAX - text.length), RESP_MORE);
    ck_assert_int_eq(read_bytes(many, 1), RESP_BROKEN);
    ck_assert_str_eq(resp_reader_error(reader), "a value is too large");
    free(many);
}
END_TEST

START_TEST(the_room_is_for_each_value)
{
    char *most = malloc(RESP_VALUE_MAX);
    memset(most, 'x', RESP_VALUE_MAX);
    for (int i = 0; i < 3; i++) {
        text_clear(&text);
        text_addf(&text, "$%d\r\n", RESP_VALUE_MAX - 32);
        ck_assert_int_eq(read_string(text.bytes), RESP_MORE);
        ck_assert_int_eq(read_bytes(most, RESP_VALUE_MAX - 32), RESP_MORE);
        ck_assert_int_eq(read_string("\r\n"), RESP_READY);
        ck_assert_uint_eq(value->length, RESP_VALUE_MAX - 32);
    }
    free(most);
}
END_TEST

START_TEST(an_array_of_too_many_breaks_the_stream)
{
    text_addf(&text, "*%d\r\n", RESP_ITEMS_MAX);
    ck_assert_int_eq(read_string(text.bytes), RESP_MORE);
    tear_down();
    set_up();
    text_addf(&text, "*%d\r\n", RESP_ITEMS_MAX + 1);
    ck_assert_int_eq(read_string(text.bytes), RESP_BROKEN);
    ck_assert_str_eq(resp_reader_error(reader), "a value is too large");
}
END_TEST

START_TEST(arrays_within_arrays_have_an_end)
{
    ck_assert_int_eq(read_string("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), RESP_READY);
    for (int i = 0; i < 20; i++) {
        text_add(&text, "*1\r\n");
    }
    ck_assert_int_eq(read_string(text.bytes), RESP_BROKEN);
}
END_TEST

static Suite *resp_suite(void)
{
    Suite *suite = suite_create("resp");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, a_command_is_written_as_its_parts);
    tcase_add_test(rules, each_kind_is_read);
    tcase_add_test(rules, only_strings_without_nul_are_text);
    tcase_add_test(rules, pieces_of_any_size_make_a_value);
    tcase_add_test(rules, what_is_no_resp_breaks_the_stream_for_good);
    tcase_add_test(rules, a_value_beyond_the_room_breaks_the_stream);
    tcase_add_test(rules, the_room_is_for_each_value);
    tcase_add_test(rules, an_array_of_too_many_breaks_the_stream);
    tcase_add_test(rules, arrays_within_arrays_have_an_end);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(resp_suite)
