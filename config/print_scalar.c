#include "config/print.h"

#include "lib/base/timetext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* YAML takes some characters for line breaks and forbids others, even between quotes. */
static bool needs_escape(uint32_t point)
{
    return is_control(point) || point == 0xfeff || point == 0xfffe || point == 0xffff ||
           point == '"' || point == '\\';
}

static void print_yaml_string(const char *string, struct text *text)
{
    size_t left = strlen(string);
    text_add(text, "\"");
    while (left > 0) {
        size_t size = utf8_character(string, left);
        size = size > 0 ? size : 1;
        uint32_t point = code_point(string, size);
        if (point == '$') {
            text_add(text, "$$");
        } else if (needs_escape(point)) {
            text_addf(text, "\\u%04x", point);
        } else {
            text_add_bytes(text, string, size);
        }
        string += size;
        left -= size;
    }
    text_add(text, "\"");
}

void print_string(const char *string, enum print_style style, struct text *text)
{
    if (style == PRINT_YAML && string != NULL) {
        print_yaml_string(string, text);
    } else {
        text_add_json(text, string);
    }
}

static void print_url(const struct store_url *url, enum print_style style, struct text *text)
{
    struct text plain = {0};
    if (style == PRINT_YAML) {
        store_url_format(url, &plain);
    } else {
        store_url_describe(url, &plain);
    }
    print_string(plain.bytes, style, text);
    text->failed = text->failed || plain.failed;
    text_free(&plain);
}

/* A word that YAML needs no quotes for. */
static void print_bare(const char *word, enum print_style style, struct text *text)
{
    if (style == PRINT_YAML) {
        text_add(text, word);
    } else {
        text_add_json(text, word);
    }
}

static void print_duration(int64_t ms, enum print_style style, struct text *text)
{
    char words[DURATION_TEXT_MAX];
    duration_format(ms, words);
    print_bare(words, style, text);
}

static void print_number(const struct schema_key *row, const char *home, enum print_style style,
                         struct text *text)
{
    int64_t number = 0;
    memcpy(&number, home, sizeof number);
    if (number == SCHEMA_NULL) {
        text_add(text, "null");
    } else if (row->type == SCHEMA_DURATION) {
        print_duration(number, style, text);
    } else if (row->type == SCHEMA_MODE) {
        text_addf(text, "\"%04" PRIo64 "\"", (uint64_t)number);
    } else {
        text_add_integer(text, number);
    }
}

static void print_switch(const char *home, struct text *text)
{
    static const char *const words[] = {
        [CONFIG_AUTO] = "null", [CONFIG_ON] = "true", [CONFIG_OFF] = "false"};
    enum config_switch state = CONFIG_AUTO;
    memcpy(&state, home, sizeof state);
    text_add(text, words[state]);
}

static void print_word(const struct schema_key *row, const char *home, enum print_style style,
                       struct text *text)
{
    int word = 0;
    memcpy(&word, home, sizeof word);
    print_bare(row->words[word - 1], style, text);
}

void print_scalar(const struct schema_key *row, const void *base, enum print_style style,
                  struct text *text)
{
    const char *home = (const char *)base + row->offset;
    const char *string = NULL;
    switch (row->type) {
    case SCHEMA_TEXT:
    case SCHEMA_FILE:
        memcpy(&string, home, sizeof string);
        print_string(string, style, text);
        break;
    case SCHEMA_URL:
        print_url((const struct store_url *)(const void *)home, style, text);
        break;
    case SCHEMA_DURATION:
    case SCHEMA_INTEGER:
    case SCHEMA_MODE:
        print_number(row, home, style, text);
        break;
    case SCHEMA_BOOL:
        text_add(text, *(const bool *)home ? "true" : "false");
        break;
    case SCHEMA_SWITCH:
        print_switch(home, text);
        break;
    case SCHEMA_WORD:
        print_word(row, home, style, text);
        break;
    case SCHEMA_METADATA:
    case SCHEMA_TEXTS:
    case SCHEMA_LIST:
    case SCHEMA_GROUP:
        break;
    }
}
