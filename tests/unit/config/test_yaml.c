#include "tests/unit/config/config_case.h"

#include <stdio.h>

/* Bytes, which may hold anything, must be refused with this text somewhere. */
static void expect_bytes_refused(const char *bytes, size_t length, const char *why)
{
    struct config_issues issues = {0};
    struct text printed = {0};
    struct config_source source = {.file = "f", .runtime_dir = "/run", .hostname = "h"};
    source.bytes = bytes;
    source.length = length;
    ck_assert_ptr_null(config_load(&source, &issues));
    config_issues_print(&issues, &printed);
    ck_assert_msg(strstr(printed.bytes, why) != NULL, "%s", printed.bytes);
    config_issues_deinit(&issues);
    text_free(&printed);
}

START_TEST(an_empty_file_means_the_defaults)
{
    expect_good("");
    expect_good("\n\n# nothing\n");
    expect_good("---\n");
    expect_good("{}");
    expect_good("\xef\xbb\xbf# a byte order mark\n");
}
END_TEST

START_TEST(anchors_aliases_and_tags_are_refused)
{
    expect_issues("participant_id: &a x\n", "test.yaml:1:17: anchors (&name) are not supported\n");
    expect_issues("participant_id: *a\n", "test.yaml:1:17: aliases (*name) are not supported\n");
    expect_issues("participant_id: !!str x\n", "test.yaml:1:17: tags (!name) are not supported\n");
    expect_issues("log: &a {level: info}\n", "test.yaml:1:6: anchors (&name) are not supported\n");
    expect_issues("metadata: {a: *b}\n", "test.yaml:1:15: aliases (*name) are not supported\n");
}
END_TEST

START_TEST(a_second_document_is_refused)
{
    expect_issues("profile: fast\n---\nprofile: fast\n",
                  "test.yaml:2:1: a second document is not supported\n");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    expect_bytes_refused("a: b\nc: \0d", 10, "f:2:4: is not text: it holds a NUL byte");
    expect_bytes_refused("a: \xff", 4, "f:1:4: is not UTF-8 text");
    expect_bytes_refused("a: \xc3", 4, "f:1:4: is not UTF-8 text");
    expect_bytes_refused("a: \x1b[1m", 7, "f:1:4: holds a control character");
    expect_bytes_refused("\xff\xfe\x61\x00", 4, "f:1:1: is not UTF-8 text");
    expect_issues("participant_id: \"a\\0b\"\n",
                  "test.yaml:1:17: participant_id: holds a NUL character\n");
}
END_TEST

START_TEST(broken_syntax_is_one_error_with_its_place)
{
    expect_issues("log: {level: info\n",
                  "test.yaml:2:1: is not YAML: did not find expected ',' or '}' while parsing a "
                  "flow mapping\n");
    expect_issues("- a\n", "test.yaml:1:1: must be a mapping of keys\n");
    expect_issues("hello\n", "test.yaml:1:1: must be a mapping of keys\n");
    expect_issues("? [a]\n: b\n", "test.yaml:1:3: a key must be a word\n");
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char bytes[4096];
    memset(bytes, '[', sizeof bytes);
    expect_bytes_refused(bytes, sizeof bytes, "is nested too deeply");
    for (size_t i = 0; i + 1 < sizeof bytes; i += 2) {
        memcpy(bytes + i, "- ", 2);
    }
    expect_bytes_refused(bytes, sizeof bytes, "is nested too deeply");
}
END_TEST

START_TEST(a_file_beyond_1_mib_is_refused)
{
    char *bytes = malloc(CONFIG_BYTES_MAX + 1);
    memset(bytes, '\n', CONFIG_BYTES_MAX + 1);
    expect_bytes_refused(bytes, CONFIG_BYTES_MAX + 1, "f: is larger than 1 MiB");
    struct config_issues issues = {0};
    struct config_source source = {.file = "f", .runtime_dir = "/run", .hostname = "h"};
    source.bytes = bytes;
    source.length = CONFIG_BYTES_MAX;
    struct config *config = config_load(&source, &issues);
    ck_assert_ptr_nonnull(config);
    config_free(config);
    free(bytes);
}
END_TEST

