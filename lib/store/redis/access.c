#include "lib/store/redis/access.h"

#include <stdlib.h>
#include <string.h>

static void set_manners(struct redis_access *access)
{
    enum { SENTINEL_PATIENCE_MS = 1000 }; /* for each: a dead one must not cost the lease */
    const struct redis_store_options *options = &access->copy.options;
    int64_t connect_ms = options->connect_timeout_ms;
    access->servers = (struct link_manners){.username = options->username,
                                            .password = options->password,
                                            .client_name = options->client_name,
                                            .db = options->db,
                                            .primary_only = options->mode == REDIS_SENTINEL,
                                            .connect_timeout_ms = connect_ms,
                                            .keepalive_ms = options->keepalive_ms,
                                            .tls = access->tls};
    access->sentinels = access->servers;
    access->sentinels.username = options->sentinel_username;
    access->sentinels.password = options->sentinel_password;
    access->sentinels.db = 0;
    access->sentinels.primary_only = false;
    if (connect_ms > SENTINEL_PATIENCE_MS) {
        access->sentinels.connect_timeout_ms = SENTINEL_PATIENCE_MS;
    }
}

bool redis_access_init(struct redis_access *access, const struct redis_store_options *options,
                       struct problem *problem)
{
    *access = (struct redis_access){0};
    if (!redis_options_copy(&access->copy, options, problem)) {
        return false;
    }
    access->tls = options->tls.on ? tls_context_new(&options->tls, problem) : NULL;
    if (options->tls.on && access->tls == NULL) {
        redis_access_deinit(access);
        return false;
    }
    set_manners(access);
    return true;
}

// NOLINTNEXTLINE(readability-non-const-parameter): it is given away
static void replace(const char **mine, char *theirs)
{
    if (*mine != NULL) {
        explicit_bzero((void *)(uintptr_t)*mine, strlen(*mine));
        free((void *)(uintptr_t)*mine);
    }
    *mine = theirs;
}

/* False when memory is short. */
static bool copy_secret(const char *secret, char **copy)
{
    *copy = secret != NULL ? strdup(secret) : NULL;
    return secret == NULL || *copy != NULL;
}

bool redis_access_refresh(struct redis_access *access, const struct redis_store_options *options,
                          struct problem *problem)
{
    char *password = NULL, *sentinel_password = NULL;
    struct tls_context *tls = options->tls.on ? tls_context_new(&options->tls, problem) : NULL;
    if (options->tls.on && tls == NULL) {
        return false;
    }
    if (!copy_secret(options->password, &password) ||
        !copy_secret(options->sentinel_password, &sentinel_password)) {
        free(password);
        tls_context_free(tls);
        return problem_set(problem, "store: out of memory");
    }
    replace(&access->copy.options.password, password);
    replace(&access->copy.options.sentinel_password, sentinel_password);
    tls_context_free(access->tls);
    access->tls = tls;
    set_manners(access);
    return true;
}

void redis_access_deinit(struct redis_access *access)
{
    tls_context_free(access->tls);
    redis_options_deinit(&access->copy);
    *access = (struct redis_access){0};
}
