/* Who is known to be at work, and until when. */
#include "daemon/environment.h"
#include "daemon/workloads.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_name_has_plain_characters)
{
    char long_name[WORKLOAD_NAME_SIZE + 1];
    memset(long_name, 'x', sizeof long_name);
    long_name[WORKLOAD_NAME_SIZE] = '\0';
    ck_assert(!workload_name_is_good(long_name));
    long_name[WORKLOAD_NAME_SIZE - 1] = '\0';
    ck_assert(workload_name_is_good(long_name));
    ck_assert(workload_name_is_good("run-0aF._:-"));
    ck_assert(!workload_name_is_good(""));
    ck_assert(!workload_name_is_good("a b"));
    ck_assert(!workload_name_is_good("\xc3\xa9"));
}
END_TEST

START_TEST(the_last_deadline_that_one_was_told_counts)
{
    struct workloads workloads = {0};
    ck_assert_int_eq(workloads_until_ms(&workloads), 0);
    workloads_tell(&workloads, "a", 1000, true);
    workloads_tell(&workloads, "b", 3000, true);
    workloads_tell(&workloads, "a", 2000, true);
    workloads_tell(&workloads, "b", 500, true);
    ck_assert_uint_eq(workloads.count, 2);
    ck_assert_int_eq(workloads_until_ms(&workloads), 3000);
    workloads_end(&workloads, "b");
    workloads_end(&workloads, "b");
    ck_assert_int_eq(workloads_until_ms(&workloads), 2000);
}
END_TEST

START_TEST(nobody_begins_during_a_drain)
{
    struct workloads workloads = {0};
    workloads_tell(&workloads, "a", 1000, false);
    ck_assert_int_eq(workloads_until_ms(&workloads), 0);
    workloads_tell(&workloads, "a", 1000, true);
    workloads_tell(&workloads, "a", 1500, false);
    ck_assert_int_eq(workloads_until_ms(&workloads), 1500);
}
END_TEST

START_TEST(there_is_a_most_and_those_whose_time_is_over_make_room)
{
    struct workloads workloads = {0};
    char name[16];
    for (int i = 0; i <= WORKLOADS_MAX; i++) {
        (void)snprintf(name, sizeof name, "w%d", i);
        ck_assert_int_eq(workloads_has_room(&workloads, name, 0), i < WORKLOADS_MAX);
        workloads_tell(&workloads, name, 1000 + i, true);
    }
    ck_assert_uint_eq(workloads.count, WORKLOADS_MAX);
    ck_assert(workloads_has_room(&workloads, "w3", 0));
    ck_assert(workloads_has_room(&workloads, "new", 1000));
    ck_assert_uint_eq(workloads.count, WORKLOADS_MAX - 1);
    ck_assert_int_eq(workloads_until_ms(&workloads), 1000 + WORKLOADS_MAX - 1);
}
END_TEST

static const char *find(const struct environment *environment, const char *name)
{
    size_t length = strlen(name);
    const char *found = NULL;
    for (char **variable = environment->variables; *variable != NULL; variable++) {
        if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=') {
            ck_assert_msg(found == NULL, "%s is there twice", name);
            found = *variable + length + 1;
        }
    }
    return found;
}

START_TEST(an_environment_is_ours_with_some_set_anew)
{
    struct environment environment;
    ck_assert_int_eq(setenv("TEST_REPLACED", "old", 1), 0);
    ck_assert_int_eq(setenv("TEST_REPLACED_NOT", "kept", 1), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", "/run/x", 1), 0);
    ck_assert_int_eq(setenv("LISTEN_FDS", "1", 1), 0);
    environment_init(&environment);
    environment_drop_service(&environment);
    ck_assert_ptr_null(find(&environment, "NOTIFY_SOCKET"));
    ck_assert_ptr_null(find(&environment, "LISTEN_FDS"));
    environment_set(&environment, "TEST_REPLACED", "new");
    environment_set(&environment, "TEST_EMPTY", NULL);
    environment_set_number(&environment, "TEST_NUMBER", INT64_MIN);
    ck_assert(!environment.failed);
    ck_assert_str_eq(find(&environment, "TEST_REPLACED"), "new");
    ck_assert_str_eq(find(&environment, "TEST_REPLACED_NOT"), "kept");
    ck_assert_str_eq(find(&environment, "TEST_EMPTY"), "");
    ck_assert_str_eq(find(&environment, "TEST_NUMBER"), "-9223372036854775808");
    ck_assert_ptr_nonnull(find(&environment, "PATH"));
    environment_free(&environment);
}
END_TEST

START_TEST(an_environment_of_nothing_takes_ours)
{
    struct environment environment;
    ck_assert_int_eq(clearenv(), 0);
    environment_init(&environment);
    for (int i = 0; i < ENVIRONMENT_OWN_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "N%d", i);
        environment_set_number(&environment, name, i);
    }
    ck_assert(!environment.failed);
    ck_assert_str_eq(find(&environment, "N0"), "0");
    ck_assert_str_eq(find(&environment, "N11"), "11");
    environment_set(&environment, "TOO_MANY", "x");
    ck_assert(environment.failed);
    environment_free(&environment);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("workloads");
    TCase *tests = tcase_create("workloads");
    tcase_add_test(tests, a_name_has_plain_characters);
    tcase_add_test(tests, the_last_deadline_that_one_was_told_counts);
    tcase_add_test(tests, nobody_begins_during_a_drain);
    tcase_add_test(tests, there_is_a_most_and_those_whose_time_is_over_make_room);
    tcase_add_test(tests, an_environment_is_ours_with_some_set_anew);
    tcase_add_test(tests, an_environment_of_nothing_takes_ours);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
