/*
 * Findings: what is wrong, how bad it is, and what to do about it.
 *
 * findings_judge() is pure: it looks at what was measured and at what the daemon knows of itself,
 * and writes the list anew. Every code stands in docs/troubleshooting.md under its own name.
 */
#ifndef LEADERD_DIAGNOSTICS_FINDINGS_H
#define LEADERD_DIAGNOSTICS_FINDINGS_H

#include "lib/diagnostics/report.h"

enum finding_code {
    FINDING_STORE_UNREACHABLE = 1,
    FINDING_STORE_SLOW,
    FINDING_RECORD_HAS_TTL,
    FINDING_FOREIGN_RECORD,
    FINDING_EVICTING_POLICY,
    FINDING_MEMORY_PRESSURE,
    FINDING_KEYS_EVICTED,
    FINDING_PERSISTENCE_OFF,
    FINDING_NO_REPLICA_ACK,
    FINDING_REPLICA_ROLE,
    FINDING_INFO_DENIED,
    FINDING_CONFIG_DENIED,
    FINDING_SCRIPT_FAILED,
    FINDING_SENTINEL_UNHEALTHY,
    FINDING_SENTINEL_DISAGREE,
    FINDING_CLUSTER_UNHEALTHY,
    FINDING_STORE_RESET,
    FINDING_CLOCK_OFFSET,
    FINDING_CLOCK_UNSYNCHRONIZED,
    FINDING_CLOCK_DRIFT,
    FINDING_CLOCK_JUMP,
    FINDING_NETWORK_UNHEALTHY,
    FINDING_OPTIONS_WARNING,
    FINDING_LEASE_MARGIN_LOW,
    FINDING_NO_LEADER,
    FINDING_FLAPPING,
    FINDING_DUPLICATE_PARTICIPANT,
    FINDING_CIRCUIT_OPEN,
    FINDING_WORKLOAD_UNHEALTHY,
    FINDING_LOOP_LAG,
    FINDING_CONFIG_REFUSED,
};

enum { FINDING_CODES = FINDING_CONFIG_REFUSED, FINDINGS_MAX = 64, FINDING_TEXT_SIZE = 512 };

enum finding_severity { FINDING_INFO = 1, FINDING_WARNING, FINDING_CRITICAL };

struct finding {
    enum finding_code code;
    enum finding_severity severity;
    char message[FINDING_TEXT_SIZE];
    const char *advice;
};

/* Worst first, then in the order of the codes. Beyond FINDINGS_MAX they are only counted. */
struct findings {
    struct finding items[FINDINGS_MAX];
    size_t count, more;
};

/* How an election fares; strings are borrowed. */
struct election_facts {
    const char *name;
    int64_t lease_ms, renew_interval_ms, operation_timeout_ms;
    bool observer;
    int64_t leaderless_ms; /* so long nobody is known to lead; 0: somebody does */
    double last_margin;    /* share of the lease left at the last renewal; negative: none */
    bool stable;
    int64_t changes_10m;
    int64_t lost_10m_expired;  /* own reigns that ended for want of a renewal */
    int64_t lost_10m_operator; /* ... by a step-down, a pause, a restart */
    int64_t renew_p99_us;      /* negative: unknown */
    bool workload_unhealthy;
    const char *illness; /* the health check's last word; NULL or "": unknown */
    int64_t since_reset_ms, since_duplicate_ms; /* since the last event; negative: never */
};

/* What the daemon knows of itself. Negative: unknown or never. */
struct daemon_facts {
    bool running; /* a daemon, and not just `leaderd diagnose` */
    const struct election_facts *elections;
    size_t election_count;
    bool store_connected, circuit_open;
    const char *store_error; /* NULL for none */
    bool restart_guard;
    int64_t min_replicas;
    int64_t performance_threshold_ms, slowest_check_us;
    int64_t loop_lag_ms;
    bool config_refused;
    int64_t jumps, since_jump_ms, last_jump_ms, last_jump_at_ms;
    int64_t ntp_tolerance_ms;
    double drift_limit_ppm;
    bool has_drift;
    double drift_ppm, drift_uncertainty_ppm;
    int64_t drift_window_ms;
    const struct option_issue *options; /* warnings of the configuration */
    size_t option_count;
};

struct option_issue {
    const char *election, *field, *message; /* election NULL: of all */
};

/* `before` is the report of the run before, for what grows; NULL for none, as `report` may be. */
void findings_judge(const struct report *report, const struct report *before,
                    const struct daemon_facts *facts, struct findings *findings);

const char *finding_code_name(enum finding_code code);
const char *finding_severity_name(enum finding_severity severity);

/* "healthy", "degraded" with a warning, "unhealthy" with something critical. */
const char *findings_overall(const struct findings *findings);

#endif
