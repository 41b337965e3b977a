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
    ck_assert_str_eq(url.hosts[0].host, "cache");
    ck_assert_int_eq(url.hosts[0].port, 6379);
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
    ck_assert_str_eq(url.hosts[0].host, "10.0.0.5");
    ck_assert_int_eq(url.hosts[0].port, 7000);
    ck_assert_int_eq(url.db, 12);
    store_url_deinit(&url);
    url = good("redis://:only-a-password@h");
    ck_assert_ptr_null(url.username);
    ck_assert_str_eq(url.password, "only-a-password");
    store_url_deinit(&url);
    url = good("redis://u:p@ss@h");
    ck_assert_str_eq(url.password, "p@ss");
    ck_assert_str_eq(url.hosts[0].host, "h");
    store_url_deinit(&url);
    expect_refused("redis://u%dbser@h", "UTF-8");
    url = good("redis://:p%dbss@h");
    ck_assert_str_eq(url.password, "p\xdbss");
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
    ck_assert_str_eq(url.hosts[0].host, "::1");
    ck_assert_int_eq(url.hosts[0].port, 7000);
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
    expect_round_trip("unix:/run/%c3%a9%c3%dc.sock", "unix:/run/\xc3\xa9%C3%DC.sock?db=0");
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

START_TEST(a_scheme_with_a_second_s_means_tls)
{
    struct store_url url = good("rediss://u:p@h/2");
    ck_assert(url.tls);
    ck_assert_int_eq(url.mode, STORE_STANDALONE);
    store_url_deinit(&url);
    url = good("redis://h");
    ck_assert(!url.tls);
    store_url_deinit(&url);
    expect_round_trip("rediss://u:p@h/2", "rediss://h:6379/2");
    expect_round_trip("rediss+sentinel://h/m/2", "rediss+sentinel://h:26379/m/2");
    expect_round_trip("rediss+cluster://h", "rediss+cluster://h:6379");
    expect_refused("redis+cluster+tls://h", "rediss in place of redis");
    expect_refused("rediss:h", "rediss in place of redis");
}
END_TEST

START_TEST(sentinels_are_listed_with_their_master)
{
    struct store_url url = good("redis+sentinel://u:p,w@s1,s2:5000,[::1]/a%25b/3");
    ck_assert_int_eq(url.kind, STORE_KIND_REDIS);
    ck_assert_int_eq(url.mode, STORE_SENTINEL);
    ck_assert_str_eq(url.password, "p,w");
    ck_assert_uint_eq(url.host_count, 3);
    ck_assert_str_eq(url.hosts[0].host, "s1");
    ck_assert_int_eq(url.hosts[0].port, 26379);
    ck_assert_str_eq(url.hosts[1].host, "s2");
    ck_assert_int_eq(url.hosts[1].port, 5000);
    ck_assert_str_eq(url.hosts[2].host, "::1");
    ck_assert_str_eq(url.master, "a%b");
    ck_assert_int_eq(url.db, 3);
    store_url_deinit(&url);
    expect_round_trip("redis+sentinel://s1,[::1]:7/a%25%40%3F%23b/3",
                      "redis+sentinel://s1:26379,[::1]:7/a%25%40%3F%23b/3");
    expect_round_trip("redis+sentinel://s1/m", "redis+sentinel://s1:26379/m/0");
    expect_round_trip("redis+sentinel://s1/m/", "redis+sentinel://s1:26379/m/0");
}
END_TEST

