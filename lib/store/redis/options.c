#include "lib/store/redis/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool check_address(const struct redis_store_options *options, struct problem *problem)
{
    if ((options->host == NULL) == (options->unix_path == NULL)) {
        return problem_set(problem, "store: give either a host or a socket path");
    }
    size_t path_max = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (options->unix_path != NULL && strlen(options->unix_path) > path_max) {
        return problem_set(problem, "store: the socket path \"%s\" is longer than %zu bytes",
                           options->unix_path, path_max);
    }
    if (options->host != NULL && (options->host[0] == '\0' || strlen(options->host) > 255)) {
        return problem_set(problem, "store: a host name has 1 to 255 characters");
    }
    if (options->host != NULL && (options->port < 1 || options->port > 65535)) {
        return problem_set(problem, "store: port %d is not between 1 and 65535", options->port);
    }
    return true;
}

static bool check(const struct redis_store_options *options, struct problem *problem)
{
    if (!check_address(options, problem)) {
        return false;
    }
    if (options->db < 0) {
        return problem_set(problem, "store: database number %d is negative", options->db);
    }
    if (options->key_prefix == NULL || strlen(options->key_prefix) > REDIS_KEY_PREFIX_MAX) {
        return problem_set(problem, "store: key_prefix is longer than %d bytes",
                           REDIS_KEY_PREFIX_MAX);
    }
    if (options->connect_timeout_ms < 1 || options->keepalive_ms < 1 ||
        options->reconnect_min_ms < 1 || options->reconnect_max_ms < options->reconnect_min_ms) {
        return problem_set(problem, "store: connect_timeout, keepalive and reconnect.min must be "
                                    "above 0, and reconnect.max not below reconnect.min");
    }
    return true;
}

static void describe(struct redis_options_copy *copy)
{
    const struct redis_store_options *options = &copy->options;
    if (options->unix_path != NULL) {
        (void)snprintf(copy->endpoint, sizeof copy->endpoint, "unix:%s", options->unix_path);
        return;
    }
    const char *format = strchr(options->host, ':') != NULL ? "[%s]:%d" : "%s:%d";
    (void)snprintf(copy->endpoint, sizeof copy->endpoint, format, options->host, options->port);
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

bool redis_options_copy(struct redis_options_copy *copy, const struct redis_store_options *options,
                        struct problem *problem)
{
    if (!check(options, problem)) {
        return false;
    }
    struct redis_store_options *mine = &copy->options;
    *mine = *options;
    bool complete = own(&mine->host);
    complete = own(&mine->unix_path) && complete;
    complete = own(&mine->username) && complete;
    complete = own(&mine->password) && complete;
    complete = own(&mine->client_name) && complete;
    complete = own(&mine->key_prefix) && complete;
    if (!complete) {
        redis_options_deinit(copy);
        return problem_set(problem, "store: out of memory");
    }
    describe(copy);
    return true;
}

static void disown(const char **string)
{
    free((void *)(uintptr_t)*string);
    *string = NULL;
}

void redis_options_deinit(struct redis_options_copy *copy)
{
    struct redis_store_options *mine = &copy->options;
    if (mine->password != NULL) {
        explicit_bzero((void *)(uintptr_t)mine->password, strlen(mine->password));
    }
    disown(&mine->host);
    disown(&mine->unix_path);
    disown(&mine->username);
    disown(&mine->password);
    disown(&mine->client_name);
    disown(&mine->key_prefix);
}
