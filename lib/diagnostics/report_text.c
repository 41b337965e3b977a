#include "lib/diagnostics/report_text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct page {
    struct text *text;
    bool coloured;
};

static const char *string_of(const json_t *object, const char *key)
{
    const char *string = json_string_value(json_object_get(object, key));
    return string != NULL ? string : "";
}

/* Control characters, those of Unicode's second block (U+0080 to U+009F) too, have no business on a
 * terminal. The string is UTF-8. */
static void add_clean(struct text *text, const char *string)
{
    for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
        bool second = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0;
        bool control = *c < ' ' || *c == 0x7f || second;
        text_add_bytes(text, control ? "?" : (const char *)c, 1);
        c += second;
    }
}

static void add_coloured(struct page *page, const char *colour, const char *string)
{
    text_add(page->text, page->coloured ? colour : "");
    add_clean(page->text, string);
    text_add(page->text, page->coloured ? "\033[0m" : "");
}

static const char *colour_of(const char *word)
{
    static const struct {
        const char *word, *colour;
    } colours[] = {
        {"critical", "\033[1;31m"}, {"unhealthy", "\033[1;31m"}, {"fail", "\033[1;31m"},
        {"warning", "\033[1;33m"},  {"degraded", "\033[1;33m"},  {"warn", "\033[1;33m"},
        {"healthy", "\033[1;32m"},  {"pass", "\033[1;32m"},      {"info", "\033[1;36m"},
    };
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        if (strcmp(colours[i].word, word) == 0) {
            return colours[i].colour;
        }
    }
    return "\033[1m";
}

static void add_finding(struct page *page, const json_t *finding)
{
    const char *severity = string_of(finding, "severity");
    const char *code = string_of(finding, "code");
    text_add(page->text, "\n");
    add_coloured(page, colour_of(severity), severity);
    text_add(page->text, "  ");
    add_clean(page->text, code);
    text_add(page->text, "\n  ");
    add_clean(page->text, string_of(finding, "message"));
    text_add(page->text, "\n  What to do: ");
    add_clean(page->text, string_of(finding, "advice"));
    text_add(page->text, "\n  See: docs/troubleshooting.md#");
    add_clean(page->text, code);
    text_add(page->text, "\n");
}

static void add_findings(struct page *page, const json_t *findings)
{
    size_t index;
    json_t *finding;
    if (json_array_size(findings) == 0) {
        text_add(page->text, "\nNo findings.\n");
    }
    json_array_foreach((json_t *)(uintptr_t)findings, index, finding)
    {
        add_finding(page, finding);
    }
}

static void add_value(struct page *page, const json_t *value);

/* `key value, key value`, without what is unknown. */
static void add_members(struct page *page, const json_t *object)
{
    const char *key;
    json_t *value;
    bool any = false;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!json_is_null(value)) {
            text_add(page->text, any ? ", " : "");
            add_clean(page->text, key);
            text_add(page->text, " ");
            add_value(page, value);
            any = true;
        }
    }
    text_add(page->text, any ? "" : "-");
}

static void add_items(struct page *page, const json_t *array)
{
    size_t index;
    json_t *item;
    text_add(page->text, json_array_size(array) == 0 ? "none" : "");
    json_array_foreach((json_t *)(uintptr_t)array, index, item)
    {
        text_add(page->text, "\n    - ");
        add_value(page, item);
    }
}

static void add_value(struct page *page, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        text_add(page->text, "(");
        add_members(page, value);
        text_add(page->text, ")");
        return;
    case JSON_ARRAY:
        add_items(page, value);
        return;
    case JSON_STRING:
        add_clean(page->text, json_string_value(value));
        return;
    case JSON_INTEGER:
        text_add_integer(page->text, json_integer_value(value));
        return;
    case JSON_REAL:
        text_addf(page->text, "%.3f", json_real_value(value));
        return;
    case JSON_TRUE:
        text_add(page->text, "yes");
        return;
    case JSON_FALSE:
        text_add(page->text, "no");
        return;
    case JSON_NULL:
        text_add(page->text, "-");
        return;
    }
}

static bool is_heading(const char *key)
{
    return strcmp(key, "status") == 0 || strcmp(key, "at") == 0 || strcmp(key, "duration_ms") == 0;
}

static void add_section(struct page *page, const char *name, const json_t *section)
{
    const char *key;
    json_t *value;
    if (section == NULL) {
        return;
    }
    text_add(page->text, "\n== ");
    text_add(page->text, name);
    text_add(page->text, ": ");
    add_coloured(page, colour_of(string_of(section, "status")), string_of(section, "status"));
    text_add(page->text, "\n");
    json_object_foreach((json_t *)(uintptr_t)section, key, value)
    {
        if (is_heading(key) || json_is_null(value)) {
            continue;
        }
        text_add(page->text, "  ");
        add_clean(page->text, key);
        text_add(page->text, ": ");
        if (json_is_object(value)) {
            add_members(page, value);
        } else {
            add_value(page, value);
        }
        text_add(page->text, "\n");
    }
}

bool report_render_text(struct text *text, const char *json, size_t length, enum report_style style)
{
    static const char *const sections[] = {"redis", "clock", "network", "options"};
    struct page page = {.text = text, .coloured = style == REPORT_COLOURED};
    json_error_t error;
    json_t *root = json_loadb(json, length, 0, &error);
    if (!json_is_object(root) || !json_is_array(json_object_get(root, "findings"))) {
        json_decref(root);
        return false;
    }
    const char *overall = string_of(root, "overall");
    text_add(text, "leaderd finds this host and its store ");
    add_coloured(&page, colour_of(overall), overall);
    text_add(text, ".\n");
    add_findings(&page, json_object_get(root, "findings"));
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        add_section(&page, sections[i], json_object_get(root, sections[i]));
    }
    json_decref(root);
    return true;
}

void report_read_overall(const char *json, size_t length, char *out, size_t size)
{
    json_error_t error;
    json_t *root = json_loadb(json, length, 0, &error);
    (void)snprintf(out, size, "%s", string_of(root, "overall"));
    json_decref(root);
}
