#include "daemon/chronicle.h"

#include "lib/base/moment.h"

#include <inttypes.h>
#include <stdio.h>

/* What one note becomes. */
struct entry {
    enum event_type type;
    enum log_level level;
    const char *reason;
    char message[EVENT_MESSAGE_MAX];
};

static const char *name_or_nobody(const struct elector_leader *leader)
{
    return leader->term != 0 ? leader->participant : NULL;
}

static void write_entry(struct app *app, struct election *election, const struct entry *entry)
{
    struct elector_view view;
    election_look(election, moment_now(), &view);
    const char *leader = view.leader_known ? name_or_nobody(view.leader) : NULL;
    struct event event = {.type = entry->type,
                          .at_ms = wall_us() / 1000,
                          .boottime_ms = boottime_us() / 1000,
                          .election = election_name(election),
                          .reason = entry->reason,
                          .fencing_token = view.term,
                          .leader = leader,
                          .previous_leader = name_or_nobody(view.previous_leader),
                          .message = entry->message};
    events_add(app->events, &event);
    struct log_line line;
    log_begin(&line, entry->level, entry->message);
    log_text(&line, "election", election_name(election));
    log_text(&line, "event", event_type_name(entry->type));
    log_text(&line, "reason", entry->reason);
    if (view.term != 0) {
        log_number(&line, "fencing_token", view.term);
    }
    log_text(&line, "leader", leader);
    log_end(&line);
}

static const char *loss_text(enum elector_reason reason)
{
    switch (reason) {
    case ELECTOR_RELEASED:
        return "leadership given up: the election was taken out of the configuration";
    case ELECTOR_EXPIRED:
        return "leadership lost: the lease ended before it could be renewed";
    case ELECTOR_RENEW_OVERDUE:
        return "leadership ends: no renewal came through in time, the stop margin is reached";
    case ELECTOR_RENEW_REFUSED:
        return "leadership lost: the store says that the lease is no longer ours";
    case ELECTOR_STEPPED_DOWN:
        return "leadership given up: stepped down on request";
    case ELECTOR_PAUSE:
        return "leadership given up: paused on request";
    case ELECTOR_UNHEALTHY:
        return "leadership given up: the workload is unhealthy";
    case ELECTOR_SHUTDOWN:
        return "leadership given up: shutting down";
    }
    return "leadership lost";
}

static void say(struct entry *entry, enum event_type type, enum log_level level,
                const char *message)
{
    entry->type = type;
    entry->level = level;
    (void)snprintf(entry->message, sizeof entry->message, "%s", message);
}

static void describe_loss(const struct elector_note *note, struct entry *entry)
{
    bool trouble = note->reason == ELECTOR_EXPIRED || note->reason == ELECTOR_RENEW_OVERDUE ||
                   note->reason == ELECTOR_RENEW_REFUSED || note->reason == ELECTOR_UNHEALTHY;
    say(entry, EVENT_LEADERSHIP_LOST, trouble ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
        loss_text(note->reason));
}

