#include "daemon/hook.h"

#include "daemon/command.h"
#include "daemon/environment.h"
#include "daemon/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of the news; all of it counts when two are compared, save the deadline. */
struct tale {
    enum elector_state state;
    bool is_leader;
    char leader[LEASE_PARTICIPANT_SIZE], previous_leader[LEASE_PARTICIPANT_SIZE];
    int64_t token, deadline_boottime_ms;
    char reason[24];
};

struct hook {
    uv_loop_t *loop;
    char *election, *url;
    char **command; /* NULL: none */
    int64_t timeout_ms;
    hook_failed_cb *failed;
    void *owner;
    struct command *running;
    struct tale told, latest; /* what the last run was told, and what there is to tell */
    bool released;
};

bool hook_configure(struct hook *hook, const struct config_hook *config)
{
    char **command = config != NULL ? command_copy(config->command) : NULL;
    if (config != NULL && command == NULL) {
        return false;
    }
    free(hook->command);
    hook->command = command;
    hook->timeout_ms = config != NULL ? config->timeout_ms : 0;
    return true;
}

static void free_hook(struct hook *hook)
{
    free(hook->command);
    free(hook->election);
    free(hook->url);
    free(hook);
}

struct hook *hook_new(uv_loop_t *loop, const char *election, const struct config_hook *config,
                      const char *url, hook_failed_cb *failed, void *owner)
{
    struct hook *hook = calloc(1, sizeof *hook);
    if (hook == NULL) {
        return NULL;
    }
    *hook = (struct hook){.loop = loop,
                          .election = strdup(election),
                          .url = strdup(url),
                          .failed = failed,
                          .owner = owner,
                          .told = {.state = ELECTOR_STARTING},
                          .latest = {.state = ELECTOR_STARTING}};
    if (hook->election == NULL || hook->url == NULL || !hook_configure(hook, config)) {
        free_hook(hook);
        return NULL;
    }
    return hook;
}

static void fill_environment(const struct hook *hook, struct environment *environment)
{
    const struct tale *tale = &hook->told;
    environment_init(environment);
    environment_drop_service(environment);
    environment_set(environment, "LEADERD_ELECTION", hook->election);
    environment_set(environment, "LEADERD_URL", hook->url);
    environment_set(environment, "LEADERD_STATE", elector_state_name(tale->state));
    environment_set(environment, "LEADERD_IS_LEADER", tale->is_leader ? "true" : "false");
    environment_set(environment, "LEADERD_LEADER", tale->leader);
    environment_set(environment, "LEADERD_PREVIOUS_LEADER", tale->previous_leader);
    environment_set(environment, "LEADERD_REASON", tale->reason);
    if (tale->token != 0) {
        environment_set_number(environment, "LEADERD_FENCING_TOKEN", tale->token);
    } else {
        environment_set(environment, "LEADERD_FENCING_TOKEN", "");
    }
    if (tale->deadline_boottime_ms != 0) {
        environment_set_number(environment, "LEADERD_DEADLINE_BOOTTIME_MS",
                               tale->deadline_boottime_ms);
    } else {
        environment_set(environment, "LEADERD_DEADLINE_BOOTTIME_MS", "");
    }
}

static bool same_tale(const struct tale *one, const struct tale *other)
{
    return one->state == other->state && one->is_leader == other->is_leader &&
           one->token == other->token && strcmp(one->leader, other->leader) == 0;
}

static void run_if_news(struct hook *hook);

static void on_line(void *owner, const char *text)
{
    const struct hook *hook = owner;
    struct log_line line;
    log_begin(&line, LOG_LEVEL_INFO, text);
    log_text(&line, "election", hook->election);
    log_text(&line, "from", "on_change");
    log_end(&line);
}

static void on_end(void *owner, const struct command_end *end)
{
    struct hook *hook = owner;
    hook->running = NULL;
    if (!end->good) {
        hook->failed(hook->owner, hook->election, end->timed_out, end->problem.text);
    }
    run_if_news(hook);
    if (hook->released && hook->running == NULL) {
        free_hook(hook);
    }
}

static void run_if_news(struct hook *hook)
{
    struct environment environment;
    if (hook->running != NULL || hook->command == NULL || same_tale(&hook->told, &hook->latest)) {
        return;
    }
    hook->told = hook->latest;
    fill_environment(hook, &environment);
    struct command_options options = {.command = hook->command,
                                      .environment = environment.variables,
                                      .timeout_ms = hook->timeout_ms};
    struct command_listener listener = {.owner = hook, .line = on_line, .end = on_end};
    if (!environment.failed) {
        hook->running = command_start(hook->loop, &options, &listener);
    }
    environment_free(&environment);
    if (hook->running == NULL) {
        hook->failed(hook->owner, hook->election, false, "cannot be run: out of memory");
    }
}

static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

void hook_tell(struct hook *hook, const struct hook_news *news)
{
    struct tale *latest = &hook->latest;
    latest->state = news->state;
    latest->is_leader = news->is_leader;
    latest->token = news->token;
    latest->deadline_boottime_ms = news->deadline_boottime_ms;
    copy(latest->leader, sizeof latest->leader, news->leader);
    copy(latest->previous_leader, sizeof latest->previous_leader, news->previous_leader);
    copy(latest->reason, sizeof latest->reason, news->reason);
    run_if_news(hook);
}

void hook_release(struct hook *hook)
{
    if (hook == NULL) {
        return;
    }
    hook->released = true;
    if (hook->running == NULL) {
        free_hook(hook);
    }
}
