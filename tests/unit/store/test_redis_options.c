/* What a Redis store can be opened with, and what is refused. */
#include "lib/store/redis/options.h"

#include "tests/unit/check_main.h"

#include <string.h>

static struct redis_address addresses[REDIS_ADDRESSES_MAX + 1];
static struct redis_store_options options;
static struct redis_options_copy copy;
static struct problem problem;

static void set_up(void)
{
    for (size_t i = 0; i <= REDIS_ADDRESSES_MAX; i++) {
        addresses[i] = (struct redis_address){"10.0.0.5", 6379};
    }
    options = (struct redis_store_options){.mode = REDIS_STANDALONE,
                                           .addresses = addresses,
                                           .address_count = 1,
                                           .key_prefix = "le:",
                                           .connect_timeout_ms = 1,
                                           .keepalive_ms = 1,
                                           .reconnect_min_ms = 1,
                                           .reconnect_max_ms = 1,
                                           .breaker_failures = 1,
                                           .breaker_open_ms = 1};
}

static void expect_good(void)
{
    ck_assert_msg(redis_options_copy(&copy, &options, &problem), "%s", problem.text);
    redis_options_deinit(&copy);
}

static void expect_refusal(const char *words)
{
    ck_assert(!redis_options_copy(&copy, &options, &problem));
    ck_assert_msg(strstr(problem.text, words) != NULL, "%s", problem.text);
    set_up();
}

START_TEST(a_copy_stands_alone)
{
    char prefix[] = "le:", password[] = "sesame";
    options.key_prefix = prefix;
    options.password = password;
    ck_assert(redis_options_copy(&copy, &options, &problem));
    memset(prefix, 'x', 3);
    memset(password, 'x', 6);
    addresses[0].port = 1;
    ck_assert_str_eq(copy.options.key_prefix, "le:");
    ck_assert_str_eq(copy.options.password, "sesame");
    ck_assert_ptr_null(copy.options.username);
    ck_assert_uint_eq(copy.endpoint_count, 1);
    ck_assert_str_eq(copy.endpoints[0].name, "10.0.0.5:6379");
    redis_options_deinit(&copy);
}
END_TEST

START_TEST(a_single_server_has_one_address)
{
    expect_good();
    options.address_count = 2;
    expect_refusal("give a host or a socket path");
    options.address_count = 0;
    expect_refusal("give a host or a socket path");
    options.mode = REDIS_CLUSTER;
    options.address_count = REDIS_ADDRESSES_MAX;
    expect_good();
    options.address_count++;
    expect_refusal("up to 32 sentinels");
}
END_TEST

START_TEST(an_address_has_a_name_and_a_port)
{
    char name[300];
    memset(name, 'x', sizeof name);
    name[255] = '\0';
    addresses[0].host = name;
    expect_good();
    name[255] = 'x';
    name[256] = '\0';
    expect_refusal("1 to 255 characters");
    addresses[0].host = "";
    expect_refusal("1 to 255 characters");
    addresses[0].port = 1;
    expect_good();
    addresses[0].port = 65535;
    expect_good();
    addresses[0].port = 65536;
    expect_refusal("port 65536");
    addresses[0].port = 0;
    expect_refusal("port 0");
}
END_TEST

static void use_socket(const char *path)
{
    options.unix_path = path;
    options.address_count = 0;
}

START_TEST(a_socket_leads_to_a_single_server_without_tls)
{
    char path[120];
    use_socket("/run/redis.sock");
    ck_assert(redis_options_copy(&copy, &options, &problem));
    ck_assert_uint_eq(copy.endpoint_count, 1);
    ck_assert_str_eq(copy.endpoints[0].name, "unix:/run/redis.sock");
    redis_options_deinit(&copy);
    options.mode = REDIS_SENTINEL;
    expect_refusal("a socket path leads to a single server");
    use_socket("/run/redis.sock");
    options.tls.on = true;
    expect_refusal("without TLS");
    use_socket("/run/redis.sock");
    options.address_count = 1;
    expect_refusal("a socket path leads to a single server");
    memset(path, 'x', sizeof path);
    path[107] = '\0';
    use_socket(path);
    expect_good();
    path[107] = 'x';
    path[108] = '\0';
    expect_refusal("longer than 107 bytes");
}
END_TEST

START_TEST(what_belongs_together_is_asked_for)
{
    options.mode = REDIS_SENTINEL;
    expect_refusal("the name of the primary");
    options.mode = REDIS_SENTINEL;
    options.master_name = "";
    expect_refusal("the name of the primary");
    options.tls.cert_file = "/cert";
    expect_refusal("go together");
    options.tls.key_file = "/key";
    expect_refusal("go together");
    options.min_replicas = -1;
    expect_refusal("min_replicas");
    options.db = -1;
    expect_refusal("number -1");
    options.mode = REDIS_CLUSTER;
    options.db = 1;
    expect_refusal("number 1");
}
END_TEST

START_TEST(a_prefix_has_room)
{
    char prefix[REDIS_KEY_PREFIX_MAX + 2] = "";
    memset(prefix, 'x', REDIS_KEY_PREFIX_MAX);
    options.key_prefix = prefix;
    expect_good();
    prefix[REDIS_KEY_PREFIX_MAX] = 'x';
    expect_refusal("longer than 256 bytes");
    options.key_prefix = NULL;
    expect_refusal("key_prefix");
}
END_TEST

START_TEST(times_and_counts_are_above_zero)
{
    options.connect_timeout_ms = 0;
    expect_refusal("connect_timeout");
    options.keepalive_ms = 0;
    expect_refusal("keepalive");
    options.reconnect_min_ms = 0;
    expect_refusal("reconnect.min");
    options.reconnect_min_ms = 2;
    expect_refusal("reconnect.max not below reconnect.min");
    options.breaker_failures = 0;
    expect_refusal("circuit_breaker");
    options.breaker_open_ms = 0;
    expect_refusal("circuit_breaker");
}
END_TEST

static Suite *options_suite(void)
{
    Suite *suite = suite_create("redis options");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, NULL);
    tcase_add_test(rules, a_copy_stands_alone);
    tcase_add_test(rules, a_single_server_has_one_address);
    tcase_add_test(rules, an_address_has_a_name_and_a_port);
    tcase_add_test(rules, a_socket_leads_to_a_single_server_without_tls);
    tcase_add_test(rules, what_belongs_together_is_asked_for);
    tcase_add_test(rules, a_prefix_has_room);
    tcase_add_test(rules, times_and_counts_are_above_zero);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(options_suite)
