#include "lib/store/redis/fault.h"
#include "tests/unit/check_main.h"

#include <string.h>
#include <uv.h>

static const struct {
    const char *reply, *code;
    enum redis_remedy remedy;
    const char *words;
} faults[] = {
    {"NOAUTH Authentication required.", "NOAUTH", REDIS_RECONNECT, "set store.password_file"},
    {"ERR Protocol error: unauthenticated multibulk length", "NOAUTH", REDIS_RECONNECT,
     "set store.password_file"},
    {"WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS", REDIS_CONFIGURE,
     "check store.username"},
    {"ERR invalid password", "WRONGPASS", REDIS_CONFIGURE, "check store.password_file"},
    {"NOPERM this user has no permissions to run the 'evalsha' command", "NOPERM", REDIS_HOLD,
     "+evalsha"},
    {"The user executing the script can't run this command or subcommand", "NOPERM", REDIS_HOLD,
     "+hset"},
    {"ERR The user executing the script can't access at least one of the keys", "NOPERM",
     REDIS_HOLD, "+hset"},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", REDIS_HOLD,
     "key \"leader-election:billing\" holds a value of another type"},
    {"FOREIGN leaderd: field s is missing", "foreign", REDIS_HOLD,
     "key \"leader-election:billing\" holds a hash that is not a lease record"},
    {"READONLY You can't write against a read only replica.", "READONLY", REDIS_REDISCOVER,
     "takes no writes"},
    {"MASTERDOWN Link with MASTER is down", "MASTERDOWN", REDIS_REDISCOVER, "lost its primary"},
    {"MOVED 3999 127.0.0.1:6381", "MOVED", REDIS_REDISCOVER, "Redis Cluster"},
    {"ASK 3999 127.0.0.1:6381", "ASK", REDIS_REDISCOVER, "moving the key"},
    {"ASKEW", "ASKEW", REDIS_RETRY, "answered with an error (ASKEW)"},
    {"CLUSTERDOWN Hash slot not served", "CLUSTERDOWN", REDIS_REDISCOVER, "is down"},
    {"LOADING Redis is loading the dataset in memory", "LOADING", REDIS_RETRY, "still loading"},
    {"BUSY Redis is busy running a script.", "BUSY", REDIS_RETRY, "SCRIPT KILL"},
    {"MISCONF Redis is configured to save RDB snapshots", "MISCONF", REDIS_RETRY, "to disk"},
    {"OOM command not allowed when used memory > 'maxmemory'.", "OOM", REDIS_RETRY, "maxmemory"},
    {"NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", REDIS_RETRY,
     "too few replicas"},
    {"CLOCK leaderd: the clock of this server is set beyond the year 2254", "CLOCK", REDIS_RETRY,
     "beyond the year 2254: set it"},
    {"ERR max number of clients reached", "MAXCLIENTS", REDIS_RECONNECT, "raise its maxclients"},
    {"ERR unknown command 'EVALSHA'", "ERR", REDIS_CONFIGURE, "cannot be used as a store"},
    {"ERR DB index is out of range", "ERR", REDIS_CONFIGURE, "has no database of this number"},
    {"ERR something new", "ERR", REDIS_RETRY, "ERR something new"},
    {"", "ERR", REDIS_RETRY, "answered with an error"},
    {"lower case", "ERR", REDIS_RETRY, "lower case"},
    {"ALONGERWORDTHANANYCODEMAYBE x", "ERR", REDIS_RETRY, "answered with an error"},
    {"ODD\001\n\377%s", "ERR", REDIS_RETRY, "(ODD???%s)"},
};

START_TEST(every_error_has_a_code_a_remedy_and_a_sentence)
{
    struct redis_place place = {.endpoint = "10.0.0.5:6379", .key = "leader-election:billing"};
    struct redis_fault fault;
    redis_fault_read(&fault, faults[_i].reply, strlen(faults[_i].reply), &place);
    ck_assert_str_eq(fault.code, faults[_i].code);
    ck_assert_int_eq(fault.remedy, faults[_i].remedy);
    ck_assert_msg(strstr(fault.problem.text, faults[_i].words) != NULL, "%s", fault.problem.text);
}
END_TEST

START_TEST(nothing_is_quoted_where_a_password_was_sent)
{
    struct redis_place place = {.endpoint = "10.0.0.5:6379", .secret = true};
    const char *reply = "WRONGPASS the password hunter2 is wrong";
    struct redis_fault fault;
    redis_fault_read(&fault, reply, strlen(reply), &place);
    ck_assert_ptr_null(strstr(fault.problem.text, "hunter2"));
    ck_assert_str_eq(fault.code, "WRONGPASS");
}
END_TEST

START_TEST(an_error_of_any_length_is_cut)
{
    static char reply[100000];
    struct redis_place place = {.endpoint = "10.0.0.5:6379"};
    struct redis_fault fault;
    memset(reply, 'X', sizeof reply);
    redis_fault_read(&fault, reply, sizeof reply, &place);
    ck_assert_str_eq(fault.code, "ERR");
    ck_assert_uint_lt(strlen(fault.problem.text), sizeof fault.problem.text);
}
END_TEST

START_TEST(a_lost_connection_is_named)
{
    struct redis_place place = {.endpoint = "10.0.0.5:6379"};
    struct redis_fault fault;
    redis_fault_status(&fault, UV_EOF, &place);
    ck_assert_str_eq(fault.code, "EOF");
    redis_fault_status(&fault, UV_ECONNREFUSED, &place);
    ck_assert_str_eq(fault.code, "ECONNREFUSED");
    ck_assert_str_eq(fault.problem.text, "no connection to 10.0.0.5:6379: connection refused");
    redis_fault_status(&fault, -12345, &place);
    ck_assert_str_ne(fault.code, "");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis fault");
    TCase *tests = tcase_create("fault");
    tcase_add_loop_test(tests, every_error_has_a_code_a_remedy_and_a_sentence, 0,
                        (int)(sizeof faults / sizeof faults[0]));
    tcase_add_test(tests, nothing_is_quoted_where_a_password_was_sent);
    tcase_add_test(tests, an_error_of_any_length_is_cut);
    tcase_add_test(tests, a_lost_connection_is_named);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
