/* leaderd serve: the daemon, from its start to its end. */
#include "daemon/api.h"
#include "daemon/app.h"
#include "daemon/chronicle.h"
#include "daemon/cli.h"
#include "daemon/commands.h"
#include "daemon/descriptors.h"
#include "daemon/json_memory.h"
#include "daemon/notify.h"
#include "daemon/pending.h"
#include "daemon/random.h"
#include "daemon/store_open.h"
#include "daemon/watch.h"
#include "lib/base/moment.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command command = {
    .name = "serve",
    .synopsis = "[--config FILE] [--store URL] [--election NAME] [--participant ID]\n"
                "       [--listen ADDR] [--log-level L] [--log-format F]",
    .what = "Runs the daemon. Without a file and without flags it takes part in one election,\n"
            "`default`, in a file on this host, and answers on http://127.0.0.1:8720.\n"
            "SIGTERM: drain, release, exit. SIGHUP: reload the configuration.\n",
    .examples = "  leaderd serve --store redis://10.0.0.5 --election billing\n"
                "  leaderd serve --config /etc/leaderd/leaderd.yaml\n",
    .exits = "  69  the address to listen on, or the store, cannot be had\n"
             "  77  not permitted\n"
             "  78  the configuration has errors\n",
};

static void on_store_up(void *owner, const char *endpoint)
{
    struct app *app = owner;
    char message[EVENT_MESSAGE_MAX];
    app->store_up = true;
    if (app->store == NULL) {
        return;
    }
    (void)snprintf(message, sizeof message, "the store can be reached: %s", endpoint);
    chronicle_daemon(app, EVENT_STORE_CONNECTED, LOG_LEVEL_INFO, NULL, message);
    for (size_t i = app->election_count; i > 0; i--) {
        if (i <= app->election_count) {
            (void)election_feed(app->elections[i - 1],
                                &(struct elector_event){.kind = ELECTOR_STORE_UP});
        }
    }
}

static void on_store_down(void *owner, const char *code, const struct problem *problem)
{
    struct app *app = owner;
    app->store_up = false;
    if (app->store != NULL) {
        chronicle_daemon(app, EVENT_STORE_DISCONNECTED, LOG_LEVEL_WARN, code, problem->text);
    }
}

static void on_hint(void *owner, const char *name, const char *what)
{
    struct election *election = app_election(owner, name);
    if (election != NULL) {
        struct elector_event hint = {.kind = ELECTOR_HINT,
                                     .released = strcmp(what, "released") == 0};
        (void)election_feed(election, &hint);
    }
}

static void on_connected(void *owner, bool success)
{
    struct app *app = owner;
    app->store_connects += success;
    app->store_connect_failures += !success;
}

static void on_store_error(void *owner, const char *code)
{
    struct app *app = owner;
    error_counters_add(&app->store_errors, code);
}

static void on_circuit(void *owner, bool open, const char *endpoint, const struct problem *problem)
{
    struct app *app = owner;
    char message[EVENT_MESSAGE_MAX];
    if (open) {
        (void)snprintf(message, sizeof message, "the circuit breaker of %s opened: %.200s",
                       endpoint, problem->text);
    } else {
        (void)snprintf(message, sizeof message, "the circuit breaker of %s closed", endpoint);
    }
    chronicle_daemon(app, open ? EVENT_CIRCUIT_OPENED : EVENT_CIRCUIT_CLOSED,
                     open ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, NULL, message);
}

static void on_weaker(void *owner, const char *code, const struct problem *problem)
{
    chronicle_daemon(owner, EVENT_OPERATION_ERROR, LOG_LEVEL_WARN, code, problem->text);
}

