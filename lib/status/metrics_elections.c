#include "lib/status/document.h"
#include "lib/status/metrics_writer.h"

typedef double value_of(const struct metrics_election *election, const struct metrics *metrics);

/* A family with one sample for each election. */
struct simple_family {
    const char *name;
    enum metrics_type type;
    const char *help;
    value_of *value;
};

static double is_leader(const struct metrics_election *election, const struct metrics *metrics)
{
    return status_is_leader(&election->status, metrics->daemon) ? 1 : 0;
}

static double has_leader(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return election->status.view->leader_known ? 1 : 0;
}

static double participating(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return election->status.view->participating ? 1 : 0;
}

static double token(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->status.view->term;
}

static double duration(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->status.view->lease_ms / 1e3;
}

static double remaining(const struct metrics_election *election, const struct metrics *metrics)
{
    const struct elector_view *view = election->status.view;
    (void)metrics;
    return view->lease_valid ? (double)view->remaining_ms / 1e3 : 0;
}

static double last_renewal(const struct metrics_election *election, const struct metrics *metrics)
{
    const struct status_clock *clock = &metrics->daemon->clock;
    int64_t renewed = election->status.view->last_renewed_boottime_ms;
    return renewed == 0 ? 0 : (double)(clock->wall_ms + renewed - clock->boottime_ms) / 1e3;
}

static double last_change(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->status.stability.last_change_at_ms / 1e3;
}

static double leaderless(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->counters->leaderless_ms / 1e3;
}

static double gained(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->counters->gained;
}

static double changes(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->counters->leader_changes_seen;
}

static double unverified(const struct metrics_election *election, const struct metrics *metrics)
{
    (void)metrics;
    return (double)election->counters->verification_failures;
}

static const struct simple_family simple_families[] = {
    {"leaderd_is_leader", METRICS_GAUGE,
     "1 while this participant may act as leader, evaluated at the scrape.", is_leader},
    {"leaderd_has_leader", METRICS_GAUGE, "1 while this daemon knows of a leader.", has_leader},
    {"leaderd_participating", METRICS_GAUGE, "1 while this participant takes part.", participating},
    {"leaderd_fencing_token", METRICS_GAUGE,
     "Fencing token of the present leader, 0 while it is unknown.", token},
    {"leaderd_lease_duration_seconds", METRICS_GAUGE, "Duration of a lease.", duration},
    {"leaderd_lease_remaining_seconds", METRICS_GAUGE,
     "Time left of the lease held here, 0 without one, evaluated at the scrape.", remaining},
    {"leaderd_lease_last_renewal_timestamp_seconds", METRICS_GAUGE,
     "When the lease held here was last renewed, 0 for never.", last_renewal},
    {"leaderd_leader_last_change_timestamp_seconds", METRICS_GAUGE,
     "When a change of leader was last seen, 0 for never.", last_change},
    {"leaderd_leaderless_seconds", METRICS_COUNTER, "Time for which this daemon knew of no leader.",
     leaderless},
    {"leaderd_leadership_gained", METRICS_COUNTER, "Times that this participant became leader.",
     gained},
    {"leaderd_leader_changes_seen", METRICS_COUNTER, "Changes of leader seen by this daemon.",
     changes},
    {"leaderd_lease_verification_failures", METRICS_COUNTER,
     "Acquired leases that read back as somebody else's.", unverified},
};

static void add_simple(struct metrics_writer *writer, const struct metrics *metrics)
{
    for (size_t f = 0; f < sizeof simple_families / sizeof simple_families[0]; f++) {
        const struct simple_family *family = &simple_families[f];
        metrics_family(writer, family->name, family->type, family->help);
        for (size_t i = 0; i < metrics->election_count; i++) {
            const struct metrics_election *election = &metrics->elections[i];
            struct metrics_label labels[] = {{"election", election->status.name}, {NULL, NULL}};
            metrics_sample(writer, labels, family->value(election, metrics));
        }
    }
}

