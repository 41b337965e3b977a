/* The lock that everybody writes first: SET key id NX PX, renewed by its holder if the key is still
 * its own, polled by the others; the holder counts its lease from the send, on its own clock. */
#include "tests/sim/sim.h"

static void schedule(struct sim *sim, struct sim_host *host, int64_t delay_ms)
{
    host->wake++;
    sim_push(sim,
             &(struct sim_event){.at_us = sim->now_us + sim_clock_wait_us(&host->clock, delay_ms),
                                 .kind = EVENT_WAKE,
                                 .host = host->index,
                                 .epoch = host->wake});
}

bool classic_claims(const struct sim *sim, const struct sim_host *host)
{
    struct moment now = sim_clock_now(&host->clock, sim->now_us);
    return host->alive && host->classic_leads && host->classic_until.boot_ms > now.boot_ms;
}

void classic_start(struct sim *sim, struct sim_host *host)
{
    host->classic_leads = false;
    schedule(sim, host, prng_below(&sim->prng, RENEW_MS));
}

static void ask(struct sim *sim, struct sim_host *host)
{
    struct moment now = sim_clock_now(&host->clock, sim->now_us);
    bool leads = classic_claims(sim, host);
    struct sim_message *message = __builtin_calloc(1, sizeof *message);
    message->request.verb = leads ? LEASE_RENEW : LEASE_ACQUIRE;
    message->request.n = now.boot_ms;
    message->server = sim->primary;
    host->call++;
    if (host->cut_out || network_loses(sim)) {
        __builtin_free(message);
    } else {
        sim_push(sim, &(struct sim_event){.at_us = sim->now_us + network_delay_us(sim),
                                          .kind = EVENT_REQUEST,
                                          .host = host->index,
                                          .epoch = host->call,
                                          .message = message});
    }
    schedule(sim, host, leads ? RENEW_MS : RENEW_MS / 2);
}

void classic_older(struct sim *sim, const struct sim_server *from, struct sim_server *to)
{
    unsigned kept = from->classic_count < 12 ? from->classic_count : 12;
    unsigned at = (from->classic_count - 1 - (unsigned)prng_below(&sim->prng, kept)) % COPIES;
    to->classic_holder = kept > 0 ? from->classic_holders[at] : -1;
    to->classic_end_us = from->classic_ends_us[at];
}

/* What Redis does with it: the key ends by the server's wall clock. */
void classic_request(struct sim *sim, struct sim_event *event)
{
    struct sim_server *server = &sim->servers[event->message->server];
    int64_t now_us = sim->now_us + server->ahead_us;
    bool held = server->classic_holder >= 0 && server->classic_end_us > now_us;
    bool own = held && server->classic_holder == event->host;
    bool renews = event->message->request.verb == LEASE_RENEW;
    bool granted = renews ? own : !held;
    if (granted) {
        server->classic_holder = event->host;
        server->classic_end_us = now_us + LEASE_MS * 1000;
        server->classic_holders[server->classic_count % COPIES] = event->host;
        server->classic_ends_us[server->classic_count++ % COPIES] = server->classic_end_us;
    }
    event->message->reply.outcome = granted ? LEASE_ACQUIRED : LEASE_SEEN;
}

void classic_handle(struct sim *sim, const struct sim_event *event)
{
    struct sim_host *host = &sim->hosts[event->host];
    if (!host->alive) {
        return;
    }
    if (event->kind == EVENT_WAKE && event->epoch == host->wake) {
        ask(sim, host);
    } else if (event->kind == EVENT_REPLY && event->epoch == host->call) {
        bool granted = event->message->reply.outcome == LEASE_ACQUIRED;
        if (granted && !host->classic_leads) {
            sim->tally.reigns++;
        }
        host->classic_leads = granted;
        host->classic_until =
            (struct moment){.boot_ms = event->message->request.n + LEASE_MS - MARGIN_MS};
    }
    check_host(sim, host);
}