static void close_rest(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void on_http_stopped(void *owner)
{
    struct app *app = owner;
    app->http = NULL;
    clock_watch_stop(&app->clock_watch);
    for (size_t i = 0; i < sizeof app->signals / sizeof app->signals[0]; i++) {
        close_rest((uv_handle_t *)&app->signals[i], NULL);
    }
    close_rest((uv_handle_t *)&app->watchdog, NULL);
}

static void on_store_closed(void *owner)
{
    struct app *app = owner;
    watch_list_end(app->watches);
    http_server_stop(app->http, on_http_stopped, app);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct app *app = signal->data;
    if (number != SIGHUP) {
        app_shut_down(app, CLI_YES);
        return;
    }
    struct config_issues issues = {0};
    if (!app_reload(app, &issues)) {
        (void)settings_report(false, &issues);
    }
    config_issues_deinit(&issues);
}

static void on_clock_jump(void *owner, int64_t jump_ms)
{
    struct app *app = owner;
    app->jumps = (struct app_jumps){.count = app->jumps.count + 1,
                                    .last_ms = jump_ms,
                                    .last_at_ms = wall_us() / 1000,
                                    .last_boottime_ms = boottime_us() / 1000};
    for (size_t i = app->election_count; i > 0; i--) {
        if (i <= app->election_count) {
            struct elector_event suspect = {.kind = ELECTOR_CLOCK_SUSPECT, .jump_ms = jump_ms};
            (void)election_feed(app->elections[i - 1], &suspect);
        }
    }
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    notify_send("WATCHDOG=1");
}

static void start_watching(struct app *app)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct problem problem;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uv_signal_init(app->loop, &app->signals[i]);
        app->signals[i].data = app;
        uv_signal_start(&app->signals[i], on_signal, numbers[i]);
    }
    app->clock_watch.jumped = on_clock_jump;
    app->clock_watch.owner = app;
    if (!clock_watch_start(&app->clock_watch, app->loop, &problem)) {
        log_message(LOG_LEVEL_WARN, "%s", problem.text);
    }
    int64_t interval_ms = notify_watchdog_interval_ms();
    uv_timer_init(app->loop, &app->news);
    app->news.data = app;
    uv_timer_init(app->loop, &app->watchdog);
    if (interval_ms > 0) {
        uv_timer_start(&app->watchdog, on_watchdog, 0, (uint64_t)interval_ms);
    }
}

static bool start_store(struct app *app, struct problem *problem)
{
    const struct store_listener listener = {.owner = app,
                                            .up = on_store_up,
                                            .down = on_store_down,
                                            .hint = on_hint,
                                            .connected = on_connected,
                                            .error = on_store_error,
                                            .circuit = on_circuit,
                                            .weaker = on_weaker,
                                            .closed = on_store_closed};
    app->store = store_open(app->loop, &app->loaded, &listener, problem);
    return app->store != NULL;
}

static bool start_elections(struct app *app, struct problem *problem)
{
    const struct config *config = app->loaded.config;
    for (size_t i = 0; i < config->election_count; i++) {
        if (app_add_election(app, &config->elections[i]) == NULL) {
            return problem_set(problem, "out of memory");
        }
    }
    for (size_t i = 0; i < app->election_count; i++) {
        election_start(app->elections[i]);
    }
    app->diagnosis = diagnosis_start(app, problem);
    return app->diagnosis != NULL;
}

static void identify(struct app *app)
{
    random_hex(app->instance_id, sizeof app->instance_id);
    boot_id_read(app->boot_id);
    app->pid = getpid();
    (void)gethostname(app->hostname, sizeof app->hostname - 1);
    app->started_at_ms = wall_us() / 1000;
    app->started_boottime_ms = boottime_us() / 1000;
    app->last_reload_successful = true;
    app->last_reload_success_at_ms = app->started_at_ms;
    error_counters_init(&app->store_errors);
}

static void announce(struct app *app)
{
    const struct config *config = app->loaded.config;
    struct log_line line;
    chronicle_daemon(app, EVENT_STARTED, LOG_LEVEL_INFO, NULL, "leaderd " LEADERD_VERSION);
    for (size_t i = 0; i < config->http.listener_count; i++) {
        log_begin(&line, LOG_LEVEL_INFO, "listening");
        log_text(&line, "address", config->http.listeners[i].address);
        if (config->http.listeners[i].path == NULL && config->http.listeners[i].port == 0) {
            log_number(&line, "port", http_server_port(app->http, i));
        }
        log_end(&line);
    }
    notify_send("READY=1");
}

