#include "lib/base/timetext.h"
#include "lib/status/add.h"
#include "lib/status/document.h"

static const char *leader_of(const struct elector_view *view)
{
    return view->leader_known ? view->leader->participant : NULL;
}

static int64_t remaining_of(const struct elector_view *view)
{
    return view->lease_valid ? view->remaining_ms : 0;
}

void status_add_check(struct text *text, const struct status_election *election,
                      const struct status_daemon *daemon)
{
    const struct elector_view *view = election->view;
    add_string(text, "{\"election\":", election->name);
    add_bool(text, ",\"is_leader\":", status_is_leader(election, daemon));
    add_string(text, ",\"state\":", elector_state_name(view->state));
    add_string(text, ",\"participant_id\":", election->participant);
    add_string(text, ",\"leader\":", leader_of(view));
    add_positive(text, ",\"fencing_token\":", view->term);
    add_integer(text, ",\"remaining_ms\":", remaining_of(view));
    text_add(text, "}\n");
}

void status_add_check_text(struct text *text, const struct status_election *election,
                           const struct status_daemon *daemon)
{
    const struct elector_view *view = election->view;
    add_plain(text, election->name);
    add_bool(text, ": is leader ", status_is_leader(election, daemon));
    text_add(text, ", state ");
    text_add(text, elector_state_name(view->state));
    text_add(text, ", leader ");
    add_plain(text, leader_of(view));
    if (view->lease_valid) {
        char remaining[DURATION_TEXT_MAX];
        duration_describe(remaining_of(view), remaining);
        text_add(text, ", lease ends in ");
        text_add(text, remaining);
    }
    text_add(text, "\n");
}
