#include "config/expand.h"
#include "config/read.h"
#include "config/suggest.h"
#include "lib/base/timetext.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value on its way into the configuration. */
struct value {
    const struct reading *reading;
    const struct schema_key *row;
    const struct yaml_node *node;
    const char *key;
    char *text; /* expanded */
    void *home;
};

struct config_spot spot_of(const struct yaml_node *node, const char *key)
{
    if (node == NULL || node->file == NULL) {
        return (struct config_spot){.file = "configuration", .key = key};
    }
    return (struct config_spot){.file = node->file,
                                .line = node->line,
                                .column = node->column,
                                .key = node->label != NULL ? node->label : key};
}

static void refuse_node(const struct reading *reading, const struct yaml_node *node,
                        const char *key, const char *what)
{
    struct config_spot spot = spot_of(node, key);
    config_issues_add(reading->issues, CONFIG_ERROR, &spot, "%s", what);
}

static void refuse(const struct value *value, const char *what)
{
    char quoted[SHOWN_SIZE];
    struct config_spot spot = spot_of(value->node, value->key);
    config_issues_add(value->reading->issues, CONFIG_ERROR, &spot, "%s (value %s)", what,
                      shown(value->text, quoted));
}

static char *expand_text(const struct reading *reading, const struct yaml_node *node, bool runtime,
                         struct problem *problem)
{
    struct text out = {0};
    text_add(&out, "");
    if (node->label != NULL) {
        text_add(&out, node->text);
    } else if (!expand(reading->source, runtime, node->text, &out, problem)) {
        text_free(&out);
        return NULL;
    }
    char *text = text_take(&out);
    if (text == NULL) {
        problem_set(problem, "cannot be kept: out of memory");
    } else if (!text_is_utf8(text)) {
        problem_set(problem, "is not UTF-8 text");
        free(text);
        text = NULL;
    }
    return text;
}

/* Might the value be a URL with a password in it? Then no message quotes it. */
static bool is_secret(const struct yaml_node *node)
{
    return strchr(node->text, '@') != NULL;
}

char *read_text(const struct reading *reading, const struct yaml_node *node, bool runtime,
                const char *key)
{
    struct problem problem = {0};
    if (node->nul) {
        refuse_node(reading, node, key, "holds a NUL character");
        return NULL;
    }
    char *text = expand_text(reading, node, runtime, &problem);
    if (text == NULL) {
        char quoted[SHOWN_SIZE];
        struct config_spot spot = spot_of(node, key);
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "%s (value %s)", problem.text,
                          is_secret(node) ? "hidden" : shown(node->text, quoted));
    }
    return text;
}

static void store_number(const struct value *value, int64_t number)
{
    memcpy(value->home, &number, sizeof number);
}

static void store_text(struct value *value)
{
    memcpy(value->home, &value->text, sizeof value->text);
    value->text = NULL;
}

static void read_plain_text(struct value *value)
{
    struct problem problem;
    const struct schema_key *row = value->row;
    int64_t length = (int64_t)count_characters(value->text);
    if (length < row->min || length > row->max) {
        problem_set(&problem, "must be of %" PRId64 " to %" PRId64 " characters", row->min,
                    row->max);
        refuse(value, problem.text);
    } else if (row->check != NULL && !row->check(value->text, &problem)) {
        refuse(value, problem.text);
    } else {
        store_text(value);
    }
}

/* A bare name is that of a credential, as systemd hands them out. */
static bool find_credential(struct value *value)
{
    const char *directory = config_variable(value->reading->source, "CREDENTIALS_DIRECTORY");
    if (directory == NULL || directory[0] == '\0') {
        refuse(value, "must be a path; a bare name is that of a credential, and "
                      "$CREDENTIALS_DIRECTORY is not set");
        return false;
    }
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, value->text) < 0) {
        value->reading->issues->failed = true;
        return false;
    }
    free(value->text);
    value->text = path;
    return true;
}

