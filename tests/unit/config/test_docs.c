/* Run from the root of the repository, as `make check` does. */
#include "config/schema.h"
#include "lib/base/timetext.h"
#include "tests/unit/config/config_case.h"

#include <inttypes.h>
#include <stdio.h>

static char *read_file(const char *path)
{
    struct text text = {0};
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    char bytes[4096];
    size_t length = 0;
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0) {
        text_add_bytes(&text, bytes, length);
    }
    ck_assert_int_eq(fclose(file), 0);
    return text_take(&text);
}

static const char *type_name(enum schema_type type)
{
    static const char *const names[] = {
        [SCHEMA_TEXT] = "text",
        [SCHEMA_FILE] = "file",
        [SCHEMA_URL] = "URL",
        [SCHEMA_DURATION] = "duration",
        [SCHEMA_INTEGER] = "integer",
        [SCHEMA_MODE] = "file mode",
        [SCHEMA_BOOL] = "boolean",
        [SCHEMA_SWITCH] = "boolean or null",
        [SCHEMA_WORD] = "word",
        [SCHEMA_METADATA] = "mapping of texts",
        [SCHEMA_TEXTS] = "list of texts",
        [SCHEMA_LIST] = "list of mappings",
        [SCHEMA_GROUP] = "mapping or null",
    };
    return names[type];
}

static void add_durations(struct text *row, const struct schema_key *key)
{
    char least[DURATION_TEXT_MAX];
    char most[DURATION_TEXT_MAX];
    duration_format(key->min, least);
    duration_format(key->max, most);
    text_addf(row, "%s to %s", least, most);
}

static void add_words(struct text *row, const struct schema_key *key)
{
    for (size_t i = 0; key->words[i] != NULL; i++) {
        text_addf(row, "%s`%s`", i > 0 ? ", " : "", key->words[i]);
    }
}

static void add_bounds(struct text *row, const struct schema_key *key)
{
    switch (key->type) {
    case SCHEMA_TEXT:
        text_addf(row, "%" PRId64 " to %" PRId64 " characters", key->min, key->max);
        break;
    case SCHEMA_DURATION:
        add_durations(row, key);
        break;
    case SCHEMA_INTEGER:
        text_addf(row, "%" PRId64 " to %" PRId64, key->min, key->max);
        break;
    case SCHEMA_MODE:
        text_addf(row, "\"%04" PRIo64 "\" to \"%04" PRIo64 "\"", (uint64_t)key->min,
                  (uint64_t)key->max);
        break;
    case SCHEMA_WORD:
        add_words(row, key);
        break;
    case SCHEMA_METADATA:
    case SCHEMA_TEXTS:
    case SCHEMA_LIST:
        text_addf(row, "%" PRId64 " to %" PRId64 " items", key->min, key->max);
        break;
    case SCHEMA_FILE:
    case SCHEMA_URL:
    case SCHEMA_BOOL:
    case SCHEMA_SWITCH:
    case SCHEMA_GROUP:
        break;
    }
}

/* `| key | type | default | bounds |`, as the page must have it; the meaning follows. */
static void add_row(struct text *row, const struct schema_key *key)
{
    text_addf(row, "| `%s` | %s | ", key->path, type_name(key->type));
    if (key->fallback == NULL) {
        text_add(row, "required");
    } else if (key->type == SCHEMA_LIST) {
        text_add(row, "see below");
    } else {
        text_addf(row, "`%s`", key->fallback);
    }
    text_add(row, " | ");
    add_bounds(row, key);
    text_add(row, " |");
}

static void expect_documented(const char *page, const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        struct text row = {0};
        add_row(&row, &schema->keys[i]);
        const char *found = strstr(page, row.bytes);
        ck_assert_msg(found != NULL, "docs/configuration.md lacks: %s", row.bytes);
        ck_assert_msg(strcspn(found + row.length, "\n") > 10, "no meaning: %s", row.bytes);
        text_free(&row);
    }
}

START_TEST(every_key_is_documented_with_type_default_and_bounds)
{
    char *page = read_file("docs/configuration.md");
    expect_documented(page, &schema_top);
    expect_documented(page, &schema_election);
    expect_documented(page, &schema_hook);
    expect_documented(page, &schema_health_check);
    expect_documented(page, &schema_listener);
    free(page);
}
END_TEST

static void expect_shown(const char *example, const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        const char *dot = strrchr(schema->keys[i].path, '.');
        const char *leaf = dot != NULL ? dot + 1 : schema->keys[i].path;
        char key[128];
        (void)snprintf(key, sizeof key, "%s:", leaf);
        ck_assert_msg(strstr(example, key) != NULL, "leaderd.yaml.example lacks %s",
                      schema->keys[i].path);
    }
}

START_TEST(the_example_shows_every_key_and_is_without_fault)
{
    char *example = read_file("leaderd.yaml.example");
    expect_shown(example, &schema_top);
    expect_shown(example, &schema_election);
    expect_shown(example, &schema_hook);
    expect_shown(example, &schema_health_check);
    expect_shown(example, &schema_listener);
    expect_good(example);
    free(example);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("docs");
    TCase *tests = tcase_create("docs");
    tcase_add_test(tests, every_key_is_documented_with_type_default_and_bounds);
    tcase_add_test(tests, the_example_shows_every_key_and_is_without_fault);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
