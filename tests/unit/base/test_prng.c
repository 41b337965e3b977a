/* The generator: the same seed repeats, other seeds have nothing to do with each other. */
#include "lib/base/prng.h"
#include "tests/unit/check_main.h"

START_TEST(the_numbers_are_those_of_the_published_algorithm)
{
    /* xoshiro256** from the state {1, 2, 3, 4} */
    static const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    struct prng prng = {.state = {1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        ck_assert_uint_eq(prng_next(&prng), expected[i]);
    }
}
END_TEST

START_TEST(a_seed_is_spread_by_the_published_algorithm)
{
    /* splitmix64 from 0 */
    struct prng prng;
    prng_init(&prng, 0);
    ck_assert_uint_eq(prng.state[0], 0xe220a8397b1dcdafu);
    ck_assert_uint_eq(prng.state[1], 0x6e789e6aa1b965f4u);
    ck_assert_uint_eq(prng.state[2], 0x06c45d188009454fu);
}
END_TEST

START_TEST(the_same_seed_repeats)
{
    struct prng one, two;
    prng_init(&one, 7);
    prng_init(&two, 7);
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(prng_next(&one), prng_next(&two));
    }
}
END_TEST

START_TEST(neighbouring_seeds_are_unrelated)
{
    struct prng one, two;
    prng_init(&one, 1);
    prng_init(&two, 2);
    int different = 0;
    for (int i = 0; i < 100; i++) {
        different += __builtin_popcountll(prng_next(&one) ^ prng_next(&two));
    }
    ck_assert_int_gt(different, 2900);
    ck_assert_int_lt(different, 3500);
}
END_TEST

START_TEST(numbers_below_a_limit_are_below_it_and_reach_all_places)
{
    int seen[7] = {0};
    struct prng prng;
    prng_init(&prng, 3);
    for (int i = 0; i < 7000; i++) {
        int64_t number = prng_below(&prng, 7);
        ck_assert(number >= 0 && number < 7);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert_int_gt(seen[i], 800);
        ck_assert_int_lt(seen[i], 1200);
    }
}
END_TEST

START_TEST(a_limit_of_nothing_gives_nothing)
{
    struct prng prng;
    prng_init(&prng, 3);
    ck_assert_int_eq(prng_below(&prng, 0), 0);
    ck_assert_int_eq(prng_below(&prng, -5), 0);
    ck_assert_int_eq(prng_below(&prng, 1), 0);
    ck_assert_int_ge(prng_below(&prng, INT64_MAX), 0);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        the_numbers_are_those_of_the_published_algorithm,
        a_seed_is_spread_by_the_published_algorithm,
        the_same_seed_repeats,
        neighbouring_seeds_are_unrelated,
        numbers_below_a_limit_are_below_it_and_reach_all_places,
        a_limit_of_nothing_gives_nothing,
    };
    Suite *all = suite_create("prng");
    TCase *tests = tcase_create("prng");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_test(tests, rules[i]);
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
