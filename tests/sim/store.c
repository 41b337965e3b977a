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
                                      .replica = {.state = LEASE_ABSENT, .meta = ""},
                                      .ahead_us = INT64_C(1700000000000000),
                                      .replica_linked = true,
                                      .classic_holder = -1};
        store_new_reign(sim, server);
    }
    sim->primary = 0;
}

static void keep_copy(struct sim *sim, struct sim_server *server)
{
    unsigned at = server->copy_count++ % COPIES;
    server->copies[at] = server->record;
    server->copied_us[at] = sim->now_us;
    if (server->replica_linked) {
        server->replica = server->record;
    }
}

static void announce(struct sim *sim, const struct sim_message *message, enum lease_outcome outcome)
{
    const char *what = lease_announcement(outcome);
    for (int i = 0; what != NULL && i < HOSTS; i++) {
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
        keep_copy(sim, server);
        announce(sim, message, message->reply.outcome);
    }
    message->reply.replicated = !sim_has(sim, FAULT_ACKED) || server->replica_linked;
}

void store_handle(struct sim *sim, struct sim_event *event)
{
    struct sim_message *message = event->message;
    if (!sim->servers[message->server].up) {
        free(message);
        return;
    }
    if (sim->classic) {
        classic_request(sim, event);
    } else {
        apply(sim, message);
        story(sim, event->host, "  server %d: %s -> outcome %d, record %s t=..%lld n=%lld",
              message->server, lease_verb_name(message->request.verb), message->reply.outcome,
              lease_state_name(message->reply.record.state),
              (long long)(message->reply.record.term % 1000000000),
              (long long)message->reply.record.n);
    }
    if (message->lost_reply || sim->hosts[event->host].cut_in || network_loses(sim)) {
        free(message);
        return;
    }
    struct sim_event reply = *event;
    reply.kind = EVENT_REPLY;
    reply.at_us = sim->now_us + network_delay_us(sim);
    sim_push(sim, &reply);
}
