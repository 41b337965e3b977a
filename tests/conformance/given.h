/*
 * A Redis that somebody else set up, as tests/conformance/given says in the environment: its mode,
 * its servers, the user and the certificates. Each test has keys of its own there.
 */
#ifndef LEADERD_TESTS_CONFORMANCE_GIVEN_H
#define LEADERD_TESTS_CONFORMANCE_GIVEN_H

#include "tests/unit/store/redis_harness.h"

static bool is_given(void)
{
    return getenv("GIVEN_MODE") != NULL;
}

static enum redis_mode given_mode(void)
{
    const char *mode = getenv("GIVEN_MODE");
    if (strcmp(mode, "sentinel") == 0) {
        return REDIS_SENTINEL;
    }
    return strcmp(mode, "cluster") == 0 ? REDIS_CLUSTER : REDIS_STANDALONE;
}

/* "host:port,host:port" */
static size_t given_addresses(struct redis_address out[REDIS_ADDRESSES_MAX])
{
    static char list[2048];
    size_t count = 0;
    (void)snprintf(list, sizeof list, "%s", getenv("GIVEN_SERVERS"));
    char *rest = list;
    for (char *word; count < REDIS_ADDRESSES_MAX && (word = strsep(&rest, ",")) != NULL;) {
        char *colon = strrchr(word, ':');
        *colon = '\0';
        out[count++] = (struct redis_address){word, atoi(colon + 1)};
    }
    return count;
}

static struct redis_store_options options_given(void)
{
    static struct redis_address addresses[REDIS_ADDRESSES_MAX];
    static char prefix[64];
    struct redis_store_options options = options_at("", 1);
    (void)snprintf(prefix, sizeof prefix, "leader-election:%d:", (int)getpid());
    options.mode = given_mode();
    options.addresses = addresses;
    options.address_count = given_addresses(addresses);
    options.master_name = getenv("GIVEN_MASTER");
    options.username = getenv("GIVEN_USERNAME");
    options.password = getenv("GIVEN_PASSWORD");
    options.tls.on = getenv("GIVEN_CA") != NULL;
    options.tls.verify = true;
    options.tls.ca_file = getenv("GIVEN_CA");
    options.tls.cert_file = getenv("GIVEN_CERT");
    options.tls.key_file = getenv("GIVEN_KEY");
    options.key_prefix = prefix;
    return options;
}

#endif
