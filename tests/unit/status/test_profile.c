#include "lib/status/profile.h"

#include "lib/status/stability.h"
#include "tests/unit/check_main.h"

#include <jansson.h>
#include <string.h>

START_TEST(percentiles_are_by_nearest_rank)
{
    struct profile profile = {0};
    for (int i = 100; i >= 1; i--) {
        profile_add(&profile, OPERATION_RENEW, (int64_t)i * 10);
    }
    struct profile_summary summary;
    profile_summarize(&profile, OPERATION_RENEW, &summary);
    ck_assert_uint_eq(summary.count, 100);
    ck_assert_int_eq(summary.min_us, 10);
    ck_assert_int_eq(summary.max_us, 1000);
    ck_assert_int_eq(summary.avg_us, 505);
    ck_assert_int_eq(summary.p95_us, 950);
    ck_assert_int_eq(summary.p99_us, 990);
}
END_TEST

START_TEST(few_values_have_percentiles_too)
{
    struct profile profile = {0};
    struct profile_summary summary;
    profile_add(&profile, OPERATION_ACQUIRE, 7);
    profile_summarize(&profile, OPERATION_ACQUIRE, &summary);
    ck_assert_int_eq(summary.p95_us, 7);
    profile_add(&profile, OPERATION_ACQUIRE, 5);
    profile_add(&profile, OPERATION_ACQUIRE, 6);
    profile_summarize(&profile, OPERATION_ACQUIRE, &summary);
    ck_assert_int_eq(summary.p95_us, 7);
    ck_assert_int_eq(summary.min_us, 5);
    ck_assert_int_eq(summary.avg_us, 6);
}
END_TEST

START_TEST(only_the_last_hundred_count)
{
    struct profile profile = {0};
    struct profile_summary summary;
    profile_add(&profile, OPERATION_OBSERVE, INT64_MAX);
    for (int i = 0; i < PROFILE_WINDOW; i++) {
        profile_add(&profile, OPERATION_OBSERVE, 3);
    }
    profile_summarize(&profile, OPERATION_OBSERVE, &summary);
    ck_assert_uint_eq(summary.count, PROFILE_WINDOW);
    ck_assert_uint_eq(summary.total, PROFILE_WINDOW + 1);
    ck_assert_int_eq(summary.max_us, 3);
}
END_TEST

START_TEST(the_answer_has_every_operation)
{
    struct profile profile = {0};
    struct text text = {0};
    struct profile_document document;
    profile_add(&profile, OPERATION_ACQUIRE, 1600);
    profile_document_begin(&document, &text, 1000);
    profile_document_add(&document, "a", &profile);
    profile_document_add(&document, "b", &profile);
    profile_document_end(&document);
    static const char begin[] =
        "{\"generated_at\":\"1970-01-01T00:00:01.000Z\",\"window\":100,\"elections\":{\"a\":{"
        "\"operations\":{\"acquire\":{\"count\":1,\"total\":1,\"avg_ms\":2,\"avg_us\":1600,"
        "\"min_ms\":2,\"min_us\":1600,\"max_ms\":2,\"max_us\":1600,\"p50_ms\":2,\"p50_us\":1600,"
        "\"p95_ms\":2,\"p95_us\":1600,"
        "\"p99_ms\":2,\"p99_us\":1600},\"renew\":{\"count\":0,\"total\":0,\"avg_ms\":null,";
    ck_assert_uint_gt(text.length, sizeof begin);
    text.bytes[sizeof begin - 1] = '\0';
    ck_assert_str_eq(text.bytes, begin);
    text.bytes[sizeof begin - 1] = '"';
    json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    json_t *operations =
        json_object_get(json_object_get(json_object_get(root, "elections"), "b"), "operations");
    ck_assert_uint_eq(json_object_size(operations), OPERATION_COUNT);
    json_decref(root);
    text_clear(&text);
    profile_add_text(&text, "a", &profile);
    ck_assert_ptr_nonnull(strstr(text.bytes, "acquire         1          1       1.600"));
    text_free(&text);
}
END_TEST

START_TEST(three_changes_in_ten_minutes_are_unstable)
{
    struct stability stability = {0};
    struct stability_view view;
    stability_look(&stability, 1000, 3, &view);
    ck_assert(view.is_stable && view.changes_1h == 0 && view.last_change_at_ms == 0);
    stability_change(&stability, 1000, 7);
    stability_change(&stability, 2000, 8);
    stability_look(&stability, 3000, 3, &view);
    ck_assert(view.is_stable);
    ck_assert_int_eq(stability_settles_in_ms(&stability, 3000, 3), -1);
    stability_change(&stability, 3000, 9);
    stability_look(&stability, 3000, 3, &view);
    ck_assert(!view.is_stable && view.changes_10m == 3 && view.last_change_at_ms == 9);
    int64_t settles = 3000 + stability_settles_in_ms(&stability, 3000, 3);
    stability_look(&stability, settles - 1, 3, &view);
    ck_assert(!view.is_stable);
    stability_look(&stability, settles, 3, &view);
    ck_assert(view.is_stable && view.changes_10m == 2 && view.changes_1h == 3);
    stability_look(&stability, 3000 + 3600000, 3, &view);
    ck_assert(view.changes_1h == 0);
}
END_TEST

START_TEST(counting_changes_ends_at_what_is_kept)
{
    struct stability stability = {0};
    struct stability_view view;
    for (int i = 0; i < STABILITY_KEPT * 2 + 1; i++) {
        stability_change(&stability, 1000 + i, 1);
    }
    stability_look(&stability, 2000, 3, &view);
    ck_assert_int_eq(view.changes_1h, STABILITY_KEPT);
    ck_assert_int_eq(stability_settles_in_ms(&stability, 2000, 1), 1000 + 200 + 600000 - 2000);
    ck_assert_int_ge(stability_settles_in_ms(&stability, 2000, STABILITY_KEPT), 0);
    ck_assert_int_eq(stability_settles_in_ms(&stability, 2000, STABILITY_KEPT + 1), -1);
}
END_TEST

static Suite *profile_suite(void)
{
    Suite *suite = suite_create("profile");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, percentiles_are_by_nearest_rank);
    tcase_add_test(rules, few_values_have_percentiles_too);
    tcase_add_test(rules, only_the_last_hundred_count);
    tcase_add_test(rules, the_answer_has_every_operation);
    tcase_add_test(rules, three_changes_in_ten_minutes_are_unstable);
    tcase_add_test(rules, counting_changes_ends_at_what_is_kept);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(profile_suite)
