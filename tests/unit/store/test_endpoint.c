#include "lib/store/redis/endpoint.h"
#include "tests/unit/check_main.h"

#include <string.h>

static struct redis_endpoint from, endpoint;

static void setup(void)
{
    ck_assert(endpoint_set(&from, "10.0.0.9", 7000));
    endpoint = (struct redis_endpoint){0};
}

static bool reads(const char *text)
{
    return endpoint_read(&endpoint, text, strlen(text), &from);
}

START_TEST(names_are_written_as_people_write_them)
{
    ck_assert_str_eq(from.name, "10.0.0.9:7000");
    ck_assert(endpoint_set(&endpoint, "::1", 1));
    ck_assert_str_eq(endpoint.name, "[::1]:1");
    ck_assert(endpoint_set(&endpoint, "/run/redis.sock", 0));
    ck_assert_str_eq(endpoint.name, "unix:/run/redis.sock");
}
END_TEST

START_TEST(redirections_are_read)
{
    ck_assert(reads("127.0.0.1:6381"));
    ck_assert_str_eq(endpoint.name, "127.0.0.1:6381");
    ck_assert(reads("::1:6381"));
    ck_assert_str_eq(endpoint.host, "::1");
    ck_assert(reads(":6381"));
    ck_assert_str_eq(endpoint.name, "10.0.0.9:6381");
}
END_TEST

static const char *const garbage[] = {"",        "host",         "host:",           "host:0",
                                      "host:-1", "host:65536",   "host:6379x",      "host: 6379",
                                      ":",       "host:1000000", "host:99999999999"};

START_TEST(garbage_is_refused)
{
    ck_assert(!reads(garbage[_i]));
}
END_TEST

START_TEST(a_host_beyond_the_limit_is_refused)
{
    char text[REDIS_HOST_SIZE + 8];
    memset(text, 'h', sizeof text);
    memcpy(text + REDIS_HOST_SIZE, ":6379", 6);
    ck_assert(!reads(text));
    ck_assert(reads(text + 1));
    ck_assert(!endpoint_read(&endpoint, "a\0b:6379", 8, &from));
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("endpoint");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, names_are_written_as_people_write_them);
    tcase_add_test(tests, redirections_are_read);
    tcase_add_loop_test(tests, garbage_is_refused, 0, sizeof garbage / sizeof garbage[0]);
    tcase_add_test(tests, a_host_beyond_the_limit_is_refused);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
