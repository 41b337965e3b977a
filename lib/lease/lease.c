#include "lib/lease/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct call {
    struct lease_record *record;
    const struct lease_request *request;
    const struct lease_server *server;
    bool fresh;
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void copy(char *target, size_t size, const char *source)
{
    (void)snprintf(target, size, "%s", source);
}

/* The letters are those of the record in Redis: the token reads the same everywhere. */
static char state_letter(enum lease_state state)
{
    switch (state) {
    case LEASE_ABSENT:
        return '-';
    case LEASE_HELD:
        return 'h';
    case LEASE_RELEASED:
        return 'r';
    case LEASE_GUARD:
        return 'g';
    case LEASE_VACATED:
        return 'v';
    }
    return '?';
}

static void write_version(const struct call *call, char *out)
{
    const struct lease_record *record = call->record;
    (void)snprintf(out, LEASE_VERSION_SIZE, "%s:%c:%s:%" PRId64 ":%" PRId64, call->server->reign,
                   state_letter(record->state), record->instance, record->term, record->n);
}

static bool is_mine(const struct call *call)
{
    return call->record->state == LEASE_HELD &&
           strcmp(call->record->instance, call->request->instance) == 0;
}

static void stamp(struct call *call)
{
    call->record->written_us = call->server->now_us;
    copy(call->record->reign, sizeof call->record->reign, call->server->reign);
}

static enum lease_outcome write_guard(struct call *call, enum lease_state state)
{
    struct lease_record *record = call->record;
    record->state = state;
    record->n = call->server->now_us;
    record->unconfirmed = 0;
    record->end_us = call->server->now_us + record->lease_ms * 1000;
    record->acquired_us = call->server->now_us;
    record->meta = "";
    copy(record->instance, sizeof record->instance, call->request->instance);
    stamp(call);
    return LEASE_GUARDED;
}

static void write_holder(struct call *call)
{
    struct lease_record *record = call->record;
    record->state = LEASE_HELD;
    record->lease_ms = call->request->lease_ms;
    record->end_us = call->server->now_us + record->lease_ms * 1000;
    record->meta = call->request->meta;
    copy(record->instance, sizeof record->instance, call->request->instance);
    copy(record->participant, sizeof record->participant, call->request->participant);
    stamp(call);
}

static bool may_take(const struct call *call)
{
    const struct lease_record *record = call->record;
    const struct lease_request *request = call->request;
    if (record->state == LEASE_ABSENT || (record->state == LEASE_RELEASED && call->fresh)) {
        return true;
    }
    if (is_mine(call) && call->fresh && record->unconfirmed == 0 && request->term >= record->term) {
        return true; /* the caller knows this term and says that it does not lead */
    }
    char version[LEASE_VERSION_SIZE];
    write_version(call, version);
    return request->version[0] != '\0' && strcmp(request->version, version) == 0 &&
           (call->server->now_us >= record->end_us || request->force);
}

static enum lease_outcome acquire(struct call *call)
{
    struct lease_record *record = call->record;
    if (record->state == LEASE_ABSENT && call->server->restart_guard) {
        record->lease_ms = call->request->lease_ms;
        return write_guard(call, LEASE_GUARD);
    }
    if (!may_take(call)) {
        return LEASE_SEEN;
    }
    int64_t term = larger(record->term, call->request->term) + 1;
    record->term = larger(term, call->server->term_floor_us);
    record->n = 1;
    record->unconfirmed = 0;
    record->acquired_us = call->server->now_us;
    write_holder(call);
    return LEASE_ACQUIRED;
}

/* Renew or release by the holder, in the reign in which it last wrote. */
static enum lease_outcome continue_reign(struct call *call)
{
    struct lease_record *record = call->record;
    const struct lease_request *request = call->request;
    if (record->n < request->n_acked || record->n >= request->n) {
        return LEASE_CONFLICT;
    }
    if (request->n_acked >= record->unconfirmed) {
        record->unconfirmed = 0;
    }
    record->n = request->n;
    if (request->verb == LEASE_RENEW) {
        write_holder(call);
        return LEASE_RENEWED;
    }
    if (record->unconfirmed != 0) {
        return write_guard(call, LEASE_GUARD);
    }
    record->state = LEASE_RELEASED;
    record->end_us = call->server->now_us;
    stamp(call);
    return LEASE_GAVE_UP;
}

static enum lease_outcome renew_or_release(struct call *call)
{
    struct lease_record *record = call->record;
    const struct lease_request *request = call->request;
    bool mine = is_mine(call) && record->term == request->term;
    if (mine && call->fresh) {
        return continue_reign(call);
    }
    bool nobodys = record->state == LEASE_ABSENT || record->state == LEASE_GUARD;
    bool older = !call->fresh && (mine || request->term > record->term);
    if (request->verb == LEASE_RELEASE || !(nobodys || older)) {
        return LEASE_LOST;
    }
    if (!mine) {
        record->acquired_us = call->server->now_us;
    }
    record->term = request->term;
    record->n = request->n;
    record->unconfirmed = request->n;
    write_holder(call);
    return LEASE_REASSERTED;
}

