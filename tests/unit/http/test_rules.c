/* Pure rules about parts of a request. */
#include "lib/http/codes.h"
#include "lib/http/rules.h"
#include "tests/unit/check_main.h"

#include <string.h>

START_TEST(a_path_fits_its_pattern_whole)
{
    char name[HTTP_NAME_MAX];
    ck_assert(http_path_fits("/status", "/status", name));
    ck_assert(!http_path_fits("/status", "/status/", name));
    ck_assert(!http_path_fits("/status", "/statu", name));
}
END_TEST

START_TEST(the_part_in_braces_is_one_segment)
{
    char name[HTTP_NAME_MAX];
    ck_assert(http_path_fits("/elections/{name}/pause", "/elections/billing/pause", name));
    ck_assert_str_eq(name, "billing");
    ck_assert(!http_path_fits("/elections/{name}/pause", "/elections//pause", name));
    ck_assert(!http_path_fits("/elections/{name}/pause", "/elections/a/b/pause", name));
    ck_assert(!http_path_fits("/elections/{name}", "/elections/a/", name));
}
END_TEST

START_TEST(a_name_that_is_too_long_fits_nothing)
{
    char path[HTTP_NAME_MAX + 32] = "/elections/";
    char name[HTTP_NAME_MAX];
    memset(path + strlen(path), 'a', HTTP_NAME_MAX);
    ck_assert(!http_path_fits("/elections/{name}", path, name));
}
END_TEST

START_TEST(localhost_and_addresses_are_hosts_of_ours)
{
    static const char *const good[] = {"localhost",  "LOCALHOST:8720", "127.0.0.1:8720",
                                       "[::1]:8720", "10.1.2.3",       "[fe80::1]"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(http_host_allowed(good[i], NULL, 0), "%s", good[i]);
    }
}
END_TEST

START_TEST(other_names_and_malformed_hosts_are_refused)
{
    static const char *const bad[] = {"",        "evil.example", "localhost.evil.example",
                                      ":8720",   "[::1",         "[::1]x",
                                      "a:80:80", "localhost:8x", "127.0.0.1.evil.example"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!http_host_allowed(bad[i], NULL, 0), "%s", bad[i]);
    }
}
END_TEST

START_TEST(allowed_hosts_are_exact_or_suffixes)
{
    static char exact[] = "leader.example";
    static char suffix[] = "*.svc.example";
    char *const allowed[] = {exact, suffix};
    ck_assert(http_host_allowed("leader.example:80", allowed, 2));
    ck_assert(http_host_allowed("a.svc.example", allowed, 2));
    ck_assert(!http_host_allowed("xleader.example", allowed, 2));
    ck_assert(!http_host_allowed(".svc.example", allowed, 2));
    ck_assert(!http_host_allowed("svc.example", allowed, 2));
}
END_TEST

START_TEST(an_origin_is_ours_when_its_host_is_the_host)
{
    ck_assert(http_origin_is("http://localhost:8720", "localhost:8720"));
    ck_assert(!http_origin_is("http://localhost:8721", "localhost:8720"));
    ck_assert(!http_origin_is("null", "localhost:8720"));
}
END_TEST

START_TEST(a_token_must_be_equal_to_the_last_byte)
{
    ck_assert(http_token_fits("Bearer s3cret", "s3cret"));
    ck_assert(http_token_fits("bearer s3cret", "s3cret"));
    ck_assert(!http_token_fits("Bearer s3cre", "s3cret"));
    ck_assert(!http_token_fits("Bearer s3crets", "s3cret"));
    ck_assert(!http_token_fits("Bearer s3creT", "s3cret"));
    ck_assert(!http_token_fits("Basic s3cret", "s3cret"));
    ck_assert(!http_token_fits("Bearer ", "s3cret"));
    ck_assert(!http_token_fits(NULL, "s3cret"));
    ck_assert(!http_token_fits("Bearer x", NULL));
}
END_TEST

