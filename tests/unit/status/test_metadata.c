#include "lib/status/metadata.h"

#include "tests/unit/check_main.h"

#include <jansson.h>
#include <string.h>

static struct metadata metadata;
static struct text text;

static void tear_down(void)
{
    metadata_free(&metadata);
    text_free(&text);
}

static void decode(const char *string)
{
    metadata_decode(string, strlen(string), &metadata);
}

START_TEST(what_was_encoded_is_decoded)
{
    struct metadata_pair pairs[] = {{"node", "n\"1"}, {"zone", "\xc3\xa4"}};
    metadata_encode(&text, pairs, 2, 5000, 3);
    ck_assert_str_eq(text.bytes, "{\"i\":5000,\"w\":3,\"m\":{\"node\":\"n\\\"1\",\"zone\":\"\xc3"
                                 "\xa4\"}}");
    metadata_decode(text.bytes, text.length, &metadata);
    ck_assert_int_eq(metadata.renew_interval_ms, 5000);
    ck_assert_int_eq(metadata.waiters, 3);
    ck_assert_str_eq(metadata.json.bytes, "{\"node\":\"n\\\"1\",\"zone\":\"\xc3\xa4\"}");
}
END_TEST

static const struct {
    const char *bytes, *json;
    int64_t interval, waiters;
} hostile[] = {
    {"", "{}", 0, 0},
    {"null", "{}", 0, 0},
    {"[]", "{}", 0, 0},
    {"{", "{}", 0, 0},
    {"{}{}", "{}", 0, 0},
    {"plain text", "{}", 0, 0},
    {"\xff\xfe", "{}", 0, 0},
    {"{\"i\":\"5\",\"w\":true,\"m\":[]}", "{}", 0, 0},
    {"{\"i\":-5,\"w\":-1}", "{}", 0, 0},
    {"{\"i\":9223372036854775807,\"w\":1}", "{}", 0, 1},
    {"{\"i\":92233720368547758070}", "{}", 0, 0},
    {"{\"i\":5.5,\"w\":1e3}", "{}", 0, 0},
    {"{\"i\":1,\"i\":2,\"m\":{\"a\":\"1\",\"a\":\"2\"}}", "{\"a\":\"2\"}", 2, 0},
    {"{\"m\":{\"a\":1,\"b\":[true,null,{}],\"c\":{\"d\":\"e\"}}}",
     "{\"a\":1,\"b\":[true,null,{}],\"c\":{\"d\":\"e\"}}", 0, 0},
    {"{\"m\":{\"a\":\"\\u0000\"}}", "{}", 0, 0},
    {"{\"m\":{\"a\":\"\\ud800\"}}", "{}", 0, 0},
    {"{\"m\":{\"a\":1e999}}", "{}", 0, 0},
    {" { \"i\" : 7 , \"m\" : { \"<\" : \"\\/\" } } ", "{\"<\":\"/\"}", 7, 0},
};

START_TEST(hostile_text_reads_as_nothing)
{
    decode("{\"i\":1,\"w\":1,\"m\":{\"left\":\"over\"}}");
    decode(hostile[_i].bytes);
    ck_assert_int_eq(metadata.renew_interval_ms, hostile[_i].interval);
    ck_assert_int_eq(metadata.waiters, hostile[_i].waiters);
    ck_assert_str_eq(metadata.json.bytes, hostile[_i].json);
}
END_TEST

/* `{"m":` and an object nested `depth` deep */
static void nest(int depth)
{
    text_clear(&text);
    text_add(&text, "{\"m\":");
    for (int i = 1; i < depth; i++) {
        text_add(&text, "{\"a\":");
    }
    text_add(&text, "{}");
    for (int i = 0; i < depth; i++) {
        text_add(&text, "}");
    }
    metadata_decode(text.bytes, text.length, &metadata);
}

START_TEST(deep_nesting_reads_as_nothing)
{
    nest(METADATA_DEPTH_MAX);
    ck_assert_uint_gt(metadata.json.length, 2);
    nest(METADATA_DEPTH_MAX + 2);
    ck_assert_str_eq(metadata.json.bytes, "{}");
    nest(10000);
    ck_assert_str_eq(metadata.json.bytes, "{}");
}
END_TEST

START_TEST(a_text_that_is_too_long_reads_as_nothing)
{
    text_add(&text, "{\"m\":{\"a\":\"");
    while (text.length < METADATA_TEXT_MAX - 3) {
        text_add(&text, "x");
    }
    text_add(&text, "\"}}");
    ck_assert_uint_eq(text.length, METADATA_TEXT_MAX);
    metadata_decode(text.bytes, text.length, &metadata);
    ck_assert_uint_gt(metadata.json.length, 2);
    text_add(&text, " ");
    metadata_decode(text.bytes, text.length, &metadata);
    ck_assert_str_eq(metadata.json.bytes, "{}");
}
END_TEST

START_TEST(random_bytes_never_break_the_answer)
{
    static const char seed[] = "{\"i\":5000,\"w\":3,\"m\":{\"node\":\"n1\",\"list\":[1,2]}}";
    char bytes[sizeof seed];
    unsigned state = 1;
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, seed, sizeof seed);
        for (int change = 0; change < 3; change++) {
            state = state * 1103515245u + 12345u;
            bytes[(state >> 16) % (sizeof seed - 1)] = (char)(state >> 8);
        }
        metadata_decode(bytes, sizeof seed - 1, &metadata);
        json_t *json = json_loadb(metadata.json.bytes, metadata.json.length, 0, NULL);
        ck_assert(json_is_object(json));
        json_decref(json);
    }
}
END_TEST

static Suite *metadata_suite(void)
{
    Suite *suite = suite_create("metadata");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, NULL, tear_down);
    tcase_add_test(rules, what_was_encoded_is_decoded);
    tcase_add_loop_test(rules, hostile_text_reads_as_nothing, 0,
                        sizeof hostile / sizeof hostile[0]);
    tcase_add_test(rules, deep_nesting_reads_as_nothing);
    tcase_add_test(rules, a_text_that_is_too_long_reads_as_nothing);
    tcase_add_test(rules, random_bytes_never_break_the_answer);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(metadata_suite)
