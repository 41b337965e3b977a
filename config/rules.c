#include "config/finish.h"

#include "lib/base/timetext.h"
#include "lib/lease/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_RENEWAL_MS = 5000, LONG_LEASE_MS = 3600000 };

struct words {
    char text[DURATION_TEXT_MAX];
};

static struct words in_words(int64_t ms)
{
    struct words words = {""};
    duration_format(ms, words.text);
    return words;
}

struct config_spot spot_in(const struct yaml_node *origin, const char *path, const char *key)
{
    const struct yaml_node *node = origin != NULL ? tree_find_path(origin, path) : NULL;
    return spot_of(node != NULL ? node : origin, key);
}

/* An election under examination. */
struct exam {
    const struct reading *reading;
    const struct config_election *election;
    size_t index;
};

static void find_fault(const struct exam *exam, enum config_severity severity, const char *name,
                       const struct problem *what)
{
    char key[KEY_SIZE];
    (void)snprintf(key, sizeof key, "elections[%zu].%s", exam->index, name);
    struct config_spot spot = spot_in(exam->election->origin, name, key);
    config_issues_add(exam->reading->issues, severity, &spot, "%s", what->text);
}

static bool timing_is_known(const struct config_election *election)
{
    return election->lease_ms > 0 && election->renew_interval_ms > 0 &&
           election->operation_timeout_ms > 0 && election->stop_margin_ms >= 0;
}

static bool check_renewal(const struct exam *exam)
{
    const struct config_election *election = exam->election;
    int64_t lease_ms = election->lease_ms;
    int64_t interval_ms = election->renew_interval_ms;
    struct problem what = {0};
    if (interval_ms >= lease_ms) {
        problem_set(&what, "must be shorter than lease_duration, %s (value %s)",
                    in_words(lease_ms).text, in_words(interval_ms).text);
    } else if (3 * interval_ms > lease_ms) {
        problem_set(&what, "must be at most a third of lease_duration, %s (value %s)",
                    in_words(lease_ms).text, in_words(interval_ms).text);
    } else {
        return true;
    }
    find_fault(exam, CONFIG_ERROR, "renew_interval", &what);
    return false;
}

static bool check_timeout(const struct exam *exam)
{
    const struct config_election *election = exam->election;
    struct problem what;
    if (election->operation_timeout_ms < election->renew_interval_ms) {
        return true;
    }
    problem_set(&what, "must be shorter than renew_interval, %s (value %s)",
                in_words(election->renew_interval_ms).text,
                in_words(election->operation_timeout_ms).text);
    find_fault(exam, CONFIG_ERROR, "operation_timeout", &what);
    return false;
}

/* One lost renewal must not cost the lease. */
static void check_sum(const struct exam *exam)
{
    const struct config_election *election = exam->election;
    int64_t margin_ms = lease_margin_ms(election->lease_ms);
    int64_t needed_ms = election->renew_interval_ms + 2 * election->operation_timeout_ms +
                        election->stop_margin_ms + margin_ms;
    struct problem what;
    if (needed_ms <= election->lease_ms) {
        return;
    }
    problem_set(&what,
                "must be at least %s, or one lost renewal costs the lease: renew_interval %s + 2 * "
                "operation_timeout %s + stop_margin %s + clock margin %s (value %s)",
                in_words(needed_ms).text, in_words(election->renew_interval_ms).text,
                in_words(election->operation_timeout_ms).text,
                in_words(election->stop_margin_ms).text, in_words(margin_ms).text,
                in_words(election->lease_ms).text);
    find_fault(exam, CONFIG_ERROR, "lease_duration", &what);
}

static void check_habits(const struct exam *exam)
{
    const struct config_election *election = exam->election;
    struct problem what;
    if (election->renew_interval_ms < SHORT_RENEWAL_MS && election->profile != CONFIG_FAST) {
        problem_set(&what, "below 5s may cause excessive network traffic (value %s)",
                    in_words(election->renew_interval_ms).text);
        find_fault(exam, CONFIG_WARNING, "renew_interval", &what);
    }
    if (election->lease_ms > LONG_LEASE_MS) {
        problem_set(&what, "above 1h makes for long failover times (value %s)",
                    in_words(election->lease_ms).text);
        find_fault(exam, CONFIG_WARNING, "lease_duration", &what);
    }
}

static void check_timing(const struct exam *exam)
{
    if (!timing_is_known(exam->election)) {
        return;
    }
    bool renewal = check_renewal(exam);
    bool timeout = check_timeout(exam);
    if (renewal && timeout) {
        check_sum(exam);
    }
    check_habits(exam);
}

