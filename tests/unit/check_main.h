/*
 * The main() of a unit test program: each file makes one suite and ends with CHECK_MAIN(suite).
 */
#ifndef LEADERD_TESTS_UNIT_CHECK_MAIN_H
#define LEADERD_TESTS_UNIT_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

#define CHECK_MAIN(make_suite)                            \
    int main(void)                                        \
    {                                                     \
        SRunner *runner = srunner_create(make_suite());   \
        srunner_run_all(runner, CK_NORMAL);               \
        int failed = srunner_ntests_failed(runner);       \
        srunner_free(runner);                             \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
    }

#endif