START_TEST(a_mebibyte_of_garbage_is_refused)
{
    static const char letters[] = "ab:-[]{},#&*!|>%@`\"'? \n\t$~";
    char *bytes = malloc(CONFIG_BYTES_MAX);
    struct prng prng;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        prng_init(&prng, seed);
        for (size_t i = 0; i < CONFIG_BYTES_MAX; i++) {
            bytes[i] = letters[prng_below(&prng, (int64_t)sizeof letters - 1)];
        }
        expect_bytes_refused(bytes, CONFIG_BYTES_MAX, "f:");
    }
    for (size_t i = 0; i < CONFIG_BYTES_MAX; i++) {
        bytes[i] = (char)prng_next(&prng);
    }
    expect_bytes_refused(bytes, CONFIG_BYTES_MAX, "f:");
    free(bytes);
}
END_TEST

/* Cuts and flips of a good file: anything may come of it but a crash. */
START_TEST(a_damaged_file_never_crashes)
{
    static const char whole[] =
        "participant_id: ${HOSTNAME:-x}\nmetadata: {node: n1}\nstore:\n  url: redis://u:p@[::1]/3\n"
        "elections:\n  - name: billing\n    lease_duration: 15s\n    metadata: {\"a\\u00e9\": "
        "'$$'}\n"
        "http:\n  listeners: [{address: 'unix:$RUNTIME/c', mode: \"0600\"}]\n";
    struct prng prng;
    prng_init(&prng, 7);
    for (int i = 0; i < 20000; i++) {
        char bytes[sizeof whole];
        memcpy(bytes, whole, sizeof whole);
        for (int flips = 0; flips < 3; flips++) {
            bytes[prng_below(&prng, (int64_t)sizeof whole - 1)] =
                " \n:-[]{}\"'$&*a9"[prng_below(&prng, 15)];
        }
        struct config_issues issues = {0};
        struct config_source source = {.file = "f", .runtime_dir = "/run", .hostname = "h"};
        source.bytes = bytes;
        source.length = (size_t)prng_below(&prng, (int64_t)sizeof whole);
        struct config *config = config_load(&source, &issues);
        ck_assert_int_eq(config != NULL, issues.errors == 0);
        config_free(config);
        config_issues_deinit(&issues);
    }
}
END_TEST

START_TEST(issues_beyond_the_maximum_are_counted)
{
    struct text yaml = {0};
    for (int i = 0; i < 150; i++) {
        text_addf(&yaml, "k%d: 1\n", i);
    }
    struct config_case loading = {0};
    case_load(&loading, yaml.bytes);
    ck_assert_uint_eq(loading.issues.errors, 150);
    ck_assert_uint_eq(loading.issues.count, CONFIG_ISSUES_MAX);
    ck_assert_ptr_nonnull(strstr(loading.printed.bytes, "... and 50 more\n"));
    case_end(&loading);
    text_free(&yaml);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("yaml");
    TCase *tests = tcase_create("yaml");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_file_means_the_defaults);
    tcase_add_test(tests, anchors_aliases_and_tags_are_refused);
    tcase_add_test(tests, a_second_document_is_refused);
    tcase_add_test(tests, bytes_that_are_no_text_are_refused);
    tcase_add_test(tests, broken_syntax_is_one_error_with_its_place);
    tcase_add_test(tests, deep_nesting_is_refused);
    tcase_add_test(tests, a_file_beyond_1_mib_is_refused);
    tcase_add_test(tests, a_mebibyte_of_garbage_is_refused);
    tcase_add_test(tests, a_damaged_file_never_crashes);
    tcase_add_test(tests, issues_beyond_the_maximum_are_counted);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
