#include "daemon/election_internal.h"

#include "daemon/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text that goes into the record while we hold it. */
static void encode_meta(struct election *election)
{
    text_clear(&election->meta);
    metadata_encode(&election->meta, election->pairs, election->pair_count,
                    election->elector.options.renew_interval_ms, election->listeners);
}

static void save(struct election *election)
{
    struct elector_memo memo;
    struct problem problem;
    if (election->state_file == NULL) {
        return;
    }
    elector_memo(&election->elector, &memo);
    if (!state_file_write(election->state_file, &memo, &problem)) {
        state_file_close(election->state_file);
        election->state_file = NULL;
        (void)election->listener.trouble(election->listener.owner, election, LEASE_RENEW,
                                         "state_file", &problem);
    }
}

/* Before the request goes out: a release must never overtake the word that we no longer lead. */
static void show_flag(struct election *election, struct moment now)
{
    struct elector_view view;
    if (election->flag == NULL) {
        return;
    }
    elector_look(&election->elector, now, &view);
    int64_t deadline_ms = view.lease_valid ? view.deadline_boottime_ms : 0;
    flag_page_show(election->flag, view.lease_valid ? view.term : 0,
                   view.leads ? deadline_ms - view.stop_margin_ms : 0, deadline_ms);
}

static void submit(struct election *election, struct elector_orders *orders)
{
    orders->request.election = election->name;
    orders->request.meta = text_string(&election->meta);
    election->sent_us = boottime_us();
    election->sent_verb = orders->request.verb;
    election->calling = true;
    store_submit(election->store, &election->call, &orders->request, orders->timeout_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct election *election = timer->data;
    election->listener.late(election->listener.owner,
                            boottime_us() / 1000 - election->due_boottime_ms);
    (void)election_feed(election, &(struct elector_event){.kind = ELECTOR_TICK});
}

static void count_leaderless(struct election *election, struct moment now)
{
    struct elector_view view;
    elector_look(&election->elector, now, &view);
    struct election_troubles *troubles = &election->troubles;
    if (election->counted_until_ms != 0) {
        election->counters.leaderless_ms += now.boot_ms - election->counted_until_ms;
    }
    election->counted_until_ms = view.leader_known ? 0 : now.boot_ms;
    if (view.leader_known) {
        troubles->leaderless_since_ms = 0;
    } else if (troubles->leaderless_since_ms == 0) {
        troubles->leaderless_since_ms = now.boot_ms;
    }
}

void election_set_health(struct election *election, bool well, const char *why)
{
    struct elector_event event = {
        .kind = ELECTOR_HEALTH, .healthy = well, .drain_ms = election->drain_ms};
    (void)problem_set(&election->illness, "%s", why);
    election->troubles.workload_unhealthy = !well;
    (void)election_feed(election, &event);
}

static void count_note(struct election *election, const struct elector_note *note,
                       struct moment now)
{
    struct election_counters *counters = &election->counters;
    switch (note->kind) {
    case ELECTOR_NOTE_GAINED:
        election->loss = 0;
        counters->gained++;
        counters->leader_changes_seen++;
        stability_change(&election->stability, now.boot_ms, wall_us() / 1000);
        break;
    case ELECTOR_NOTE_LEADER_CHANGED:
        counters->leader_changes_seen++;
        stability_change(&election->stability, now.boot_ms, wall_us() / 1000);
        break;
    case ELECTOR_NOTE_LOST:
        election->loss = note->reason;
        counters->lost[note->reason]++;
        if (note->reason == ELECTOR_EXPIRED || note->reason == ELECTOR_RENEW_OVERDUE) {
            election->troubles.expired_at_ms = now.boot_ms;
        } else {
            election->troubles.given_up_at_ms = now.boot_ms;
        }
        break;
    case ELECTOR_NOTE_VERIFICATION_FAILED:
        counters->verification_failures++;
        break;
    case ELECTOR_NOTE_RENEWED:
        election->troubles.last_margin =
            (double)note->left_ms / (double)election->elector.options.lease_ms;
        histogram_add(&counters->lease_margin, election->troubles.last_margin);
        break;
    case ELECTOR_NOTE_STORE_RESET:
        election->troubles.reset_at_ms = now.boot_ms;
        break;
    case ELECTOR_NOTE_DUPLICATE:
        election->troubles.duplicate_at_ms = now.boot_ms;
        break;
    case ELECTOR_NOTE_DRAIN_STARTED:
    case ELECTOR_NOTE_DRAIN_ENDED:
    case ELECTOR_NOTE_HELD_OFF:
    case ELECTOR_NOTE_PAUSED:
    case ELECTOR_NOTE_RESUMED:
    case ELECTOR_NOTE_CLOCK_JUMP:
    case ELECTOR_NOTE_COMMAND_ENDED:
        break;
    }
}

/* Tells when the election has become stable or unstable; true when it has. */
static bool watch_stability(struct election *election, struct moment now)
{
    struct stability_view view;
    stability_look(&election->stability, now.boot_ms, election->max_changes_10m, &view);
    if (view.is_stable != election->unstable) {
        return false;
    }
    election->unstable = !view.is_stable;
    election->listener.stability(election->listener.owner, election, view.is_stable);
    return true;
}

static void tell(struct election *election, const struct elector_orders *orders, struct moment now,
                 bool metadata_changed)
{
    const struct election_listener *listener = &election->listener;
    bool renewed = false;
    for (unsigned i = 0; i < orders->note_count; i++) {
        renewed |= orders->notes[i].kind == ELECTOR_NOTE_RENEWED;
        count_note(election, &orders->notes[i], now);
        listener->note(listener->owner, election, &orders->notes[i]);
    }
    bool stability_changed = watch_stability(election, now);
    if (orders->changed || metadata_changed || stability_changed) {
        listener->changed(listener->owner, election);
    }
    if (renewed) {
        listener->renewed(listener->owner, election);
    }
    election->stopped |= orders->stopped;
    if (election->stopped && !election->calling) {
        uv_timer_stop(&election->timer);
        listener->stopped(listener->owner, election);
    }
}

/* The timer serves the elector, and the moment at which the election is stable again. */
static void wake_in(struct election *election, struct moment now, int64_t wake_ms)
{
    int64_t settles_ms =
        stability_settles_in_ms(&election->stability, now.boot_ms, election->max_changes_10m);
    if (settles_ms >= 0 && settles_ms < wake_ms) {
        wake_ms = settles_ms > 0 ? settles_ms : 1;
    }
    uv_update_time(election->timer.loop);
    election->due_boottime_ms = now.boot_ms + wake_ms;
    uv_timer_start(&election->timer, on_timer, (uint64_t)wake_ms, 0);
}

static enum elector_verdict step(struct election *election, const struct elector_event *event,
                                 bool metadata_changed)
{
    struct elector_orders orders;
    struct moment now = moment_now();
    elector_step(&election->elector, now, event, &orders);
    show_flag(election, now);
    if (orders.save) {
        save(election);
    }
    if (orders.send) {
        submit(election, &orders);
    }
    wake_in(election, now, orders.wake_in_ms);
    count_leaderless(election, now);
    if (orders.need_identity) {
        char instance[LEASE_INSTANCE_SIZE];
        random_hex(instance, sizeof instance);
        (void)step(election,
                   &(struct elector_event){.kind = ELECTOR_IDENTITY, .instance = instance}, false);
    }
    tell(election, &orders, now, metadata_changed);
    return orders.verdict;
}

enum elector_verdict election_feed(struct election *election, const struct elector_event *event)
{
    return step(election, event, false);
}

/* The first connection is still being made: no trouble yet. */
static bool is_connecting(const struct election *election, const struct lease_reply *reply)
{
    struct store_health health;
    store_health(election->store, &health);
    return strcmp(reply->error, "unconnected") == 0 && health.last_error == NULL;
}

/* What is only read says nothing about replicas that do not follow. */
static bool ends_trouble(const struct election *election)
{
    return strcmp(election->last_error.code, "unreplicated") != 0 ||
           election->sent_verb == LEASE_ACQUIRE || election->sent_verb == LEASE_RENEW;
}

static void measure(struct election *election, const struct lease_reply *reply)
{
    int64_t took_us = boottime_us() - election->sent_us;
    enum operation operation = operation_of(election->sent_verb);
    election_counters_operation(&election->counters, operation,
                                operation_result_of(election->sent_verb, reply->outcome), took_us);
    bool answered = reply->outcome != LEASE_UNKNOWN && reply->outcome != LEASE_FAILED;
    if (answered) {
        profile_add(&election->profile, operation, took_us);
    }
    const struct election_listener *listener = &election->listener;
    if (answered && reply->replicated && ends_trouble(election)) {
        election->in_trouble = false;
        if (election->trouble_told) {
            election->trouble_told = false;
            (void)listener->trouble(listener->owner, election, election->sent_verb, NULL, NULL);
        }
    } else if ((!answered || !reply->replicated) && !is_connecting(election, reply)) {
        struct lease_error *error = &election->last_error;
        bool news = !election->in_trouble || strcmp(error->code, reply->error) != 0;
        election->in_trouble = true;
        error->operation = lease_verb_name(election->sent_verb);
        error->problem = reply->problem;
        error->at_ms = wall_us() / 1000;
        (void)snprintf(error->code, sizeof error->code, "%s", reply->error);
        if (news) {
            election->trouble_told |= listener->trouble(
                listener->owner, election, election->sent_verb, error->code, &error->problem);
        }
    }
}

/* When the present reign began, by the server's clock and by ours. */
static void remember_acquisition(struct election *election, const struct lease_reply *reply)
{
    if (reply->record.state != LEASE_HELD || reply->record.term == election->acquired_term) {
        return;
    }
    int64_t ago_ms = (reply->server_us - reply->record.acquired_us) / 1000;
    bool same_clock = election->elector.options.shared_clock;
    election->acquired_term = reply->record.term;
    election->acquired_boottime_ms = boottime_us() / 1000 - ago_ms;
    election->acquired_at_ms =
        same_clock ? wall_us() / 1000 - ago_ms : reply->record.acquired_us / 1000;
}

/* Takes in the holder's text; true when what people see of it is new. */
static bool read_holder_meta(struct election *election, const struct lease_reply *reply)
{
    const char *meta = reply->record.state == LEASE_HELD ? reply->record.meta : "";
    if (strcmp(text_string(&election->holder_meta), meta) == 0) {
        return false;
    }
    text_clear(&election->holder_meta);
    text_add(&election->holder_meta, meta);
    char *before = text_take(&election->holder.json);
    metadata_decode(meta, strlen(meta), &election->holder);
    bool changed = reply->record.state == LEASE_HELD &&
                   strcmp(before != NULL ? before : "{}", text_string(&election->holder.json)) != 0;
    free(before);
    return changed;
}

static void on_answer(struct store_call *call, const struct lease_reply *reply)
{
    struct election *election = call->owner;
    bool changed = false;
    election->calling = false;
    measure(election, reply);
    bool answered = reply->outcome != LEASE_UNKNOWN && reply->outcome != LEASE_FAILED;
    if (answered) {
        changed = read_holder_meta(election, reply);
        remember_acquisition(election, reply);
    }
    if (reply->outcome == LEASE_ACQUIRED) {
        election->listeners = reply->listeners;
        encode_meta(election);
    }
    (void)step(election,
               &(struct elector_event){.kind = ELECTOR_REPLY,
                                       .reply = reply,
                                       .holder_interval_ms = election->holder.renew_interval_ms,
                                       .waiters = election->holder.waiters},
               changed);
}

static void free_pairs(struct metadata_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)pairs[i].key);
        free((char *)(uintptr_t)pairs[i].value);
    }
    free(pairs);
}

