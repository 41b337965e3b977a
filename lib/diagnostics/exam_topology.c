/* What sentinels and the nodes of a cluster say about the servers. */
#include "lib/diagnostics/exam_internal.h"

#include "lib/diagnostics/info_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *master_name(const struct redis_exam *exam)
{
    return exam->access.copy.options.master_name;
}

static struct exam_sentinel *present(struct redis_exam *exam)
{
    return &exam->report->sentinels[exam->server];
}

static size_t ask_address(struct redis_exam *exam, struct text *question)
{
    const char *words[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", master_name(exam), NULL};
    if (exam->index > 0) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

static void hear_address(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct exam_sentinel *sentinel = present(exam);
    const char *host = value->count == 2 ? resp_text(value->items[0]) : NULL;
    const char *port = value->count == 2 ? resp_text(value->items[1]) : NULL;
    (void)us;
    if (host != NULL && port != NULL) {
        sentinel->ok = true;
        (void)snprintf(sentinel->primary, sizeof sentinel->primary, "%.255s:%.6s", host, port);
    } else if (value->kind == RESP_NIL) {
        (void)problem_set(&sentinel->error, "the sentinel at %s knows no master named %s",
                          sentinel->endpoint.name, master_name(exam));
    } else {
        struct redis_fault fault;
        struct redis_place place = {.endpoint = sentinel->endpoint.name};
        redis_fault_read(&fault, value->bytes, value->length, &place);
        sentinel->error = fault.problem;
    }
}

static size_t ask_quorum(struct redis_exam *exam, struct text *question)
{
    const char *words[] = {"SENTINEL", "CKQUORUM", master_name(exam), NULL};
    if (exam->index > 0 || !present(exam)->ok) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

static void hear_quorum(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct exam_sentinel *sentinel = present(exam);
    char quoted[200];
    (void)us;
    if (exam_is_error(value, "NOQUORUM") || exam_is_error(value, "NOGOODSLAVE")) {
        redis_quote(quoted, sizeof quoted, value->bytes, value->length);
        sentinel->ok = false;
        (void)problem_set(&sentinel->error, "the sentinel at %s could not do a failover: %s",
                          sentinel->endpoint.name, quoted);
    }
}

const struct exam_step exam_sentinel_steps[] = {
    {ask_address, hear_address}, {ask_quorum, hear_quorum}, {NULL, NULL}};

/* Clusters. */

static size_t ask_state(struct redis_exam *exam, struct text *question)
{
    static const char *const words[] = {"CLUSTER", "INFO", NULL};
    if (exam->index > 0) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

static void hear_state(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    struct redis_report *report = exam->report;
    (void)us;
    if (value->kind == RESP_STRING || value->kind == RESP_STATUS) {
        (void)info_string(value->bytes, "cluster_state", report->cluster_state,
                          sizeof report->cluster_state);
    }
}

static size_t ask_nodes(struct redis_exam *exam, struct text *question)
{
    static const char *const words[] = {"CLUSTER", "NODES", NULL};
    if (exam->index > 0) {
        return 0;
    }
    exam_command(question, words);
    return 1;
}

/* After the flags: the primary, times of ping and pong, the epoch, the link; then the slots. */
static bool has_slots(const char *rest)
{
    for (int field = 0; rest != NULL && field < 5; field++) {
        rest = strchr(rest, ' ');
        rest = rest != NULL ? rest + 1 : NULL;
    }
    return rest != NULL && rest[0] != '\0';
}

/* "id address:port@bus[,name] flags …"; a node that has no address, or is leaving, is passed over.
 */
static void read_line(struct redis_exam *exam, const char *line, size_t length)
{
    char copy[512];
    struct redis_endpoint endpoint;
    char *rest = copy;
    (void)snprintf(copy, sizeof copy, "%.*s", (int)length, line);
    const char *id = strsep(&rest, " ");
    char *address = strsep(&rest, " ");
    const char *flags = strsep(&rest, " ");
    if (id == NULL || address == NULL || flags == NULL || strstr(flags, "noaddr") != NULL ||
        strstr(flags, "handshake") != NULL) {
        return;
    }
    address[strcspn(address, "@,")] = '\0';
    if (endpoint_read(&endpoint, address, strlen(address),
                      &exam->access.copy.endpoints[exam->server])) {
        /* A primary that lost its slots in a failover is none that anybody needs. */
        bool replaced =
            strstr(flags, "fail") != NULL && strstr(flags, "master") != NULL && !has_slots(rest);
        (void)exam_add_node(exam->report, &endpoint, strstr(flags, "master") != NULL && !replaced);
    }
}

static void hear_nodes(struct redis_exam *exam, const struct resp_value *value, int64_t us)
{
    (void)us;
    if (value->kind != RESP_STRING && value->kind != RESP_STATUS) {
        exam_explain(exam, value, NULL, &exam->report->error);
        return;
    }
    for (const char *line = value->bytes; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        read_line(exam, line, length);
        line += length;
        line += strspn(line, "\r\n");
    }
}

const struct exam_step exam_topology_steps[] = {
    {ask_state, hear_state}, {ask_nodes, hear_nodes}, {NULL, NULL}};
