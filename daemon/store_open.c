#include "daemon/store_open.h"

#include "lib/store/local/local_store.h"
#include "lib/store/redis/redis_store.h"

static enum redis_mode mode_of(const struct store_url *url)
{
    switch (url->mode) {
    case STORE_STANDALONE:
        return REDIS_STANDALONE;
    case STORE_SENTINEL:
        return REDIS_SENTINEL;
    case STORE_CLUSTER:
        return REDIS_CLUSTER;
    }
    return REDIS_STANDALONE;
}

static struct redis_tls_options tls_of(const struct config_store *config)
{
    return (struct redis_tls_options){.on = config->url.tls,
                                      .ca_file = config->tls.ca_file,
                                      .cert_file = config->tls.cert_file,
                                      .key_file = config->tls.key_file,
                                      .server_name = config->tls.server_name,
                                      .verify = config->tls.verify,
                                      .only_13 = config->tls.min_version == CONFIG_TLS_1_3};
}

/* `addresses` has room for all hosts of a URL. */
static void fill(const struct loaded *loaded, struct redis_address *addresses,
                 struct redis_store_options *options)
{
    const struct config_store *config = &loaded->config->store;
    for (size_t i = 0; i < config->url.host_count; i++) {
        addresses[i] = (struct redis_address){config->url.hosts[i].host, config->url.hosts[i].port};
    }
    *options = (struct redis_store_options){.mode = mode_of(&config->url),
                                            .addresses = addresses,
                                            .address_count = config->url.host_count,
                                            .unix_path = config->url.path,
                                            .master_name = config->url.master,
                                            .db = config->url.db,
                                            .username = config->username,
                                            .password = loaded->store_password,
                                            .sentinel_username = config->sentinel_username,
                                            .sentinel_password = loaded->sentinel_password,
                                            .tls = tls_of(config),
                                            .client_name = "leaderd",
                                            .key_prefix = config->key_prefix,
                                            .connect_timeout_ms = config->connect_timeout_ms,
                                            .keepalive_ms = config->keepalive_ms,
                                            .reconnect_min_ms = config->reconnect_min_ms,
                                            .reconnect_max_ms = config->reconnect_max_ms,
                                            .breaker_failures = (int)config->breaker_failures,
                                            .breaker_open_ms = config->breaker_open_ms,
                                            .min_replicas = (int)config->min_replicas,
                                            .restart_guard = config->restart_guard};
}

bool store_redis_options(const struct loaded *loaded, struct redis_address *addresses,
                         struct redis_store_options *options)
{
    if (loaded->config->store.url.kind != STORE_KIND_REDIS) {
        return false;
    }
    fill(loaded, addresses, options);
    return true;
}

static struct store *open_local(uv_loop_t *loop, const struct loaded *loaded,
                                const struct store_listener *listener, struct problem *problem)
{
    struct local_store_options options = {.path = loaded->config->store.url.path};
    return local_store_new(loop, &options, listener, problem);
}

struct store *store_open(uv_loop_t *loop, const struct loaded *loaded,
                         const struct store_listener *listener, struct problem *problem)
{
    struct redis_address addresses[STORE_URL_HOSTS_MAX];
    struct redis_store_options options;
    return store_redis_options(loaded, addresses, &options)
               ? redis_store_new(loop, &options, listener, problem)
               : open_local(loop, loaded, listener, problem);
}

struct store *store_open_for_health(uv_loop_t *loop, const struct loaded *loaded,
                                    const struct store_listener *listener, struct problem *problem)
{
    struct redis_address addresses[STORE_URL_HOSTS_MAX];
    struct redis_store_options options;
    if (!store_redis_options(loaded, addresses, &options)) {
        return open_local(loop, loaded, listener, problem);
    }
    options.client_name = "leaderd-health";
    options.min_replicas = 0;
    options.restart_guard = false;
    return redis_store_new(loop, &options, listener, problem);
}

bool store_refresh(struct store *store, const struct loaded *loaded, struct problem *problem)
{
    struct redis_address addresses[STORE_URL_HOSTS_MAX];
    struct redis_store_options options;
    return !store_redis_options(loaded, addresses, &options) ||
           redis_store_refresh(store, &options, problem);
}