START_TEST(the_name_of_the_master_is_checked)
{
    expect_refused("redis+sentinel://s1", "name the master");
    expect_refused("redis+sentinel://s1/", "name the master");
    expect_refused("redis+sentinel://s1//0", "name the master");
    expect_refused("redis+sentinel://s1/a b/0", "name the master");
    expect_refused("redis+sentinel://s1/a%20b/0", "name the master");
    expect_refused("redis+sentinel://s1/a%2Fb/0", "name the master");
    expect_refused("redis+sentinel://s1/%ff/0", "name the master");
    expect_refused("redis+sentinel://s1/m/x", "database");
    expect_refused("redis+sentinel://s1/m/0/1", "database");
    expect_refused("redis+sentinel://s1/m?x", "before it a master");
    char url[200] = "redis+sentinel://s1/";
    size_t length = strlen(url);
    memset(url + length, 'm', STORE_URL_MASTER_MAX);
    struct store_url longest = good(url);
    store_url_deinit(&longest);
    memset(url + length, 'm', STORE_URL_MASTER_MAX + 1);
    expect_refused(url, "1 to 128");
}
END_TEST

START_TEST(a_cluster_has_database_0_only)
{
    struct store_url url = good("redis+cluster://n1,n2:7001,n2:7002/0");
    ck_assert_int_eq(url.mode, STORE_CLUSTER);
    ck_assert_uint_eq(url.host_count, 3);
    ck_assert_ptr_null(url.master);
    ck_assert_int_eq(url.db, 0);
    store_url_deinit(&url);
    expect_round_trip("redis+cluster://n1,n2:7001/", "redis+cluster://n1:6379,n2:7001");
    expect_refused("redis+cluster://n1/1", "database 1: a Redis Cluster has database 0 only");
    expect_refused("redis+cluster://n1/x", "database number");
}
END_TEST

START_TEST(a_list_of_hosts_has_no_gap_and_no_repetition)
{
    expect_refused("redis+cluster://", "redis+cluster://HOST:PORT,HOST:PORT");
    expect_refused("redis+sentinel:///m", "redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB");
    expect_refused("redis+cluster://u:p@", "name a host");
    expect_refused("redis+cluster://a,,b", "every comma");
    expect_refused("redis+cluster://,a", "every comma");
    expect_refused("redis+cluster://a,", "every comma");
    expect_refused("redis+cluster://a,b,A:6379", "host 3 is host 1 again, with the same port 6379");
    expect_refused("redis+sentinel://a,a:26379/m", "host 2 is host 1 again");
    expect_refused("redis+cluster://a,b c", "name a host");
    expect_refused("redis+cluster://a,b:0", "port");
    expect_refused("rediss://a,b", "rediss+sentinel:// and rediss+cluster://");
}
END_TEST

START_TEST(a_list_of_hosts_has_a_maximum)
{
    struct text list = {0};
    text_add(&list, "redis+cluster://n");
    for (int i = 1; i < STORE_URL_HOSTS_MAX; i++) {
        text_addf(&list, ",n%d", i);
    }
    struct store_url url = good(list.bytes);
    ck_assert_uint_eq(url.host_count, STORE_URL_HOSTS_MAX);
    store_url_deinit(&url);
    text_add(&list, ",more");
    expect_refused(list.bytes, "at most 32 hosts");
    text_free(&list);
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
    static const char *const bad[] = {
        "redis://user:hunter2@h:x",     "redis://user:hunter2@",
        "redis://user:hunter2@h/x",     "redis://u:hunter2%zz@h",
        "rdis://user:hunter2@h",        "redis+cluster://u:hunter2@h,h",
        "redis+sentinel://u:hunter2@h", "redis+cluster://u:hunter2,hunter2/x@h"};
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
    tcase_add_test(tests, a_scheme_with_a_second_s_means_tls);
    tcase_add_test(tests, sentinels_are_listed_with_their_master);
    tcase_add_test(tests, the_name_of_the_master_is_checked);
    tcase_add_test(tests, a_cluster_has_database_0_only);
    tcase_add_test(tests, a_list_of_hosts_has_no_gap_and_no_repetition);
    tcase_add_test(tests, a_list_of_hosts_has_a_maximum);
    tcase_add_test(tests, a_password_is_never_formatted);
    tcase_add_test(tests, a_problem_never_quotes_a_password);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
