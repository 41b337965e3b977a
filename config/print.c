#include "config/print.h"

#include <stdio.h>
#include <string.h>

enum { SECTION_SIZE = 128 };

/* Where the writing stands. A dash begins a list's item in YAML, and its first key stands on the
 * same line; in JSON a comma goes before all but the first. */
struct printer {
    struct text *text;
    enum print_style style;
    int depth;
    bool first;
    bool dashed;
};

static void begin_line(struct printer *printer)
{
    if (printer->style == PRINT_JSON) {
        text_add(printer->text, printer->first ? "" : ",");
    } else if (!printer->dashed) {
        text_addf(printer->text, "%*s", printer->depth * 2, "");
    }
    printer->first = false;
    printer->dashed = false;
}

/* Between a key and its value on the same line. */
static void add_space(const struct printer *printer)
{
    text_add(printer->text, printer->style == PRINT_JSON ? "" : " ");
}

static void end_line(const struct printer *printer)
{
    text_add(printer->text, printer->style == PRINT_JSON ? "" : "\n");
}

static void print_key(struct printer *printer, const char *key, bool quoted)
{
    begin_line(printer);
    if (quoted || printer->style == PRINT_JSON) {
        text_add_json(printer->text, key);
        text_add(printer->text, ":");
    } else {
        text_addf(printer->text, "%s:", key);
    }
}

/* Opens a mapping ('{') or a list ('['), which YAML shows by depth alone. */
static void open_group(struct printer *printer, const char *bracket)
{
    text_add(printer->text, printer->style == PRINT_JSON ? bracket : "\n");
    printer->depth++;
    printer->first = true;
}

static void close_group(struct printer *printer, const char *bracket)
{
    text_add(printer->text, printer->style == PRINT_JSON ? bracket : "");
    printer->depth--;
    printer->first = false;
}

static void print_metadata(struct printer *printer, const struct config_metadata *metadata)
{
    if (metadata->count == 0) {
        add_space(printer);
        text_add(printer->text, "{}");
        end_line(printer);
        return;
    }
    open_group(printer, "{");
    for (size_t i = 0; i < metadata->count; i++) {
        print_key(printer, metadata->pairs[i].key, true);
        add_space(printer);
        print_string(metadata->pairs[i].value, printer->style, printer->text);
        end_line(printer);
    }
    close_group(printer, "}");
}

static void print_section(struct printer *printer, const struct schema *schema, const char *section,
                          const void *base);

static void print_item(struct printer *printer, const struct schema_key *row, const char *item)
{
    begin_line(printer);
    text_add(printer->text, printer->style == PRINT_YAML ? "- " : "");
    if (row->type == SCHEMA_TEXTS) {
        print_string(*(char *const *)(const void *)item, printer->style, printer->text);
        end_line(printer);
        return;
    }
    text_add(printer->text, printer->style == PRINT_JSON ? "{" : "");
    printer->depth++;
    printer->first = true;
    printer->dashed = true;
    print_section(printer, row->elements, "", item);
    printer->dashed = false;
    close_group(printer, "}");
}

static void print_list(struct printer *printer, const struct schema_key *row, const char *base)
{
    const char *items = NULL;
    size_t count = 0;
    size_t size = row->type == SCHEMA_LIST ? row->elements->size : sizeof(char *);
    memcpy(&items, base + row->offset, sizeof items);
    memcpy(&count, base + row->extra, sizeof count);
    if (count == 0) {
        add_space(printer);
        text_add(printer->text, "[]");
        end_line(printer);
        return;
    }
    open_group(printer, "[");
    for (size_t i = 0; i < count; i++) {
        print_item(printer, row, items + i * size);
    }
    close_group(printer, "]");
}

static void print_group(struct printer *printer, const struct schema_key *row, const char *base)
{
    const void *group = NULL;
    memcpy(&group, base + row->offset, sizeof group);
    if (group == NULL) {
        add_space(printer);
        text_add(printer->text, "null");
        end_line(printer);
        return;
    }
    open_group(printer, "{");
    print_section(printer, row->elements, "", group);
    close_group(printer, "}");
}

static void print_value(struct printer *printer, const struct schema_key *row, const char *base)
{
    if (row->type == SCHEMA_LIST || row->type == SCHEMA_TEXTS) {
        print_list(printer, row, base);
    } else if (row->type == SCHEMA_GROUP) {
        print_group(printer, row, base);
    } else if (row->type == SCHEMA_METADATA) {
        print_metadata(printer, (const struct config_metadata *)(const void *)(base + row->offset));
    } else {
        add_space(printer);
        print_scalar(row, base, printer->style, printer->text);
        end_line(printer);
    }
}

/* The rows of one section stand together: a section within it is written at its first row. */
static void print_section(struct printer *printer, const struct schema *schema, const char *section,
                          const void *base)
{
    size_t skip = strlen(section);
    char done[SECTION_SIZE] = "";
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_key *row = &schema->keys[i];
        const char *rest = row->path + skip;
        if (strncmp(row->path, section, skip) != 0) {
            continue;
        }
        size_t length = strcspn(rest, ".");
        if (rest[length] == '\0') {
            print_key(printer, rest, false);
            print_value(printer, row, base);
            continue;
        }
        char inner[SECTION_SIZE];
        char key[SECTION_SIZE];
        (void)snprintf(inner, sizeof inner, "%.*s", (int)(skip + length + 1), row->path);
        if (strcmp(inner, done) != 0) {
            (void)snprintf(key, sizeof key, "%.*s", (int)length, rest);
            (void)snprintf(done, sizeof done, "%s", inner);
            print_key(printer, key, false);
            open_group(printer, "{");
            print_section(printer, schema, inner, base);
            close_group(printer, "}");
        }
    }
}

void config_print(const struct config *config, struct text *text)
{
    struct printer printer = {.text = text, .style = PRINT_YAML, .first = true};
    print_section(&printer, &schema_top, "", config);
}

void config_json(const struct config *config, struct text *text)
{
    struct printer printer = {.text = text, .style = PRINT_JSON, .first = true};
    text_add(text, "{");
    print_section(&printer, &schema_top, "", config);
    text_add(text, "}");
}
