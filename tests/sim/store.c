/* The store: lease_apply() on a record, on a primary that may restart, forget, or be replaced. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

void store_new_reign(struct sim *sim, struct sim_server *server)
{
    (void)snprintf(server->reign, sizeof server->reign, "r%lld", (long long)++sim->reigns_made);
}

void store_begin(struct sim *sim)
{
    for (int i = 0; i < SERVERS; i++) {
        struct sim_server *server = &sim->servers[i];
        *server = (struct sim_server){.up = i == 0,
                                      .record = {.state = LEASE_ABSENT, .meta = ""},
                                      .ahead_us = INT64_C(1700000000000000),
                                      .has_replica = true,
                                      .classic_holder = -1};
        store_new_reign(sim, server);
    }
    sim->primary = 0;
}

static const char *outcome_name(enum lease_outcome outcome)
{
    static const char *const names[] = {
        [LEASE_UNKNOWN] = "unknown",  [LEASE_FAILED] = "failed",
        [LEASE_SEEN] = "seen",        [LEASE_ACQUIRED] = "ACQUIRED",
        [LEASE_RENEWED] = "renewed",  [LEASE_REASSERTED] = "REASSERTED",
        [LEASE_GAVE_UP] = "RELEASED", [LEASE_GUARDED] = "GUARDED",
        [LEASE_LOST] = "LOST",        [LEASE_CONFLICT] = "CONFLICT",
        [LEASE_OPENED] = "OPENED",    [LEASE_EMPTIED] = "EMPTIED",
    };
    return names[outcome];
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Replication is a stream: nothing overtakes what was written before. */
void store_copy(struct sim *sim, struct sim_server *server)
{
    unsigned at = server->copy_count % COPIES;
    int64_t before_us =
        server->copy_count > 0 ? server->replicated_us[(server->copy_count - 1) % COPIES] : 0;
    int64_t arrives_us = sim->now_us + 50 + prng_below(&sim->prng, 1000);
    arrives_us = later(arrives_us, server->replica_lags_until_us);
    if (before_us != INT64_MAX) { /* else a new replica begins here, with a full copy */
        arrives_us = later(arrives_us, before_us);
    }
    server->copies[at] = server->record;
    server->replicated_us[at] = server->has_replica ? arrives_us : INT64_MAX;
    server->copy_count++;
}

void store_catch_up(const struct sim *sim, struct sim_server *server)
{
    server->replica_lags_until_us = sim->now_us;
    for (int i = 0; i < COPIES; i++) {
        if (server->replicated_us[i] != INT64_MAX && server->replicated_us[i] > sim->now_us) {
            server->replicated_us[i] = sim->now_us;
        }
    }
}

