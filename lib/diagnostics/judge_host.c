/* Judges of this host: the daemon, its elections, its clock, its network. */
#include "lib/diagnostics/judges.h"

#include "lib/base/timetext.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECENT_MS = 600000, LAG_WARNING_MS = 250 };

static double ms(int64_t us)
{
    return (double)us / 1000;
}

static void judge_options(const struct daemon_facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < facts->option_count; i++) {
        const struct option_issue *issue = &facts->options[i];
        finding_add(findings, FINDING_OPTIONS_WARNING, FINDING_WARNING, "%s: %s", issue->field,
                    issue->message);
    }
}

void judge_daemon(const struct daemon_facts *facts, struct findings *findings)
{
    judge_options(facts, findings);
    if (!facts->running) {
        return;
    }
    if (!facts->store_connected) {
        finding_add(findings, FINDING_STORE_UNREACHABLE, FINDING_CRITICAL,
                    "The store cannot be reached: %.400s",
                    facts->store_error != NULL ? facts->store_error : "no connection yet");
    }
    if (facts->circuit_open) {
        finding_add(findings, FINDING_CIRCUIT_OPEN, FINDING_WARNING,
                    "The circuit breaker of the store is open: it failed too often in a row.");
    }
    if (facts->slowest_check_us > facts->performance_threshold_ms * 1000) {
        finding_add(findings, FINDING_STORE_SLOW, FINDING_WARNING,
                    "The slowest lease operation of the last health check took %.0f ms; the "
                    "threshold is %" PRId64 " ms.",
                    ms(facts->slowest_check_us), facts->performance_threshold_ms);
    }
    if (facts->loop_lag_ms > LAG_WARNING_MS) {
        finding_add(findings, FINDING_LOOP_LAG, FINDING_WARNING,
                    "A timer of leaderd fired %" PRId64 " ms late in the last minute.",
                    facts->loop_lag_ms);
    }
    if (facts->config_refused) {
        finding_add(findings, FINDING_CONFIG_REFUSED, FINDING_WARNING,
                    "The last reload of the configuration was refused.");
    }
}

static bool is_recent(int64_t since_ms)
{
    return since_ms >= 0 && since_ms < RECENT_MS;
}

/* The likeliest reason for many changes, from what is known here. */
static void explain_flapping(const struct election_facts *election, char *out, size_t size)
{
    bool slow = election->renew_p99_us > election->operation_timeout_ms * 1000 / 2;
    if (is_recent(election->since_reset_ms)) {
        (void)snprintf(out, size, "Redis was restarted or failed over in this time");
    } else if (election->lost_10m_expired > 0 && slow) {
        (void)snprintf(out, size,
                       "the lease is too short for this Redis: renewals take up to %.0f ms of the "
                       "%" PRId64 " ms that they may",
                       ms(election->renew_p99_us), election->operation_timeout_ms);
    } else if (election->lost_10m_expired > 0) {
        (void)snprintf(out, size, "renewals did not come through in time here");
    } else if (election->lost_10m_operator > 0) {
        (void)snprintf(out, size, "this participant stepped down or was restarted");
    } else {
        (void)snprintf(out, size,
                       "other participants lose or give up the lease; ask their leaderd");
    }
}

static void judge_election(const struct election_facts *election, struct findings *findings)
{
    char duration[DURATION_TEXT_MAX], why[200];
    if (election->leaderless_ms > 2 * election->lease_ms) {
        duration_describe(election->leaderless_ms, duration);
        finding_add(findings, FINDING_NO_LEADER, FINDING_CRITICAL,
                    "%s: nobody is known to lead for %s, longer than two leases.", election->name,
                    duration);
    }
    if (election->last_margin >= 0 && election->last_margin < 0.25) {
        finding_add(findings, FINDING_LEASE_MARGIN_LOW, FINDING_WARNING,
                    "%s: when it was last renewed, only %.0f %% of the lease was left.",
                    election->name, election->last_margin * 100);
    }
    if (!election->stable) {
        explain_flapping(election, why, sizeof why);
        finding_add(findings, FINDING_FLAPPING, FINDING_WARNING,
                    "%s: %" PRId64 " changes of leader in ten minutes; likely reason: %s.",
                    election->name, election->changes_10m, why);
    }
    if (is_recent(election->since_duplicate_ms)) {
        finding_add(findings, FINDING_DUPLICATE_PARTICIPANT, FINDING_WARNING,
                    "%s: another process takes part under the same participant id.",
                    election->name);
    }
    if (is_recent(election->since_reset_ms)) {
        finding_add(findings, FINDING_STORE_RESET, FINDING_WARNING,
                    "%s: Redis was restarted, has a new primary, or lost data in the last ten "
                    "minutes.",
                    election->name);
    }
    if (election->workload_unhealthy) {
        bool all = election->leaderless_ms > election->lease_ms;
        const char *illness = election->illness != NULL ? election->illness : "";
        finding_add(findings, FINDING_WORKLOAD_UNHEALTHY, all ? FINDING_CRITICAL : FINDING_WARNING,
                    "%s: the workload fails its health_check%s%.200s%s, so this participant does "
                    "not campaign.%s",
                    election->name, illness[0] != '\0' ? " (" : "", illness,
                    illness[0] != '\0' ? ")" : "",
                    all ? " Nobody else does either: all workloads may be ill." : "");
    }
}

