/* What others may know of an election, and what the daemon keeps beside it. */
#include "daemon/election_internal.h"

#include <stdio.h>

bool election_is_stuck(const struct election *election, struct moment now)
{
    return uv_is_active((const uv_handle_t *)&election->timer) &&
           now.boot_ms - election->due_boottime_ms > STUCK_AFTER_MS;
}

const char *election_name(const struct election *election)
{
    return election->name;
}

int64_t election_drain_ms(const struct election *election)
{
    return election->drain_ms;
}

uint64_t election_version(const struct election *election)
{
    return election->version;
}

void election_set_version(struct election *election, uint64_t version)
{
    election->version = version;
}

void election_set_hold_off_reason(struct election *election, const char *reason)
{
    (void)snprintf(election->hold_off_reason, sizeof election->hold_off_reason, "%s",
                   reason != NULL ? reason : "");
}

const struct profile *election_profile(const struct election *election)
{
    return &election->profile;
}

const char *election_loss_reason(const struct election *election)
{
    return election->loss != 0 ? elector_reason_name(election->loss) : NULL;
}

struct attendants *election_attendants(const struct election *election)
{
    return election->attendants;
}

void election_set_attendants(struct election *election, struct attendants *attendants)
{
    election->attendants = attendants;
}

const char *election_illness(const struct election *election)
{
    return election->illness.text;
}

void election_look(const struct election *election, struct moment now, struct elector_view *view)
{
    elector_look(&election->elector, now, view);
}

void election_status(const struct election *election, const struct status_clock *clock,
                     struct moment now, struct elector_view *view, struct status_election *status)
{
    elector_look(&election->elector, now, view);
    const struct lease_error *error = &election->last_error;
    bool dated = view->leader_known && view->term == election->acquired_term;
    *status = (struct status_election){
        .name = election->name,
        .key = election->key,
        .participant = election->elector.options.participant,
        .view = view,
        .leader_metadata =
            text_string(view->leader_is_self ? &election->own_json : &election->holder.json),
        .acquired_at_ms = dated ? election->acquired_at_ms : 0,
        .leading_for_ms = dated ? clock->boottime_ms - election->acquired_boottime_ms : -1,
        .illness = election->illness.text[0] != '\0' ? election->illness.text : NULL,
        .hold_off_reason = election->hold_off_reason[0] != '\0' ? election->hold_off_reason : NULL,
        .last_error = {.operation = error->operation,
                       .code = error->code,
                       .message = error->problem.text,
                       .at_ms = error->at_ms},
    };
    stability_look(&election->stability, clock->boottime_ms, election->max_changes_10m,
                   &status->stability);
}

const struct election_counters *election_counters(const struct election *election)
{
    return &election->counters;
}

void election_troubles(const struct election *election, struct moment now,
                       struct election_troubles *troubles)
{
    struct stability_view view;
    stability_look(&election->stability, now.boot_ms, election->max_changes_10m, &view);
    *troubles = election->troubles;
    troubles->changes_10m = view.changes_10m;
    troubles->stable = view.is_stable;
}
