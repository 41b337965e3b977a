/*
 * The configuration: YAML bytes, command line and environment in, a checked and frozen struct out.
 *
 * Pure: opens no file, reads no variable of its own, so that it can be fuzzed. Whoever calls it
 * reads the file, and later the secret files that the configuration names.
 *
 * - Precedence: command line, then `LEADERD_*`, then the file, then defaults.
 * - Strict: an unknown or repeated key, a wrong type or a value out of range is an error. All
 *   errors are reported at once, each with file, line, column, key, value and what would be right.
 * - Once loaded it never changes. The strings belong to the configuration.
 * - Maxima: the constants below; more is an error that says so.
 */
#ifndef LEADERD_CONFIG_CONFIG_H
#define LEADERD_CONFIG_CONFIG_H

#include "config/issues.h"
#include "config/store_url.h"
#include "lib/elector/elector.h"
#include "lib/status/metadata.h"

struct yaml_node;

enum {
    CONFIG_BYTES_MAX = 1024 * 1024,
    CONFIG_ELECTIONS_MAX = 10000,
    CONFIG_LISTENERS_MAX = 16,
    CONFIG_HOSTS_MAX = 64,
    CONFIG_METADATA_MAX = 16,
    CONFIG_NTP_SERVERS_MAX = 8,
    CONFIG_TARGETS_MAX = 32,
    CONFIG_ARGUMENTS_MAX = 64,
};

enum config_role { CONFIG_CANDIDATE = 1, CONFIG_OBSERVER };
enum config_profile { CONFIG_FAST = 1, CONFIG_DEFAULT, CONFIG_STABLE };
enum config_http_role { CONFIG_PROBE = 1, CONFIG_READ, CONFIG_CONTROL };
enum config_log_level { CONFIG_LOG_DEBUG = 1, CONFIG_LOG_INFO, CONFIG_LOG_WARN, CONFIG_LOG_ERROR };
enum config_log_format {
    CONFIG_LOG_AUTO = 1,
    CONFIG_LOG_TEXT,
    CONFIG_LOG_LOGFMT,
    CONFIG_LOG_JSON,
    CONFIG_LOG_JOURNAL,
};
enum config_tls_version { CONFIG_TLS_1_2 = 1, CONFIG_TLS_1_3 };
enum config_switch { CONFIG_AUTO = 1, CONFIG_ON, CONFIG_OFF };

/* Where a value stands, for whoever finds fault with it later; line 0: not in the file. */
struct config_place {
    unsigned line, column;
};

struct config_metadata {
    struct metadata_pair *pairs;
    size_t count;
};

/* A command that is told of changes. */
struct config_hook {
    char **command; /* program and arguments, NULL behind the last; never empty */
    size_t command_count;
    int64_t timeout_ms;
    const struct yaml_node *origin; /* private to loading, NULL afterwards */
};

/* How to ask whether the workload is well: one of http, tcp and command. */
struct config_health_check {
    char *http, *tcp; /* `http://HOST[:PORT][/PATH]`, `HOST:PORT`; NULL for none */
    char **command;   /* as in config_hook; empty for none */
    size_t command_count;
    int64_t interval_ms, timeout_ms;
    int64_t failures, successes;
    const struct yaml_node *origin; /* private to loading, NULL afterwards */
};

struct config_election {
    char *name;
    enum config_role role;
    enum config_profile profile;
    int64_t lease_ms;
    int64_t renew_interval_ms;
    int64_t retry_interval_ms;
    int64_t operation_timeout_ms;
    int64_t stop_margin_ms;
    int64_t drain_ms;
    struct config_hook *on_change;            /* NULL for none */
    struct config_health_check *health_check; /* NULL for none */
    struct config_metadata metadata; /* the top one, and what the election adds or replaces */
    const struct yaml_node *origin;  /* private to loading, NULL afterwards */
};

struct config_listener {
    char *address; /* as written: `IP:PORT`, `[IP]:PORT`, `localhost:PORT`, `unix:/PATH` */
    enum config_http_role role;
    int64_t mode; /* of a unix socket; -1 for TCP */
    bool insecure;
    char *path; /* of a unix socket, NULL for TCP */
    char *host; /* TCP: an IP address without brackets; `localhost` has become 127.0.0.1 */
    int port;   /* TCP; 0: any free one */
    bool loopback;
    const struct yaml_node *origin; /* private to loading, NULL afterwards */
};

