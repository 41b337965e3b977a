#include "config/finish.h"

#include "config/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MODE = 0600 };

static const struct timing {
    int64_t lease_ms, renew_interval_ms, retry_interval_ms, operation_timeout_ms;
} timings[] = {
    [CONFIG_FAST] = {3000, 800, 500, 500},
    [CONFIG_DEFAULT] = {15000, 5000, 2000, 2000},
    [CONFIG_STABLE] = {600000, 180000, 60000, 30000},
};

static void set_if_null(int64_t *value, int64_t otherwise)
{
    if (*value == SCHEMA_NULL) {
        *value = otherwise;
    }
}

static void finish_timing(const struct config *config, struct config_election *election)
{
    if (election->profile == 0) {
        election->profile = config->profile != 0 ? config->profile : CONFIG_DEFAULT;
    }
    const struct timing *timing = &timings[election->profile];
    set_if_null(&election->lease_ms, timing->lease_ms);
    set_if_null(&election->renew_interval_ms, timing->renew_interval_ms);
    set_if_null(&election->retry_interval_ms, timing->retry_interval_ms);
    set_if_null(&election->operation_timeout_ms, timing->operation_timeout_ms);
    set_if_null(&election->stop_margin_ms,
                election->lease_ms == SCHEMA_BAD ? SCHEMA_BAD : election->lease_ms / 5);
}

static bool has_key(const struct config_metadata *metadata, const char *key)
{
    for (size_t i = 0; i < metadata->count; i++) {
        if (strcmp(metadata->pairs[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_copy(struct config_metadata *metadata, const struct metadata_pair *pair)
{
    char *key = strdup(pair->key);
    char *value = strdup(pair->value);
    if (key == NULL || value == NULL) {
        free(key);
        free(value);
        return false;
    }
    metadata->pairs[metadata->count++] = (struct metadata_pair){.key = key, .value = value};
    return true;
}

/* An election has the participant's metadata too, unless it has its own under the same key. */
static void finish_metadata(const struct reading *reading, const struct config_metadata *common,
                            struct config_election *election, const char *key)
{
    struct config_metadata *own = &election->metadata;
    struct metadata_pair *pairs =
        common->count > 0 ? reallocarray(own->pairs, own->count + common->count, sizeof *pairs)
                          : own->pairs;
    if (common->count > 0 && pairs == NULL) {
        reading->issues->failed = true;
        return;
    }
    own->pairs = pairs;
    for (size_t i = 0; i < common->count; i++) {
        if (!has_key(own, common->pairs[i].key) && !add_copy(own, &common->pairs[i])) {
            reading->issues->failed = true;
        }
    }
    if (own->count > CONFIG_METADATA_MAX) {
        struct config_spot spot = spot_in(election->origin, "metadata", key);
        config_issues_add(reading->issues, CONFIG_ERROR, &spot,
                          "must have at most %d keys, those of the top metadata counted "
                          "(value: %zu)",
                          CONFIG_METADATA_MAX, own->count);
    }
}

static void finish_listener(const struct reading *reading, struct config_listener *listener,
                            const char *key)
{
    struct address address;
    if (listener->address == NULL || !address_parse(listener->address, &address, NULL)) {
        return;
    }
    bool tcp = address.path[0] == '\0';
    char *copy = strdup(tcp ? address.host : address.path);
    if (copy == NULL) {
        reading->issues->failed = true;
        return;
    }
    *(tcp ? &listener->host : &listener->path) = copy;
    listener->port = address.port;
    listener->loopback = address.loopback;
    if (tcp && listener->mode >= 0) {
        struct config_spot spot = spot_in(listener->origin, "mode", key);
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "is for unix sockets only");
    } else if (!tcp) {
        set_if_null(&listener->mode, DEFAULT_MODE);
    }
}

static void finish_store(const struct reading *reading, struct config *config)
{
    struct config_store *store = &config->store;
    if (store->url.kind == STORE_KIND_LOCAL && store->url.path == NULL &&
        asprintf(&store->url.path, "%s/leases.db", reading->source->runtime_dir) < 0) {
        store->url.path = NULL;
        reading->issues->failed = true;
    }
    if (store->url.username != NULL && store->username != NULL) {
        struct config_spot spot = spot_in(config->origin, "store.username", "store.username");
        config_issues_add(reading->issues, CONFIG_ERROR, &spot,
                          "is given in store.url too; leave one out");
    } else if (store->url.username != NULL) {
        store->username = store->url.username;
        store->url.username = NULL;
    }
}

void config_finish(const struct reading *reading, struct config *config)
{
    char key[KEY_SIZE];
    finish_store(reading, config);
    for (size_t i = 0; i < config->election_count; i++) {
        struct config_election *election = &config->elections[i];
        if (election->lease_ms != 0) {
            (void)snprintf(key, sizeof key, "elections[%zu].metadata", i);
            finish_timing(config, election);
            finish_metadata(reading, &config->metadata, election, key);
        }
    }
    for (size_t i = 0; i < config->http.listener_count; i++) {
        (void)snprintf(key, sizeof key, "http.listeners[%zu].mode", i);
        finish_listener(reading, &config->http.listeners[i], key);
    }
}
