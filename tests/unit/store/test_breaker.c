#include "lib/store/redis/breaker.h"
#include "tests/unit/check_main.h"

static struct breaker breaker;
static int64_t now;

static void setup(void)
{
    breaker_init(&breaker, 3, 1000);
    now = 100000;
}

static void fail_times(int times)
{
    for (int i = 0; i < times; i++) {
        now += BREAKER_APART_MS;
        breaker_fail(&breaker, now);
    }
}

START_TEST(it_opens_after_so_many_failures_in_a_row)
{
    fail_times(2);
    ck_assert(breaker_admits(&breaker, now));
    fail_times(1);
    ck_assert_str_eq(breaker_state_name(&breaker), "open");
    ck_assert(!breaker_admits(&breaker, now));
}
END_TEST

START_TEST(a_success_in_between_begins_the_count_anew)
{
    fail_times(2);
    breaker_succeed(&breaker);
    fail_times(2);
    ck_assert_str_eq(breaker_state_name(&breaker), "closed");
}
END_TEST

START_TEST(failures_at_the_same_time_count_as_one)
{
    for (int i = 0; i < 1000; i++) {
        breaker_fail(&breaker, now);
    }
    ck_assert(breaker_admits(&breaker, now));
}
END_TEST

START_TEST(when_its_time_is_over_one_call_tries)
{
    fail_times(3);
    now += 999;
    ck_assert(!breaker_admits(&breaker, now));
    now += 1;
    ck_assert(breaker_admits(&breaker, now));
    ck_assert_str_eq(breaker_state_name(&breaker), "half_open");
    ck_assert(!breaker_admits(&breaker, now));
    breaker_succeed(&breaker);
    ck_assert(breaker_admits(&breaker, now));
    ck_assert(breaker_admits(&breaker, now));
}
END_TEST

START_TEST(a_try_that_fails_opens_it_again_for_the_whole_time)
{
    fail_times(3);
    now += 1000;
    ck_assert(breaker_admits(&breaker, now));
    fail_times(1);
    ck_assert_str_eq(breaker_state_name(&breaker), "open");
    now += 999;
    ck_assert(!breaker_admits(&breaker, now));
}
END_TEST

START_TEST(a_try_that_is_never_answered_makes_room_for_another)
{
    fail_times(3);
    now += 1000;
    ck_assert(breaker_admits(&breaker, now));
    now += 1000;
    ck_assert(breaker_admits(&breaker, now));
}
END_TEST

START_TEST(a_sign_of_life_lets_one_call_try_at_once)
{
    fail_times(3);
    breaker_wake(&breaker);
    ck_assert(breaker_admits(&breaker, now));
    ck_assert(!breaker_admits(&breaker, now));
}
END_TEST

START_TEST(failures_of_those_who_are_always_let_through_do_not_keep_it_open)
{
    fail_times(3);
    fail_times(10);
    now += 1000;
    ck_assert(breaker_admits(&breaker, now));
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("breaker");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, it_opens_after_so_many_failures_in_a_row);
    tcase_add_test(tests, a_success_in_between_begins_the_count_anew);
    tcase_add_test(tests, failures_at_the_same_time_count_as_one);
    tcase_add_test(tests, when_its_time_is_over_one_call_tries);
    tcase_add_test(tests, a_try_that_fails_opens_it_again_for_the_whole_time);
    tcase_add_test(tests, a_try_that_is_never_answered_makes_room_for_another);
    tcase_add_test(tests, a_sign_of_life_lets_one_call_try_at_once);
    tcase_add_test(tests, failures_of_those_who_are_always_let_through_do_not_keep_it_open);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
