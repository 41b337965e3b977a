#include "lib/diagnostics/exam_internal.h"

#include "lib/base/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void free_strings(char **strings, size_t count)
{
    for (size_t i = 0; strings != NULL && i < count; i++) {
        free(strings[i]);
    }
    free(strings);
}

void redis_report_free(struct redis_report *report)
{
    if (report != NULL) {
        for (size_t i = 0; report->keys != NULL && i < report->key_count; i++) {
            free((char *)(uintptr_t)report->keys[i].key);
        }
        free(report->keys);
        free(report);
    }
}

const struct exam_node *redis_report_primary(const struct redis_report *report)
{
    for (size_t i = 0; i < report->node_count; i++) {
        if (report->nodes[i].primary && report->nodes[i].up) {
            return &report->nodes[i];
        }
    }
    return NULL;
}

struct exam_node *exam_add_node(struct redis_report *report, const struct redis_endpoint *endpoint,
                                bool primary)
{
    report->node_total++;
    if (report->node_count == EXAM_NODES_MAX) {
        return NULL;
    }
    struct exam_node *node = &report->nodes[report->node_count++];
    *node = (struct exam_node){.endpoint = *endpoint,
                               .primary = primary,
                               .connect_us = -1,
                               .ping_us = -1,
                               .uptime_s = -1,
                               .connected_clients = -1,
                               .max_clients = -1,
                               .used_bytes = -1,
                               .max_bytes = -1,
                               .system_bytes = -1,
                               .evicted_keys = -1,
                               .expired_keys = -1,
                               .loading = -1,
                               .aof_enabled = -1,
                               .last_save_s = -1,
                               .changes_since_save = -1,
                               .connected_replicas = -1,
                               .good_replicas = -1};
    return node;
}

bool exam_is_error(const struct resp_value *value, const char *word)
{
    size_t length = strlen(word);
    return value->kind == RESP_ERROR && strncmp(value->bytes, word, length) == 0;
}

void exam_explain(const struct redis_exam *exam, const struct resp_value *value, const char *key,
                  struct problem *problem)
{
    struct redis_fault fault;
    struct redis_place place = {.endpoint = exam->node != NULL ? exam->node->endpoint.name : "?",
                                .key = key};
    if (value->kind == RESP_ERROR) {
        redis_fault_read(&fault, value->bytes, value->length, &place);
        *problem = fault.problem;
    } else {
        (void)problem_set(problem, "%s gave an answer that makes no sense", place.endpoint);
    }
}

void exam_command(struct text *question, const char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    resp_begin(question, count);
    for (size_t i = 0; i < count; i++) {
        resp_string(question, words[i]);
    }
}

void exam_drop_found(struct redis_exam *exam)
{
    free_strings(exam->found, exam->found_count);
    exam->found = NULL;
    exam->found_count = exam->found_next = 0;
}

static void free_exam(struct redis_exam *exam)
{
    exam_drop_found(exam);
    free_strings(exam->elections, exam->election_count);
    free_strings(exam->keys, exam->election_count);
    redis_access_deinit(&exam->access);
    redis_report_free(exam->report);
    free(exam);
}

static void on_turn_closed(uv_handle_t *handle)
{
    struct redis_exam *exam = handle->data;
    if (!exam->cancelled) {
        struct redis_report *report = exam->report;
        exam->report = NULL;
        report->duration_us = boottime_us() - exam->began_us;
        exam->done(exam->owner, report);
    }
    free_exam(exam);
}

static void next_turn(struct redis_exam *exam);

/* Talk with one server. */

static size_t on_ask(void *owner, struct text *question)
{
    struct redis_exam *exam = owner;
    while (exam->steps[exam->step].ask != NULL) {
        size_t count = exam->steps[exam->step].ask(exam, question);
        if (count > 0) {
            return count;
        }
        exam->step++;
        exam->index = 0;
    }
    return 0;
}

static void on_answered(void *owner, const struct resp_value *value, int64_t us)
{
    struct redis_exam *exam = owner;
    exam->steps[exam->step].hear(exam, value, us);
    exam->index++;
}

