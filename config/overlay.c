#include "config/overlay.h"

#include "config/check.h"
#include "config/expand.h"

#include <stdlib.h>
#include <string.h>

/* Where an overlaid value comes from. */
struct origin {
    const char *file, *label;
};

static struct yaml_node *labelled(struct yaml_node *node, struct origin origin)
{
    if (node != NULL) {
        node->file = origin.file;
        node->label = origin.label;
    }
    return node;
}

/* Takes every child of that key away. */
static void drop(struct yaml_node *map, const char *key)
{
    for (size_t i = map->count; i-- > 0;) {
        if (strcmp(map->items[i]->key, key) == 0) {
            tree_free(tree_take(map, i));
        }
    }
}

static struct yaml_node *make_section(struct yaml_node *root, const char *section)
{
    struct yaml_node *node = section != NULL ? tree_find(root, section) : root;
    if (node == NULL) {
        node = tree_new(YAML_MAP);
        if (node != NULL && !tree_append(root, section, node)) {
            return NULL;
        }
    }
    return node;
}

/* Puts a value in the place of the file's; `section` is NULL at the top. Takes the value, which may
 * be NULL when memory ran out. */
static bool put(struct yaml_node *root, const char *section, const char *key,
                struct yaml_node *value)
{
    struct yaml_node *parent = value != NULL ? make_section(root, section) : NULL;
    if (parent == NULL) {
        tree_free(value);
        return false;
    }
    if (parent->kind != YAML_MAP) {
        tree_free(value); /* The reader refuses the section, and with it the whole file. */
        return true;
    }
    drop(parent, key);
    return tree_append(parent, key, value);
}

static const struct override {
    const char *section, *key;
    const char *variable, *flag;
    size_t offset; /* of the flag's value in struct config_flags */
} overrides[] = {
    {"store", "url", "LEADERD_STORE_URL", "--store", offsetof(struct config_flags, store)},
    {NULL, "participant_id", "LEADERD_PARTICIPANT_ID", "--participant",
     offsetof(struct config_flags, participant)},
    {NULL, "profile", "LEADERD_PROFILE", NULL, 0},
    {"log", "level", "LEADERD_LOG_LEVEL", "--log-level", offsetof(struct config_flags, log_level)},
    {"log", "format", "LEADERD_LOG_FORMAT", "--log-format",
     offsetof(struct config_flags, log_format)},
};

static bool put_override(struct yaml_node *root, const struct config_source *source,
                         const struct override *override)
{
    const char *value = NULL;
    struct origin origin = {"command line", override->flag};
    if (override->flag != NULL) {
        memcpy(&value, (const char *)&source->flags + override->offset, sizeof value);
    }
    if (value == NULL) {
        value = config_variable(source, override->variable);
        origin = (struct origin){"environment", override->variable};
        value = value != NULL && value[0] == '\0' ? NULL : value;
    }
    return value == NULL ||
           put(root, override->section, override->key, labelled(tree_new_text(value), origin));
}

static bool add_pair(struct yaml_node *map, const char *pair, size_t length, struct origin origin)
{
    const char *equals = memchr(pair, '=', length);
    char *key = strndup(pair, (size_t)(equals - pair));
    char *value = strndup(equals + 1, length - (size_t)(equals + 1 - pair));
    struct yaml_node *node =
        key != NULL && value != NULL ? labelled(tree_new_text(value), origin) : NULL;
    bool good = node != NULL && tree_append(map, key, node);
    free(key);
    free(value);
    return good;
}

/* `k=v,k=v` */
static bool fill_metadata(struct yaml_node *map, const char *value, struct origin origin,
                          struct config_issues *issues)
{
    for (;;) {
        size_t length = strcspn(value, ",");
        char quoted[SHOWN_SIZE];
        if (memchr(value, '=', length) == NULL) {
            struct config_spot spot = {.file = origin.file, .key = origin.label};
            config_issues_add(issues, CONFIG_ERROR, &spot, "must be KEY=VALUE,... (value %s)",
                              shown(value, quoted));
            return true;
        }
        if (!add_pair(map, value, length, origin)) {
            return false;
        }
        if (value[length] == '\0' || map->count > CONFIG_METADATA_MAX) {
            return true;
        }
        value += length + 1;
    }
}

static bool put_metadata(struct yaml_node *root, const struct config_source *source,
                         struct config_issues *issues)
{
    struct origin origin = {"environment", "LEADERD_METADATA"};
    const char *value = config_variable(source, origin.label);
    if (value == NULL || value[0] == '\0') {
        return true;
    }
    struct yaml_node *map = labelled(tree_new(YAML_MAP), origin);
    if (map == NULL || !fill_metadata(map, value, origin, issues)) {
        tree_free(map);
        return false;
    }
    return put(root, NULL, "metadata", map);
}

/* The file's entry of that name, taken out of its list; NULL when there is none. */
static struct yaml_node *take_entry(struct yaml_node *list, const char *key, const char *name)
{
    for (size_t i = 0; list != NULL && list->kind == YAML_LIST && i < list->count; i++) {
        const struct yaml_node *value = tree_find(list->items[i], key);
        if (value != NULL && value->kind == YAML_TEXT && strcmp(value->text, name) == 0) {
            return tree_take(list, i);
        }
    }
    return NULL;
}

static struct yaml_node *make_entry(const char *key, const char *name, struct origin origin)
{
    struct yaml_node *entry = labelled(tree_new(YAML_MAP), origin);
    struct yaml_node *value = labelled(tree_new_text(name), origin);
    if (entry == NULL || value == NULL || !tree_append(entry, key, value)) {
        if (entry == NULL) {
            tree_free(value);
        }
        tree_free(entry);
        return NULL;
    }
    return entry;
}

/* A list that flags replace, entry by entry. */
struct flag_list {
    const char *section, *key;
    const char *name; /* the entry's key that a flag gives */
    const char *flag;
    const char *const *values;
    size_t count;
};

static bool put_list(struct yaml_node *root, const struct flag_list *flags)
{
    struct origin origin = {"command line", flags->flag};
    const struct yaml_node *section =
        flags->section != NULL ? tree_find(root, flags->section) : root;
    struct yaml_node *old = tree_find(section, flags->key);
    struct yaml_node *list = labelled(tree_new(YAML_LIST), origin);
    for (size_t i = 0; i < flags->count && list != NULL; i++) {
        struct yaml_node *entry = take_entry(old, flags->name, flags->values[i]);
        if (entry == NULL) {
            entry = make_entry(flags->name, flags->values[i], origin);
        }
        if (entry == NULL || !tree_append(list, NULL, entry)) {
            tree_free(list);
            return false;
        }
    }
    return put(root, flags->section, flags->key, list);
}

bool overlay(struct yaml_node *root, const struct config_source *source,
             struct config_issues *issues)
{
    const struct config_flags *flags = &source->flags;
    const struct flag_list elections = {NULL,         "elections",      "name",
                                        "--election", flags->elections, flags->election_count};
    const struct flag_list listeners = {"http",     "listeners",      "address",
                                        "--listen", flags->listeners, flags->listener_count};
    bool good = put_metadata(root, source, issues);
    for (size_t i = 0; good && i < sizeof overrides / sizeof overrides[0]; i++) {
        good = put_override(root, source, &overrides[i]);
    }
    return good && (elections.count == 0 || put_list(root, &elections)) &&
           (listeners.count == 0 || put_list(root, &listeners));
}
