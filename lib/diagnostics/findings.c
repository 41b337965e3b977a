#include "lib/diagnostics/findings.h"

#include "lib/diagnostics/judges.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *advice;
} codes[FINDING_CODES + 1] = {
    [FINDING_STORE_UNREACHABLE] =
        {"store_unreachable",
         "Check that Redis runs, that store.url is right, and that the network "
         "and its firewalls let this host reach it."},
    [FINDING_STORE_SLOW] = {"store_slow",
                            "Look at SLOWLOG and at the load of the Redis host, or give the "
                            "election a longer lease_duration and operation_timeout."},
    [FINDING_RECORD_HAS_TTL] = {"record_has_ttl",
                                "Somebody has set a TTL on this key; find out who, and remove it "
                                "with PERSIST."},
    [FINDING_FOREIGN_RECORD] = {"foreign_record",
                                "Another program uses this key: give leaderd a store.key_prefix of "
                                "its own, or remove the key if nobody needs it."},
    [FINDING_EVICTING_POLICY] = {"evicting_policy",
                                 "Set maxmemory-policy to noeviction or to one of volatile-*: "
                                 "leases have no TTL, so these never evict them."},
    [FINDING_MEMORY_PRESSURE] = {"memory_pressure",
                                 "Give Redis more memory (maxmemory), or store less in it."},
    [FINDING_KEYS_EVICTED] = {"keys_evicted",
                              "Redis drops keys for want of memory: give it more, and keep leases "
                              "out of reach with maxmemory-policy noeviction or volatile-*."},
    [FINDING_PERSISTENCE_OFF] = {"persistence_off",
                                 "Turn on appendonly, or leave store.restart_guard on, so that a "
                                 "restart that loses the record cannot make two leaders."},
    [FINDING_NO_REPLICA_ACK] = {"no_replica_ack",
                                "Set store.min_replicas to half the number of nodes, rounded down "
                                "(1 with three), and see that so many replicas follow."},
    [FINDING_REPLICA_ROLE] = {"replica_role",
                              "Point store.url at the primary, or use redis+sentinel:// to have it "
                              "found."},
    [FINDING_INFO_DENIED] = {"info_denied",
                             "Let leaderd's user call INFO (ACL SETUSER … +info); without it "
                             "hand-over is slow and nothing can be diagnosed."},
    [FINDING_CONFIG_DENIED] = {"config_denied",
                               "Let leaderd's user read the configuration (ACL SETUSER … "
                               "+config|get), if you want its settings checked."},
    [FINDING_SCRIPT_FAILED] = {"script_failed",
                               "Let leaderd's user run scripts and what they call (ACL SETUSER … "
                               "+eval +evalsha +time +hmget +hset +hlen +info +publish +pexpire)."},
    [FINDING_SENTINEL_UNHEALTHY] = {"sentinel_unhealthy",
                                    "Start the missing sentinels, and check the master's name and "
                                    "quorum: without a majority of them there is no failover."},
    [FINDING_SENTINEL_DISAGREE] = {"sentinel_disagree",
                                   "The sentinels name different primaries: wait for the failover "
                                   "to end; if it lasts, SENTINEL RESET the stale ones."},
    [FINDING_CLUSTER_UNHEALTHY] = {"cluster_unhealthy",
                                   "See CLUSTER NODES, and bring the failed nodes back or fail "
                                   "over to their replicas."},
    [FINDING_STORE_RESET] = {"store_reset",
                             "Redis was restarted, failed over or lost data. Nobody led twice; "
                             "look in its log for why."},
    [FINDING_CLOCK_OFFSET] = {"clock_offset",
                              "Let chrony or systemd-timesyncd set this host's clock. Leases do "
                              "not depend on it, but logs and tokens after a loss of data do."},
    [FINDING_CLOCK_UNSYNCHRONIZED] = {"clock_unsynchronized",
                                      "Start chrony or systemd-timesyncd on this host, or name "
                                      "diagnostics.ntp.servers to have the clock compared."},
    [FINDING_CLOCK_DRIFT] = {"clock_drift",
                             "This host's clock runs at another rate than Redis': look for a slew "
                             "under way (chronyc tracking) or a broken clock source. Leases are "
                             "safe up to 1 %."},
    [FINDING_CLOCK_JUMP] =
        {"clock_jump", "Somebody set the clock, or the host was suspended or paused. Use slew, "
                       "not steps, and do not snapshot a running leader."},
    [FINDING_NETWORK_UNHEALTHY] = {"network_unhealthy",
                                   "Check name resolution, routes and firewalls between this host "
                                   "and the target."},
    [FINDING_OPTIONS_WARNING] = {"options_warning",
                                 "See `leaderd check-config` for the line, and change the value or "
                                 "accept what it means."},
    [FINDING_LEASE_MARGIN_LOW] = {"lease_margin_low",
                                  "Renewals come late: look for a slow Redis or network, or give "
                                  "the election a longer lease_duration."},
    [FINDING_NO_LEADER] = {"no_leader",
                           "See `waiting` in `leaderd status`: it says why nobody leads."},
    [FINDING_FLAPPING] = {"flapping",
                          "Cure what the message names; a longer lease_duration makes leadership "
                          "calmer."},
    [FINDING_DUPLICATE_PARTICIPANT] = {"duplicate_participant",
                                       "Give each process its own participant_id; the default is "
                                       "the host's name."},
    [FINDING_CIRCUIT_OPEN] =
        {"circuit_open", "Redis failed too often in a row and is left alone for a while; it is "
                         "tried again by itself."},
    [FINDING_WORKLOAD_UNHEALTHY] = {"workload_unhealthy",
                                    "The health_check of this election fails: look at the "
                                    "workload. It does not campaign until it is well."},
    [FINDING_LOOP_LAG] =
        {"loop_lag", "leaderd itself gets too little CPU: remove its CPU limit, or look for an "
                     "overloaded host."},
    [FINDING_CONFIG_REFUSED] = {"config_refused",
                                "Run `leaderd check-config`, mend what it names, and reload again; "
                                "the old configuration is in force."},
};

