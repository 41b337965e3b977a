/* Durations, instants, and the two clocks of a lease. */
#include "lib/base/moment.h"
#include "lib/base/timetext.h"
#include "tests/unit/check_main.h"

#include <string.h>

START_TEST(durations_are_a_number_and_a_unit)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"0ms", 0},
        {"500ms", 500},
        {"15s", 15000},
        {"10m", 600000},
        {"1h", 3600000},
        {"007s", 7000},
        {"87600h", DURATION_MAX_MS},
        {"0h", 0},
        {"315360000s", DURATION_MAX_MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        ck_assert_msg(duration_parse(rows[i].text, false, &ms), "%s", rows[i].text);
        ck_assert_int_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(everything_else_is_no_duration)
{
    static const char *const rows[] = {
        "",
        "s",
        "ms",
        "5",
        "-5s",
        "+5s",
        " 5s",
        "5s ",
        "5 s",
        "1.5s",
        "1h30m",
        "5S",
        "5sec",
        "5d",
        "0x5s",
        "5\xc2\xb5s",
        "1e3s",
        "5ss",
        "87601h",
        "315360001s",
        "99999999999999999999999s",
        "9223372036854775807ms",
        "18446744073709551617s",
        "١s",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        ck_assert_msg(!duration_parse(rows[i], false, &ms), "%s", rows[i]);
        ck_assert_int_eq(ms, -1);
    }
}
END_TEST

START_TEST(a_bare_number_is_seconds_where_that_is_allowed)
{
    int64_t ms = 0;
    ck_assert(duration_parse("30", true, &ms));
    ck_assert_int_eq(ms, 30000);
    ck_assert(!duration_parse("", true, &ms));
    ck_assert(!duration_parse("-1", true, &ms));
    ck_assert(!duration_parse("315360001", true, &ms));
}
END_TEST

START_TEST(the_shortest_exact_form_is_read_back_as_it_was)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {1, "1ms"},
        {1500, "1500ms"},
        {90000, "90s"},
        {120000, "2m"},
        {3600000, "1h"},
        {DURATION_MAX_MS, "87600h"},
        {DURATION_MAX_MS - 1, "315359999999ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DURATION_TEXT_MAX];
        int64_t ms = -1;
        duration_format(rows[i].ms, text);
        ck_assert_str_eq(text, rows[i].text);
        ck_assert(duration_parse(text, false, &ms));
        ck_assert_int_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(people_are_told_what_matters_of_a_duration)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {-5, "0ms"},        {0, "0ms"},
        {340, "340ms"},     {999, "999ms"},
        {1000, "1.0s"},     {12299, "12.2s"},
        {59999, "59.9s"},   {60000, "1m 0s"},
        {131000, "2m 11s"}, {3731000, "1h 2m 11s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[DURATION_TEXT_MAX];
        duration_describe(rows[i].ms, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(instants_are_written_as_rfc_3339_says)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1795402875120), "2026-11-23T03:01:15.120Z"},
        {INT64_C(951782400001), "2000-02-29T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[RFC3339_TEXT_MAX];
        rfc3339_format(rows[i].ms, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(no_instant_overruns_its_text)
{
    static const int64_t rows[] = {INT64_MIN, INT64_MAX, INT64_MIN + 1, -62135596800000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[RFC3339_TEXT_MAX];
        rfc3339_format(rows[i], text);
        ck_assert_uint_lt(strlen(text), sizeof text);
    }
}
END_TEST

START_TEST(a_holder_trusts_the_clock_that_ran_further_and_a_waiter_the_other)
{
    const struct moment then = {.boot_ms = 1000, .raw_ms = 900};
    const struct moment slept = {.boot_ms = 9000, .raw_ms = 1900};
    const struct moment slewed = {.boot_ms = 1900, .raw_ms = 1900};
    ck_assert_int_eq(moment_elapsed_most(then, slept), 8000);
    ck_assert_int_eq(moment_elapsed_least(then, slept), 1000);
    ck_assert_int_eq(moment_elapsed_most(then, slewed), 1000);
    ck_assert_int_eq(moment_elapsed_least(then, slewed), 900);
}
END_TEST

START_TEST(what_is_left_ends_with_the_first_clock_that_gets_there)
{
    const struct moment deadline = moment_plus((struct moment){.boot_ms = 100, .raw_ms = 50}, 1000);
    ck_assert_int_eq(moment_left(deadline, (struct moment){.boot_ms = 100, .raw_ms = 50}), 1000);
    ck_assert_int_eq(moment_left(deadline, (struct moment){.boot_ms = 600, .raw_ms = 50}), 500);
    ck_assert_int_eq(moment_left(deadline, (struct moment){.boot_ms = 100, .raw_ms = 850}), 200);
    ck_assert_int_eq(moment_left(deadline, (struct moment){.boot_ms = 1200, .raw_ms = 50}), -100);
}
END_TEST

START_TEST(the_clocks_do_not_go_back)
{
    struct moment before = moment_now();
    int64_t before_us = boottime_us();
    for (int i = 0; i < 1000; i++) {
        struct moment now = moment_now();
        int64_t now_us = boottime_us();
        ck_assert_int_ge(moment_elapsed_least(before, now), 0);
        ck_assert_int_ge(now_us, before_us);
        before = now;
        before_us = now_us;
    }
    ck_assert_int_gt(wall_us(), INT64_C(1600000000000000));
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        durations_are_a_number_and_a_unit,
        everything_else_is_no_duration,
        a_bare_number_is_seconds_where_that_is_allowed,
        the_shortest_exact_form_is_read_back_as_it_was,
        people_are_told_what_matters_of_a_duration,
        instants_are_written_as_rfc_3339_says,
        no_instant_overruns_its_text,
        a_holder_trusts_the_clock_that_ran_further_and_a_waiter_the_other,
        what_is_left_ends_with_the_first_clock_that_gets_there,
        the_clocks_do_not_go_back,
    };
    Suite *all = suite_create("time");
    TCase *tests = tcase_create("time");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_test(tests, rules[i]);
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