void judge_elections(const struct daemon_facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < facts->election_count; i++) {
        if (facts->running) {
            judge_election(&facts->elections[i], findings);
        }
    }
}

static void judge_ntp(const struct clock_report *clock, const struct daemon_facts *facts,
                      bool *confirmed, struct findings *findings)
{
    for (size_t i = 0; i < clock->ntp_count; i++) {
        const struct ntp_result *ntp = &clock->ntp[i];
        int64_t tolerance_us = facts->ntp_tolerance_ms * 1000;
        if (ntp->ok && llabs(ntp->offset_us) - ntp->round_trip_us / 2 > tolerance_us) {
            finding_add(findings, FINDING_CLOCK_OFFSET, FINDING_WARNING,
                        "The wall clock is %.1f ms %s %s; %" PRId64 " ms are tolerated.",
                        ms(llabs(ntp->offset_us)), ntp->offset_us > 0 ? "behind" : "ahead of",
                        ntp->server, facts->ntp_tolerance_ms);
        } else if (ntp->ok) {
            *confirmed = true;
        } else {
            finding_add(findings, FINDING_CLOCK_UNSYNCHRONIZED, FINDING_WARNING,
                        "The time server %s gave no usable answer: %.300s", ntp->server,
                        ntp->error.text);
        }
    }
}

static void judge_server_clock(const struct redis_report *redis, const struct daemon_facts *facts,
                               struct findings *findings)
{
    for (size_t i = 0; redis != NULL && i < redis->node_count; i++) {
        const struct exam_node *node = &redis->nodes[i];
        int64_t least_us = llabs(node->time_offset_us) - node->time_round_trip_us / 2;
        if (node->has_time && least_us > facts->ntp_tolerance_ms * 1000) {
            finding_add(findings, FINDING_CLOCK_OFFSET, FINDING_INFO,
                        "The wall clock of Redis at %s differs from this host's by %.0f ms.",
                        node->endpoint.name, ms(node->time_offset_us));
        }
    }
}

void judge_clock(const struct report *report, const struct daemon_facts *facts,
                 struct findings *findings)
{
    bool confirmed = false;
    if (report != NULL) {
        judge_ntp(&report->clock, facts, &confirmed, findings);
        judge_server_clock(report->redis, facts, findings);
    }
    if (report != NULL && report->clock.kernel.available && !report->clock.kernel.synchronized &&
        !confirmed) {
        finding_add(findings, FINDING_CLOCK_UNSYNCHRONIZED, FINDING_INFO,
                    "The kernel says that nothing synchronizes this host's clock.");
    }
    if (facts->has_drift &&
        fabs(facts->drift_ppm) - facts->drift_uncertainty_ppm > facts->drift_limit_ppm) {
        finding_add(findings, FINDING_CLOCK_DRIFT, FINDING_WARNING,
                    "This host's clock and that of Redis drift apart by %.0f ppm (± %.0f).",
                    facts->drift_ppm, facts->drift_uncertainty_ppm);
    }
    if (facts->jumps > 0 && is_recent(facts->since_jump_ms)) {
        finding_add(findings, FINDING_CLOCK_JUMP, FINDING_WARNING,
                    "The clock of this host jumped by %" PRId64 " ms, or the host was suspended, "
                    "in the last ten minutes.",
                    facts->last_jump_ms);
    }
}

void judge_network(const struct network_report *network, struct findings *findings)
{
    for (size_t i = 0; i < network->count; i++) {
        const struct network_result *result = &network->results[i];
        if (!result->healthy) {
            finding_add(findings, FINDING_NETWORK_UNHEALTHY,
                        result->barred ? FINDING_INFO : FINDING_WARNING,
                        "%s cannot be reached by %s: %.300s", result->host, result->method,
                        result->error.text);
        }
    }
}
