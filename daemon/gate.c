#include "daemon/gate.h"

#include "config/target.h"
#include "daemon/command.h"
#include "daemon/environment.h"
#include "lib/diagnostics/probe.h"

#include <stdlib.h>
#include <string.h>

enum verdict { VERDICT_NONE = 1, VERDICT_WELL, VERDICT_ILL };

struct gate {
    uv_loop_t *loop;
    uv_timer_t timer; /* of the next check */
    struct target target;
    char *text;     /* `path` points into it */
    char **command; /* NULL: none */
    struct probe_target asked;
    int64_t interval_ms, timeout_ms, failures, successes;
    gate_cb *changed;
    void *owner;
    struct probe *probe;
    struct command *running;
    int64_t failed, succeeded; /* in a row */
    enum verdict verdict;
};

static void begin_check(uv_timer_t *timer);

/* The interval counts from the begin of the check before. */
static void take_result(struct gate *gate, bool good, const char *why)
{
    enum verdict before = gate->verdict;
    gate->succeeded = good ? gate->succeeded + 1 : 0;
    gate->failed = good ? 0 : gate->failed + 1;
    if (gate->succeeded >= gate->successes) {
        gate->verdict = VERDICT_WELL;
    } else if (gate->failed >= gate->failures) {
        gate->verdict = VERDICT_ILL;
    }
    if (gate->verdict != before) {
        gate->changed(gate->owner, gate->verdict == VERDICT_WELL, good ? "" : why);
    }
}

static void on_probed(void *owner, const struct probe_result *result)
{
    struct gate *gate = owner;
    gate->probe = NULL;
    take_result(gate, result->ok, result->error.text);
}

static void on_ended(void *owner, const struct command_end *end)
{
    struct gate *gate = owner;
    struct problem why;
    gate->running = NULL;
    (void)problem_set(&why, "%.200s %.250s", gate->command[0], end->problem.text);
    take_result(gate, end->good, why.text);
}

static void begin_command(struct gate *gate)
{
    struct environment environment;
    struct command_listener listener = {.owner = gate, .end = on_ended};
    environment_init(&environment);
    environment_drop_service(&environment);
    struct command_options options = {.command = gate->command,
                                      .environment = environment.variables,
                                      .timeout_ms = gate->timeout_ms};
    if (!environment.failed) {
        gate->running = command_start(gate->loop, &options, &listener);
    }
    environment_free(&environment);
}

static void begin_check(uv_timer_t *timer)
{
    struct gate *gate = timer->data;
    if (gate->probe != NULL || gate->running != NULL) {
        return; /* the one before still runs: a time-out may be longer than the interval */
    }
    if (gate->command != NULL) {
        begin_command(gate);
    } else {
        gate->probe = probe_start(gate->loop, &gate->asked, gate->timeout_ms, on_probed, gate);
    }
    if (gate->running == NULL && gate->probe == NULL) {
        take_result(gate, false, "the check cannot be run: out of memory");
    }
}

/* What config/ has checked is parsed once more. */
static bool take_config(struct gate *gate, const struct config_health_check *config)
{
    const char *text = config->http != NULL ? config->http : config->tcp;
    gate->interval_ms = config->interval_ms;
    gate->timeout_ms = config->timeout_ms;
    gate->failures = config->failures;
    gate->successes = config->successes;
    if (text == NULL) {
        gate->command = command_copy(config->command);
        return gate->command != NULL;
    }
    const char *path = NULL;
    gate->text = strdup(text);
    bool good = gate->text != NULL &&
                (config->http != NULL ? http_url_parse(gate->text, &gate->target, &path, NULL)
                                      : host_port_parse(gate->text, &gate->target, NULL));
    gate->asked = (struct probe_target){.kind = config->http != NULL ? PROBE_HTTP : PROBE_TCP,
                                        .host = gate->target.host,
                                        .port = gate->target.port,
                                        .path = path};
    return good;
}

static void on_closed(uv_handle_t *handle)
{
    struct gate *gate = handle->data;
    free(gate->command);
    free(gate->text);
    free(gate);
}

struct gate *gate_start(uv_loop_t *loop, const struct config_health_check *config, gate_cb *verdict,
                        void *owner)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL) {
        return NULL;
    }
    gate->loop = loop;
    gate->changed = verdict;
    gate->owner = owner;
    gate->verdict = VERDICT_NONE;
    (void)uv_timer_init(loop, &gate->timer);
    gate->timer.data = gate;
    if (!take_config(gate, config)) {
        gate_stop(gate);
        return NULL;
    }
    (void)uv_timer_start(&gate->timer, begin_check, 0, (uint64_t)gate->interval_ms);
    return gate;
}

void gate_stop(struct gate *gate)
{
    if (gate != NULL) {
        probe_cancel(gate->probe);
        command_cancel(gate->running);
        uv_close((uv_handle_t *)&gate->timer, on_closed);
    }
}
