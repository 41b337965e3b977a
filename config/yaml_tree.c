#include "config/yaml_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct parsing {
    yaml_parser_t parser;
    const char *file;
    struct config_issues *issues;
    size_t nodes;
    bool broken; /* nothing more can be understood; an issue says why */
};

static void complain(struct parsing *parsing, yaml_mark_t mark, const char *what)
{
    struct config_spot spot = {.file = parsing->file != NULL ? parsing->file : "configuration",
                               .line = (unsigned)mark.line + 1,
                               .column = (unsigned)mark.column + 1,
                               .key = ""};
    config_issues_add(parsing->issues, CONFIG_ERROR, &spot, "%s", what);
}

static void give_up(struct parsing *parsing, yaml_mark_t mark, const char *what)
{
    complain(parsing, mark, what);
    parsing->broken = true;
}

static void run_out(struct parsing *parsing)
{
    parsing->issues->failed = true;
    parsing->broken = true;
}

/* The place of a byte; columns count characters. */
static yaml_mark_t mark_of(const char *bytes, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if ((bytes[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* libyaml would see UTF-16 and control characters too, but says less clearly where. */
static void check_bytes(struct parsing *parsing, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length) {
        unsigned char byte = (unsigned char)bytes[at];
        size_t size = utf8_character(bytes + at, length - at);
        if (byte == 0) {
            give_up(parsing, mark_of(bytes, at), "is not text: it holds a NUL byte");
            return;
        }
        if (size == 0) {
            give_up(parsing, mark_of(bytes, at), "is not UTF-8 text");
            return;
        }
        if ((byte < 0x20 && strchr("\t\n\r", byte) == NULL) || byte == 0x7f) {
            give_up(parsing, mark_of(bytes, at), "holds a control character");
            return;
        }
        at += size;
    }
}

static void syntax_error(struct parsing *parsing)
{
    const yaml_parser_t *parser = &parsing->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        run_out(parsing);
        return;
    }
    struct problem problem;
    problem_set(&problem, "is not YAML: %s%s%s",
                parser->problem != NULL ? parser->problem : "it cannot be understood",
                parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
    yaml_mark_t mark = parser->problem_mark;
    give_up(parsing, mark, problem.text);
}

static bool next_event(struct parsing *parsing, yaml_event_t *event)
{
    if (!parsing->broken && !yaml_parser_parse(&parsing->parser, event)) {
        syntax_error(parsing);
    }
    return !parsing->broken;
}

static struct yaml_node *parse_node(struct parsing *parsing, const yaml_event_t *event, int depth);

static struct yaml_node *new_node(struct parsing *parsing, enum yaml_kind kind, yaml_mark_t mark)
{
    struct yaml_node *node = tree_new(kind);
    if (node == NULL) {
        run_out(parsing);
        return NULL;
    }
    if (parsing->file != NULL) {
        node->file = parsing->file;
        node->line = (unsigned)mark.line + 1;
        node->column = (unsigned)mark.column + 1;
    }
    return node;
}

static struct yaml_node *parse_text(struct parsing *parsing, const yaml_event_t *event)
{
    struct yaml_node *node = new_node(parsing, YAML_TEXT, event->start_mark);
    if (node == NULL) {
        return NULL;
    }
    const char *value = (const char *)event->data.scalar.value;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->nul = strlen(value) != event->data.scalar.length;
    node->text = strdup(value);
    if (node->text == NULL) {
        run_out(parsing);
    }
    return node;
}

static void parse_items(struct parsing *parsing, struct yaml_node *list, int depth)
{
    yaml_event_t event;
    while (next_event(parsing, &event)) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct yaml_node *item = end ? NULL : parse_node(parsing, &event, depth);
        yaml_event_delete(&event);
        if (end) {
            return;
        }
        if (item != NULL && !tree_append(list, NULL, item)) {
            run_out(parsing);
        }
    }
}

/* The value that stands behind a key; frees it when it cannot be kept. */
static void parse_value(struct parsing *parsing, struct yaml_node *map, const yaml_event_t *key,
                        int depth)
{
    yaml_event_t event;
    if (!next_event(parsing, &event)) {
        return;
    }
    struct yaml_node *value = parse_node(parsing, &event, depth);
    yaml_event_delete(&event);
    if (value == NULL) {
        return;
    }
    value->key_line = parsing->file != NULL ? (unsigned)key->start_mark.line + 1 : 0;
    value->key_column = parsing->file != NULL ? (unsigned)key->start_mark.column + 1 : 0;
    if (!tree_append(map, (const char *)key->data.scalar.value, value)) {
        run_out(parsing);
    }
}

static void parse_pairs(struct parsing *parsing, struct yaml_node *map, int depth)
{
    yaml_event_t key;
    while (next_event(parsing, &key)) {
        bool end = key.type == YAML_MAPPING_END_EVENT;
        if (!end && key.type != YAML_SCALAR_EVENT) {
            give_up(parsing, key.start_mark, "a key must be a word");
        } else if (!end && map->count == YAML_KEYS_MAX) {
            give_up(parsing, key.start_mark, "too many keys in one mapping");
        } else if (!end) {
            parse_value(parsing, map, &key, depth);
        }
        yaml_event_delete(&key);
        if (end) {
            return;
        }
    }
}

static const char *refusal(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_ALIAS_EVENT) {
        return "aliases (*name) are not supported";
    }
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL) {
        return "anchors (&name) are not supported";
    }
    return tag != NULL ? "tags (!name) are not supported" : NULL;
}

