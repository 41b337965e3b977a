#include "daemon/cli_client.h"
#include "daemon/commands.h"
#include "daemon/diagnosis.h"
#include "daemon/doctor_order.h"
#include "daemon/json_memory.h"
#include "lib/base/moment.h"
#include "lib/diagnostics/report_json.h"
#include "lib/diagnostics/report_text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command diagnose_command = {
    .name = "diagnose",
    .synopsis = "[redis|clock|network|options|all] [--json] [--config FILE] [--store URL]",
    .what = "Examines the store, the clock, the network and the options now, and says what is\n"
            "wrong and what to do. Asks the daemon if one runs; without one, or with --config or\n"
            "--store, it does the work itself.\n",
    .examples = "  leaderd diagnose\n"
                "  leaderd diagnose redis --store redis://10.0.0.5 --json\n",
    .exits = "  0   nothing critical\n"
             "  2   unhealthy: something critical was found\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

enum { RUN_LIMIT_MS = 600000 };

struct diagnose_options {
    struct cli_place place;
    bool json;
    const char *config, *store;
    unsigned sections;
    const char *section; /* as it was written; NULL: all */
};

/* An empty variable counts as none (https://no-color.org says so, too). */
static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static int print_report(const struct diagnose_options *options, const char *json, size_t length)
{
    struct text text = {0};
    char overall[16];
    report_read_overall(json, length, overall, sizeof overall);
    enum report_style style =
        isatty(STDOUT_FILENO) && !is_set("NO_COLOR") ? REPORT_COLOURED : REPORT_PLAIN;
    if (options->json) {
        (void)fwrite(json, 1, length, stdout);
    } else if (!report_render_text(&text, json, length, style) || text.failed) {
        text_free(&text);
        return cli_fail(CLI_INTERNAL, "the answer is no report");
    } else {
        (void)fwrite(text.bytes, 1, text.length, stdout);
    }
    text_free(&text);
    return strcmp(overall, "unhealthy") == 0 ? CLI_UNHEALTHY : CLI_YES;
}

/* Without a daemon. */

struct own_run {
    struct report *report;
};

static void on_report(void *owner, struct report *report)
{
    struct own_run *run = owner;
    run->report = report;
}

static int print_own(const struct diagnose_options *options, const struct loaded *loaded,
                     const struct config_issues *issues, const struct report *report)
{
    struct daemon_facts facts;
    struct findings *findings = calloc(1, sizeof *findings);
    struct config_issues warnings = {0};
    struct text json = {0};
    int code = CLI_INTERNAL;
    config_issues_add_warnings(&warnings, issues);
    if (findings == NULL || !diagnosis_config_facts(loaded->config, &warnings, &facts)) {
        code = cli_no_memory();
    } else {
        findings_judge(report, NULL, &facts, findings);
        report_render(&json, report, &facts, findings, options->sections);
        code = json.failed ? cli_no_memory() : print_report(options, json.bytes, json.length);
        diagnosis_facts_free(&facts);
    }
    config_issues_deinit(&warnings);
    free(findings);
    text_free(&json);
    return code;
}

static int examine(const struct diagnose_options *options, const struct loaded *loaded,
                   const struct config_issues *issues)
{
    struct own_run run = {0};
    struct doctor_order order;
    struct problem problem = {"out of memory"};
    uv_loop_t *loop = uv_default_loop();
    (void)signal(SIGPIPE, SIG_IGN);
    if (loop == NULL) {
        return cli_fail(CLI_INTERNAL, "cannot make an event loop: out of memory or descriptors");
    }
    bool started = doctor_order_init(&order, loaded) &&
                   doctor_start(loop, &order.options, on_report, &run, &problem) != NULL;
    doctor_order_deinit(&order);
    if (!started) {
        return cli_fail(CLI_UNAVAILABLE, "%s", problem.text);
    }
    (void)uv_run(loop, UV_RUN_DEFAULT);
    int code = print_own(options, loaded, issues, run.report);
    report_free(run.report);
    return code;
}