static void add_info(struct metrics_writer *writer, const struct metrics *metrics)
{
    metrics_family(writer, "leaderd_election_info", METRICS_GAUGE,
                   "1 for each election this daemon takes part in.");
    for (size_t i = 0; i < metrics->election_count; i++) {
        const struct status_election *election = &metrics->elections[i].status;
        struct metrics_label labels[] = {{"election", election->name},
                                         {"key", election->key},
                                         {"participant_id", election->participant},
                                         {NULL, NULL}};
        metrics_sample(writer, labels, 1);
    }
}

static void add_lost(struct metrics_writer *writer, const struct metrics *metrics)
{
    metrics_family(writer, "leaderd_leadership_lost", METRICS_COUNTER,
                   "Times that this participant ceased to be leader, by reason.");
    for (size_t i = 0; i < metrics->election_count; i++) {
        const struct metrics_election *election = &metrics->elections[i];
        for (int reason = ELECTOR_RELEASED; reason <= ELECTOR_SHUTDOWN; reason++) {
            struct metrics_label labels[] = {
                {"election", election->status.name},
                {"reason", elector_reason_name((enum elector_reason)reason)},
                {NULL, NULL}};
            metrics_sample(writer, labels, (double)election->counters->lost[reason]);
        }
    }
}

static void add_election_operations(struct metrics_writer *writer,
                                    const struct metrics_election *election)
{
    for (int o = 1; o <= OPERATION_COUNT; o++) {
        for (int r = 1; r <= OPERATION_RESULT_COUNT; r++) {
            struct metrics_label labels[] = {
                {"election", election->status.name},
                {"operation", operation_name((enum operation)o)},
                {"result", operation_result_name((enum operation_result)r)},
                {NULL, NULL}};
            metrics_sample(writer, labels, (double)election->counters->operations[o - 1][r - 1]);
        }
    }
}

static void add_operations(struct metrics_writer *writer, const struct metrics *metrics)
{
    metrics_family(writer, "leaderd_operations", METRICS_COUNTER,
                   "Calls of the store that ended, by operation and result.");
    for (size_t i = 0; i < metrics->election_count; i++) {
        add_election_operations(writer, &metrics->elections[i]);
    }
}

static bool with_histograms(const struct metrics *metrics)
{
    switch (metrics->histograms) {
    case METRICS_HISTOGRAMS_AUTO:
        return metrics->election_count <= METRICS_HISTOGRAMS_MAX;
    case METRICS_HISTOGRAMS_ALWAYS:
        return true;
    case METRICS_HISTOGRAMS_NEVER:
        return false;
    }
    return false;
}

static void add_histograms(struct metrics_writer *writer, const struct metrics *metrics)
{
    size_t count = with_histograms(metrics) ? metrics->election_count : 0;
    metrics_family(writer, "leaderd_operation_duration_seconds", METRICS_HISTOGRAM,
                   "Time that a call of the store took.");
    for (size_t i = 0; i < count; i++) {
        const struct metrics_election *election = &metrics->elections[i];
        for (int o = 1; o <= OPERATION_COUNT; o++) {
            struct metrics_label labels[] = {{"election", election->status.name},
                                             {"operation", operation_name((enum operation)o)},
                                             {NULL, NULL}};
            metrics_histogram(writer, labels, &election->counters->durations[o - 1]);
        }
    }
    metrics_family(writer, "leaderd_lease_margin_ratio", METRICS_HISTOGRAM,
                   "Share of the lease that was left when a renewal succeeded.");
    for (size_t i = 0; i < count; i++) {
        const struct metrics_election *election = &metrics->elections[i];
        struct metrics_label labels[] = {{"election", election->status.name}, {NULL, NULL}};
        metrics_histogram(writer, labels, &election->counters->lease_margin);
    }
}

void metrics_add_elections(struct metrics_writer *writer, const struct metrics *metrics)
{
    add_info(writer, metrics);
    add_simple(writer, metrics);
    add_lost(writer, metrics);
    add_operations(writer, metrics);
    add_histograms(writer, metrics);
}
