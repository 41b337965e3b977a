#include "daemon/runtime_dir.h"

#include "tests/unit/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64];
static char dir[RUNTIME_DIR_SIZE];
static char dirs[RUNTIME_DIR_CANDIDATES][RUNTIME_DIR_SIZE];
static struct problem problem;

static void set_up(void)
{
    (void)strcpy(base, "/tmp/leaderd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    ck_assert_int_eq(unsetenv("RUNTIME_DIRECTORY"), 0);
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
}

static void tear_down(void)
{
    char inner[80];
    (void)snprintf(inner, sizeof inner, "%s/run", base);
    (void)rmdir(inner);
    (void)unlink(inner);
    (void)rmdir(base);
}

START_TEST(what_systemd_gives_comes_first)
{
    char given[200];
    (void)snprintf(given, sizeof given, "%s/run:%s/other", base, base);
    ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", given, 1), 0);
    ck_assert(runtime_dir_make(dir, &problem));
    *strchr(given, ':') = '\0';
    ck_assert_str_eq(dir, given);
    ck_assert_int_eq(access(dir, W_OK), 0);
    ck_assert_uint_eq(runtime_dir_candidates(dirs), 1);
    ck_assert_str_eq(dirs[0], given);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_told)
{
    ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", "/proc/nowhere/leaderd", 1), 0);
    ck_assert(!runtime_dir_make(dir, &problem));
    ck_assert_ptr_nonnull(strstr(problem.text, "/proc/nowhere/leaderd"));
}
END_TEST

START_TEST(a_relative_or_endless_directory_is_not_taken)
{
    char endless[2000];
    memset(endless, '/', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    ck_assert_int_eq(setenv("RUNTIME_DIRECTORY", "relative", 1), 0);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", endless, 1), 0);
    unsigned count = runtime_dir_candidates(dirs);
    ck_assert_str_eq(dirs[0], "/run/leaderd");
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_lt(strlen(dirs[i]), 60);
    }
}
END_TEST

START_TEST(clients_look_in_the_session_too)
{
    char expected[100];
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", base, 1), 0);
    ck_assert_uint_ge(runtime_dir_candidates(dirs), 2);
    (void)snprintf(expected, sizeof expected, "%s/leaderd", base);
    ck_assert_str_eq(dirs[1], expected);
}
END_TEST

static Suite *runtime_dir_suite(void)
{
    Suite *suite = suite_create("runtime_dir");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, what_systemd_gives_comes_first);
    tcase_add_test(rules, a_directory_that_cannot_be_made_is_told);
    tcase_add_test(rules, a_relative_or_endless_directory_is_not_taken);
    tcase_add_test(rules, clients_look_in_the_session_too);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(runtime_dir_suite)
