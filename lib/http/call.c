/* One request until it is answered. */
#include "lib/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITE_SECONDS = 10 }; /* without progress */

static enum MHD_Result add_query(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct http_call *call = data;
    (void)kind;
    if (call->query_count < HTTP_QUERIES_MAX) {
        call->queries[call->query_count++] =
            (struct http_pair){.name = name, .value = value != NULL ? value : ""};
    }
    return MHD_YES;
}

struct http_call *call_new(struct http_server *server, struct MHD_Connection *connection,
                           const struct http_door *door, const char *url, const char *method)
{
    struct http_call *call = calloc(1, sizeof *call);
    if (call == NULL || (call->url = strdup(url)) == NULL) {
        free(call);
        return NULL;
    }
    call->server = server;
    call->connection = connection;
    call->door = door;
    call->method = method;
    call->stage = HTTP_STAGE_READING;
    call->format = HTTP_JSON;
    call->began_ns = uv_hrtime();
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, call);
    ring_add(&server->calls, call);
    server->call_count++;
    return call;
}

void call_free(struct http_call *call)
{
    ring_remove(call);
    call->server->call_count--;
    free(call->url);
    text_free(&call->body);
    text_free(&call->answer);
    text_free(&call->headers);
    free(call);
}

const char *http_call_name(const struct http_call *call)
{
    return call->name;
}

const char *http_call_query(const struct http_call *call, const char *name)
{
    for (size_t i = 0; i < call->query_count; i++) {
        if (strcmp(call->queries[i].name, name) == 0) {
            return call->queries[i].value;
        }
    }
    return NULL;
}

const char *http_call_body(const struct http_call *call, size_t *length)
{
    *length = call->body.length;
    return call->body.bytes != NULL ? call->body.bytes : "";
}

const char *http_call_asked(const struct http_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

enum http_format http_call_format(const struct http_call *call)
{
    return call->format;
}

void http_call_header(struct http_call *call, const char *name, const char *value)
{
    if (call->header_count < HTTP_ANSWER_HEADERS_MAX) {
        call->header_count++;
        text_add_bytes(&call->headers, name, strlen(name) + 1);
        text_add_bytes(&call->headers, value, strlen(value) + 1);
    }
}

void http_call_close_after(struct http_call *call)
{
    call->close_after = true;
}

void http_call_answer(struct http_call *call, int status, const char *content_type,
                      struct text *body)
{
    if (body->failed) {
        text_free(body);
        http_call_problem(call, "busy", "out of memory");
        return;
    }
    call->status = status;
    call->content_type = content_type;
    call->answer = *body;
    call->ready = true;
    *body = (struct text){0};
    if (call->stage == HTTP_STAGE_PARKED) {
        park_resume_later(call);
    }
}

void count_refusal(struct http_server *server, const struct http_code *code)
{
    for (size_t i = 0; http_code_at(i) != NULL; i++) {
        server->rejected[i] += http_code_at(i) == code && code->rejects;
    }
}

void http_call_problem(struct http_call *call, const char *code, const char *detail)
{
    const struct http_code *entry = http_code_find(code);
    struct text body = {0};
    const char *named = http_call_query(call, "format");
    bool text = named != NULL && strcmp(named, "text") == 0;
    count_refusal(call->server, entry);
    if (text) {
        text_addf(&body, "error: %s\n", detail);
    } else {
        text_addf(&body,
                  "{\"type\":\"urn:leaderd:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":",
                  code, entry->title, entry->status);
        text_add_json(&body, detail);
        text_addf(&body, ",\"code\":\"%s\"}\n", code);
    }
    if (body.failed) {
        text_clear(&body); /* the status alone must do */
    }
    http_call_answer(call, entry->status,
                     text ? "text/plain; charset=utf-8" : "application/problem+json", &body);
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* False when memory ran out: an answer without the type of its content, or without the header that
 * protects a browser, is worse than none. */
static bool add_headers(struct http_call *call, struct MHD_Response *response)
{
    const char *at = call->headers.bytes;
    bool whole = !call->headers.failed;
    for (unsigned i = 0; whole && i < call->header_count; i++) {
        const char *value = at + strlen(at) + 1;
        whole = add_header(response, at, value);
        at = value + strlen(value) + 1;
    }
    whole = whole && add_header(response, "Cache-Control", "no-store") &&
            add_header(response, "X-Content-Type-Options", "nosniff");
    if (call->content_type != NULL) {
        whole = whole && add_header(response, "Content-Type", call->content_type);
    }
    if (call->status == MHD_HTTP_TOO_MANY_REQUESTS ||
        call->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        whole = whole && add_header(response, "Retry-After", "1");
    }
    if (call->close_after || call->server->stopping) {
        whole = whole && add_header(response, "Connection", "close");
    }
    return whole;
}

static struct MHD_Response *whole_response(struct http_call *call)
{
    size_t length = call->answer.length;
    char *bytes = text_take(&call->answer);
    enum MHD_ResponseMemoryMode mode =
        bytes != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes != NULL ? length : 0, bytes, mode);
    if (response == NULL) {
        free(bytes);
    }
    return response;
}

enum MHD_Result call_queue(struct http_call *call)
{
    struct http_server *server = call->server;
    if (server->options.decorate != NULL) {
        server->options.decorate(server->options.owner, call);
    }
    struct MHD_Response *response =
        call->stream != NULL ? stream_response(call) : whole_response(call);
    if (response == NULL) {
        return MHD_NO;
    }
    if (!add_headers(call, response)) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    call->stage = HTTP_STAGE_ANSWERED;
    (void)MHD_set_connection_option(call->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)WRITE_SECONDS);
    enum MHD_Result queued = MHD_queue_response(call->connection, (unsigned)call->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Counts an answer under its route and status; when the table is full, under nothing. */
void call_count(struct http_call *call)
{
    struct http_server *server = call->server;
    size_t i = 0;
    while (i < server->count_count &&
           (server->counts[i].route != call->route || server->counts[i].status != call->status)) {
        i++;
    }
    if (i == server->count_count && i < HTTP_COUNTS_MAX) {
        server->counts[server->count_count++] =
            (struct http_count){.route = call->route, .status = call->status};
    }
    if (i < server->count_count) {
        server->counts[i].count++;
    }
    if (!call->was_parked && server->measure != NULL) {
        server->measure(server->measure_owner, (double)(uv_hrtime() - call->began_ns) / 1e9);
    }
}
