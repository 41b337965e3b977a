/* What a server that keeps leases is asked. */
#include "lib/diagnostics/exam_internal.h"

#include "lib/base/moment.h"
#include "lib/diagnostics/info_text.h"
#include "lib/store/redis/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char throwaway_value[] = "leaderd";

static bool is_text(const struct resp_value *value)
{
    return value->kind == RESP_STRING || value->kind == RESP_STATUS;
}

/* The keys of this question live on another node of the cluster. */
static bool is_elsewhere(const struct resp_value *value)
{
    return exam_is_error(value, "MOVED ") || exam_is_error(value, "ASK ");
}

static bool is_denied(const struct resp_value *value)
{
    return exam_is_error(value, "NOPERM") || exam_is_error(value, "ERR unknown command") ||
           exam_is_error(value, "ERR unknown subcommand");
}

/* How is the server? */

static size_t ask_ping(struct redis_exam *exam, struct text *question)
{
    static const char *const words[] = {"PING", NULL};
    if (exam->index == 3) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

/* The best of three: a single one may have met another client's long command. */
static void hear_ping(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct exam_node *node = exam->node;
    if (value->kind == RESP_ERROR) {
        exam_explain(exam, value, NULL, &node->error);
        return;
    }
    node->up = true;
    if (node->ping_us < 0 || us < node->ping_us) {
        node->ping_us = us;
    }
}

static size_t ask_time(struct redis_exam *exam, struct text *question)
{
    static const char *const words[] = {"TIME", NULL};
    if (exam->index > 0) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

static void hear_time(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    int64_t seconds, micros;
    if (value->count != 2 || !resp_number(value->items[0], &seconds) ||
        !resp_number(value->items[1], &micros) || seconds > LEASE_TERM_MAX / 1000000 ||
        micros > 999999) {
        return;
    }
    int64_t server_us = seconds * 1000000 + micros;
    exam->node->has_time = true;
    exam->node->time_offset_us = server_us - (wall_us() - us / 2);
    exam->node->time_round_trip_us = us;
}

static size_t ask_info(struct redis_exam *exam, struct text *question)
{
    static const char *const words[] = {"INFO", NULL};
    if (exam->index > 0) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

static int64_t count_good_replicas(const char *info)
{
    char name[24], line[160];
    int64_t good = 0;
    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof name, "slave%d", i);
        good += info_string(info, name, line, sizeof line) && strstr(line, "state=online") != NULL;
    }
    return good;
}

static void read_info(struct exam_node *node, const char *info)
{
    if (!info_string(info, "valkey_version", node->version, sizeof node->version)) {
        (void)info_string(info, "redis_version", node->version, sizeof node->version);
    }
    (void)info_string(info, "role", node->role, sizeof node->role);
    (void)info_string(info, "run_id", node->run_id, sizeof node->run_id);
    (void)info_string(info, "master_replid", node->replid, sizeof node->replid);
    (void)info_string(info, "maxmemory_policy", node->policy, sizeof node->policy);
    (void)info_string(info, "aof_last_write_status", node->aof_write_status,
                      sizeof node->aof_write_status);
    (void)info_string(info, "rdb_last_bgsave_status", node->save_status, sizeof node->save_status);
    node->uptime_s = info_number(info, "uptime_in_seconds", -1);
    node->connected_clients = info_number(info, "connected_clients", -1);
    node->max_clients = info_number(info, "maxclients", -1);
    node->used_bytes = info_number(info, "used_memory", -1);
    node->max_bytes = info_number(info, "maxmemory", -1);
    node->system_bytes = info_number(info, "total_system_memory", -1);
    node->evicted_keys = info_number(info, "evicted_keys", -1);
    node->expired_keys = info_number(info, "expired_keys", -1);
    node->loading = info_number(info, "loading", -1);
    node->aof_enabled = info_number(info, "aof_enabled", -1);
    node->last_save_s = info_number(info, "rdb_last_save_time", -1);
    node->changes_since_save = info_number(info, "rdb_changes_since_last_save", -1);
    node->connected_replicas = info_number(info, "connected_slaves", -1);
    node->good_replicas = count_good_replicas(info);
}

static void hear_info(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    (void)us;
    if (is_text(value)) {
        read_info(exam->node, value->bytes);
    } else {
        exam->node->info_denied = is_denied(value);
        exam_explain(exam, value, NULL, &exam->node->error);
    }
}

/* Settings, of the first primary only. */

const char *exam_setting_name(enum exam_setting setting)
{
    static const char *const names[EXAM_SETTINGS] = {
        [EXAM_MAXMEMORY_POLICY] = "maxmemory-policy",
        [EXAM_APPENDONLY] = "appendonly",
        [EXAM_SAVE] = "save",
        [EXAM_TIMEOUT] = "timeout",
        [EXAM_MIN_REPLICAS] = "min-replicas-to-write",
        [EXAM_MIN_REPLICAS_LAG] = "min-replicas-max-lag",
        [EXAM_STOP_WRITES] = "stop-writes-on-bgsave-error",
    };
    return names[setting];
}

/* The first alone, as it may be refused; all others in one question, so that an idle daemon is
 * woken once for them. */
static size_t ask_setting(struct redis_exam *exam, struct text *question)
{
    struct redis_report *report = exam->report;
    size_t end = exam->index == 0 ? 1 : EXAM_SETTINGS;
    if (exam->node != redis_report_primary(report) || report->config.denied) {
        return 0;
    }
    for (size_t i = exam->index; i < end; i++) {
        const char *words[] = {"CONFIG", "GET", exam_setting_name((enum exam_setting)i), NULL};
        exam_command(question, words);
    }
    return end - exam->index;
}

static void hear_setting(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct redis_report *report = exam->report;
    char *out = report->config.values[exam->index];
    const char *text = value->count == 2 ? resp_text(value->items[1]) : NULL;
    (void)us;
    if (value->kind == RESP_ERROR) {
        report->config.denied = true;
    } else if (text != NULL) {
        report->config.available = true;
        redis_quote(out, EXAM_WORD_SIZE, text, strlen(text));
    }
}

/* A throwaway key. */

enum { KEY_SET, KEY_GET, KEY_DEL };

static size_t ask_key_operation(struct redis_exam *exam, struct text *question)
{
    const char *set[] = {"SET", exam->throwaway, throwaway_value, "PX", "60000", NULL};
    const char *get[] = {"GET", exam->throwaway, NULL};
    const char *del[] = {"DEL", exam->throwaway, NULL};
    if (!exam->node->primary) {
        return 0;
    }
    if (exam->index == KEY_SET) {
        exam_command(question, set);
        return 1;
    }
    if (exam->index > KEY_GET || exam->report->key_operations.set != EXAM_PASS) {
        return 0;
    }
    exam_command(question, get);
    exam_command(question, del);
    return 2;
}

static void hear_key_operation(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct redis_report *report = exam->report;
    enum exam_verdict *verdicts[] = {&report->key_operations.set, &report->key_operations.get,
                                     &report->key_operations.del};
    (void)us;
    if (is_elsewhere(value)) {
        return;
    }
    bool good = exam->index == KEY_SET ? is_text(value)
                : exam->index == KEY_GET
                    ? is_text(value) && strcmp(value->bytes, throwaway_value) == 0
                    : value->kind == RESP_INTEGER;
    /* What leaderd itself does not need is no failure of the store. */
    *verdicts[exam->index] = good ? EXAM_PASS : is_denied(value) ? EXAM_UNKNOWN : EXAM_FAIL;
    if (!good) {
        exam_explain(exam, value, exam->throwaway, &report->key_operations.error);
    }
}

/* The elections' records: type, TTL, and what our script says of them. */

enum { RECORD_TYPE, RECORD_TTL, RECORD_LOOK, RECORD_QUESTIONS };

static void write_look(struct redis_exam *exam, size_t index, struct text *question)
{
    struct text arguments = {0};
    struct lease_request look = {.verb = LEASE_OBSERVE,
                                 .election = exam->elections[index],
                                 .instance = "",
                                 .participant = "",
                                 .meta = "",
                                 .version = ""};
    struct script_context context = {
        .key = exam->keys[index], .channel = "", .reign = "", .restart_guard = true};
    script_add_arguments(&arguments, &look, &context);
    if (exam->in_full) {
        script_add_in_full(question, SCRIPT_PLAIN, &arguments);
    } else {
        script_add_by_name(question, SCRIPT_PLAIN, &arguments);
    }
    text_free(&arguments);
}

static size_t ask_record(struct redis_exam *exam, struct text *question)
{
    size_t index = exam->index / RECORD_QUESTIONS;
    if (!exam->node->primary || index == exam->election_count) {
        return 0;
    }
    if (exam->index % RECORD_QUESTIONS == RECORD_LOOK) {
        write_look(exam, index, question);
        return 1;
    }
    const char *type[] = {"TYPE", exam->keys[index], NULL};
    const char *ttl[] = {"PTTL", exam->keys[index], NULL};
    exam_command(question, type);
    exam_command(question, ttl);
    return 2;
}

static void hear_look(struct redis_exam *exam, struct exam_key *key, const struct resp_value *value)
{
    struct redis_report *report = exam->report;
    struct lease_reply reply;
    if (exam_is_error(value, "NOSCRIPT") && !exam->in_full) {
        exam->in_full = true;
        exam->index--; /* the same again */
        return;
    }
    if (script_read_answer(value, &reply)) {
        key->held = reply.record.state == LEASE_HELD;
        key->remaining_ms = key->held ? reply.left_ms : -1;
        if (report->lua.verdict == EXAM_UNKNOWN) {
            report->lua.verdict = EXAM_PASS;
        }
    } else if (exam_is_error(value, "FOREIGN") || exam_is_error(value, "WRONGTYPE")) {
        exam_explain(exam, value, key->key, &key->foreign);
    } else if (!is_elsewhere(value) && !exam_is_error(value, "READONLY")) {
        report->lua.verdict = EXAM_FAIL;
        exam_explain(exam, value, NULL, &report->lua.error);
    }
}

static void hear_record(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct exam_key *key = &exam->report->keys[exam->index / RECORD_QUESTIONS];
    size_t question = exam->index % RECORD_QUESTIONS;
    (void)us;
    if (question == RECORD_LOOK) {
        hear_look(exam, key, value);
    } else if (question == RECORD_TYPE && is_text(value)) {
        redis_quote(key->type, sizeof key->type, value->bytes, value->length);
    } else if (question == RECORD_TTL && value->kind == RESP_INTEGER) {
        key->pttl_ms = value->integer;
    }
}

/* Leases under the prefix that are about to end: SCAN, then each key it finds. */

static size_t ask_scan(struct redis_exam *exam, struct text *question)
{
    struct redis_report *report = exam->report;
    if (!exam->node->primary || report->expiring.denied) {
        return 0;
    }
    if (exam->found_next < exam->found_count) {
        const char *fields[] = {"HMGET", exam->found[exam->found_next], "s", "x", "d", NULL};
        exam_command(question, fields);
        return 1;
    }
    exam_drop_found(exam);
    bool over = exam->index > 0 && strcmp(exam->cursor, "0") == 0;
    report->expiring.truncated |= !over && report->expiring.scanned >= EXAM_KEYS_MAX;
    if (over || report->expiring.truncated) {
        return 0;
    }
    const char *scan[] = {"SCAN",  exam->cursor, "MATCH", report->expiring.pattern,
                          "COUNT", "100",        NULL};
    exam_command(question, scan);
    return 1;
}

static void hear_scan(struct redis_exam *exam, const struct resp_value *value)
{
    const char *cursor = value->count == 2 ? resp_text(value->items[0]) : NULL;
    if (cursor == NULL || value->items[1]->kind != RESP_ARRAY) {
        exam->report->expiring.denied = true;
        return;
    }
    const struct resp_value *keys = value->items[1];
    const char *prefix = exam->access.copy.options.key_prefix;
    (void)snprintf(exam->cursor, sizeof exam->cursor, "%s", cursor);
    exam->found = calloc(keys->count + 1, sizeof *exam->found);
    for (size_t i = 0; exam->found != NULL && i < keys->count; i++) {
        const char *key = resp_text(keys->items[i]);
        bool ours = key != NULL && strncmp(key, prefix, strlen(prefix)) == 0;
        bool test = ours && key[strlen(prefix)] == '.'; /* of a health check */
        char *copy = ours && !test ? strdup(key) : NULL;
        if (copy != NULL) {
            exam->found[exam->found_count++] = copy;
        }
    }
    exam->report->expiring.scanned += (int64_t)keys->count;
}

static void hear_lease(struct redis_exam *exam, const struct resp_value *value)
{
    struct redis_report *report = exam->report;
    const char *key = exam->found[exam->found_next++];
    const char *state = value->count == 3 ? resp_text(value->items[0]) : NULL;
    int64_t end_us, lease_ms;
    if (state == NULL || strcmp(state, "h") != 0 || !resp_number(value->items[1], &end_us) ||
        !resp_number(value->items[2], &lease_ms)) {
        return;
    }
    int64_t now_us = wall_us() + (exam->node->has_time ? exam->node->time_offset_us : 0);
    int64_t remaining_ms = (end_us - now_us) / 1000;
    int64_t threshold_ms = exam->expiring_ms >= 0 ? exam->expiring_ms : lease_ms / 5;
    if (remaining_ms >= threshold_ms || report->expiring.count == EXAM_EXPIRING_MAX) {
        return;
    }
    struct exam_expiring *entry = &report->expiring.keys[report->expiring.count++];
    redis_quote(entry->key, sizeof entry->key, key, strlen(key));
    entry->remaining_ms = remaining_ms;
}

static void hear_scan_or_lease(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    (void)us;
    if (exam->found_next < exam->found_count) {
        hear_lease(exam, value);
    } else {
        hear_scan(exam, value);
    }
}

const struct exam_step exam_server_steps[] = {
    {ask_ping, hear_ping},
    {ask_time, hear_time},
    {ask_info, hear_info},
    {ask_setting, hear_setting},
    {ask_key_operation, hear_key_operation},
    {ask_record, hear_record},
    {ask_scan, hear_scan_or_lease},
    {NULL, NULL},
};
