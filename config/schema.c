#include "config/schema.h"

enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    ARGUMENT_MAX = 4096,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) .offset = offsetof(struct type, member)
#define EXTRA(type, member) .extra = offsetof(struct type, member)

static const char *const profiles[] = {"fast", "default", "stable", NULL};
static const char *const roles[] = {"candidate", "observer", NULL};
static const char *const http_roles[] = {"probe", "read", "control", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"auto", "text", "logfmt", "json", "journal", NULL};

static const char *const tls_versions[] = {"1.2", "1.3", NULL};

static const struct schema_key hook_keys[] = {
    {"command", SCHEMA_TEXTS, AT(config_hook, command), EXTRA(config_hook, command_count), .min = 1,
     .max = CONFIG_ARGUMENTS_MAX, .item_max = ARGUMENT_MAX},
    {"timeout", SCHEMA_DURATION, AT(config_hook, timeout_ms), .fallback = "10s", .min = 100,
     .max = HOUR},
};

const struct schema schema_hook = {hook_keys, COUNT(hook_keys), sizeof(struct config_hook),
                                   offsetof(struct config_hook, origin)};

static const struct schema_key health_check_keys[] = {
    {"http", SCHEMA_TEXT, AT(config_health_check, http), .fallback = "null", .min = 1, .max = 2000,
     .check = check_http_url, .nullable = true},
    {"tcp", SCHEMA_TEXT, AT(config_health_check, tcp), .fallback = "null", .min = 1, .max = 300,
     .check = check_host_port, .nullable = true},
    {"command", SCHEMA_TEXTS, AT(config_health_check, command),
     EXTRA(config_health_check, command_count), .fallback = "[]", .min = 0,
     .max = CONFIG_ARGUMENTS_MAX, .item_max = ARGUMENT_MAX},
    {"interval", SCHEMA_DURATION, AT(config_health_check, interval_ms), .fallback = "5s",
     .min = 100, .max = HOUR},
    {"timeout", SCHEMA_DURATION, AT(config_health_check, timeout_ms), .fallback = "1s", .min = 10,
     .max = HOUR},
    {"failures", SCHEMA_INTEGER, AT(config_health_check, failures), .fallback = "3", .min = 1,
     .max = 1000},
    {"successes", SCHEMA_INTEGER, AT(config_health_check, successes), .fallback = "1", .min = 1,
     .max = 1000},
};

const struct schema schema_health_check = {health_check_keys, COUNT(health_check_keys),
                                           sizeof(struct config_health_check),
                                           offsetof(struct config_health_check, origin)};

static const struct schema_key election_keys[] = {
    {"name", SCHEMA_TEXT, AT(config_election, name), .min = 1, .max = 128, .check = check_election},
    {"role", SCHEMA_WORD, AT(config_election, role), .fallback = "candidate", .words = roles},
    {"profile", SCHEMA_WORD, AT(config_election, profile), .fallback = "null", .words = profiles,
     .nullable = true},
    {"lease_duration", SCHEMA_DURATION, AT(config_election, lease_ms), .fallback = "null",
     .min = SECOND, .max = DAY, .nullable = true},
    {"renew_interval", SCHEMA_DURATION, AT(config_election, renew_interval_ms), .fallback = "null",
     .min = 10, .max = DAY, .nullable = true},
    {"retry_interval", SCHEMA_DURATION, AT(config_election, retry_interval_ms), .fallback = "null",
     .min = 10, .max = DAY, .nullable = true},
    {"operation_timeout", SCHEMA_DURATION, AT(config_election, operation_timeout_ms),
     .fallback = "null", .min = 10, .max = DAY, .nullable = true},
    {"stop_margin", SCHEMA_DURATION, AT(config_election, stop_margin_ms), .fallback = "null",
     .min = 0, .max = DAY, .nullable = true},
    {"drain", SCHEMA_DURATION, AT(config_election, drain_ms), .fallback = "0s", .min = 0,
     .max = DAY},
    {"metadata", SCHEMA_METADATA, AT(config_election, metadata), .fallback = "{}",
     .max = CONFIG_METADATA_MAX},
    {"on_change", SCHEMA_GROUP, AT(config_election, on_change), .fallback = "null",
     .elements = &schema_hook, .nullable = true},
    {"health_check", SCHEMA_GROUP, AT(config_election, health_check), .fallback = "null",
     .elements = &schema_health_check, .nullable = true},
};

const struct schema schema_election = {election_keys, COUNT(election_keys),
                                       sizeof(struct config_election),
                                       offsetof(struct config_election, origin)};

