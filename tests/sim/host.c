/* One host: a daemon's hands under virtual time, as daemon/election.c is on a real machine. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

/* The renew interval travels in the record's text, as a number. */
static const char *interval_text(int64_t interval_ms)
{
    return interval_ms == RENEW_MS ? "800" : interval_ms == 2 * RENEW_MS ? "1600" : "1200";
}

void host_options(struct elector_options *options, int index, bool shared_name)
{
    *options = (struct elector_options){.lease_ms = LEASE_MS,
                                        .renew_interval_ms = RENEW_MS,
                                        .retry_interval_ms = RETRY_MS,
                                        .operation_timeout_ms = TIMEOUT_MS,
                                        .stop_margin_ms = STOP_MARGIN_MS};
    (void)snprintf(options->participant, sizeof options->participant, "p%d",
                   shared_name ? index / 2 : index);
}

static struct moment local_now(const struct sim *sim, const struct sim_host *host)
{
    return sim_clock_now(&host->clock, sim->now_us);
}

static void draw_instance(struct sim *sim, char out[LEASE_INSTANCE_SIZE])
{
    (void)snprintf(out, LEASE_INSTANCE_SIZE, "%016llx%016llx",
                   (unsigned long long)prng_next(&sim->prng),
                   (unsigned long long)prng_next(&sim->prng));
}

/* A store that is down says so at once. */
static void fail_call(struct sim *sim, struct sim_host *host, uint64_t id)
{
    struct sim_message *message = calloc(1, sizeof *message);
    message->reply = (struct lease_reply){
        .id = id, .outcome = LEASE_FAILED, .record = {.state = LEASE_ABSENT, .meta = ""}};
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us + 20,
                                      .kind = EVENT_REPLY,
                                      .host = host->index,
                                      .epoch = host->call,
                                      .message = message});
}

static void push_request(struct sim *sim, const struct sim_host *host, int64_t delay_us,
                         const struct lease_request *request, bool answered)
{
    struct sim_message *message = calloc(1, sizeof *message);
    message->request = *request;
    message->server = host->server;
    (void)snprintf(message->instance, sizeof message->instance, "%s", request->instance);
    (void)snprintf(message->participant, sizeof message->participant, "%s", request->participant);
    (void)snprintf(message->version, sizeof message->version, "%s", request->version);
    message->lost_reply = host->cut_in || !answered;
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us + delay_us,
                                      .kind = EVENT_REQUEST,
                                      .host = host->index,
                                      .epoch = host->call,
                                      .message = message});
}

static void send(struct sim *sim, struct sim_host *host, struct elector_orders *orders)
{
    struct lease_request *request = &orders->request;
    request->election = "e";
    request->meta = interval_text(host->elector.options.renew_interval_ms);
    host->call++;
    host->calling = true;
    story(sim, host->index, "sends %s t=..%lld n=%lld%s", lease_verb_name(request->verb),
          (long long)(request->term % 1000000000), (long long)request->n,
          request->version[0] != '\0' ? " having waited" : "");
    if (!host->linked) {
        fail_call(sim, host, request->id);
        return;
    }
    int64_t delay_us = network_delay_us(sim);
    if (!sim->peace && sim_has(sim, FAULT_FREEZE) && sim_chance(sim, 400)) {
        /* stopped between reading the clock and writing to the socket */
        int64_t stop_us = prng_below(&sim->prng, 2 * LEASE_MS) * 1000;
        host->frozen_until_us = sim->now_us + stop_us;
        delay_us += stop_us;
    }
    if (!host->cut_out && !network_loses(sim)) {
        push_request(sim, host, delay_us, request, true);
        if (sim_has(sim, FAULT_LOSS) && sim_chance(sim, 50)) {
            /* sent again by a network that saw no acknowledgement: nobody hears the answer */
            push_request(sim, host, delay_us + prng_below(&sim->prng, 4 * LEASE_MS) * 1000, request,
                         false);
        }
    }
    int64_t give_up_us = sim_clock_wait_us(&host->clock, orders->timeout_ms);
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us + give_up_us,
                                      .kind = EVENT_TIMEOUT,
                                      .host = host->index,
                                      .epoch = host->call});
}

static void tell(struct sim *sim, struct sim_host *host, const struct elector_orders *orders)
{
    for (unsigned i = 0; i < orders->note_count; i++) {
        const struct elector_note *note = &orders->notes[i];
        if (note->kind == ELECTOR_NOTE_GAINED) {
            check_gained(sim, host);
        } else if (note->kind == ELECTOR_NOTE_LOST) {
            story(sim, host->index, "LOST (%s)", elector_reason_name(note->reason));
            promise_lost(sim, host, note->reason);
        } else if (note->kind == ELECTOR_NOTE_DUPLICATE) {
            sim->tally.doubles++;
        }
    }
}

/* The daemon was told to stop and has stopped; it is started again after a while. */
static void leave(struct sim *sim, struct sim_host *host)
{
    story(sim, host->index, "has stopped");
    host->alive = false;
    host->led_term = 0;
    host->life++;
    host->wake++;
    host->call++;
    host->link++;
    heal_later(sim, host->index, FAULT_CRASH, prng_below(&sim->prng, 3000));
}