/* NULL when it cannot be understood or memory ran out. */
static struct yaml_node *parse_node(struct parsing *parsing, const yaml_event_t *event, int depth)
{
    if (depth > YAML_DEPTH_MAX || ++parsing->nodes > YAML_NODES_MAX) {
        give_up(parsing, event->start_mark,
                depth > YAML_DEPTH_MAX ? "is nested too deeply" : "has too many values");
        return NULL;
    }
    const char *refused = refusal(event);
    if (refused != NULL) {
        complain(parsing, event->start_mark, refused);
    }
    if (event->type == YAML_SCALAR_EVENT) {
        return parse_text(parsing, event);
    }
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    bool map = event->type == YAML_MAPPING_START_EVENT;
    enum yaml_kind kind = list ? YAML_LIST : map ? YAML_MAP : YAML_REFUSED;
    struct yaml_node *node = new_node(parsing, kind, event->start_mark);
    if (node != NULL && list) {
        parse_items(parsing, node, depth + 1);
    } else if (node != NULL && map) {
        parse_pairs(parsing, node, depth + 1);
    }
    return node;
}

/* The first document, and the refusal of a second. */
static struct yaml_node *parse_stream(struct parsing *parsing)
{
    struct yaml_node *root = NULL;
    yaml_event_t event;
    bool end = false;
    while (!end && next_event(parsing, &event)) {
        end = event.type == YAML_STREAM_END_EVENT;
        bool content = event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                       event.type == YAML_SEQUENCE_START_EVENT ||
                       event.type == YAML_MAPPING_START_EVENT;
        if (content) {
            root = parse_node(parsing, &event, 1);
        } else if (event.type == YAML_DOCUMENT_START_EVENT && root != NULL) {
            give_up(parsing, event.start_mark, "a second document is not supported");
        }
        yaml_event_delete(&event);
    }
    if (root != NULL && tree_is_null(root)) {
        tree_free(root);
        root = NULL;
    }
    return root != NULL || parsing->broken ? root : new_node(parsing, YAML_MAP, (yaml_mark_t){0});
}

struct yaml_node *tree_parse(const char *bytes, size_t length, const char *file,
                             struct config_issues *issues)
{
    struct parsing parsing = {.file = file, .issues = issues};
    check_bytes(&parsing, bytes, length);
    if (parsing.broken) {
        return NULL;
    }
    if (!yaml_parser_initialize(&parsing.parser)) {
        issues->failed = true;
        return NULL;
    }
    yaml_parser_set_encoding(&parsing.parser, YAML_UTF8_ENCODING);
    /* An empty file has no bytes at all, which libyaml asserts against. */
    yaml_parser_set_input_string(&parsing.parser,
                                 (const unsigned char *)(bytes != NULL ? bytes : ""), length);
    struct yaml_node *root = parse_stream(&parsing);
    yaml_parser_delete(&parsing.parser);
    if (parsing.broken) {
        tree_free(root);
        return NULL;
    }
    return root;
}
