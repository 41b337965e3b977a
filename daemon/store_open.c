#include "daemon/store_open.h"

#include "lib/store/local/local_store.h"
#include "lib/store/redis/redis_store.h"

static struct store *open_redis(uv_loop_t *loop, const struct loaded *loaded,
                                const struct store_listener *listener, struct problem *problem)
{
    const struct config_store *config = &loaded->config->store;
    const struct store_host *host = config->url.host_count > 0 ? config->url.hosts : NULL;
    struct redis_store_options options = {.host = host != NULL ? host->host : NULL,
                                          .port = host != NULL ? host->port : 0,
                                          .unix_path = config->url.path,
                                          .db = config->url.db,
                                          .username = config->username,
                                          .password = loaded->store_password,
                                          .client_name = "leaderd",
                                          .key_prefix = config->key_prefix,
                                          .connect_timeout_ms = config->connect_timeout_ms,
                                          .keepalive_ms = config->keepalive_ms,
                                          .reconnect_min_ms = config->reconnect_min_ms,
                                          .reconnect_max_ms = config->reconnect_max_ms,
                                          .restart_guard = config->restart_guard};
    return redis_store_new(loop, &options, listener, problem);
}

struct store *store_open(uv_loop_t *loop, const struct loaded *loaded,
                         const struct store_listener *listener, struct problem *problem)
{
    const struct store_url *url = &loaded->config->store.url;
    switch (url->kind) {
    case STORE_KIND_LOCAL:
        return local_store_new(loop, &(struct local_store_options){.path = url->path}, listener,
                               problem);
    case STORE_KIND_REDIS:
        return open_redis(loop, loaded, listener, problem);
    }
    return NULL;
}