/* For a store.url with TLS. The files are to be read by the caller, again at each reload. */
struct config_tls {
    char *ca_file; /* NULL: the system's certificates */
    struct config_place ca_file_place;
    char *cert_file, *key_file; /* both or none */
    struct config_place cert_file_place, key_file_place;
    char *server_name; /* NULL: the host's */
    bool verify;
    enum config_tls_version min_version;
};

struct config_store {
    struct store_url url; /* a local path is filled in, `$RUNTIME/leases.db` by default */
    char *username;       /* of the key or of the URL, NULL for none */
    char *password_file;  /* to be read by the caller; NULL: url.password, if any */
    struct config_place password_file_place;
    char *sentinel_username; /* NULL for none */
    char *sentinel_password_file;
    struct config_place sentinel_password_file_place;
    struct config_tls tls;
    char *key_prefix;
    int64_t connect_timeout_ms;
    int64_t keepalive_ms;
    int64_t reconnect_min_ms, reconnect_max_ms;
    int64_t breaker_failures;
    int64_t breaker_open_ms;
    int64_t min_replicas;
    bool restart_guard;
};

struct config_http {
    struct config_listener *listeners;
    size_t listener_count;
    char **allowed_hosts;
    size_t allowed_host_count;
    char *token_file; /* NULL for none */
    struct config_place token_file_place;
    int64_t max_connections;
    int64_t max_watchers;
};

struct config_diagnostics {
    int64_t interval_ms;
    char **ntp_servers;
    size_t ntp_server_count;
    int64_t ntp_tolerance_ms, ntp_timeout_ms;
    int64_t drift_limit_ppm;
    char **network_targets;
    size_t network_target_count;
    int64_t expiring_threshold_ms; /* -1: a fifth of each lease */
};

struct config {
    char *file; /* NULL when there was none */
    char *participant_id;
    struct config_metadata metadata;
    enum config_profile profile;
    struct config_store store;
    struct config_election *elections; /* at least one; names are unique */
    size_t election_count;
    struct config_http http;
    int64_t health_interval_ms, performance_threshold_ms;
    int64_t max_changes_10m;
    struct config_diagnostics diagnostics;
    char *state_dir; /* NULL: nothing is kept for resuming after a crash */
    enum config_switch per_election_histograms; /* AUTO: up to 200 elections */
    enum config_log_level log_level;
    enum config_log_format log_format;
    const struct yaml_node *origin; /* private to loading, NULL afterwards */
};

/* Settings of the command line; NULL and 0 where a flag was not given. Borrowed. */
struct config_flags {
    const char *store;
    const char *participant;
    const char *log_level;
    const char *log_format;
    const char *const *elections; /* replace the file's list; a name keeps the file's settings */
    size_t election_count;
    const char *const *listeners; /* replace the file's list, role read; likewise */
    size_t listener_count;
};

typedef const char *config_getenv_cb(void *owner, const char *name);

/* Everything that a configuration is made of. Borrowed during config_load(). */
struct config_source {
    const char *file; /* its name, for messages; NULL when there is none */
    const char *bytes;
    size_t length;
    bool readable_by_others; /* the file's mode lets others read it */
    struct config_flags flags;
    config_getenv_cb *getenv; /* NULL: an empty environment */
    void *owner;              /* for getenv */
    const char *hostname;     /* stands in for an unset ${HOSTNAME} */
    const char *runtime_dir;  /* replaces $RUNTIME; not NULL */
};

/* Adds what is wrong or doubtful to `issues` (all zeros, or used before). NULL when there is an
 * error or memory ran out. */
struct config *config_load(const struct config_source *source,
                           struct config_issues *issues) must_use;

/* Wipes secrets; accepts NULL. */
void config_free(struct config *config);

/* The effective values as YAML that reads back to the same configuration. A password that stood
 * in the store's URL is left out. */
void config_print(const struct config *config, struct text *text);

/* The same as a JSON object without a newline; such a password is shown as `(set)`. */
void config_json(const struct config *config, struct text *text);

/* Adds an error for each setting that differs and cannot change while the daemon runs: the
 * participant, the store, the listeners and limits of HTTP, state_dir. False when there is one. */
bool config_compare(const struct config *running, const struct config *wanted,
                    struct config_issues *issues) must_use;

/* What an elector needs of one election. */
void config_elector_options(const struct config *config, const struct config_election *election,
                            struct elector_options *options);

#endif
