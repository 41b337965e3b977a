#include "lib/store/redis/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool check_socket(const struct redis_store_options *options, struct problem *problem)
{
    size_t path_max = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (options->mode != REDIS_STANDALONE || options->tls.on || options->address_count > 0) {
        return problem_set(problem, "store: a socket path leads to a single server, without TLS");
    }
    if (strlen(options->unix_path) > path_max) {
        return problem_set(problem, "store: the socket path \"%s\" is longer than %zu bytes",
                           options->unix_path, path_max);
    }
    return true;
}

static bool check_addresses(const struct redis_store_options *options, struct problem *problem)
{
    size_t most = options->mode == REDIS_STANDALONE ? 1 : REDIS_ADDRESSES_MAX;
    if (options->address_count < 1 || options->address_count > most) {
        return problem_set(problem,
                           "store: give a host or a socket path, or up to %d sentinels "
                           "or nodes of a cluster",
                           REDIS_ADDRESSES_MAX);
    }
    for (size_t i = 0; i < options->address_count; i++) {
        const struct redis_address *address = &options->addresses[i];
        if (address->host[0] == '\0' || strlen(address->host) > 255) {
            return problem_set(problem, "store: a host name has 1 to 255 characters");
        }
        if (address->port < 1 || address->port > 65535) {
            return problem_set(problem, "store: port %d is not between 1 and 65535", address->port);
        }
    }
    return true;
}

static bool check_times(const struct redis_store_options *options, struct problem *problem)
{
    if (options->connect_timeout_ms < 1 || options->keepalive_ms < 1 ||
        options->reconnect_min_ms < 1 || options->reconnect_max_ms < options->reconnect_min_ms) {
        return problem_set(problem, "store: connect_timeout, keepalive and reconnect.min must be "
                                    "above 0, and reconnect.max not below reconnect.min");
    }
    if (options->breaker_failures < 1 || options->breaker_open_ms < 1) {
        return problem_set(problem, "store: circuit_breaker's failures and open_for must be above "
                                    "0");
    }
    return true;
}

static bool check(const struct redis_store_options *options, struct problem *problem)
{
    if (!(options->unix_path != NULL ? check_socket : check_addresses)(options, problem)) {
        return false;
    }
    if (options->mode == REDIS_SENTINEL &&
        (options->master_name == NULL || options->master_name[0] == '\0')) {
        return problem_set(problem, "store: the sentinels need the name of the primary");
    }
    if (options->db < 0 || (options->mode == REDIS_CLUSTER && options->db != 0)) {
        return problem_set(problem, "store: there is no database number %d", options->db);
    }
    if (options->key_prefix == NULL || strlen(options->key_prefix) > REDIS_KEY_PREFIX_MAX) {
        return problem_set(problem, "store: key_prefix is longer than %d bytes",
                           REDIS_KEY_PREFIX_MAX);
    }
    if ((options->tls.cert_file == NULL) != (options->tls.key_file == NULL)) {
        return problem_set(problem, "store: tls.cert_file and tls.key_file go together");
    }
    if (options->min_replicas < 0) {
        return problem_set(problem, "store: min_replicas is below 0");
    }
    return check_times(options, problem);
}

/* False only when memory is short; NULL is copied as NULL. */
static bool own(const char **string)
{
    if (*string == NULL) {
        return true;
    }
    *string = strdup(*string);
    return *string != NULL;
}

enum { STRINGS = 12 };

static void list_strings(struct redis_store_options *options, const char **out[STRINGS])
{
    const char **all[STRINGS] = {
        &options->unix_path,     &options->master_name,       &options->username,
        &options->password,      &options->sentinel_username, &options->sentinel_password,
        &options->client_name,   &options->key_prefix,        &options->tls.ca_file,
        &options->tls.cert_file, &options->tls.key_file,      &options->tls.server_name,
    };
    memcpy(out, all, sizeof all);
}

static bool own_strings(struct redis_store_options *options)
{
    const char **strings[STRINGS];
    bool complete = true;
    list_strings(options, strings);
    for (size_t i = 0; i < STRINGS; i++) {
        complete = own(strings[i]) && complete;
    }
    return complete;
}

static bool make_endpoints(struct redis_options_copy *copy,
                           const struct redis_store_options *options)
{
    size_t count = options->unix_path != NULL ? 1 : options->address_count;
    copy->endpoints = calloc(count, sizeof *copy->endpoints);
    if (copy->endpoints == NULL) {
        return false;
    }
    copy->endpoint_count = count;
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = (options->unix_path != NULL
                    ? endpoint_set(&copy->endpoints[i], options->unix_path, 0)
                    : endpoint_set(&copy->endpoints[i], options->addresses[i].host,
                                   options->addresses[i].port)) &&
               good;
    }
    return good;
}

bool redis_options_copy(struct redis_options_copy *copy, const struct redis_store_options *options,
                        struct problem *problem)
{
    if (!check(options, problem)) {
        return false;
    }
    *copy = (struct redis_options_copy){.options = *options};
    copy->options.addresses = NULL;
    copy->options.address_count = 0;
    bool strings = own_strings(&copy->options);
    if (!strings || !make_endpoints(copy, options)) {
        redis_options_deinit(copy);
        return problem_set(problem, "store: out of memory");
    }
    return true;
}

static void wipe(const char *secret)
{
    if (secret != NULL) {
        explicit_bzero((void *)(uintptr_t)secret, strlen(secret));
    }
}

static void disown(const char **string)
{
    free((void *)(uintptr_t)*string);
    *string = NULL;
}

void redis_options_deinit(struct redis_options_copy *copy)
{
    const char **strings[STRINGS];
    wipe(copy->options.password);
    wipe(copy->options.sentinel_password);
    list_strings(&copy->options, strings);
    for (size_t i = 0; i < STRINGS; i++) {
        disown(strings[i]);
    }
    free(copy->endpoints);
    *copy = (struct redis_options_copy){0};
}