const char *finding_code_name(enum finding_code code)
{
    return codes[code].name;
}

const char *finding_severity_name(enum finding_severity severity)
{
    switch (severity) {
    case FINDING_INFO:
        return "info";
    case FINDING_WARNING:
        return "warning";
    case FINDING_CRITICAL:
        return "critical";
    }
    return "";
}

const char *findings_overall(const struct findings *findings)
{
    enum finding_severity worst = findings->count > 0 ? findings->items[0].severity : FINDING_INFO;
    switch (worst) {
    case FINDING_INFO:
        return "healthy";
    case FINDING_WARNING:
        return "degraded";
    case FINDING_CRITICAL:
        return "unhealthy";
    }
    return "";
}

void finding_add(struct findings *findings, enum finding_code code, enum finding_severity severity,
                 const char *format, ...)
{
    if (findings->count == FINDINGS_MAX) {
        findings->more++;
        return;
    }
    struct finding *finding = &findings->items[findings->count++];
    finding->code = code;
    finding->severity = severity;
    finding->advice = codes[code].advice;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->message, sizeof finding->message, format, arguments);
    va_end(arguments);
}

static int by_weight(const void *one, const void *other)
{
    const struct finding *a = one, *b = other;
    if (a->severity != b->severity) {
        return a->severity > b->severity ? -1 : 1;
    }
    return a->code != b->code ? (a->code < b->code ? -1 : 1) : strcmp(a->message, b->message);
}

void findings_judge(const struct report *report, const struct report *before,
                    const struct daemon_facts *facts, struct findings *findings)
{
    findings->count = findings->more = 0;
    judge_daemon(facts, findings);
    judge_elections(facts, findings);
    judge_clock(report, facts, findings);
    if (report != NULL && report->redis != NULL) {
        judge_redis(report->redis, before != NULL ? before->redis : NULL, facts, findings);
    }
    if (report != NULL) {
        judge_network(&report->network, findings);
    }
    qsort(findings->items, findings->count, sizeof findings->items[0], by_weight);
}
