#include "config/store_url.h"
#include "tests/unit/check_main.h"

#include <string.h>

static struct store_url good(const char *text)
{
    struct store_url url = {0};
    struct problem problem = {0};
    ck_assert_msg(store_url_parse(text, &url, &problem), "%s: %s", text, problem.text);
    return url;
}

static void expect_refused(const char *text, const char *why)
{
    struct store_url url = {0};
    struct problem problem = {0};
    ck_assert_msg(!store_url_parse(text, &url, &problem), "%s was accepted", text);
    ck_assert_ptr_nonnull(strstr(problem.text, why));
    ck_assert_int_eq(url.kind, 0);
}

static void expect_round_trip(const char *text, const char *formatted)
{
    struct store_url url = good(text);
    struct text out = {0};
    store_url_format(&url, &out);
    ck_assert_str_eq(out.bytes, formatted);
    struct store_url again = good(out.bytes);
    text_free(&out);
    store_url_format(&again, &out);
    ck_assert_str_eq(out.bytes, formatted);
    text_free(&out);
    store_url_deinit(&url);
    store_url_deinit(&again);
}

START_TEST(local_may_have_a_path)
{
    expect_round_trip("local", "local");
    expect_round_trip("local:/var/lib/x y.db", "local:/var/lib/x%20y.db");
    expect_refused("local:leases.db", "absolute path");
    expect_refused("local:", "absolute path");
    expect_refused("local:/", "absolute path");
}
END_TEST

START_TEST(a_redis_url_has_defaults)
{
    struct store_url url = good("redis://cache");
    ck_assert_int_eq(url.kind, STORE_KIND_REDIS);
    ck_assert_str_eq(url.host, "cache");
    ck_assert_int_eq(url.port, 6379);
    ck_assert_int_eq(url.db, 0);
    ck_assert_ptr_null(url.username);
    ck_assert_ptr_null(url.password);
    store_url_deinit(&url);
    expect_round_trip("redis://cache/", "redis://cache:6379/0");
}
END_TEST

START_TEST(every_part_of_a_redis_url_is_read)
{
    struct store_url url = good("redis://app%40x:s%3Aec%2fret:@10.0.0.5:7000/12");
    ck_assert_str_eq(url.username, "app@x");
    ck_assert_str_eq(url.password, "s:ec/ret:");
    ck_assert_str_eq(url.host, "10.0.0.5");
    ck_assert_int_eq(url.port, 7000);
    ck_assert_int_eq(url.db, 12);
    store_url_deinit(&url);
    url = good("redis://:only-a-password@h");
    ck_assert_ptr_null(url.username);
    ck_assert_str_eq(url.password, "only-a-password");
    store_url_deinit(&url);
    url = good("redis://u:p@ss@h");
    ck_assert_str_eq(url.password, "p@ss");
    ck_assert_str_eq(url.host, "h");
    store_url_deinit(&url);
    url = good("redis://user@h");
    ck_assert_str_eq(url.username, "user");
    ck_assert_ptr_null(url.password);
    store_url_deinit(&url);
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets)
{
    struct store_url url = good("redis://[::1]:7000/1");
    ck_assert_str_eq(url.host, "::1");
    ck_assert_int_eq(url.port, 7000);
    store_url_deinit(&url);
    expect_round_trip("redis://[fe80::2]", "redis://[fe80::2]:6379/0");
    expect_refused("redis://::1:6379/0", "host");
    expect_refused("redis://[::1", "host");
    expect_refused("redis://[]", "host");
    expect_refused("redis://[cache]", "host");
}
END_TEST

START_TEST(a_socket_may_have_a_database)
{
    struct store_url url = good("unix:/run/redis%3F.sock?db=3");
    ck_assert_str_eq(url.path, "/run/redis?.sock");
    ck_assert_int_eq(url.db, 3);
    store_url_deinit(&url);
    expect_round_trip("unix:/run/redis.sock", "unix:/run/redis.sock?db=0");
    expect_round_trip("unix:/run/100%25.sock", "unix:/run/100%25.sock?db=0");
    expect_refused("unix:/run/redis.sock?database=3", "?db=N");
    expect_refused("unix:/run/redis.sock?db=", "database");
    expect_refused("unix:run/redis.sock", "absolute path");
    char longest[200] = "unix:/";
    memset(longest + 6, 'a', 107);
    expect_refused(longest, "107");
}
END_TEST

START_TEST(malformed_urls_are_refused)
{
    expect_refused("", "local");
    expect_refused("memory:", "local");
    expect_refused("http://x", "local");
    expect_refused("redis://", "host");
    expect_refused("redis://h:0", "port");
    expect_refused("redis://h:65536", "port");
    expect_refused("redis://h:99999999999999999999", "port");
    expect_refused("redis://h:x", "port");
    expect_refused("redis://h/x", "database");
    expect_refused("redis://h/-1", "database");
    expect_refused("redis://h/99999999999", "database");
    expect_refused("redis://h/0?x=1", "%3F");
    expect_refused("redis://a b", "host");
    expect_refused("redis://%", "%");
    expect_refused("redis://u%zz@h", "%");
    expect_refused("redis://u%00@h", "%");
    expect_refused("redis://u:p%4", "port");
}
END_TEST

START_TEST(schemes_of_later_are_refused_by_name)
{
    expect_refused("rediss://h", "(rediss)");
    expect_refused("redis+sentinel://h:1/m/0", "(redis+sentinel)");
    expect_refused("redis+cluster://h", "(redis+cluster)");
    expect_refused("rediss+cluster://h", "(rediss+cluster)");
}
END_TEST

START_TEST(a_password_is_never_formatted)
{
    struct store_url url = good("redis://user:hunter2@h:1/2");
    struct text out = {0};
    store_url_format(&url, &out);
    ck_assert_str_eq(out.bytes, "redis://h:1/2");
    text_clear(&out);
    store_url_describe(&url, &out);
    ck_assert_str_eq(out.bytes, "redis://:(set)@h:1/2");
    text_free(&out);
    store_url_deinit(&url);
}
END_TEST

START_TEST(a_problem_never_quotes_a_password)
{
    static const char *const bad[] = {"redis://user:hunter2@h:x", "redis://user:hunter2@",
                                      "redis://user:hunter2@h/x", "redis://u:hunter2%zz@h",
                                      "rediss://user:hunter2@h",  "rdis://user:hunter2@h"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct store_url url = {0};
        struct problem problem = {0};
        ck_assert(!store_url_parse(bad[i], &url, &problem));
        ck_assert_ptr_null(strstr(problem.text, "hunter2"));
        ck_assert(store_url_has_password(bad[i]));
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("store url");
    TCase *tests = tcase_create("store url");
    tcase_add_test(tests, local_may_have_a_path);
    tcase_add_test(tests, a_redis_url_has_defaults);
    tcase_add_test(tests, every_part_of_a_redis_url_is_read);
    tcase_add_test(tests, an_ipv6_address_stands_in_brackets);
    tcase_add_test(tests, a_socket_may_have_a_database);
    tcase_add_test(tests, malformed_urls_are_refused);
    tcase_add_test(tests, schemes_of_later_are_refused_by_name);
    tcase_add_test(tests, a_password_is_never_formatted);
    tcase_add_test(tests, a_problem_never_quotes_a_password);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