/* Frees what is left when the loop has nothing more to do. */
static void deinit(struct app *app)
{
    uv_walk(app->loop, close_rest, NULL);
    (void)uv_run(app->loop, UV_RUN_DEFAULT);
    watch_list_free(app->watches);
    pending_list_free(app->pendings);
    events_free(app->events);
    free(app->elections);
    loaded_deinit(&app->loaded);
    config_issues_deinit(&app->warnings);
}

static int run(struct app *app)
{
    struct problem problem;
    json_memory_init();
    app->loop = uv_default_loop();
    if (app->loop == NULL) {
        loaded_deinit(&app->loaded);
        config_issues_deinit(&app->warnings);
        return cli_fail(CLI_INTERNAL, "cannot make an event loop: out of memory or descriptors");
    }
    identify(app);
    app->events = events_new();
    app->watches = watch_list_new(app);
    app->pendings = pending_list_new(app);
    if (app->events == NULL || app->watches == NULL || app->pendings == NULL) {
        deinit(app);
        return cli_fail(CLI_INTERNAL, "out of memory");
    }
    app->http = api_open(app, &problem);
    if (app->http == NULL) {
        deinit(app);
        return cli_fail(CLI_UNAVAILABLE, "%s", problem.text);
    }
    start_watching(app);
    announce(app);
    if (!start_store(app, &problem) || !start_elections(app, &problem)) {
        (void)cli_fail(CLI_UNAVAILABLE, "%s", problem.text);
        app->exit_code = CLI_UNAVAILABLE;
        if (app->store != NULL) {
            app_shut_down(app, CLI_UNAVAILABLE);
        } else {
            on_store_closed(app);
        }
    }
    (void)uv_run(app->loop, UV_RUN_DEFAULT);
    deinit(app);
    return app->exit_code;
}

/* Loads the configuration and tells on stderr what is wrong or doubtful with it. Returns CLI_YES or
 * what to exit with. */
static int load(struct app *app)
{
    struct config_issues issues = {0};
    bool good = settings_load(&app->settings, &app->loaded, &issues);
    int code = settings_report(good, &issues);
    if (good) {
        config_issues_add_warnings(&app->warnings, &issues);
    }
    config_issues_deinit(&issues);
    return code;
}

int cmd_serve(int argc, char **argv)
{
    struct app app = {0};
    struct settings *settings = &app.settings;
    struct config_flags *flags = &settings->flags;
    struct cli_list elections = {0};
    struct cli_list listeners = {0};
    const struct cli_option options[] = {
        {.name = "config", .argument = "FILE", .help = "configuration", .value = &settings->file},
        {.name = "store",
         .argument = "URL",
         .help = "where leases are kept",
         .value = &flags->store},
        {.name = "election",
         .argument = "NAME",
         .help = "take part (repeatable)",
         .list = &elections},
        {.name = "participant", .argument = "ID", .help = "our name", .value = &flags->participant},
        {.name = "listen",
         .argument = "ADDR",
         .help = "listen, role read (repeatable)",
         .list = &listeners},
        {.name = "log-level",
         .argument = "L",
         .help = "debug, info, warn, error",
         .value = &flags->log_level},
        {.name = "log-format",
         .argument = "F",
         .help = "auto, text, logfmt, json, journal",
         .value = &flags->log_format},
        {0},
    };
    int first = 0;
    int code = 0;
    if (!cli_parse(&command, options, argc, argv, &first, &code)) {
        return code;
    }
    struct problem problem;
    if (!runtime_dir_make(app.runtime_dir, &problem)) {
        return cli_fail(CLI_NOT_PERMITTED, "%s", problem.text);
    }
    settings->runtime_dir = app.runtime_dir;
    flags->elections = elections.items;
    flags->election_count = elections.count;
    flags->listeners = listeners.items;
    flags->listener_count = listeners.count;

    code = load(&app);
    if (code != CLI_YES) {
        return code;
    }
    log_open((enum log_level)app.loaded.config->log_level,
             (enum log_format)app.loaded.config->log_format);
    descriptors_raise_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    return run(&app);
}