static void read_file(struct value *value, struct config_place *place)
{
    if (value->text[0] == '\0' || strlen(value->text) > 4000) {
        refuse(value, "must be the path of a file, of at most 4000 bytes");
        return;
    }
    if (strchr(value->text, '/') == NULL && !find_credential(value)) {
        return;
    }
    *place = (struct config_place){.line = value->node->line, .column = value->node->column};
    store_text(value);
}

static void read_url(struct value *value)
{
    struct problem problem;
    if (store_url_parse(value->text, value->home, &problem)) {
        return;
    }
    if (!store_url_has_password(value->text)) {
        refuse(value, problem.text);
        return;
    }
    refuse_node(value->reading, value->node, value->key, problem.text);
}

static void read_duration(const struct value *value)
{
    const struct schema_key *row = value->row;
    int64_t ms = SCHEMA_BAD;
    if (!duration_parse(value->text, false, &ms)) {
        refuse(value, "must be a duration such as 500ms, 15s, 10m or 1h");
        ms = SCHEMA_BAD;
    } else if (ms < row->min || ms > row->max) {
        char least[DURATION_TEXT_MAX];
        char most[DURATION_TEXT_MAX];
        struct problem problem;
        duration_format(row->min, least);
        duration_format(row->max, most);
        problem_set(&problem, "must be %s to %s", least, most);
        refuse(value, problem.text);
        ms = SCHEMA_BAD;
    }
    store_number(value, ms);
}

static int64_t parse_digits(const char *text, int base)
{
    size_t digits = strspn(text, base == 8 ? "01234567" : "0123456789");
    if (digits == 0 || digits > 10 || text[digits] != '\0') {
        return SCHEMA_BAD;
    }
    return strtoll(text, NULL, base);
}

static void read_integer(const struct value *value)
{
    const struct schema_key *row = value->row;
    int64_t number = value->node->plain ? parse_digits(value->text, 10) : SCHEMA_BAD;
    if (number < row->min || number > row->max) {
        struct problem problem;
        problem_set(&problem, "must be a whole number of %" PRId64 " to %" PRId64 "%s", row->min,
                    row->max, value->node->plain ? "" : ", without quotes");
        refuse(value, problem.text);
        number = SCHEMA_BAD;
    }
    store_number(value, number);
}

static void read_mode(const struct value *value)
{
    int64_t mode = parse_digits(value->text, 8);
    if (mode < value->row->min || mode > value->row->max) {
        refuse(value, "must be an octal file mode such as \"0600\"");
        mode = SCHEMA_BAD;
    }
    store_number(value, mode);
}

/* 1 for true, 0 for false, -1 after an issue. */
static int parse_bool(const struct value *value)
{
    bool yes = strcmp(value->text, "true") == 0;
    if (value->node->plain && (yes || strcmp(value->text, "false") == 0)) {
        return yes ? 1 : 0;
    }
    refuse(value,
           value->node->plain ? "must be true or false" : "must be true or false, without quotes");
    return -1;
}

static void store_bool(const struct value *value, bool yes)
{
    memcpy(value->home, &yes, sizeof yes);
}

static void read_bool(const struct value *value)
{
    int found = parse_bool(value);
    if (found >= 0) {
        store_bool(value, found == 1);
    }
}

static void read_switch(const struct value *value)
{
    enum config_switch state = parse_bool(value) == 1 ? CONFIG_ON : CONFIG_OFF;
    memcpy(value->home, &state, sizeof state);
}

static void refuse_word(const struct value *value)
{
    struct text list = {0};
    struct suggestion suggestion = {0};
    char quoted[SHOWN_SIZE];
    for (const char *const *word = value->row->words; *word != NULL; word++) {
        const char *separator = word == value->row->words ? "" : word[1] == NULL ? " or " : ", ";
        text_addf(&list, "%s%s", separator, *word);
        suggestion_offer(&suggestion, value->text, *word);
    }
    struct config_spot spot = spot_of(value->node, value->key);
    bool any = suggestion.best[0] != '\0';
    config_issues_add(value->reading->issues, CONFIG_ERROR, &spot, "must be %s (value %s)%s%s%s",
                      list.failed ? "a known word" : list.bytes, shown(value->text, quoted),
                      any ? "; did you mean " : "", suggestion.best, any ? "?" : "");
    text_free(&list);
}