static void on_ended(void *owner, const struct redis_fault *fault)
{
    struct redis_exam *exam = owner;
    if (exam->node != NULL) {
        int64_t connect_us = interview_connect_us(exam->interview);
        exam->node->connect_us = connect_us > 0 ? connect_us : -1;
    }
    if (fault != NULL && exam->node != NULL) {
        exam->node->up = false;
        exam->node->error = fault->problem;
    } else if (fault != NULL && exam->phase == EXAM_SENTINELS) {
        exam->report->sentinels[exam->server].error = fault->problem;
    } else if (fault != NULL) {
        exam->report->error = fault->problem;
    }
    exam_drop_found(exam);
    interview_close(exam->interview);
    exam->interview = NULL;
    exam->server++;
    next_turn(exam);
}

static const struct interview_events events = {
    .ask = on_ask, .answered = on_answered, .ended = on_ended};

static void talk(struct redis_exam *exam, const struct redis_endpoint *endpoint,
                 const struct link_manners *manners, const struct exam_step *steps)
{
    exam->steps = steps;
    exam->step = exam->index = 0;
    exam->interview = interview_new(exam->loop, endpoint, manners, exam->limit_ms, &events, exam);
    if (exam->interview == NULL) {
        (void)problem_set(&exam->report->error, "out of memory");
        exam->phase = EXAM_DONE;
        next_turn(exam);
    }
}

/* From server to server. */

/* Whom most of the sentinels name; the first one named when they disagree evenly. */
static const char *elected_primary(const struct redis_report *report)
{
    const char *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < report->sentinel_count; i++) {
        const char *name = report->sentinels[i].primary;
        size_t votes = 0;
        for (size_t j = 0; j < report->sentinel_count; j++) {
            votes += name[0] != '\0' && strcmp(report->sentinels[j].primary, name) == 0;
        }
        if (votes > most) {
            most = votes;
            best = name;
        }
    }
    return best;
}

static void end_sentinels(struct redis_exam *exam)
{
    struct redis_report *report = exam->report;
    struct redis_endpoint endpoint;
    const char *name = elected_primary(report);
    exam->phase = EXAM_SERVERS;
    exam->server = 0;
    if (name != NULL &&
        endpoint_read(&endpoint, name, strlen(name), &exam->access.copy.endpoints[0])) {
        (void)exam_add_node(report, &endpoint, true);
    } else {
        (void)problem_set(&report->error, "no sentinel names a primary");
    }
}

static void ask_sentinel(struct redis_exam *exam)
{
    struct redis_report *report = exam->report;
    exam->node = NULL;
    if (exam->server < report->sentinel_count) {
        talk(exam, &report->sentinels[exam->server].endpoint, &exam->access.sentinels,
             exam_sentinel_steps);
    } else {
        end_sentinels(exam);
        next_turn(exam);
    }
}

/* The first of the configured nodes that answers tells of all. */
static void ask_topology(struct redis_exam *exam)
{
    const struct redis_options_copy *copy = &exam->access.copy;
    exam->node = NULL;
    if (exam->report->node_count == 0 && exam->server < copy->endpoint_count) {
        talk(exam, &copy->endpoints[exam->server], &exam->access.servers, exam_topology_steps);
        return;
    }
    if (exam->report->node_count > 0) {
        exam->report->error.text[0] = '\0';
    }
    exam->phase = EXAM_SERVERS;
    exam->server = 0;
    next_turn(exam);
}

static void ask_server(struct redis_exam *exam)
{
    struct redis_report *report = exam->report;
    if (exam->server == report->node_count) {
        exam->phase = EXAM_DONE;
        next_turn(exam);
        return;
    }
    exam->node = &report->nodes[exam->server];
    exam->in_full = false;
    (void)snprintf(exam->cursor, sizeof exam->cursor, "0");
    talk(exam, &exam->node->endpoint, &exam->access.servers, exam_server_steps);
}

static void on_turn(uv_timer_t *turn)
{
    struct redis_exam *exam = turn->data;
    switch (exam->phase) {
    case EXAM_SENTINELS:
        ask_sentinel(exam);
        return;
    case EXAM_TOPOLOGY:
        ask_topology(exam);
        return;
    case EXAM_SERVERS:
        ask_server(exam);
        return;
    case EXAM_DONE:
        uv_close((uv_handle_t *)&exam->turn, on_turn_closed);
        return;
    }
}

static void next_turn(struct redis_exam *exam)
{
    (void)uv_timer_start(&exam->turn, on_turn, 0, 0);
}

/* Beginning. */

