#include "lib/base/timetext.h"
#include "lib/status/add.h"
#include "lib/status/document.h"

static void add_duration(struct text *text, int64_t ms)
{
    char duration[DURATION_TEXT_MAX];
    duration_describe(ms, duration);
    text_add(text, duration);
}

/* The end of the wait, where it is known. */
static void add_end(struct text *text, const char *lead, const struct elector_view *view)
{
    if (view->waiting_ms >= 0) {
        text_add(text, lead);
        add_duration(text, view->waiting_ms);
    }
}

static void add_holder(struct text *text, const struct elector_view *view)
{
    if (view->leader_known) {
        add_plain(text, view->leader->participant);
    } else {
        text_add(text, "Another participant");
    }
}

static void add_guard(struct text *text, const struct status_election *election)
{
    text_add(text, "The store holds no record of this election that can be trusted: waiting one "
                   "lease (");
    add_duration(text, election->view->lease_ms);
    text_add(text, ") in case data was lost or the lease was vacated; after a loss `leaderd "
                   "bootstrap ");
    add_plain(text, election->name);
    text_add(text, "` skips this");
}

static void add_unreachable(struct text *text, const struct elector_view *view)
{
    if (view->state == ELECTOR_STARTING) {
        text_add(text, "The store has not answered yet");
    } else {
        text_add(text, "The store does not answer: nobody can be elected from here until it does");
    }
}

static void add_illness(struct text *text, const char *illness)
{
    if (illness == NULL) {
        text_add(text, "The workload here is not known to be healthy yet");
    } else {
        text_add(text, "The workload here is unhealthy (");
        add_plain(text, illness);
        text_add(text, ")");
    }
    text_add(text, ": this participant does not campaign until its health check passes");
}

/* An ending reign and a stopped participant wait for nothing. */
static bool waits(const struct elector_view *view)
{
    return view->state != ELECTOR_DRAINING && view->state != ELECTOR_STOPPED && !view->leads;
}

const char *status_waiting_message(const struct status_election *election, struct text *scratch)
{
    const struct elector_view *view = election->view;
    if (!waits(view)) {
        return NULL;
    }
    text_clear(scratch);
    switch (view->waiting) {
    case ELECTOR_WAITING_HOLDER_ALIVE:
        add_holder(scratch, view);
        text_add(scratch, " leads and keeps renewing the lease");
        break;
    case ELECTOR_WAITING_HOLDER_SILENT:
        add_holder(scratch, view);
        text_add(scratch, " holds the lease and has stopped renewing it");
        if (view->participating) {
            add_end(scratch, "; this participant may take it in ", view);
        }
        break;
    case ELECTOR_WAITING_RESTART_GUARD:
        add_guard(scratch, election);
        break;
    case ELECTOR_WAITING_HOLD_OFF:
        text_add(scratch, "This participant stepped down and lets the others go first");
        add_end(scratch, "; it campaigns again in ", view);
        break;
    case ELECTOR_WAITING_UNHEALTHY:
        add_illness(scratch, election->illness);
        break;
    case ELECTOR_WAITING_STORE_UNREACHABLE:
        add_unreachable(scratch, view);
        break;
    case ELECTOR_WAITING_NOT:
    case ELECTOR_WAITING_PAUSED:
    case ELECTOR_WAITING_FREE:
        return NULL;
    }
    return scratch->failed ? NULL : scratch->bytes;
}