static const struct schema_key listener_keys[] = {
    {"address", SCHEMA_TEXT, AT(config_listener, address), .min = 1, .max = 200,
     .check = check_address, .runtime = true},
    {"role", SCHEMA_WORD, AT(config_listener, role), .fallback = "read", .words = http_roles},
    {"mode", SCHEMA_MODE, AT(config_listener, mode), .fallback = "null", .min = 0, .max = 0777,
     .nullable = true},
    {"insecure", SCHEMA_BOOL, AT(config_listener, insecure), .fallback = "false"},
};

const struct schema schema_listener = {listener_keys, COUNT(listener_keys),
                                       sizeof(struct config_listener),
                                       offsetof(struct config_listener, origin)};

static const char default_listeners[] =
    "[{address: \"127.0.0.1:8720\", role: read},"
    " {address: \"unix:$RUNTIME/control.sock\", role: control, mode: \"0600\"}]";

static const struct schema_key top_keys[] = {
    {"participant_id", SCHEMA_TEXT, AT(config, participant_id), .fallback = "${HOSTNAME}", .min = 1,
     .max = 128, .check = check_participant, .fixed = true},
    {"metadata", SCHEMA_METADATA, AT(config, metadata), .fallback = "{}",
     .max = CONFIG_METADATA_MAX},
    {"profile", SCHEMA_WORD, AT(config, profile), .fallback = "default", .words = profiles},
    {"store.url", SCHEMA_URL, AT(config, store.url), .fallback = "local", .runtime = true,
     .fixed = true},
    {"store.username", SCHEMA_TEXT, AT(config, store.username), .fallback = "null", .min = 1,
     .max = 256, .nullable = true, .fixed = true},
    {"store.password_file", SCHEMA_FILE, AT(config, store.password_file),
     EXTRA(config, store.password_file_place), .fallback = "null", .nullable = true, .fixed = true},
    {"store.sentinel_username", SCHEMA_TEXT, AT(config, store.sentinel_username),
     .fallback = "null", .min = 1, .max = 256, .nullable = true, .fixed = true},
    {"store.sentinel_password_file", SCHEMA_FILE, AT(config, store.sentinel_password_file),
     EXTRA(config, store.sentinel_password_file_place), .fallback = "null", .nullable = true,
     .fixed = true},
    {"store.tls.ca_file", SCHEMA_FILE, AT(config, store.tls.ca_file),
     EXTRA(config, store.tls.ca_file_place), .fallback = "null", .nullable = true, .fixed = true},
    {"store.tls.cert_file", SCHEMA_FILE, AT(config, store.tls.cert_file),
     EXTRA(config, store.tls.cert_file_place), .fallback = "null", .nullable = true, .fixed = true},
    {"store.tls.key_file", SCHEMA_FILE, AT(config, store.tls.key_file),
     EXTRA(config, store.tls.key_file_place), .fallback = "null", .nullable = true, .fixed = true},
    {"store.tls.server_name", SCHEMA_TEXT, AT(config, store.tls.server_name), .fallback = "null",
     .min = 1, .max = 253, .check = check_server_name, .nullable = true, .fixed = true},
    {"store.tls.verify", SCHEMA_BOOL, AT(config, store.tls.verify), .fallback = "true",
     .fixed = true},
    {"store.tls.min_version", SCHEMA_WORD, AT(config, store.tls.min_version), .fallback = "1.2",
     .words = tls_versions, .fixed = true},
    {"store.key_prefix", SCHEMA_TEXT, AT(config, store.key_prefix), .fallback = "leader-election:",
     .min = 0, .max = 128, .check = check_key_prefix, .fixed = true},
    {"store.connect_timeout", SCHEMA_DURATION, AT(config, store.connect_timeout_ms),
     .fallback = "5s", .min = 100, .max = 10 * MINUTE, .fixed = true},
    {"store.keepalive", SCHEMA_DURATION, AT(config, store.keepalive_ms), .fallback = "60s",
     .min = SECOND, .max = 2 * HOUR, .fixed = true},
    {"store.reconnect.min", SCHEMA_DURATION, AT(config, store.reconnect_min_ms),
     .fallback = "100ms", .min = 10, .max = HOUR, .fixed = true},
    {"store.reconnect.max", SCHEMA_DURATION, AT(config, store.reconnect_max_ms), .fallback = "30s",
     .min = 10, .max = HOUR, .fixed = true},
    {"store.circuit_breaker.failures", SCHEMA_INTEGER, AT(config, store.breaker_failures),
     .fallback = "5", .min = 1, .max = 1000, .fixed = true},
    {"store.circuit_breaker.open_for", SCHEMA_DURATION, AT(config, store.breaker_open_ms),
     .fallback = "5s", .min = 100, .max = 10 * MINUTE, .fixed = true},
    {"store.min_replicas", SCHEMA_INTEGER, AT(config, store.min_replicas), .fallback = "0",
     .min = 0, .max = 16, .fixed = true},
    {"store.restart_guard", SCHEMA_BOOL, AT(config, store.restart_guard), .fallback = "true",
     .fixed = true},
    {"elections", SCHEMA_LIST, AT(config, elections), EXTRA(config, election_count),
     .fallback = "[{name: default}]", .min = 1, .max = CONFIG_ELECTIONS_MAX,
     .elements = &schema_election},
    {"http.listeners", SCHEMA_LIST, AT(config, http.listeners), EXTRA(config, http.listener_count),
     .fallback = default_listeners, .min = 1, .max = CONFIG_LISTENERS_MAX,
     .elements = &schema_listener, .fixed = true},
    {"http.allowed_hosts", SCHEMA_TEXTS, AT(config, http.allowed_hosts),
     EXTRA(config, http.allowed_host_count), .fallback = "[]", .max = CONFIG_HOSTS_MAX,
     .check = check_host, .fixed = true},
    {"http.token_file", SCHEMA_FILE, AT(config, http.token_file),
     EXTRA(config, http.token_file_place), .fallback = "null", .nullable = true, .fixed = true},
    {"http.max_connections", SCHEMA_INTEGER, AT(config, http.max_connections), .fallback = "256",
     .min = 32, .max = 65536, .fixed = true},
    {"http.max_watchers", SCHEMA_INTEGER, AT(config, http.max_watchers), .fallback = "1024",
     .min = 1, .max = 50000, .fixed = true},
    {"health.interval", SCHEMA_DURATION, AT(config, health_interval_ms), .fallback = "10s",
     .min = SECOND, .max = HOUR},
    {"health.performance_threshold", SCHEMA_DURATION, AT(config, performance_threshold_ms),
     .fallback = "1s", .min = 1, .max = 5 * SECOND},
    {"stability.max_changes_10m", SCHEMA_INTEGER, AT(config, max_changes_10m), .fallback = "3",
     .min = 1, .max = 1000000},
    {"diagnostics.interval", SCHEMA_DURATION, AT(config, diagnostics.interval_ms),
     .fallback = "60s", .min = 5 * SECOND, .max = DAY},
    {"diagnostics.ntp.servers", SCHEMA_TEXTS, AT(config, diagnostics.ntp_servers),
     EXTRA(config, diagnostics.ntp_server_count), .fallback = "[]", .max = CONFIG_NTP_SERVERS_MAX,
     .check = check_ntp_server},
    {"diagnostics.ntp.tolerance", SCHEMA_DURATION, AT(config, diagnostics.ntp_tolerance_ms),
     .fallback = "5s", .min = 1, .max = DAY},
    {"diagnostics.ntp.timeout", SCHEMA_DURATION, AT(config, diagnostics.ntp_timeout_ms),
     .fallback = "5s", .min = 100, .max = MINUTE},
    {"diagnostics.drift_limit_ppm", SCHEMA_INTEGER, AT(config, diagnostics.drift_limit_ppm),
     .fallback = "500", .min = 1, .max = 1000000},
    {"diagnostics.network_targets", SCHEMA_TEXTS, AT(config, diagnostics.network_targets),
     EXTRA(config, diagnostics.network_target_count), .fallback = "[]", .max = CONFIG_TARGETS_MAX,
     .check = check_target},
    {"diagnostics.expiring_threshold", SCHEMA_DURATION,
     AT(config, diagnostics.expiring_threshold_ms), .fallback = "null", .min = 1, .max = DAY,
     .nullable = true},
    {"state_dir", SCHEMA_TEXT, AT(config, state_dir), .fallback = "$RUNTIME", .min = 1, .max = 4000,
     .check = check_directory, .nullable = true, .runtime = true, .fixed = true},
    {"metrics.per_election_histograms", SCHEMA_SWITCH, AT(config, per_election_histograms),
     .fallback = "null", .nullable = true},
    {"log.level", SCHEMA_WORD, AT(config, log_level), .fallback = "info", .words = log_levels},
    {"log.format", SCHEMA_WORD, AT(config, log_format), .fallback = "auto", .words = log_formats},
};

const struct schema schema_top = {top_keys, COUNT(top_keys), sizeof(struct config),
                                  offsetof(struct config, origin)};