static struct metadata_pair *copy_pairs(const struct metadata_pair *pairs, size_t count)
{
    struct metadata_pair *copies = calloc(count + 1, sizeof *copies);
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i].key = strdup(pairs[i].key);
        copies[i].value = strdup(pairs[i].value);
        if (copies[i].key == NULL || copies[i].value == NULL) {
            free_pairs(copies, i + 1);
            return NULL;
        }
    }
    return copies;
}

/* Replaces what we write into the record; false when memory ran out, and nothing is changed. */
static bool take_metadata(struct election *election, const struct election_options *options)
{
    struct metadata_pair *pairs = copy_pairs(options->metadata, options->metadata_count);
    if (pairs == NULL) {
        return false;
    }
    free_pairs(election->pairs, election->pair_count);
    election->pairs = pairs;
    election->pair_count = options->metadata_count;
    encode_meta(election);
    struct metadata own = {0};
    metadata_decode(text_string(&election->meta), election->meta.length, &own);
    text_free(&election->own_json);
    election->own_json = own.json;
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct election *election = handle->data;
    state_file_close(election->state_file);
    flag_page_close(election->flag);
    free_pairs(election->pairs, election->pair_count);
    text_free(&election->own_json);
    text_free(&election->meta);
    text_free(&election->holder_meta);
    metadata_free(&election->holder);
    free(election->name);
    free(election->key);
    free(election);
}