static bool copy_elections(struct redis_exam *exam, const struct redis_exam_options *options)
{
    size_t count =
        options->election_count < EXAM_KEYS_MAX ? options->election_count : EXAM_KEYS_MAX;
    const char *prefix = exam->access.copy.options.key_prefix;
    exam->elections = calloc(count + 1, sizeof *exam->elections);
    exam->keys = calloc(count + 1, sizeof *exam->keys);
    exam->report->keys = calloc(count + 1, sizeof *exam->report->keys);
    if (exam->elections == NULL || exam->keys == NULL || exam->report->keys == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        exam->election_count = exam->report->key_count = i + 1;
        exam->elections[i] = strdup(options->elections[i]);
        if (exam->elections[i] == NULL ||
            asprintf(&exam->keys[i], "%s%s", prefix, options->elections[i]) < 0) {
            exam->keys[i] = NULL;
            return false;
        }
        exam->report->keys[i] =
            (struct exam_key){.key = strdup(exam->keys[i]), .pttl_ms = -3, .remaining_ms = -1};
        if (exam->report->keys[i].key == NULL) {
            return false;
        }
        exam->report->keys[i].election = exam->report->keys[i].key + strlen(prefix);
    }
    return true;
}

static void begin(struct redis_exam *exam)
{
    struct redis_report *report = exam->report;
    const struct redis_options_copy *copy = &exam->access.copy;
    report->mode = copy->options.mode;
    report->at_ms = wall_us() / 1000;
    report->expiring.threshold_ms = exam->expiring_ms;
    (void)snprintf(report->expiring.pattern, sizeof report->expiring.pattern, "%s*",
                   copy->options.key_prefix);
    report->lua.verdict = EXAM_UNKNOWN;
    report->key_operations.set = report->key_operations.get = report->key_operations.del =
        EXAM_UNKNOWN;
    switch (report->mode) {
    case REDIS_STANDALONE:
        (void)exam_add_node(report, &copy->endpoints[0], true);
        exam->phase = EXAM_SERVERS;
        break;
    case REDIS_SENTINEL:
        report->sentinel_count =
            copy->endpoint_count < EXAM_SENTINELS_MAX ? copy->endpoint_count : EXAM_SENTINELS_MAX;
        for (size_t i = 0; i < report->sentinel_count; i++) {
            report->sentinels[i].endpoint = copy->endpoints[i];
        }
        exam->phase = EXAM_SENTINELS;
        break;
    case REDIS_CLUSTER:
        exam->phase = EXAM_TOPOLOGY;
        break;
    }
}

struct redis_exam *redis_exam_start(uv_loop_t *loop, const struct redis_exam_options *options,
                                    redis_exam_cb *done, void *owner, struct problem *problem)
{
    uint64_t number = 0;
    struct redis_exam *exam = calloc(1, sizeof *exam);
    if (exam == NULL) {
        (void)problem_set(problem, "out of memory");
        return NULL;
    }
    exam->report = calloc(1, sizeof *exam->report);
    if (exam->report == NULL || !redis_access_init(&exam->access, options->store, problem) ||
        !copy_elections(exam, options)) {
        if (problem->text[0] == '\0') {
            (void)problem_set(problem, "out of memory");
        }
        free_exam(exam);
        return NULL;
    }
    exam->access.servers.primary_only = false; /* a replica is to be told of, not left */
    exam->loop = loop;
    exam->expiring_ms = options->expiring_ms;
    exam->limit_ms = options->limit_ms;
    exam->done = done;
    exam->owner = owner;
    exam->began_us = boottime_us();
    if (getrandom(&number, sizeof number, 0) != sizeof number) {
        number = (uint64_t)exam->began_us ^ (uint64_t)(uintptr_t)exam;
    }
    (void)snprintf(exam->throwaway, sizeof exam->throwaway, "%s.check-%016" PRIx64,
                   exam->access.copy.options.key_prefix, number);
    (void)uv_timer_init(loop, &exam->turn);
    exam->turn.data = exam;
    begin(exam);
    next_turn(exam);
    return exam;
}

void redis_exam_cancel(struct redis_exam *exam)
{
    if (exam == NULL) {
        return;
    }
    exam->cancelled = true;
    interview_close(exam->interview);
    exam->interview = NULL;
    if (!uv_is_closing((uv_handle_t *)&exam->turn)) { /* else it has just ended by itself */
        uv_close((uv_handle_t *)&exam->turn, on_turn_closed);
    }
}
