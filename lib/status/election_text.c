#include "lib/base/timetext.h"
#include "lib/status/add.h"
#include "lib/status/document.h"

#include <inttypes.h>

/* All labels are padded to one width, so that the values stand in a column. */
static void add_label(struct text *text, const char *label)
{
    text_addf(text, "%-21s ", label);
}

static void add_line(struct text *text, const char *label, const char *value)
{
    add_label(text, label);
    add_plain(text, value);
    text_add(text, "\n");
}

static void add_instant_line(struct text *text, const char *label, int64_t wall_ms)
{
    char instant[RFC3339_TEXT_MAX];
    rfc3339_format(wall_ms, instant);
    add_line(text, label, wall_ms == 0 ? "unknown" : instant);
}

static void add_duration_line(struct text *text, const char *label, int64_t ms)
{
    char duration[DURATION_TEXT_MAX];
    duration_describe(ms, duration);
    add_line(text, label, duration);
}

static void add_leader_lines(struct text *text, const struct status_election *election)
{
    const struct elector_view *view = election->view;
    if (!view->leader_known) {
        add_line(text, "Current leader:", "none");
        return;
    }
    add_label(text, "Current leader:");
    add_plain(text, view->leader->participant);
    text_add(text, view->leader_is_self ? " (this participant)\n" : "\n");
    add_instant_line(text, "Leader since:", election->acquired_at_ms);
    if (election->leading_for_ms >= 0) {
        add_duration_line(text, "Leadership duration:", election->leading_for_ms);
    } else {
        add_line(text, "Leadership duration:", "unknown");
    }
}

/* The own lease where there is one, else what the store said about the leader's. */
static void add_lease_lines(struct text *text, const struct elector_view *view,
                            const struct status_clock *clock)
{
    if (view->lease_valid || view->leader_known) {
        int64_t left = view->lease_valid ? view->remaining_ms : view->leader_ttl_ms;
        add_instant_line(text, "Lease expires:", clock->wall_ms + left);
        add_duration_line(text, "Time to expiry:", left);
    }
    add_line(text, "Lease valid:", view->lease_valid ? "true" : "false");
    add_label(text, "Fencing token:");
    if (view->term > 0) {
        text_add_integer(text, view->term);
        text_add(text, "\n");
    } else {
        text_add(text, "unknown\n");
    }
}

static void add_trouble_lines(struct text *text, const struct status_election *election)
{
    const struct elector_view *view = election->view;
    struct text scratch = {0};
    const char *message = status_waiting_message(election, &scratch);
    if (message != NULL) {
        add_line(text, "Waiting:", message);
    }
    text->failed = text->failed || scratch.failed;
    text_free(&scratch);
    if (view->state == ELECTOR_DRAINING) {
        add_duration_line(text, "Drain ends in:", view->drain_left_ms);
    }
    if (view->hold_off_until_boottime_ms > 0) {
        add_duration_line(text, "Held off for:", view->hold_off_left_ms);
    }
    if (election->last_error.operation != NULL) {
        add_label(text, "Last error:");
        add_plain(text, election->last_error.operation);
        text_add(text, ": ");
        add_plain(text, election->last_error.message);
        text_add(text, "\n");
    }
}

static void add_stability_line(struct text *text, const struct stability_view *stability)
{
    add_label(text, "Stable:");
    text_addf(text, "%s (changes of leader: %" PRId64 " in 10 minutes, %" PRId64 " in an hour)\n",
              stability->is_stable ? "true" : "false", stability->changes_10m,
              stability->changes_1h);
}

void status_add_election_text(struct text *text, const struct status_election *election,
                              const struct status_daemon *daemon)
{
    const struct elector_view *view = election->view;
    text_add(text, "=== Leadership Status ===\n");
    add_line(text, "Election:", election->name);
    add_line(text, "Participant:", election->participant);
    add_line(text, "Is leader:", status_is_leader(election, daemon) ? "true" : "false");
    add_line(text, "State:", elector_state_name(view->state));
    add_leader_lines(text, election);
    add_lease_lines(text, view, &daemon->clock);
    add_trouble_lines(text, election);
    add_stability_line(text, &election->stability);
    if (view->leader_known) {
        const char *metadata = election->leader_metadata;
        add_line(text, "Metadata:", metadata != NULL && metadata[0] != '\0' ? metadata : "{}");
    }
    add_instant_line(text, "Status retrieved:", daemon->clock.wall_ms);
}

void status_add_daemon_text(struct text *text, const struct status_daemon *daemon)
{
    const struct store_health *store = &daemon->store;
    if (daemon->shutting_down) {
        text_add(text, "The daemon is shutting down.\n");
    }
    if (!store->connected) {
        text_add(text, "The store (");
        add_plain(text, store->kind);
        text_add(text, ", ");
        add_plain(text, store->endpoint);
        text_add(text, ") is not connected");
        if (store->last_error != NULL) {
            text_add(text, ": ");
            add_plain(text, store->last_error);
        }
        text_add(text, "\n");
    }
}