static enum lease_outcome bootstrap(struct call *call)
{
    struct lease_record *record = call->record;
    if (record->state != LEASE_ABSENT && record->state != LEASE_GUARD) {
        return LEASE_SEEN;
    }
    record->term = larger(record->term + 1, call->server->term_floor_us);
    record->n = 0;
    record->unconfirmed = 0;
    record->acquired_us = call->server->now_us;
    write_holder(call);
    record->state = LEASE_RELEASED;
    record->end_us = call->server->now_us;
    record->meta = "";
    return LEASE_OPENED;
}

static enum lease_outcome vacate(struct call *call)
{
    if (call->record->state != LEASE_HELD) {
        return LEASE_SEEN;
    }
    copy(call->record->participant, sizeof call->record->participant, call->request->participant);
    (void)write_guard(call, LEASE_VACATED);
    return LEASE_EMPTIED;
}

static enum lease_outcome carry_out(struct call *call)
{
    switch (call->request->verb) {
    case LEASE_OBSERVE:
        return LEASE_SEEN;
    case LEASE_ACQUIRE:
        return acquire(call);
    case LEASE_RENEW:
    case LEASE_RELEASE:
        return renew_or_release(call);
    case LEASE_BOOTSTRAP:
        return bootstrap(call);
    case LEASE_VACATE:
        return vacate(call);
    }
    return LEASE_SEEN;
}

static bool outcome_writes(enum lease_outcome outcome)
{
    switch (outcome) {
    case LEASE_UNKNOWN:
    case LEASE_FAILED:
    case LEASE_SEEN:
    case LEASE_LOST:
    case LEASE_CONFLICT:
        return false;
    case LEASE_ACQUIRED:
    case LEASE_RENEWED:
    case LEASE_REASSERTED:
    case LEASE_GAVE_UP:
    case LEASE_GUARDED:
    case LEASE_OPENED:
    case LEASE_EMPTIED:
        return true;
    }
    return false;
}

static bool is_fresh(const struct call *call)
{
    if (!call->server->restart_guard) {
        return true;
    }
    return call->server->reign[0] != '\0' && strcmp(call->record->reign, call->server->reign) == 0;
}

/* milliseconds, rounded down also below zero, as the script's math.floor does */
static int64_t floor_ms(int64_t us)
{
    return us >= 0 ? us / 1000 : -((-us + 999) / 1000);
}

bool lease_apply(struct lease_record *record, const struct lease_request *request,
                 const struct lease_server *server, struct lease_reply *reply)
{
    struct call call = {.record = record, .request = request, .server = server};
    call.fresh = is_fresh(&call);
    enum lease_outcome outcome = carry_out(&call);
    bool recorded = record->state != LEASE_ABSENT;
    *reply = (struct lease_reply){.id = request->id,
                                  .outcome = outcome,
                                  .record = *record,
                                  .fresh = recorded && is_fresh(&call),
                                  .server_us = server->now_us,
                                  .replicated = true};
    write_version(&call, reply->version);
    if (recorded) {
        reply->left_ms = floor_ms(record->end_us - server->now_us);
        reply->age_ms = floor_ms(server->now_us - record->written_us);
    }
    return outcome_writes(outcome);
}

const char *lease_announcement(enum lease_outcome outcome)
{
    switch (outcome) {
    case LEASE_ACQUIRED:
        return "acquired";
    case LEASE_REASSERTED:
        return "reasserted";
    case LEASE_GAVE_UP:
    case LEASE_OPENED:
        return "released";
    case LEASE_EMPTIED:
        return "vacated";
    case LEASE_UNKNOWN:
    case LEASE_FAILED:
    case LEASE_SEEN:
    case LEASE_RENEWED:
    case LEASE_GUARDED:
    case LEASE_LOST:
    case LEASE_CONFLICT:
        return NULL;
    }
    return NULL;
}

int64_t lease_margin_ms(int64_t lease_ms)
{
    return larger((lease_ms + 49) / 50, 50);
}

const char *lease_verb_name(enum lease_verb verb)
{
    switch (verb) {
    case LEASE_OBSERVE:
        return "observe";
    case LEASE_ACQUIRE:
        return "acquire";
    case LEASE_RENEW:
        return "renew";
    case LEASE_RELEASE:
        return "release";
    case LEASE_BOOTSTRAP:
        return "bootstrap";
    case LEASE_VACATE:
        return "vacate";
    }
    return "?";
}

const char *lease_state_name(enum lease_state state)
{
    switch (state) {
    case LEASE_ABSENT:
        return "absent";
    case LEASE_HELD:
        return "held";
    case LEASE_RELEASED:
        return "released";
    case LEASE_GUARD:
        return "guard";
    case LEASE_VACATED:
        return "vacated";
    }
    return "?";
}