/* A command needs a program; the rest may be empty. */
static void check_command(const struct exam *exam, char *const *command, const char *name)
{
    struct problem what;
    if (command != NULL && command[0] != NULL && command[0][0] == '\0') {
        problem_set(&what, "must begin with the program to run");
        find_fault(exam, CONFIG_ERROR, name, &what);
    }
}

/* Is it given, be it well or badly? */
static bool is_given(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = tree_find(map, key);
    bool empty =
        node != NULL && (tree_is_null(node) || (node->kind == YAML_LIST && node->count == 0));
    return node != NULL && !empty;
}

static void check_workload(const struct exam *exam)
{
    const struct config_health_check *check = exam->election->health_check;
    struct problem what;
    if (exam->election->on_change != NULL) {
        check_command(exam, exam->election->on_change->command, "on_change.command");
    }
    if (check == NULL) {
        return;
    }
    check_command(exam, check->command, "health_check.command");
    int ways = is_given(check->origin, "http") + is_given(check->origin, "tcp") +
               is_given(check->origin, "command");
    if (ways != 1) {
        problem_set(&what, "must have one of http, tcp and command%s",
                    ways > 1 ? ", not several" : "");
        find_fault(exam, CONFIG_ERROR, "health_check", &what);
    }
}

static int compare_names(const void *one, const void *other)
{
    const struct config_election *first = *(const struct config_election *const *)one;
    const struct config_election *second = *(const struct config_election *const *)other;
    int order = strcmp(first->name, second->name);
    return order != 0 ? order : (first < second ? -1 : 1);
}

static void check_names(const struct reading *reading, const struct config *config)
{
    const struct config_election **sorted = calloc(config->election_count + 1, sizeof(void *));
    size_t count = 0;
    if (sorted == NULL) {
        reading->issues->failed = true;
        return;
    }
    for (size_t i = 0; i < config->election_count; i++) {
        if (config->elections[i].name != NULL) {
            sorted[count++] = &config->elections[i];
        }
    }
    qsort(sorted, count, sizeof(void *), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
            struct exam exam = {reading, sorted[i], (size_t)(sorted[i] - config->elections)};
            struct problem what;
            problem_set(&what, "is the name of elections[%zu] too (value %s)",
                        (size_t)(sorted[i - 1] - config->elections), sorted[i]->name);
            find_fault(&exam, CONFIG_ERROR, "name", &what);
        }
    }
    free(sorted);
}

static bool is_repeated(const struct config *config, size_t index)
{
    const struct config_listener *listeners = config->http.listeners;
    bool any_port = listeners[index].path == NULL && listeners[index].port == 0;
    for (size_t i = 0; i < index && !any_port; i++) {
        if (listeners[i].address != NULL &&
            strcmp(listeners[i].address, listeners[index].address) == 0) {
            return true;
        }
    }
    return false;
}

static void check_listener(const struct reading *reading, const struct config *config, size_t index)
{
    const struct config_listener *listener = &config->http.listeners[index];
    bool tcp = listener->host != NULL;
    bool token = config->http.token_file != NULL;
    const char *what = NULL;
    if (listener->address == NULL) {
        return;
    }
    if (is_repeated(config, index)) {
        what = "is listened on twice";
    } else if (tcp && listener->role == CONFIG_CONTROL && !token) {
        what = "gives control over TCP, which needs http.token_file";
    } else if (tcp && listener->role == CONFIG_READ && !listener->loopback && !token &&
               !listener->insecure) {
        what = "can be read by other hosts, which needs http.token_file, or insecure: true";
    }
    if (what != NULL) {
        char key[KEY_SIZE];
        char quoted[SHOWN_SIZE];
        (void)snprintf(key, sizeof key, "http.listeners[%zu].address", index);
        struct config_spot spot = spot_in(listener->origin, "address", key);
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "%s (value %s)", what,
                          shown(listener->address, quoted));
    }
}

void config_check(const struct reading *reading, const struct config *config)
{
    config_check_store(reading, config);
    check_names(reading, config);
    for (size_t i = 0; i < config->election_count; i++) {
        struct exam exam = {reading, &config->elections[i], i};
        check_timing(&exam);
        check_workload(&exam);
    }
    for (size_t i = 0; i < config->http.listener_count; i++) {
        check_listener(reading, config, i);
    }
}