struct election *election_new(uv_loop_t *loop, struct store *store,
                              const struct election_options *options,
                              const struct election_listener *listener, struct problem *problem)
{
    struct election *election = calloc(1, sizeof *election);
    problem->text[0] = '\0';
    if (election == NULL) {
        return NULL;
    }
    uv_timer_init(loop, &election->timer);
    election->timer.data = election;
    election->store = store;
    election->listener = *listener;
    election->call = (struct store_call){.answer = on_answer, .owner = election};
    election->drain_ms = options->drain_ms;
    election->max_changes_10m = options->max_changes_10m;
    election->troubles.last_margin = -1;
    election->name = strdup(options->name);
    election->key = strdup(options->key);
    election_counters_init(&election->counters);
    struct elector_memo memo = {.released = true};
    if (options->state_dir != NULL) {
        election->state_file = state_file_open(options->state_dir, options->name, &memo, problem);
    }
    char instance[LEASE_INSTANCE_SIZE];
    random_hex(instance, sizeof instance);
    elector_init(&election->elector, &options->elector, &memo, instance, random_number(),
                 moment_now());
    if (election->name == NULL || election->key == NULL || !take_metadata(election, options)) {
        election_free(election);
        return NULL;
    }
    return election;
}

bool election_open_flag(struct election *election, const char *directory, struct problem *problem)
{
    election->flag = flag_page_open(directory, election->name, problem);
    return election->flag != NULL;
}

