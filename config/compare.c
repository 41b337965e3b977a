#include "config/print.h"

#include <string.h>

static bool same_text(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool same_listener(const struct config_listener *one, const struct config_listener *other)
{
    return strcmp(one->address, other->address) == 0 && one->role == other->role &&
           one->mode == other->mode && one->insecure == other->insecure;
}

static bool same_listeners(const struct config_http *one, const struct config_http *other)
{
    bool same = one->listener_count == other->listener_count;
    for (size_t i = 0; same && i < one->listener_count; i++) {
        same = same_listener(&one->listeners[i], &other->listeners[i]);
    }
    return same;
}

static bool same_hosts(const struct config_http *one, const struct config_http *other)
{
    bool same = one->allowed_host_count == other->allowed_host_count;
    for (size_t i = 0; same && i < one->allowed_host_count; i++) {
        same = strcmp(one->allowed_hosts[i], other->allowed_hosts[i]) == 0;
    }
    return same;
}

static void refuse(struct config_issues *issues, const struct config *wanted, const char *key,
                   const char *values)
{
    struct config_spot spot = {.file = wanted->file != NULL ? wanted->file : "configuration",
                               .key = key};
    config_issues_add(issues, CONFIG_ERROR, &spot,
                      "cannot change while the daemon runs; restart it%s", values);
}

static void compare_scalar(const struct schema_key *row, const struct config *running,
                           const struct config *wanted, struct config_issues *issues)
{
    struct text one = {0};
    struct text other = {0};
    print_scalar(row, running, PRINT_YAML, &one);
    print_scalar(row, wanted, PRINT_YAML, &other);
    if (one.failed || other.failed) {
        issues->failed = true;
    } else if (strcmp(one.bytes, other.bytes) != 0) {
        struct problem values;
        problem_set(&values, " (value %.100s, running %.100s)", other.bytes, one.bytes);
        refuse(issues, wanted, row->path, values.text);
    }
    text_free(&one);
    text_free(&other);
}

bool config_compare(const struct config *running, const struct config *wanted,
                    struct config_issues *issues)
{
    size_t errors = issues->errors;
    for (size_t i = 0; i < schema_top.count; i++) {
        const struct schema_key *row = &schema_top.keys[i];
        bool list = row->type == SCHEMA_LIST || row->type == SCHEMA_TEXTS;
        if (row->fixed && !list) {
            compare_scalar(row, running, wanted, issues);
        }
    }
    if (!same_text(running->store.url.password, wanted->store.url.password)) {
        refuse(issues, wanted, "store.url", " (its password)");
    }
    if (!same_listeners(&running->http, &wanted->http)) {
        refuse(issues, wanted, "http.listeners", "");
    }
    if (!same_hosts(&running->http, &wanted->http)) {
        refuse(issues, wanted, "http.allowed_hosts", "");
    }
    return issues->errors == errors && !issues->failed;
}
