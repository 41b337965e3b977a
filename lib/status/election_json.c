#include "lib/status/election_json.h"

#include "lib/status/add.h"

/* The wall time of an instant on CLOCK_BOOTTIME, as the clocks stand to each other now. 0 stays 0:
 * never. */
static int64_t wall_of(const struct status_clock *clock, int64_t boottime_ms)
{
    return boottime_ms == 0 ? 0 : clock->wall_ms + (boottime_ms - clock->boottime_ms);
}

static void add_leader(struct text *text, const struct status_election *election)
{
    const struct elector_view *view = election->view;
    if (!view->leader_known) {
        text_add(text, ",\"leader\":null");
        return;
    }
    add_string(text, ",\"leader\":{\"participant_id\":", view->leader->participant);
    add_string(text, ",\"instance_id\":", view->leader->instance);
    add_bool(text, ",\"is_self\":", view->leader_is_self);
    add_instant(text, ",\"acquired_at\":", election->acquired_at_ms);
    add_unsigned(text, ",\"leading_for_ms\":", election->leading_for_ms);
    add_integer(text, ",\"ttl_ms\":", view->leader_ttl_ms > 0 ? view->leader_ttl_ms : 0);
    text_add(text, ",\"metadata\":");
    const char *metadata = election->leader_metadata;
    text_add(text, metadata != NULL && metadata[0] != '\0' ? metadata : "{}");
    text_add(text, "}");
}

static void add_previous_leader(struct text *text, const struct elector_view *view)
{
    if (view->previous_leader == NULL || view->previous_leader->term == 0) {
        text_add(text, ",\"previous_leader\":null");
        return;
    }
    add_string(text,
               ",\"previous_leader\":{\"participant_id\":", view->previous_leader->participant);
    add_positive(text, ",\"fencing_token\":", view->previous_leader->term);
    text_add(text, "}");
}

static void add_lease(struct text *text, const struct elector_view *view,
                      const struct status_clock *clock)
{
    int64_t deadline = view->lease_valid ? view->deadline_boottime_ms : 0;
    add_bool(text, ",\"lease\":{\"valid\":", view->lease_valid);
    add_integer(text, ",\"duration_ms\":", view->lease_ms);
    add_integer(text, ",\"renew_interval_ms\":", view->renew_interval_ms);
    add_integer(text, ",\"stop_margin_ms\":", view->stop_margin_ms);
    add_integer(text, ",\"remaining_ms\":", view->lease_valid ? view->remaining_ms : 0);
    add_positive(text, ",\"deadline_boottime_ms\":", deadline);
    add_instant(text, ",\"expires_at\":", wall_of(clock, deadline));
    add_instant(text, ",\"last_renewed_at\":", wall_of(clock, view->last_renewed_boottime_ms));
    text_add(text, "}");
}

static void add_waiting(struct text *text, const struct status_election *election)
{
    struct text scratch = {0};
    const char *message = status_waiting_message(election, &scratch);
    if (message == NULL) {
        text_add(text, ",\"waiting\":null");
    } else {
        add_string(text,
                   ",\"waiting\":{\"reason\":", elector_waiting_name(election->view->waiting));
        add_unsigned(text, ",\"remaining_ms\":", election->view->waiting_ms);
        add_string(text, ",\"message\":", message);
        text_add(text, "}");
    }
    text->failed = text->failed || scratch.failed;
    text_free(&scratch);
}

static void add_drain(struct text *text, const struct elector_view *view)
{
    if (view->state != ELECTOR_DRAINING) {
        text_add(text, ",\"drain\":null");
        return;
    }
    add_integer(text, ",\"drain\":{\"remaining_ms\":", view->drain_left_ms);
    add_positive(text, ",\"deadline_boottime_ms\":", view->drain_until_boottime_ms);
    text_add(text, "}");
}

static void add_hold_off(struct text *text, const struct status_election *election)
{
    const struct elector_view *view = election->view;
    if (view->hold_off_until_boottime_ms == 0) {
        text_add(text, ",\"hold_off\":null");
        return;
    }
    const char *reason = election->hold_off_reason;
    if (reason == NULL && view->reason != 0) {
        reason = elector_reason_name(view->reason);
    }
    add_integer(text, ",\"hold_off\":{\"remaining_ms\":", view->hold_off_left_ms);
    add_integer(text, ",\"until_boottime_ms\":", view->hold_off_until_boottime_ms);
    add_string(text, ",\"reason\":", reason);
    text_add(text, "}");
}

static void add_last_error(struct text *text, const struct status_error *error)
{
    if (error->operation == NULL) {
        text_add(text, ",\"last_error\":null");
        return;
    }
    add_string(text, ",\"last_error\":{\"operation\":", error->operation);
    add_string(text, ",\"code\":", error->code);
    add_string(text, ",\"message\":", error->message);
    add_instant(text, ",\"at\":", error->at_ms);
    text_add(text, "}");
}

static void add_stability(struct text *text, const struct stability_view *stability)
{
    add_integer(text, ",\"stability\":{\"changes_last_10m\":", stability->changes_10m);
    add_integer(text, ",\"changes_last_1h\":", stability->changes_1h);
    add_bool(text, ",\"is_stable\":", stability->is_stable);
    add_instant(text, ",\"last_change_at\":", stability->last_change_at_ms);
    text_add(text, "}");
}

void election_json_add(struct text *text, const struct status_election *election,
                       const struct status_daemon *daemon)
{
    const struct elector_view *view = election->view;
    add_string(text, "\"name\":", election->name);
    add_string(text, ",\"key\":", election->key);
    add_string(text, ",\"participant_id\":", election->participant);
    add_string(text, ",\"state\":", elector_state_name(view->state));
    add_bool(text, ",\"is_leader\":", status_is_leader(election, daemon));
    add_bool(text, ",\"participating\":", view->participating);
    add_positive(text, ",\"fencing_token\":", view->term);
    add_leader(text, election);
    add_previous_leader(text, view);
    add_lease(text, view, &daemon->clock);
    add_waiting(text, election);
    add_drain(text, view);
    add_hold_off(text, election);
    add_last_error(text, &election->last_error);
    add_stability(text, &election->stability);
}
