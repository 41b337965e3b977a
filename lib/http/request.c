/* A request as libmicrohttpd hands it over: from its first line to its end. */
#include "lib/http/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
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

static bool refuse(struct http_call *call, const char *code, const char *detail)
{
    call->close_after = true;
    call->refused = true;
    http_call_problem(call, code, detail);
    return false;
}

/* `line` are the bytes of the request line without its end. */
static bool check_line(struct http_call *call, const struct http_link *link, size_t line)
{
    if (line > HTTP_LINE_MAX) {
        return refuse(call, "uri_too_long", "the request line may have 2048 bytes");
    }
    if (link->has_nul) {
        return refuse(call, "bad_request", "the path or the query holds a NUL");
    }
    return true;
}

static enum MHD_Result begin_call(struct http_call *call, const struct http_link *link,
                                  const char *version)
{
    size_t line = strlen(call->method) + 1 + link->line + 1 + strlen(version);
    if (!check_line(call, link, line) || !checks_shape(call)) {
        return call_queue(call);
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
    struct http_link *link = link_of(connection);
    struct http_call *call = *context;
    if (call == NULL) {
        *context = call =
            link != NULL ? call_new(server, connection, link->door, url, method) : NULL;
        return call != NULL ? begin_call(call, link, version) : MHD_NO; /* no memory: it ends */
    }
    if (*upload_size > 0) {
        take_body(call, upload, upload_size);
        return call->uploaded > UPLOAD_MAX ? MHD_NO : MHD_YES;
    }
    if (call->stage == HTTP_STAGE_READING) {
        link->busy = true;
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
    struct http_link *link = link_of(connection);
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        (void)MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                        (unsigned)IDLE_SECONDS);
    } else if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) {
        count_refusal(owner, http_code_find("timeout"));
    }
    if (link != NULL) {
        link_idle(owner, link, call);
    }
    if (call != NULL) {
        stream_over(call);
        if (call->status != 0) {
            call_count(call);
        }
        call_free(call);
        *context = NULL;
    }
}

/* Called with the raw path and query, before they are decoded. What it returns is the first
 * `*context` of the call. */
static void *on_line(void *owner, const char *uri, struct MHD_Connection *connection)
{
    struct http_link *link = link_of(connection);
    struct http_server *server = owner;
    if (link != NULL) {
        if (link->first_byte == 0) { /* of a unix socket the kernel does not tell it earlier */
            link->first_byte = uv_now(server->loop);
        }
        link->line = strlen(uri);
        link->has_nul = strstr(uri, "%00") != NULL;
        link->understood = true;
    }
    return NULL;
}

/* libmicrohttpd refuses by itself what it cannot read. Its clients are told by their answers; only
 * its log tells us, and with it they are counted. */
static void on_log(void *owner, const char *format, va_list arguments)
{
    static const char refused[] = "Error processing request (HTTP response code is %u";
    if (strncmp(format, refused, sizeof refused - 1) != 0) {
        return;
    }
    switch (va_arg(arguments, unsigned)) {
    case MHD_HTTP_URI_TOO_LONG:
        count_refusal(owner, http_code_find("uri_too_long"));
        return;
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        count_refusal(owner, http_code_find("headers_too_large"));
        return;
    case MHD_HTTP_CONTENT_TOO_LARGE:
        count_refusal(owner, http_code_find("body_too_large"));
        return;
    default:
        count_refusal(owner, http_code_find("malformed"));
        return;
    }
}

struct MHD_Daemon *request_start_daemon(struct http_server *server)
{
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET;
    unsigned limit =
        (unsigned)(server->options.max_connections + server->options.max_watchers + 64);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        links_notify, server, MHD_OPTION_URI_LOG_CALLBACK, on_line, server, MHD_OPTION_END);
}
