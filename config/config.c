#include "config/config.h"

#include "config/finish.h"
#include "config/overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct yaml_node *read_tree(const struct config_source *source, struct config_issues *issues)
{
    if (source->file == NULL) {
        struct yaml_node *root = tree_new(YAML_MAP);
        issues->failed = issues->failed || root == NULL;
        return root;
    }
    struct config_spot spot = {.file = source->file, .key = ""};
    if (source->length > CONFIG_BYTES_MAX) {
        config_issues_add(issues, CONFIG_ERROR, &spot, "is larger than 1 MiB (value: %zu bytes)",
                          source->length);
        return NULL;
    }
    struct yaml_node *root = tree_parse(source->bytes, source->length, source->file, issues);
    if (root != NULL && root->kind != YAML_MAP) {
        spot = spot_of(root, "");
        config_issues_add(issues, CONFIG_ERROR, &spot, "must be a mapping of keys");
        tree_free(root);
        root = NULL;
    }
    return root;
}

static void forget_origins(struct config *config)
{
    config->origin = NULL;
    for (size_t i = 0; i < config->election_count; i++) {
        struct config_election *election = &config->elections[i];
        election->origin = NULL;
        if (election->on_change != NULL) {
            election->on_change->origin = NULL;
        }
        if (election->health_check != NULL) {
            election->health_check->origin = NULL;
        }
    }
    for (size_t i = 0; i < config->http.listener_count; i++) {
        config->http.listeners[i].origin = NULL;
    }
}

static struct config *build(const struct config_source *source, const struct yaml_node *root,
                            struct config_issues *issues)
{
    struct reading reading = {.source = source, .issues = issues};
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        issues->failed = true;
        return NULL;
    }
    config->file = source->file != NULL ? strdup(source->file) : NULL;
    issues->failed = issues->failed || (source->file != NULL && config->file == NULL);
    schema_read(&reading, &schema_top, root, "", config);
    config_finish(&reading, config);
    config_check(&reading, config);
    forget_origins(config);
    return config;
}

struct config *config_load(const struct config_source *source, struct config_issues *issues)
{
    size_t errors = issues->errors;
    struct config *config = NULL;
    struct yaml_node *root = read_tree(source, issues);
    if (root == NULL) {
        return NULL;
    }
    if (overlay(root, source, issues)) {
        config = build(source, root, issues);
    } else {
        issues->failed = true;
    }
    tree_free(root);
    if (config != NULL && (issues->errors > errors || issues->failed)) {
        config_free(config);
        config = NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    free(config->file);
    for (size_t i = 0; i < config->http.listener_count; i++) {
        free(config->http.listeners[i].path);
        free(config->http.listeners[i].host);
    }
    schema_deinit(&schema_top, config);
    free(config);
}

void config_elector_options(const struct config *config, const struct config_election *election,
                            struct elector_options *options)
{
    *options = (struct elector_options){
        .observer = election->role == CONFIG_OBSERVER,
        .lease_ms = election->lease_ms,
        .renew_interval_ms = election->renew_interval_ms,
        .retry_interval_ms = election->retry_interval_ms,
        .operation_timeout_ms = election->operation_timeout_ms,
        .stop_margin_ms = election->stop_margin_ms,
        .gated = election->health_check != NULL,
        .shared_clock = config->store.url.kind == STORE_KIND_LOCAL,
    };
    (void)snprintf(options->participant, sizeof options->participant, "%s", config->participant_id);
}
