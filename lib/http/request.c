/* A request as libmicrohttpd hands it over: from its first line to its end. */
#include "lib/http/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONNECTION_MEMORY = 12 * 1024, /* holds the largest request that is allowed */
    IDLE_SECONDS = 60,
    UPLOAD_MAX = 64 * 1024, /* a larger body is cut off rather than read to its end */
};

static void take_body(struct http_call *call, const char *bytes, size_t *size)
{
    if (call->body.length + *size > HTTP_BODY_MAX) {
        call->body_too_large = true;
    } else {
        text_add_bytes(&call->body, bytes, *size);
    }
    call->uploaded += *size;
    *size = 0;
}

/* A length that is too large is refused before the body is read. */
static bool announces_too_much(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    return length != NULL && strtoull(length, NULL, 10) > HTTP_BODY_MAX;
}

/* Marks that on_line() leaves in place of a call. */
static char line_too_long, line_has_nul;

static bool is_mark(const void *context)
{
    return context == &line_too_long || context == &line_has_nul;
}

static enum MHD_Result refuse(struct http_call *call, const char *code, const char *detail)
{
    call->close_after = true;
    call->refused = true;
    http_call_problem(call, code, detail);
    return call_queue(call);
}

static enum MHD_Result begin_call(struct http_server *server, struct MHD_Connection *connection,
                                  const char *url, const char *method, void **context)
{
    const void *mark = *context;
    struct http_link *link = link_of(connection);
    struct http_call *call =
        link != NULL ? call_new(server, connection, link->door, url, method) : NULL;
    *context = call;
    if (call == NULL) {
        return MHD_NO; /* no memory: the connection ends */
    }
    link->busy = true;
    if (mark == &line_too_long) {
        return refuse(call, "uri_too_long", "the request line may have 2048 bytes");
    }
    if (mark == &line_has_nul) {
        return refuse(call, "bad_request", "the path or the query holds a NUL");
    }
    if (announces_too_much(connection)) {
        return refuse(call, "body_too_large", "the body may have 4096 bytes");
    }
    return MHD_YES; /* answering before the second call would cost the connection its keep-alive */
}

static void handle(struct http_call *call)
{
    struct http_server *server = call->server;
    call->stage = HTTP_STAGE_HANDLING;
    if (!checks_pass(call)) {
        return;
    }
    if (server->stopping) {
        http_call_problem(call, "shutting_down", "the daemon is shutting down");
        return;
    }
    call->route->handler(server->options.owner, call);
}

static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct http_server *server = owner;
    struct http_call *call = *context;
    (void)version;
    if (call == NULL || is_mark(call)) {
        return begin_call(server, connection, url, method, context);
    }
    if (*upload_size > 0) {
        take_body(call, upload, upload_size);
        return call->uploaded > UPLOAD_MAX ? MHD_NO : MHD_YES;
    }
    if (call->stage == HTTP_STAGE_READING) {
        handle(call);
    }
    if (call->client_gone) {
        return MHD_NO;
    }
    return call->ready ? call_queue(call) : MHD_YES; /* not ready: it was parked */
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_call *call = *context;
    (void)code;
    if (link_of(connection) != NULL) {
        link_idle(owner, link_of(connection));
    }
    if (call != NULL && !is_mark(call)) {
        if (call->status != 0) {
            call_count(call);
        }
        call_free(call);
        *context = NULL;
    }
}

/* Called with the raw request line, before its parts are decoded. What it returns is the first
 * `*context` of the call. */
static void *on_line(void *owner, const char *uri, struct MHD_Connection *connection)
{
    (void)owner;
    (void)connection;
    if (strlen(uri) > HTTP_LINE_MAX - sizeof "OPTIONS  HTTP/1.1") {
        return &line_too_long;
    }
    return strstr(uri, "%00") != NULL ? &line_has_nul : NULL;
}

static void on_log(void *owner, const char *format, va_list arguments)
{
    (void)owner; /* its complaints are about clients, who are told by their answers */
    (void)format;
    (void)arguments;
}

struct MHD_Daemon *request_start_daemon(struct http_server *server)
{
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET;
    unsigned limit =
        (unsigned)(server->options.max_connections + server->options.max_watchers + 64);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, links_notify, server,
        MHD_OPTION_URI_LOG_CALLBACK, on_line, server, MHD_OPTION_END);
}
