/*
 * The lease store in Redis (5.0 or later), Valkey, or what speaks their protocol: a single server,
 * one that Sentinel names, or a cluster; in plain or over TLS.
 *
 * A record is one hash without TTL at `<key_prefix><election>`, read and written by one script
 * (lease.lua, the table of lib/lease in Lua), called by EVALSHA, and by EVAL where the server has
 * forgotten it. Messages go to the channel `<key_prefix><election>:events`.
 *
 * Promises, beyond those of lib/store/store.h:
 * - One connection to each server in use carries the calls of all its elections, pipelined in the
 *   order of their submits; another one, opened by the first store_subscribe(), carries messages.
 * - Replies are matched by order only. So when one call is not answered in time, the connection is
 *   dropped and opened anew, and every call under way on it is UNKNOWN.
 * - A name is resolved anew for every connection, and all its addresses are tried.
 * - With sentinels, they are asked in turn before every connection which server is the primary,
 *   that server must say so itself, and +switch-master is followed at once.
 * - In a cluster calls go to the node that has the key's slot, by MOVED and ASK where that changes.
 * - A circuit breaker refuses looks and acquisitions (code "circuit_open") after breaker_failures
 *   failures in a row, for breaker_open_ms; never what a holder or an operator asks for. Any sign
 *   of life lets one call try it again.
 * - With min_replicas, acquisitions and renewals are followed by WAIT; the reply says whether so
 *   many replicas have acknowledged it (lease_reply.replicated), and if not, why.
 * - Lost connections are opened again after a random time below reconnect_min_ms, doubled at each
 *   failure up to reconnect_max_ms and reset by a good answer. A renewal or release that finds the
 *   store down shortens that wait to a second at most.
 * - A key that holds anything but a record of ours is never written to (code "foreign" or
 *   "WRONGTYPE"). A hash that shares no field with ours is known by HLEN, so an ACL user should
 * have +hlen. Whatever a server answers, it cannot crash or stall the daemon.
 * - Leases go on when the server's memory is full (Redis 7 and later).
 * - No sentence ever holds the password.
 *
 * Codes, for people and counters. FAILED: the first word of Redis' own error ("READONLY", "NOPERM",
 * …), "MAXCLIENTS", "unconnected", "overload", "oversize", "memory", "foreign". UNKNOWN, and of
 * lost connections: "timeout", "EOF", "tls", "malformed", "closed", or the name of a system
 * error ("ECONNRESET", "EAI_NONAME", …); "sentinel" when no sentinel knows a primary. A loss of the
 * second connection only counts as an error.
 *
 * Maxima: REDIS_STORE_CALLS_MAX calls under way, more are FAILED "overload"; a reply of 1 MiB, a
 * larger one ends the connection.
 *
 * Every callback may call store_submit() or store_close(). A name that is being resolved when the
 * store closes keeps only its request on the loop, nothing of the store. The process must ignore
 * SIGPIPE, as libuv asks of everybody.
 */
#ifndef LEADERD_STORE_REDIS_REDIS_STORE_H
#define LEADERD_STORE_REDIS_REDIS_STORE_H

#include "lib/store/store.h"

enum {
    REDIS_STORE_CALLS_MAX = 16384, /* for each server */
    REDIS_KEY_PREFIX_MAX = 256,
    REDIS_META_MAX = 131072,
    REDIS_ADDRESSES_MAX = 32,
};

enum redis_mode { REDIS_STANDALONE = 1, REDIS_SENTINEL, REDIS_CLUSTER };

struct redis_address {
    const char *host; /* a name, or a literal IPv4 or IPv6 address without brackets */
    int port;
};

/* Files are in PEM form. NULL for none, but that ca_file means the system's authorities then. */
struct redis_tls_options {
    bool on;
    const char *ca_file, *cert_file, *key_file;
    const char *server_name; /* that certificates must bear; NULL: the name that was dialled */
    bool verify;
    bool only_13; /* no TLS 1.2 */
};

/* All strings are copied. */
struct redis_store_options {
    enum redis_mode mode;
    const struct redis_address *addresses; /* the server, the sentinels, or nodes of the cluster */
    size_t address_count;
    const char *unix_path;   /* instead of an address; standalone only */
    const char *master_name; /* as the sentinels call it */
    int db;
    const char *username; /* ACL user; NULL: the default user */
    const char *password; /* NULL: no authentication */
    const char *sentinel_username, *sentinel_password;
    struct redis_tls_options tls;
    const char *client_name; /* seen in CLIENT LIST; NULL for none */
    const char *key_prefix;
    int64_t connect_timeout_ms; /* for resolving, connecting and greeting together */
    int64_t keepalive_ms;       /* TCP keepalive */
    int64_t reconnect_min_ms, reconnect_max_ms;
    int breaker_failures;
    int64_t breaker_open_ms;
    int min_replicas;   /* that must acknowledge a grant or a renewal; 0: none */
    bool restart_guard; /* false: the server never loses data; see lease_server */
};

/* Begins to connect and returns at once; `listener` is copied, its `up` tells when to begin. NULL,
 * with the problem, when an option is out of its range, a file of TLS cannot be used, or memory is
 * short. */
struct store *redis_store_new(uv_loop_t *loop, const struct redis_store_options *options,
                              const struct store_listener *listener, struct problem *problem);

/* Takes over passwords and TLS from `options`, reading the files again; connections made from now
 * on use them. False, with the problem, and nothing changes, when that cannot be. */
bool redis_store_refresh(struct store *store, const struct redis_store_options *options,
                         struct problem *problem) must_use;

#endif
