#include "lib/diagnostics/doctor.h"

#include "lib/base/moment.h"
#include "lib/diagnostics/kernel_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A probe under way, and where its result goes. */
struct slot {
    struct doctor *doctor;
    struct probe *probe;
    struct probe_target target;
    char host[TARGET_SIZE];
    size_t place; /* of the result */
};

struct doctor {
    uv_loop_t *loop;
    doctor_cb *done;
    void *owner;
    struct report *report;
    const struct report *before;
    bool spare_ntp;
    struct redis_exam *exam;
    struct slot ntp[NTP_SERVERS_MAX], targets[NETWORK_TARGETS_MAX];
    size_t ntp_count, target_count;
    int64_t ntp_timeout_ms, began_us;
    size_t under_way;
    uv_timer_t turn; /* begins each part out of the callbacks of the one before */
    enum doctor_part { DOCTOR_CLOCK = 1, DOCTOR_NETWORK, DOCTOR_END } part;
    bool cancelled;
};

void report_free(struct report *report)
{
    if (report != NULL) {
        redis_report_free(report->redis);
        free(report);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct doctor *doctor = handle->data;
    if (!doctor->cancelled) {
        struct report *report = doctor->report;
        doctor->report = NULL;
        report->at_ms = wall_us() / 1000;
        doctor->done(doctor->owner, report);
    }
    report_free(doctor->report);
    free(doctor);
}

static void on_turn(uv_timer_t *turn);

static void next_part(struct doctor *doctor)
{
    (void)uv_timer_start(&doctor->turn, on_turn, 0, 0);
}

/* Clock. */

static void on_time(void *owner, const struct probe_result *result)
{
    struct slot *slot = owner;
    struct doctor *doctor = slot->doctor;
    struct ntp_result *ntp = &doctor->report->clock.ntp[slot->place];
    slot->probe = NULL;
    ntp->ok = result->ok;
    ntp->offset_us = result->time.offset_us;
    ntp->round_trip_us = result->time.round_trip_us;
    ntp->stratum = result->time.stratum;
    ntp->error = result->error;
    ntp->left_alone =
        strcmp(result->time.kiss, "DENY") == 0 || strcmp(result->time.kiss, "RSTR") == 0;
    if (--doctor->under_way == 0) {
        doctor->report->clock.duration_us = boottime_us() - doctor->began_us;
        doctor->part = DOCTOR_NETWORK;
        next_part(doctor);
    }
}

/* The answer of an earlier run, where the server is not to be asked now. */
static const struct ntp_result *earlier(const struct doctor *doctor, const char *server)
{
    const struct clock_report *clock = doctor->before != NULL ? &doctor->before->clock : NULL;
    for (size_t i = 0; clock != NULL && i < clock->ntp_count; i++) {
        const struct ntp_result *ntp = &clock->ntp[i];
        if (strcmp(ntp->server, server) == 0 && (doctor->spare_ntp || ntp->left_alone)) {
            return ntp;
        }
    }
    return NULL;
}

static void name_server(const struct slot *slot, char *out, size_t size)
{
    bool six = strchr(slot->host, ':') != NULL;
    if (slot->target.port == 123) {
        (void)snprintf(out, size, "%s", slot->host);
    } else {
        (void)snprintf(out, size, six ? "[%.255s]:%d" : "%.255s:%d", slot->host, slot->target.port);
    }
}

static void ask_clock(struct doctor *doctor)
{
    struct clock_report *clock = &doctor->report->clock;
    struct kernel_clock kernel = kernel_clock_read();
    clock->at_ms = wall_us() / 1000;
    clock->kernel.available = kernel.available;
    clock->kernel.synchronized = kernel.synchronized;
    clock->kernel.max_error_us = kernel.max_error_us;
    clock->kernel.estimated_error_us = kernel.estimated_error_us;
    clock->ntp_count = doctor->ntp_count;
    doctor->began_us = boottime_us();
    doctor->under_way = 1;
    for (size_t i = 0; i < doctor->ntp_count; i++) {
        struct slot *slot = &doctor->ntp[i];
        struct ntp_result *ntp = &clock->ntp[i];
        name_server(slot, ntp->server, sizeof ntp->server);
        const struct ntp_result *old = earlier(doctor, ntp->server);
        if (old != NULL) {
            *ntp = *old;
            continue;
        }
        slot->probe =
            probe_start(doctor->loop, &slot->target, doctor->ntp_timeout_ms, on_time, slot);
        doctor->under_way += slot->probe != NULL;
        if (slot->probe == NULL) {
            (void)problem_set(&ntp->error, "out of memory");
        }
    }
    if (--doctor->under_way == 0) {
        doctor->part = DOCTOR_NETWORK;
        next_part(doctor);
    }
}

/* Network. */

static const char *method_name(enum probe_kind kind)
{
    switch (kind) {
    case PROBE_TCP:
        return "tcp";
    case PROBE_ICMP:
        return "icmp";
    case PROBE_SNTP:
        return "udp";
    case PROBE_UNIX:
        return "unix";
    case PROBE_HTTP:
        return "http";
    }
    return "";
}

static void on_probed(void *owner, const struct probe_result *probed)
{
    struct slot *slot = owner;
    struct doctor *doctor = slot->doctor;
    struct network_result *result = &doctor->report->network.results[slot->place];
    slot->probe = NULL;
    result->healthy = probed->ok;
    result->response_us = probed->took_us;
    result->status = probed->status;
    result->barred = strcmp(probed->status, "not_permitted") == 0;
    result->error = probed->error;
    if (--doctor->under_way == 0) {
        doctor->report->network.duration_us = boottime_us() - doctor->began_us;
        doctor->part = DOCTOR_END;
        next_part(doctor);
    }
}

/* Unless it is there already, or there is no room. */
static void add_target(struct doctor *doctor, const struct probe_target *target)
{
    for (size_t i = 0; i < doctor->target_count; i++) {
        const struct slot *slot = &doctor->targets[i];
        if (slot->target.kind == target->kind && slot->target.port == target->port &&
            strcmp(slot->host, target->host) == 0) {
            return;
        }
    }
    if (doctor->target_count < NETWORK_TARGETS_MAX) {
        struct slot *slot = &doctor->targets[doctor->target_count];
        (void)snprintf(slot->host, sizeof slot->host, "%s", target->host);
        slot->doctor = doctor;
        slot->place = doctor->target_count++;
        slot->target = *target;
        slot->target.host = slot->host;
    }
}

/* The servers that the examination came to know. */
static void add_known_servers(struct doctor *doctor)
{
    const struct redis_report *redis = doctor->report->redis;
    for (size_t i = 0; redis != NULL && i < redis->node_count; i++) {
        const struct redis_endpoint *endpoint = &redis->nodes[i].endpoint;
        add_target(doctor,
                   &(struct probe_target){.kind = endpoint->port == 0 ? PROBE_UNIX : PROBE_TCP,
                                          .host = endpoint->host,
                                          .port = endpoint->port});
    }
}

static void ask_network(struct doctor *doctor)
{
    struct network_report *network = &doctor->report->network;
    add_known_servers(doctor);
    network->at_ms = wall_us() / 1000;
    network->count = doctor->target_count;
    doctor->began_us = boottime_us();
    doctor->under_way = 1;
    for (size_t i = 0; i < doctor->target_count; i++) {
        struct slot *slot = &doctor->targets[i];
        struct network_result *result = &network->results[i];
        (void)snprintf(result->host, sizeof result->host, "%s", slot->host);
        result->port = slot->target.port;
        result->method = method_name(slot->target.kind);
        result->response_us = -1;
        result->status = "error";
        slot->probe = probe_start(doctor->loop, &slot->target, DOCTOR_LIMIT_MS, on_probed, slot);
        doctor->under_way += slot->probe != NULL;
        if (slot->probe == NULL) {
            (void)problem_set(&result->error, "out of memory");
        }
    }
    if (--doctor->under_way == 0) {
        doctor->part = DOCTOR_END;
        next_part(doctor);
    }
}

static void on_turn(uv_timer_t *turn)
{
    struct doctor *doctor = turn->data;
    switch (doctor->part) {
    case DOCTOR_CLOCK:
        ask_clock(doctor);
        return;
    case DOCTOR_NETWORK:
        ask_network(doctor);
        return;
    case DOCTOR_END:
        uv_close((uv_handle_t *)turn, on_closed);
        return;
    }
}

static void on_examined(void *owner, struct redis_report *redis)
{
    struct doctor *doctor = owner;
    doctor->exam = NULL;
    doctor->report->redis = redis;
    next_part(doctor);
}

static void take_options(struct doctor *doctor, const struct doctor_options *options)
{
    const struct redis_store_options *store = options->store;
    doctor->before = options->before;
    doctor->spare_ntp = options->spare_ntp;
    doctor->ntp_timeout_ms = options->ntp_timeout_ms;
    for (size_t i = 0; i < options->ntp_server_count && i < NTP_SERVERS_MAX; i++) {
        struct slot *slot = &doctor->ntp[doctor->ntp_count];
        (void)snprintf(slot->host, sizeof slot->host, "%s", options->ntp_servers[i].host);
        slot->doctor = doctor;
        slot->place = doctor->ntp_count++;
        slot->target = options->ntp_servers[i];
        slot->target.host = slot->host;
    }
    for (size_t i = 0; store != NULL && i < store->address_count; i++) {
        add_target(doctor, &(struct probe_target){.kind = PROBE_TCP,
                                                  .host = store->addresses[i].host,
                                                  .port = store->addresses[i].port});
    }
    if (store != NULL && store->unix_path != NULL) {
        add_target(doctor, &(struct probe_target){.kind = PROBE_UNIX, .host = store->unix_path});
    }
    for (size_t i = 0; i < options->target_count; i++) {
        add_target(doctor, &options->targets[i]);
    }
}

static bool examine(struct doctor *doctor, const struct doctor_options *options,
                    struct problem *problem)
{
    struct redis_exam_options exam = {.store = options->store,
                                      .elections = options->elections,
                                      .election_count = options->election_count,
                                      .expiring_ms = options->expiring_ms,
                                      .limit_ms = DOCTOR_LIMIT_MS};
    doctor->exam = redis_exam_start(doctor->loop, &exam, on_examined, doctor, problem);
    return doctor->exam != NULL;
}

struct doctor *doctor_start(uv_loop_t *loop, const struct doctor_options *options, doctor_cb *done,
                            void *owner, struct problem *problem)
{
    struct doctor *doctor = calloc(1, sizeof *doctor);
    *problem = (struct problem){0};
    if (doctor == NULL || (doctor->report = calloc(1, sizeof *doctor->report)) == NULL) {
        free(doctor);
        (void)problem_set(problem, "out of memory");
        return NULL;
    }
    doctor->loop = loop;
    doctor->done = done;
    doctor->owner = owner;
    doctor->part = DOCTOR_CLOCK;
    take_options(doctor, options);
    (void)uv_timer_init(loop, &doctor->turn);
    doctor->turn.data = doctor;
    if (options->store == NULL) {
        next_part(doctor);
    } else if (!examine(doctor, options, problem)) {
        doctor_cancel(doctor);
        return NULL;
    }
    return doctor;
}

void doctor_cancel(struct doctor *doctor)
{
    if (doctor == NULL) {
        return;
    }
    doctor->cancelled = true;
    redis_exam_cancel(doctor->exam);
    for (size_t i = 0; i < doctor->ntp_count; i++) {
        probe_cancel(doctor->ntp[i].probe);
    }
    for (size_t i = 0; i < doctor->target_count; i++) {
        probe_cancel(doctor->targets[i].probe);
    }
    if (!uv_is_closing((uv_handle_t *)&doctor->turn)) { /* else it has just ended by itself */
        uv_close((uv_handle_t *)&doctor->turn, on_closed);
    }
}