START_TEST(accept_chooses_by_weight_and_exactness)
{
    unsigned both = HTTP_JSON | HTTP_TEXT;
    ck_assert_int_eq(http_accept(NULL, both), HTTP_JSON);
    ck_assert_int_eq(http_accept("*/*", both), HTTP_JSON);
    ck_assert_int_eq(http_accept("text/plain", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("text/*;q=0.5, application/json;q=0.4", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("application/json;q=0, */*", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("image/png", both), 0);
    ck_assert_int_eq(http_accept("", both), 0);
    ck_assert_int_eq(http_accept("text/html,application/xhtml+xml,*/*;q=0.8", both), HTTP_JSON);
}
END_TEST

START_TEST(a_weight_is_a_number_up_to_one)
{
    unsigned both = HTTP_JSON | HTTP_TEXT;
    ck_assert_int_eq(http_accept("text/plain;q=1.000, */*;q=0.999", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("text/plain; Q=.2, application/json;q=.1", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("text/plain;q=0.02, application/json;q=0.019", both), HTTP_TEXT);
    ck_assert_int_eq(http_accept("text/plain;q=0", both), 0);
    ck_assert_int_eq(http_accept("text/plain;q=0.000", both), 0);
    ck_assert_int_eq(http_accept("text/plain;q=inf, application/json;q=0.1", both), HTTP_JSON);
    ck_assert_int_eq(http_accept("text/plain;q=nan", both), 0);
    ck_assert_int_eq(http_accept("text/plain;q=-1", both), 0);
    ck_assert_int_eq(http_accept(",,; ,text/plain", both), HTTP_TEXT);
}
END_TEST

START_TEST(a_format_is_one_of_two_words)
{
    ck_assert_int_eq(http_format_named("json"), HTTP_JSON);
    ck_assert_int_eq(http_format_named("text"), HTTP_TEXT);
    ck_assert_int_eq(http_format_named("TEXT"), 0);
    ck_assert_int_eq(http_format_named("html"), 0);
    ck_assert_int_eq(http_format_named(""), 0);
}
END_TEST

START_TEST(open_metrics_is_given_to_who_prefers_it)
{
    unsigned formats = HTTP_METRICS | HTTP_OPENMETRICS;
    ck_assert_int_eq(http_accept("*/*", formats), HTTP_METRICS);
    ck_assert_int_eq(http_accept("application/openmetrics-text;version=1.0.0,text/plain;"
                                 "version=0.0.4;q=0.5,*/*;q=0.1",
                                 formats),
                     HTTP_OPENMETRICS);
}
END_TEST

START_TEST(every_code_has_a_status_and_a_title)
{
    for (size_t i = 0; http_code_at(i) != NULL; i++) {
        ck_assert_int_ge(http_code_at(i)->status, 400);
        ck_assert_int_gt((int)strlen(http_code_at(i)->title), 0);
        ck_assert_ptr_eq(http_code_find(http_code_at(i)->code), http_code_at(i));
    }
    ck_assert_ptr_null(http_code_find("no_such_code"));
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("http rules");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, a_path_fits_its_pattern_whole);
    tcase_add_test(tests, the_part_in_braces_is_one_segment);
    tcase_add_test(tests, a_name_that_is_too_long_fits_nothing);
    tcase_add_test(tests, localhost_and_addresses_are_hosts_of_ours);
    tcase_add_test(tests, other_names_and_malformed_hosts_are_refused);
    tcase_add_test(tests, allowed_hosts_are_exact_or_suffixes);
    tcase_add_test(tests, an_origin_is_ours_when_its_host_is_the_host);
    tcase_add_test(tests, a_token_must_be_equal_to_the_last_byte);
    tcase_add_test(tests, accept_chooses_by_weight_and_exactness);
    tcase_add_test(tests, a_weight_is_a_number_up_to_one);
    tcase_add_test(tests, a_format_is_one_of_two_words);
    tcase_add_test(tests, open_metrics_is_given_to_who_prefers_it);
    tcase_add_test(tests, every_code_has_a_status_and_a_title);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