/* The elector wants to know of the last one only. */
static void feed_workloads(struct election *election, struct moment now)
{
    int64_t until_ms = workloads_until_ms(&election->workloads);
    struct elector_event event = {.kind = ELECTOR_WORKLOAD};
    if (until_ms != 0) {
        event.until = moment_plus(now, until_ms - now.boot_ms);
    }
    (void)election_feed(election, &event);
}

bool election_has_room(struct election *election, const char *workload)
{
    return workloads_has_room(&election->workloads, workload, boottime_us() / 1000);
}

void election_tell_workload(struct election *election, const char *workload, struct moment now)
{
    struct elector_view view;
    int64_t before_ms = workloads_until_ms(&election->workloads);
    election_look(election, now, &view);
    if (!view.lease_valid) {
        return;
    }
    int64_t until_ms = view.deadline_boottime_ms;
    if (!view.leads && view.drain_until_boottime_ms < until_ms) {
        until_ms = view.drain_until_boottime_ms;
    }
    workloads_tell(&election->workloads, workload, until_ms, view.leads);
    if (workloads_until_ms(&election->workloads) != before_ms) {
        feed_workloads(election, now);
    }
}

void election_end_workload(struct election *election, const char *workload)
{
    workloads_end(&election->workloads, workload);
    feed_workloads(election, moment_now());
}

void election_start(struct election *election)
{
    store_subscribe(election->store, election->name);
    (void)election_feed(election, &(struct elector_event){.kind = ELECTOR_TICK});
}

bool election_reconfigure(struct election *election, const struct election_options *options)
{
    if (!take_metadata(election, options)) {
        return false;
    }
    election->drain_ms = options->drain_ms;
    election->max_changes_10m = options->max_changes_10m;
    struct elector_event event = {
        .kind = ELECTOR_RECONFIGURE, .options = &options->elector, .drain_ms = options->drain_ms};
    (void)step(election, &event, true);
    return true;
}

void election_free(struct election *election)
{
    if (election->name != NULL) {
        store_unsubscribe(election->store, election->name);
    }
    uv_close((uv_handle_t *)&election->timer, on_closed);
}