static void read_word(const struct value *value)
{
    int found = 0;
    for (int i = 0; value->row->words[i] != NULL; i++) {
        if (strcmp(value->row->words[i], value->text) == 0) {
            found = i + 1;
        }
    }
    if (found == 0) {
        refuse_word(value);
    }
    memcpy(value->home, &found, sizeof found);
}

static void store_null(const struct value *value)
{
    enum config_switch automatic = CONFIG_AUTO;
    switch (value->row->type) {
    case SCHEMA_DURATION:
    case SCHEMA_INTEGER:
    case SCHEMA_MODE:
        store_number(value, SCHEMA_NULL);
        break;
    case SCHEMA_SWITCH:
        memcpy(value->home, &automatic, sizeof automatic);
        break;
    case SCHEMA_TEXT:
    case SCHEMA_FILE:
    case SCHEMA_URL:
    case SCHEMA_BOOL:
    case SCHEMA_WORD:
    case SCHEMA_METADATA:
    case SCHEMA_TEXTS:
    case SCHEMA_LIST:
    case SCHEMA_GROUP:
        break;
    }
}

static void read_by_type(struct value *value, void *base)
{
    switch (value->row->type) {
    case SCHEMA_TEXT:
        read_plain_text(value);
        break;
    case SCHEMA_FILE:
        read_file(value, (struct config_place *)((char *)base + value->row->extra));
        break;
    case SCHEMA_URL:
        read_url(value);
        break;
    case SCHEMA_DURATION:
        read_duration(value);
        break;
    case SCHEMA_INTEGER:
        read_integer(value);
        break;
    case SCHEMA_MODE:
        read_mode(value);
        break;
    case SCHEMA_BOOL:
        read_bool(value);
        break;
    case SCHEMA_SWITCH:
        read_switch(value);
        break;
    case SCHEMA_WORD:
        read_word(value);
        break;
    case SCHEMA_METADATA:
    case SCHEMA_TEXTS:
    case SCHEMA_LIST:
    case SCHEMA_GROUP:
        break;
    }
}

static void mark_bad(const struct value *value)
{
    enum schema_type type = value->row->type;
    if (type == SCHEMA_DURATION || type == SCHEMA_INTEGER || type == SCHEMA_MODE) {
        store_number(value, SCHEMA_BAD);
    } else if (type == SCHEMA_BOOL) {
        store_bool(value, strcmp(value->row->fallback, "true") == 0);
    }
}

void read_scalar(const struct reading *reading, const struct schema_key *row,
                 const struct yaml_node *node, const char *key, void *base)
{
    struct value value = {.reading = reading,
                          .row = row,
                          .node = node,
                          .key = key,
                          .home = (char *)base + row->offset};
    mark_bad(&value);
    if (node->kind == YAML_LIST || node->kind == YAML_MAP) {
        refuse_node(reading, node, key,
                    node->kind == YAML_LIST ? "must be a single value, not a list"
                                            : "must be a single value, not a mapping");
    } else if (tree_is_null(node) && row->nullable) {
        store_null(&value);
    } else if (tree_is_null(node)) {
        refuse_node(reading, node, key, "must have a value; leave the key out for its default");
    } else if (node->kind == YAML_TEXT) {
        value.text = read_text(reading, node, row->runtime, key);
    }
    if (value.text == NULL) {
        return;
    }
    read_by_type(&value, base);
    if (value.text != NULL) {
        explicit_bzero(value.text, strlen(value.text));
        free(value.text);
    }
}
