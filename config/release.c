#include "config/read.h"

#include <stdlib.h>
#include <string.h>

static void release_list(const struct schema_key *row, char *base)
{
    char *items = NULL;
    size_t count = 0;
    memcpy(&items, base + row->offset, sizeof items);
    memcpy(&count, base + row->extra, sizeof count);
    for (size_t i = 0; i < count; i++) {
        if (row->type == SCHEMA_LIST) {
            schema_deinit(row->elements, items + i * row->elements->size);
        } else {
            free(((char **)(void *)items)[i]);
        }
    }
    free(items);
}

static void release_metadata(const struct config_metadata *metadata)
{
    for (size_t i = 0; i < metadata->count; i++) {
        free((char *)(uintptr_t)metadata->pairs[i].key);
        free((char *)(uintptr_t)metadata->pairs[i].value);
    }
    free(metadata->pairs);
}

static void release_group(const struct schema_key *row, const char *base)
{
    void *group = NULL;
    memcpy(&group, base + row->offset, sizeof group);
    if (group != NULL) {
        schema_deinit(row->elements, group);
    }
    free(group);
}

static void release(const struct schema_key *row, char *base)
{
    char *text = NULL;
    switch (row->type) {
    case SCHEMA_TEXT:
    case SCHEMA_FILE:
        memcpy(&text, base + row->offset, sizeof text);
        free(text);
        break;
    case SCHEMA_URL:
        store_url_deinit((struct store_url *)(void *)(base + row->offset));
        break;
    case SCHEMA_METADATA:
        release_metadata((struct config_metadata *)(void *)(base + row->offset));
        break;
    case SCHEMA_TEXTS:
    case SCHEMA_LIST:
        release_list(row, base);
        break;
    case SCHEMA_GROUP:
        release_group(row, base);
        break;
    case SCHEMA_DURATION:
    case SCHEMA_INTEGER:
    case SCHEMA_MODE:
    case SCHEMA_BOOL:
    case SCHEMA_SWITCH:
    case SCHEMA_WORD:
        break;
    }
}

void schema_deinit(const struct schema *schema, void *base)
{
    for (size_t i = 0; i < schema->count; i++) {
        release(&schema->keys[i], base);
    }
}