void host_feed(struct sim *sim, struct sim_host *host, const struct elector_event *event)
{
    struct elector_orders orders;
    enum elector_state before = host->elector.state;
    elector_step(&host->elector, local_now(sim, host), event, &orders);
    sim->tally.steps++;
    if (host->elector.state != before) {
        story(sim, host->index, "%s -> %s", elector_state_name(before),
              elector_state_name(host->elector.state));
    }
    if (orders.save) {
        elector_memo(&host->elector, &host->memo);
    }
    tell(sim, host, &orders);
    if (orders.send) {
        send(sim, host, &orders);
    }
    promise_step(sim, host, &orders);
    host->wake++;
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us +
                                               sim_clock_wait_us(&host->clock, orders.wake_in_ms),
                                      .kind = EVENT_WAKE,
                                      .host = host->index,
                                      .epoch = host->wake});
    check_told(sim, host);
    check_host(sim, host);
    if (orders.stopped) {
        leave(sim, host);
        return;
    }
    if (orders.need_identity) {
        char instance[LEASE_INSTANCE_SIZE];
        draw_instance(sim, instance);
        host_feed(sim, host,
                  &(struct elector_event){.kind = ELECTOR_IDENTITY, .instance = instance});
    }
}

void host_start(struct sim *sim, struct sim_host *host, bool with_memory)
{
    struct elector_options options;
    char instance[LEASE_INSTANCE_SIZE];
    host->alive = true;
    host->life++;
    host->calling = false;
    host->call++;
    host->linked = true;
    host->server = sim->primary;
    if (sim->classic) {
        classic_start(sim, host);
        return;
    }
    host_options(&options, host->index, sim_has(sim, FAULT_NAMES));
    draw_instance(sim, instance);
    struct elector_memo memo = host->memo;
    if (!with_memory) {
        memo = (struct elector_memo){.released = true};
    }
    story(sim, host->index, "starts %s", with_memory ? "with its state file" : "without memory");
    elector_init(&host->elector, &options, &memo, instance, prng_next(&sim->prng),
                 local_now(sim, host));
    host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_TICK});
}

/* The daemon dies; the workload goes on until the deadline it was last told. */
void host_crash(struct sim *sim, struct sim_host *host)
{
    story(sim, host->index, "crashes");
    host->alive = false;
    host->led_term = 0; /* a resumed reign keeps its token */
    host->life++;
    host->wake++;
    host->call++;
    host->link++;
    host->classic_leads = false;
}

static void drop_link(struct sim *sim, struct sim_host *host)
{
    host->linked = false;
    host->link++;
    int64_t retry_ms = 50 + prng_below(&sim->prng, 400);
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us + retry_ms * 1000,
                                      .kind = EVENT_LINK,
                                      .host = host->index,
                                      .epoch = host->link});
}

static void on_timeout(struct sim *sim, struct sim_host *host)
{
    struct lease_reply reply = {.id = host->elector.request_id,
                                .outcome = LEASE_UNKNOWN,
                                .record = {.state = LEASE_ABSENT, .meta = ""}};
    host->calling = false;
    host->call++;
    host->trouble_us = sim->now_us;
    story(sim, host->index, "gives up the call");
    drop_link(sim, host);
    host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_REPLY, .reply = &reply});
}

static void on_link(struct sim *sim, struct sim_host *host)
{
    /* now and then a name still leads to the primary of before */
    int stale = 1 - sim->primary;
    bool misled = sim->servers[stale].up && sim_chance(sim, 3);
    host->server = misled ? stale : sim->primary;
    if (host->cut_out || host->cut_in || !sim->servers[host->server].up) {
        drop_link(sim, host);
        return;
    }
    host->linked = true;
    story(sim, host->index, "connects to server %d", host->server);
    host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_STORE_UP});
}

void host_handle(struct sim *sim, const struct sim_event *event)
{
    struct sim_host *host = &sim->hosts[event->host];
    if (event->kind == EVENT_REPLY) {
        const struct lease_reply *reply = &event->message->reply;
        if (host->alive && host->calling && event->epoch == host->call) {
            host->calling = false;
            if (reply->outcome == LEASE_FAILED || !reply->replicated) {
                host->trouble_us = sim->now_us;
            }
            host_feed(sim, host,
                      &(struct elector_event){.kind = ELECTOR_REPLY,
                                              .reply = reply,
                                              .holder_interval_ms = atoi(reply->record.meta)});
        }
    } else if (!host->alive) {
        return;
    } else if (event->kind == EVENT_WAKE && event->epoch == host->wake) {
        host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_TICK});
    } else if (event->kind == EVENT_TIMEOUT && host->calling && event->epoch == host->call) {
        on_timeout(sim, host);
    } else if (event->kind == EVENT_LINK && event->epoch == host->link) {
        on_link(sim, host);
    } else if (event->kind == EVENT_HINT && event->epoch == host->life) {
        if (event->released) {
            promise_heard(host);
        }
        host_feed(sim, host,
                  &(struct elector_event){.kind = ELECTOR_HINT, .released = event->released});
    }
}