/* False: not worth an entry. */
static bool describe(const struct elector_note *note, struct entry *entry)
{
    entry->reason = note->reason != 0 ? elector_reason_name(note->reason) : NULL;
    switch (note->kind) {
    case ELECTOR_NOTE_GAINED:
        say(entry, EVENT_LEADERSHIP_GAINED, LOG_LEVEL_INFO, "leadership gained");
        return true;
    case ELECTOR_NOTE_LOST:
        describe_loss(note, entry);
        return true;
    case ELECTOR_NOTE_LEADER_CHANGED:
        say(entry, EVENT_LEADER_CHANGED, LOG_LEVEL_INFO, "another participant leads");
        return true;
    case ELECTOR_NOTE_DRAIN_STARTED:
        say(entry, EVENT_DRAIN_STARTED, LOG_LEVEL_INFO,
            "draining: the lease is kept until the workload has stopped");
        return true;
    case ELECTOR_NOTE_DRAIN_ENDED:
        say(entry, EVENT_DRAIN_ENDED, LOG_LEVEL_INFO, "the drain is over");
        return true;
    case ELECTOR_NOTE_HELD_OFF:
        say(entry, EVENT_HELD_OFF, LOG_LEVEL_INFO, "holding off: others may lead first");
        return true;
    case ELECTOR_NOTE_PAUSED:
        say(entry, EVENT_PAUSED, LOG_LEVEL_INFO, "paused: does not campaign");
        return true;
    case ELECTOR_NOTE_RESUMED:
        say(entry, EVENT_RESUMED, LOG_LEVEL_INFO, "resumed: campaigns again");
        return true;
    case ELECTOR_NOTE_VERIFICATION_FAILED:
        say(entry, EVENT_LEASE_VERIFICATION_FAILED, LOG_LEVEL_ERROR,
            "the lease was granted but read back as somebody else's: not leading");
        return true;
    case ELECTOR_NOTE_STORE_RESET:
        say(entry, EVENT_STORE_RESET, LOG_LEVEL_WARN,
            "the store was restarted, has a new primary, or lost data");
        return true;
    case ELECTOR_NOTE_CLOCK_JUMP:
        entry->type = EVENT_CLOCK_JUMP;
        entry->level = LOG_LEVEL_WARN;
        (void)snprintf(entry->message, sizeof entry->message,
                       "a clock jumped by %" PRId64 " ms: that much is taken off the lease if the "
                       "host may have stood still",
                       note->jump_ms);
        return true;
    case ELECTOR_NOTE_DUPLICATE:
        say(entry, EVENT_DUPLICATE_PARTICIPANT, LOG_LEVEL_WARN,
            "another process takes part under our participant id: give each its own");
        return true;
    case ELECTOR_NOTE_RENEWED:
    case ELECTOR_NOTE_COMMAND_ENDED:
        return false;
    }
    return false;
}

void chronicle_note(struct app *app, struct election *election, const struct elector_note *note)
{
    struct entry entry = {0};
    if (describe(note, &entry)) {
        write_entry(app, election, &entry);
    }
}

void chronicle_stability(struct app *app, struct election *election, bool stable)
{
    struct entry entry = {0};
    say(&entry, EVENT_STABILITY_CHANGED, stable ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
        stable ? "stable again: few changes of leader in the last ten minutes"
               : "the leader changes often: stability.max_changes_10m is reached");
    write_entry(app, election, &entry);
}

void chronicle_hook(struct app *app, const char *name, const char *reason, const char *what)
{
    struct entry entry = {.type = EVENT_OPERATION_ERROR, .level = LOG_LEVEL_WARN, .reason = reason};
    struct election *election = app_election(app, name);
    (void)snprintf(entry.message, sizeof entry.message, "the on_change command %.400s", what);
    if (election != NULL) {
        write_entry(app, election, &entry);
    } else {
        chronicle_daemon(app, entry.type, entry.level, reason, entry.message);
    }
}

void chronicle_workload(struct app *app, struct election *election, bool well, const char *why)
{
    struct entry entry = {.type = EVENT_HEALTH_CHANGED,
                          .level = well ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
                          .reason = "workload_unhealthy"};
    (void)snprintf(entry.message, sizeof entry.message, "the workload is %s%s%.400s",
                   well ? "healthy" : "unhealthy", well ? "" : ": ", why);
    write_entry(app, election, &entry);
}

bool chronicle_trouble(struct app *app, struct election *election, enum lease_verb verb,
                       const char *code, const struct problem *problem)
{
    struct entry entry = {.type = EVENT_OPERATION_ERROR, .reason = code};
    if (!app->store_up) {
        return false;
    }
    if (code == NULL) {
        struct log_line line;
        log_begin(&line, LOG_LEVEL_INFO, "the store answers again");
        log_text(&line, "election", election_name(election));
        log_end(&line);
        return true;
    }
    entry.level = LOG_LEVEL_WARN;
    (void)snprintf(entry.message, sizeof entry.message, "%s failed: %.480s", lease_verb_name(verb),
                   problem->text);
    write_entry(app, election, &entry);
    return true;
}

void chronicle_daemon(struct app *app, enum event_type type, enum log_level level,
                      const char *reason, const char *message)
{
    struct event event = {.type = type,
                          .at_ms = wall_us() / 1000,
                          .boottime_ms = boottime_us() / 1000,
                          .reason = reason,
                          .message = message};
    events_add(app->events, &event);
    struct log_line line;
    log_begin(&line, level, message);
    log_text(&line, "event", event_type_name(type));
    log_text(&line, "reason", reason);
    log_end(&line);
}
