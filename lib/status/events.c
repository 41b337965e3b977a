#include "lib/status/events.h"

#include "lib/base/timetext.h"
#include "lib/status/add.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct kept_event {
    enum event_type type;
    int64_t at_ms, boottime_ms, fencing_token;
    char election[EVENT_NAME_MAX + 1];
    char reason[EVENT_REASON_MAX + 1];
    char leader[EVENT_PARTICIPANT_MAX + 1];
    char previous_leader[EVENT_PARTICIPANT_MAX + 1];
    char message[EVENT_MESSAGE_MAX + 1];
};

struct events {
    int64_t last_id; /* the event with id N stands at (N - 1) % EVENTS_KEPT */
    struct kept_event ring[EVENTS_KEPT];
};

struct events *events_new(void)
{
    return calloc(1, sizeof(struct events));
}

void events_free(struct events *events)
{
    free(events);
}

/* Copies at most `size` - 1 bytes and never half a character. An empty string stands for NULL. */
static void keep_string(char *to, size_t size, const char *from)
{
    size_t length = from == NULL ? 0 : strnlen(from, size);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    if (length > 0) {
        memcpy(to, from, length);
    }
    to[length] = '\0';
}

void events_add(struct events *events, const struct event *event)
{
    struct kept_event *kept = &events->ring[events->last_id % EVENTS_KEPT];
    kept->type = event->type;
    kept->at_ms = event->at_ms;
    kept->boottime_ms = event->boottime_ms;
    kept->fencing_token = event->fencing_token;
    keep_string(kept->election, sizeof kept->election, event->election);
    keep_string(kept->reason, sizeof kept->reason, event->reason);
    keep_string(kept->leader, sizeof kept->leader, event->leader);
    keep_string(kept->previous_leader, sizeof kept->previous_leader, event->previous_leader);
    keep_string(kept->message, sizeof kept->message, event->message);
    events->last_id++;
}

static const struct kept_event *event_at(const struct events *events, int64_t id)
{
    return &events->ring[(id - 1) % EVENTS_KEPT];
}

static int64_t first_kept(const struct events *events)
{
    return events->last_id > EVENTS_KEPT ? events->last_id - EVENTS_KEPT + 1 : 1;
}

static bool concerns(const struct kept_event *event, const struct events_query *query)
{
    return query->election == NULL || strcmp(event->election, query->election) == 0;
}

/* The id to begin with, so that the last `limit` matching events are shown. */
static int64_t begin_of_last(const struct events *events, const struct events_query *query)
{
    int64_t left = query->limit;
    int64_t id = events->last_id + 1;
    while (id > first_kept(events) && left > 0) {
        id--;
        left -= concerns(event_at(events, id), query) ? 1 : 0;
    }
    return id;
}

static const char *known(const char *kept)
{
    return kept[0] == '\0' ? NULL : kept;
}

static void add_event(struct text *text, int64_t id, const struct kept_event *event)
{
    add_integer(text, "{\"id\":", id);
    add_instant(text, ",\"at\":", event->at_ms);
    add_integer(text, ",\"boottime_ms\":", event->boottime_ms);
    add_string(text, ",\"election\":", known(event->election));
    add_string(text, ",\"type\":", event_type_name(event->type));
    add_string(text, ",\"reason\":", known(event->reason));
    add_positive(text, ",\"fencing_token\":", event->fencing_token);
    add_string(text, ",\"leader\":", known(event->leader));
    add_string(text, ",\"previous_leader\":", known(event->previous_leader));
    add_string(text, ",\"message\":", known(event->message));
    text_add(text, "}");
}

/* The first id to look at for a query. */
static int64_t begin_of(const struct events *events, const struct events_query *query)
{
    int64_t first = first_kept(events);
    int64_t id = query->after < 0 ? begin_of_last(events, query) : query->after + 1;
    return id < first ? first : id;
}

void events_render_text(const struct events *events, struct text *text,
                        const struct events_query *query)
{
    int64_t shown = 0;
    for (int64_t id = begin_of(events, query); id <= events->last_id && shown < query->limit;
         id++) {
        const struct kept_event *event = event_at(events, id);
        if (concerns(event, query)) {
            char at[RFC3339_TEXT_MAX];
            rfc3339_format(event->at_ms, at);
            text_addf(text, "%s  %-10s %-26s ", at, event->election, event_type_name(event->type));
            text_add_json(text, event->message);
            text_add(text, "\n");
            shown++;
        }
    }
}

void events_render(const struct events *events, struct text *text, const char *instance_id,
                   const struct events_query *query)
{
    int64_t first = first_kept(events);
    int64_t after = query->after > 0 ? query->after : 0;
    int64_t id = begin_of(events, query);

    add_string(text, "{\"instance_id\":", instance_id);
    add_integer(text, ",\"first_id\":", events->last_id == 0 ? 0 : first);
    add_integer(text, ",\"last_id\":", events->last_id);
    add_integer(text, ",\"dropped\":", first - 1 > after ? first - 1 - after : 0);
    text_add(text, ",\"events\":[");
    for (int64_t shown = 0; id <= events->last_id && shown < query->limit; id++) {
        const struct kept_event *event = event_at(events, id);
        if (concerns(event, query)) {
            text_add(text, shown > 0 ? "," : "");
            add_event(text, id, event);
            shown++;
        }
    }
    text_add(text, "]}\n");
}

const char *event_type_name(enum event_type type)
{
    static const char *const names[] = {
        [EVENT_STARTED] = "started",
        [EVENT_LEADERSHIP_GAINED] = "leadership_gained",
        [EVENT_LEADERSHIP_LOST] = "leadership_lost",
        [EVENT_LEADER_CHANGED] = "leader_changed",
        [EVENT_LEASE_VERIFICATION_FAILED] = "lease_verification_failed",
        [EVENT_OPERATION_ERROR] = "operation_error",
        [EVENT_STORE_CONNECTED] = "store_connected",
        [EVENT_STORE_DISCONNECTED] = "store_disconnected",
        [EVENT_CIRCUIT_OPENED] = "circuit_opened",
        [EVENT_CIRCUIT_CLOSED] = "circuit_closed",
        [EVENT_STORE_RESET] = "store_reset",
        [EVENT_CLOCK_JUMP] = "clock_jump",
        [EVENT_CLOCK_UNSYNCHRONIZED] = "clock_unsynchronized",
        [EVENT_PAUSED] = "paused",
        [EVENT_RESUMED] = "resumed",
        [EVENT_DRAIN_STARTED] = "drain_started",
        [EVENT_DRAIN_ENDED] = "drain_ended",
        [EVENT_HELD_OFF] = "held_off",
        [EVENT_CONFIG_RELOADED] = "config_reloaded",
        [EVENT_CONFIG_REFUSED] = "config_refused",
        [EVENT_HEALTH_CHANGED] = "health_changed",
        [EVENT_STABILITY_CHANGED] = "stability_changed",
        [EVENT_DUPLICATE_PARTICIPANT] = "duplicate_participant",
        [EVENT_SHUTDOWN] = "shutdown",
    };
    assert(type >= EVENT_STARTED && type <= EVENT_SHUTDOWN);
    return names[type];
}