static int diagnose_alone(const struct diagnose_options *options)
{
    char runtime_dir[RUNTIME_DIR_SIZE];
    struct problem problem;
    struct config_issues issues = {0};
    struct loaded loaded;
    json_memory_init();
    if (!runtime_dir_make(runtime_dir, &problem)) {
        return cli_fail(CLI_NOT_PERMITTED, "%s", problem.text);
    }
    struct settings settings = {
        .file = options->config, .runtime_dir = runtime_dir, .flags = {.store = options->store}};
    int code = CLI_YES;
    if (settings_load(&settings, &loaded, &issues)) {
        code = examine(options, &loaded, &issues);
        loaded_deinit(&loaded);
    } else {
        code = settings_report(false, &issues);
    }
    config_issues_deinit(&issues);
    return code;
}

/* With a daemon: a fresh report, or its last one where this listener may not make it run. */
static int ask_daemon(const struct client *client, const struct diagnose_options *options,
                      struct http_answer *answer)
{
    char path[64], code[64];
    (void)snprintf(path, sizeof path, "/diagnostics?%s%s%sformat=json",
                   options->section != NULL ? "section=" : "",
                   options->section != NULL ? options->section : "",
                   options->section != NULL ? "&" : "");
    struct client_request request = {
        .method = "POST", .path = path, .body = "{}", .timeout_ms = RUN_LIMIT_MS};
    int failed = cli_call(client, &request, answer);
    if (failed != 0) {
        return failed;
    }
    cli_problem_code(answer, code, sizeof code);
    if (strcmp(code, "role_too_low") == 0 || strcmp(code, "busy") == 0 ||
        strcmp(code, "unauthorized") == 0) {
        (void)cli_fail(0, "printing the daemon's last report: %s",
                       strcmp(code, "busy") == 0 ? "a run is under way"
                                                 : "only the control socket can make it run now");
        http_answer_free(answer);
        return cli_get(client, path, answer);
    }
    return answer->status == 200 ? 0 : cli_problem(answer);
}

static bool read_section(const char *word, struct diagnose_options *options)
{
    options->sections = REPORT_ALL;
    if (word == NULL || strcmp(word, "all") == 0) {
        return true;
    }
    options->section = word;
    options->sections = report_section_of(word, strlen(word));
    return options->sections != 0;
}

static int diagnose(const struct diagnose_options *options)
{
    struct client client;
    struct http_answer answer = {0};
    struct problem problem;
    if (options->config != NULL || options->store != NULL) {
        return diagnose_alone(options);
    }
    int code = cli_open(&client, &options->place);
    if (code == 0) {
        const struct client_request probe = {
            .method = "GET", .path = "/livez", .timeout_ms = CLI_CALL_MS};
        enum client_result result = client_call(&client, &probe, &answer, &problem);
        http_answer_free(&answer);
        if (result == CLIENT_UNREACHABLE && options->place.url == NULL && !is_set("LEADERD_URL")) {
            client_free(&client);
            return diagnose_alone(options);
        }
        code = ask_daemon(&client, options, &answer);
    }
    if (code == 0) {
        code = print_report(options, answer.body.bytes, answer.body.length);
    }
    http_answer_free(&answer);
    client_free(&client);
    return code;
}

int cmd_diagnose(int argc, char **argv)
{
    struct diagnose_options options = {0};
    const struct cli_option table[] = {
        {.name = "json", .help = "print JSON", .flag = &options.json},
        {.name = "config",
         .argument = "FILE",
         .help = "examine what this configuration names, without a daemon",
         .value = &options.config},
        {.name = "store",
         .argument = "URL",
         .help = "examine this store, without a daemon",
         .value = &options.store},
        CLI_CLIENT_OPTIONS(options.place),
        {0},
    };
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&diagnose_command, table, argc, argv, &first, &code)) {
        return code;
    }
    if (!read_section(first < argc ? argv[first] : NULL, &options)) {
        return cli_usage(&diagnose_command,
                         "'%s' is no section; give redis, clock, network, options or all",
                         argv[first]);
    }
    return diagnose(&options);
}
