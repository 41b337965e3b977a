/*
 * Where the leases are kept, as one URL.
 *
 * `local`, `local:/path/leases.db`, `unix:/path[?db=N]`,
 * `redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]`,
 * `redis+sentinel://[USER[:PASSWORD]@]HOST[:PORT],.../MASTER[/DB]`,
 * `redis+cluster://[USER[:PASSWORD]@]HOST[:PORT],...`, and the last three as `rediss` for TLS.
 * Bytes may be percent-encoded; an IPv6 address stands in brackets. Pure. Maxima: STORE_URL_MAX
 * bytes, paths of 4095 bytes (107 for a socket), hosts of 253, STORE_URL_HOSTS_MAX of them, names
 * of masters of STORE_URL_MASTER_MAX characters, databases up to STORE_URL_DB_MAX.
 */
#ifndef LEADERD_CONFIG_STORE_URL_H
#define LEADERD_CONFIG_STORE_URL_H

#include "lib/base/problem.h"
#include "lib/base/text.h"

enum {
    STORE_URL_MAX = 8192,
    STORE_URL_DB_MAX = 1000000,
    STORE_URL_HOSTS_MAX = 32,
    STORE_URL_MASTER_MAX = 128,
    STORE_URL_PORT = 6379,
    STORE_URL_SENTINEL_PORT = 26379,
};

enum store_kind {
    STORE_KIND_LOCAL = 1, /* .path, NULL for the default one */
    STORE_KIND_REDIS,     /* .mode; .path for a unix socket, else .hosts; .db */
};

enum store_mode {
    STORE_STANDALONE = 1, /* one host */
    STORE_SENTINEL,       /* the hosts are sentinels, which know where .master is */
    STORE_CLUSTER,        /* the hosts are some nodes, which know the others; database 0 */
};

struct store_host {
    char *host; /* a name or an address, without brackets */
    int port;
};

struct store_url {
    enum store_kind kind;
    enum store_mode mode; /* 0 for a local store */
    bool tls;
    char *path;
    struct store_host *hosts; /* no two are the same */
    size_t host_count;
    char *master; /* of sentinels only */
    int db;
    char *username; /* NULL when the URL has none */
    char *password; /* a secret */
};

/* Fills `url`, which must be all zeros; on failure it stays so. The problem never quotes the URL:
 * it may hold a password. */
bool store_url_parse(const char *text, struct store_url *url, struct problem *problem) must_use;

/* Wipes the password and frees everything. */
void store_url_deinit(struct store_url *url);

/* Adds the URL without user and password; store_url_parse() reads it back. */
void store_url_format(const struct store_url *url, struct text *text);

/* The same for showing: a password stands there as `(set)`. */
void store_url_describe(const struct store_url *url, struct text *text);

/* Might `text`, well-formed or not, hold a password? Then it is not to be quoted. */
bool store_url_has_password(const char *text);

#endif
