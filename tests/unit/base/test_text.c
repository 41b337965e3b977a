/* The growing buffer, JSON strings, UTF-8. */
#include "lib/base/text.h"
#include "tests/unit/check_main.h"

#include <stdio.h>

#include <string.h>

static struct text text;

static void free_text(void)
{
    text_free(&text);
}

static const char *json(const char *string)
{
    text_clear(&text);
    text_add_json(&text, string);
    ck_assert(!text.failed);
    ck_assert_uint_eq(strlen(text.bytes), text.length);
    return text.bytes;
}

START_TEST(an_empty_text_gives_nothing_and_frees_nothing)
{
    ck_assert_ptr_null(text_take(&text));
    text_free(&text);
    text_clear(&text);
    ck_assert_uint_eq(text.length, 0);
}
END_TEST

START_TEST(pieces_are_joined_and_ended)
{
    text_add(&text, "a");
    text_add_bytes(&text, "bcd", 2);
    text_add_integer(&text, INT64_MIN);
    text_addf(&text, "%s-%03d", "e", 7);
    ck_assert_str_eq(text.bytes, "abc-9223372036854775808e-007");
    text_clear(&text);
    text_add(&text, "again");
    ck_assert_str_eq(text.bytes, "again");
}
END_TEST

START_TEST(a_text_grows_over_every_boundary)
{
    for (size_t size = 0; size < 1100; size++) {
        text_clear(&text);
        text_free(&text);
        for (size_t i = 0; i < size; i++) {
            text_add_bytes(&text, "x", 1);
        }
        text_addf(&text, "%s", "yz");
        ck_assert_uint_eq(text.length, size + 2);
        ck_assert_uint_eq(strlen(text.bytes), size + 2);
    }
}
END_TEST

START_TEST(what_cannot_be_kept_marks_the_text_failed_and_nothing_is_given_away)
{
    text_add(&text, "kept");
    text_add_bytes(&text, "", SIZE_MAX / 2);
    ck_assert(text.failed);
    text_add(&text, "more");
    ck_assert_str_eq(text.bytes, "kept");
    ck_assert_ptr_null(text_take(&text));
}
END_TEST

START_TEST(what_is_taken_is_the_takers)
{
    text_add(&text, "gift");
    char *bytes = text_take(&text);
    ck_assert_str_eq(bytes, "gift");
    ck_assert_ptr_null(text.bytes);
    free(bytes);
}
END_TEST

START_TEST(json_strings_are_escaped)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\"\\/", "\"\\\"\\\\/\""},
        {"\n\r\t", "\"\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
        {"</script>", "\"</script>\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_str_eq(json(rows[i].in), rows[i].out);
    }
    ck_assert_str_eq(json(NULL), "null");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_become_the_replacement_character)
{
#define R "\xef\xbf\xbd"
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"\x80", "\"" R "\""},                       /* a lone continuation */
        {"\xc3", "\"" R "\""},                       /* cut */
        {"\xc3(", "\"" R "(\""},                     /* cut by a character */
        {"\xe2\x82", "\"" R R "\""},                 /* cut in the middle */
        {"\xc0\xaf", "\"" R R "\""},                 /* overlong */
        {"\xe0\x80\xaf", "\"" R R R "\""},           /* overlong */
        {"\xf0\x80\x80\xaf", "\"" R R R R "\""},     /* overlong */
        {"\xed\xa0\x80", "\"" R R R "\""},           /* a surrogate */
        {"\xf4\x90\x80\x80", "\"" R R R R "\""},     /* beyond U+10FFFF */
        {"\xff\xfe", "\"" R R "\""},                 /* never in UTF-8 */
        {"a\xf5\x80\x80\x80z", "\"a" R R R R "z\""}, /* no such lead */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_str_eq(json(rows[i].in), rows[i].out);
    }
}
END_TEST

START_TEST(the_edges_of_utf8_are_known)
{
    static const struct {
        const char *bytes;
        size_t length, expected;
    } rows[] = {
        {"", 0, 0},
        {"\0", 1, 1},
        {"\x7f", 1, 1},
        {"\xc2\x80", 2, 2},
        {"\xc1\xbf", 2, 0},
        {"\xdf\xbf", 2, 2},
        {"\xe0\xa0\x80", 3, 3},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xed\x9f\xbf", 3, 3},
        {"\xee\x80\x80", 3, 3},
        {"\xef\xbf\xbf", 3, 3},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\xf0\x90\x80\x80", 3, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_uint_eq(utf8_character(rows[i].bytes, rows[i].length), rows[i].expected);
    }
}
END_TEST

START_TEST(integers_are_written_as_printf_does)
{
    static const int64_t numbers[] = {0, 9, 10, -1, -10, 99, 100, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[24];
        (void)snprintf(expected, sizeof expected, "%lld", (long long)numbers[i]);
        text_clear(&text);
        text_add_integer(&text, numbers[i]);
        ck_assert_str_eq(text.bytes, expected);
    }
}
END_TEST

START_TEST(nothing_is_read_beyond_the_length)
{
    char *exact = malloc(1); /* the sanitizer watches its end */
    ck_assert_ptr_nonnull(exact);
    for (int byte = 0; byte < 256; byte++) {
        exact[0] = (char)byte;
        ck_assert_uint_eq(utf8_character(exact, 1), byte < 0x80 ? 1 : 0);
    }
    free(exact);
}
END_TEST

START_TEST(a_problem_is_cut_and_its_caller_may_not_care)
{
    struct problem problem;
    char much[2000];
    memset(much, 'm', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    ck_assert(!problem_set(&problem, "%s", much));
    ck_assert_uint_eq(strlen(problem.text), sizeof problem.text - 1);
    ck_assert(!problem_set(NULL, "%s", much));
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        an_empty_text_gives_nothing_and_frees_nothing,
        pieces_are_joined_and_ended,
        a_text_grows_over_every_boundary,
        what_cannot_be_kept_marks_the_text_failed_and_nothing_is_given_away,
        what_is_taken_is_the_takers,
        json_strings_are_escaped,
        bytes_that_are_not_utf8_become_the_replacement_character,
        the_edges_of_utf8_are_known,
        integers_are_written_as_printf_does,
        nothing_is_read_beyond_the_length,
        a_problem_is_cut_and_its_caller_may_not_care,
    };
    Suite *all = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_checked_fixture(tests, NULL, free_text);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_test(tests, rules[i]);
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