struct lease_record store_replica(const struct sim *sim, const struct sim_server *server)
{
    unsigned kept = server->copy_count < COPIES ? server->copy_count : COPIES;
    for (unsigned back = 1; back <= kept; back++) {
        unsigned at = (server->copy_count - back) % COPIES;
        if (server->replicated_us[at] <= sim->now_us) {
            return server->copies[at];
        }
    }
    return (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
}

static void announce(struct sim *sim, const struct sim_message *message, enum lease_outcome outcome)
{
    const char *what = lease_announcement(outcome);
    for (int i = 0; what != NULL && i < sim->host_count; i++) {
        const struct sim_host *host = &sim->hosts[i];
        if (host->linked && host->server == message->server && !host->cut_in &&
            !network_loses(sim)) {
            sim_push(sim, &(struct sim_event){.at_us = sim->now_us + network_delay_us(sim),
                                              .kind = EVENT_HINT,
                                              .host = i,
                                              .epoch = host->life,
                                              .released = strcmp(what, "released") == 0});
        }
    }
}

/* (t, n) of a holder's record never decreases. */
static void check_record(struct sim *sim, const struct lease_record *before,
                         const struct lease_record *after)
{
    bool same = before->state == LEASE_HELD && after->state == LEASE_HELD &&
                strcmp(before->instance, after->instance) == 0;
    bool back =
        after->term < before->term || (after->term == before->term && after->n <= before->n);
    if (same && back && strcmp(before->reign, after->reign) == 0) {
        sim_violate(sim, "the record went back from (%lld, %lld) to (%lld, %lld)",
                    (long long)before->term, (long long)before->n, (long long)after->term,
                    (long long)after->n);
    }
}

/* An operator who says that nobody leads has made sure of it. */
static bool nobody_leads(const struct sim *sim)
{
    for (int i = 0; i < sim->host_count; i++) {
        const struct sim_host *host = &sim->hosts[i];
        if (host_claims(sim, host) || (host->alive && host->elector.reign.held)) {
            return false;
        }
    }
    return true;
}

static void apply(struct sim *sim, struct sim_message *message)
{
    struct sim_server *server = &sim->servers[message->server];
    struct lease_server side = {.now_us = sim->now_us + server->ahead_us,
                                .term_floor_us = sim->now_us + server->ahead_us,
                                .reign = server->reign,
                                .restart_guard = true};
    struct lease_record before = server->record;
    message->request.instance = message->instance;
    message->request.participant = message->participant;
    message->request.version = message->version;
    if (lease_apply(&server->record, &message->request, &side, &message->reply)) {
        check_record(sim, &before, &server->record);
        store_copy(sim, server);
        announce(sim, message, message->reply.outcome);
        message->replicated_us = server->replicated_us[(server->copy_count - 1) % COPIES];
    }
}

static void answer(struct sim *sim, const struct sim_event *event)
{
    struct sim_message *message = event->message;
    if (message->lost_reply || sim->hosts[event->host].cut_in || network_loses(sim)) {
        free(message);
        return;
    }
    struct sim_event reply = *event;
    reply.kind = EVENT_REPLY;
    reply.at_us = sim->now_us + network_delay_us(sim);
    sim_push(sim, &reply);
}

/* WAIT: the answer is held back until the replica has the write, or for half of a time-out. */
static void await_replica(struct sim *sim, struct sim_event *event)
{
    struct sim_message *message = event->message;
    const struct sim_server *server = &sim->servers[message->server];
    bool promised =
        server->replica_gone_us == 0 || message->replicated_us <= server->replica_gone_us;
    message->reply.replicated = promised && message->replicated_us <= sim->now_us;
    if (!message->reply.replicated && sim->now_us < message->give_up_us) {
        struct sim_event again = *event;
        again.kind = EVENT_ACK;
        again.at_us = promised && message->replicated_us < message->give_up_us
                          ? message->replicated_us
                          : message->give_up_us;
        sim_push(sim, &again);
        return;
    }
    answer(sim, event);
}

void store_handle(struct sim *sim, struct sim_event *event)
{
    struct sim_message *message = event->message;
    const struct sim_server *server = &sim->servers[message->server];
    bool untrue = message->request.verb == LEASE_BOOTSTRAP && !nobody_leads(sim);
    if (!server->up || (untrue && event->kind == EVENT_REQUEST)) {
        free(message);
    } else if (sim->now_us < server->stalled_until_us) {
        event->at_us = server->stalled_until_us;
        sim_push(sim, event);
    } else if (event->kind == EVENT_ACK) {
        await_replica(sim, event);
    } else if (sim->classic) {
        classic_request(sim, event);
        answer(sim, event);
    } else {
        apply(sim, message);
        story(sim, event->host, "  server %d: %s -> %s, record %s t=..%lld n=%lld c=%lld%s",
              message->server, lease_verb_name(message->request.verb),
              outcome_name(message->reply.outcome), lease_state_name(message->reply.record.state),
              (long long)(message->reply.record.term % 1000000000),
              (long long)message->reply.record.n, (long long)message->reply.record.unconfirmed,
              message->reply.fresh ? "" : " (not fresh)");
        message->give_up_us = sim->now_us + TIMEOUT_MS * INT64_C(500);
        if (sim_has(sim, FAULT_ACKED)) {
            await_replica(sim, event);
        } else {
            answer(sim, event);
        }
    }
}
