/* The rules that every call must keep before its handler sees it. */
#include "lib/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_TOO_LARGE "the body may have 4096 bytes"

static const char *header(const struct http_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

static bool refuse(struct http_call *call, const char *code, const char *detail)
{
    call->refused = true;
    http_call_problem(call, code, detail);
    return false;
}

struct tally {
    unsigned headers, hosts, lengths, codings;
    size_t bytes; /* with ": " and the line's end */
    const char *length, *coding;
    bool spaced; /* a name ends in a space: another reader may take it for the name without it */
};

static enum MHD_Result count_header(void *data, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct tally *tally = data;
    (void)kind;
    tally->headers++;
    tally->bytes += strlen(name) + (value != NULL ? strlen(value) : 0) + 4;
    tally->spaced |= strpbrk(name, " \t") != NULL;
    tally->hosts += strcasecmp(name, "Host") == 0;
    if (strcasecmp(name, "Content-Length") == 0) {
        tally->lengths++;
        tally->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        tally->codings++;
        tally->coding = value;
    }
    return MHD_YES;
}

static bool check_length(struct http_call *call, const struct tally *tally)
{
    if (tally->lengths + tally->codings > 1) {
        return refuse(call, "bad_request",
                      "the length of the body is given twice: Content-Length or chunked, once");
    }
    if (tally->coding != NULL && strcasecmp(tally->coding, "chunked") != 0) {
        return refuse(call, "bad_request", "the only Transfer-Encoding is chunked");
    }
    if (tally->length != NULL && strtoull(tally->length, NULL, 10) > HTTP_BODY_MAX) {
        return refuse(call, "body_too_large", BODY_TOO_LARGE);
    }
    return true;
}

bool checks_shape(struct http_call *call)
{
    struct tally tally = {0};
    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, count_header, &tally);
    call->close_after = true; /* taken back when all is well: what follows may be anything */
    if (tally.headers > HTTP_HEADERS_MAX || tally.bytes > HTTP_HEADER_BYTES_MAX) {
        return refuse(call, "headers_too_large", "there may be 64 headers of 8192 bytes in all");
    }
    if (tally.spaced) {
        return refuse(call, "bad_request", "the name of a header holds a space");
    }
    if (tally.hosts != 1) {
        return refuse(call, "bad_request", "there must be one Host header");
    }
    call->close_after = !check_length(call, &tally);
    return !call->close_after;
}

/* The length of a chunked body is known when all of it is there. */
static bool check_chunks(struct http_call *call)
{
    call->close_after = call->body_too_large;
    return !call->body_too_large || refuse(call, "body_too_large", BODY_TOO_LARGE);
}

static bool check_site(struct http_call *call)
{
    const char *host = header(call, "Host");
    const char *site = header(call, "Sec-Fetch-Site");
    const char *origin = header(call, "Origin");
    const struct http_options *options = &call->server->options;
    bool tcp = call->door->listener.path == NULL;
    if (tcp && !http_host_allowed(host, options->allowed_hosts, options->allowed_host_count)) {
        return refuse(call, "host_not_allowed",
                      "the Host header must be localhost, an IP address, or one of "
                      "http.allowed_hosts");
    }
    bool foreign = site != NULL
                       ? strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0
                       : origin != NULL && !http_origin_is(origin, host);
    if (foreign) {
        return refuse(call, "cross_site", "pages of other sites may not ask here");
    }
    return true;
}

static unsigned method_of(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return HTTP_GET;
    }
    return strcmp(method, "POST") == 0 ? HTTP_POST : 0;
}

/* Finds the route; the method is looked at later. */
static bool check_path(struct http_call *call)
{
    const struct http_options *options = &call->server->options;
    unsigned method = method_of(call->method);
    for (size_t i = 0; i < options->route_count; i++) {
        const struct http_route *route = &options->routes[i];
        char name[HTTP_NAME_MAX];
        if (!http_path_fits(route->path, call->url, name)) {
            continue;
        }
        bool better = call->route == NULL || (route->methods & method) != 0;
        if (better) {
            call->route = route;
            memcpy(call->name, name, sizeof name);
        }
    }
    return call->route != NULL || refuse(call, "not_found", "there is no such path");
}

static bool check_role(struct http_call *call)
{
    const struct http_listener *listener = &call->door->listener;
    const struct http_server *server = call->server;
    enum http_role role = call->route->role;
    if (role > listener->role) {
        return refuse(call, "role_too_low",
                      "this listener does not serve the path: use one of role read or control, as "
                      "the path needs");
    }
    bool tcp = listener->path == NULL;
    bool open =
        role == HTTP_PROBE || (role == HTTP_READ && (listener->loopback || listener->insecure));
    if (tcp && !open && !http_token_fits(header(call, "Authorization"), server->token)) {
        http_call_header(call, "WWW-Authenticate", "Bearer");
        return refuse(call, "unauthorized",
                      "this path needs `Authorization: Bearer` with the content of "
                      "http.token_file");
    }
    return true;
}

static void allow_header(struct http_call *call)
{
    unsigned methods = 0;
    const struct http_options *options = &call->server->options;
    for (size_t i = 0; i < options->route_count; i++) {
        char name[HTTP_NAME_MAX];
        if (http_path_fits(options->routes[i].path, call->url, name)) {
            methods |= options->routes[i].methods;
        }
    }
    char allow[64];
    (void)snprintf(allow, sizeof allow, "%s%sOPTIONS",
                   (methods & HTTP_GET) != 0 ? "GET, HEAD, " : "",
                   (methods & HTTP_POST) != 0 ? "POST, " : "");
    http_call_header(call, "Allow", allow);
}

static bool check_method(struct http_call *call)
{
    const struct http_route *route = call->route;
    if (strcmp(call->method, "OPTIONS") == 0) {
        if (route->check) {
            return true;
        }
        struct text nothing = {0};
        call->refused = true;
        allow_header(call);
        http_call_answer(call, MHD_HTTP_NO_CONTENT, NULL, &nothing);
        return false;
    }
    if ((route->methods & method_of(call->method)) == 0) {
        allow_header(call);
        return refuse(call, "method_not_allowed", "the path does not take this method");
    }
    return true;
}

static bool is_known_query(const struct http_route *route, const char *name)
{
    if (strcmp(name, "format") == 0) {
        return (route->formats & HTTP_TEXT) != 0;
    }
    for (size_t i = 0; route->queries != NULL && route->queries[i] != NULL; i++) {
        if (strcmp(name, route->queries[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_query(struct http_call *call)
{
    char detail[160];
    for (size_t i = 0; i < call->query_count; i++) {
        const char *name = call->queries[i].name;
        if (!is_known_query(call->route, name)) {
            (void)snprintf(detail, sizeof detail, "this path knows no parameter \"%.64s\"", name);
            return refuse(call, "unknown_parameter", detail);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name, call->queries[j].name) == 0) {
                (void)snprintf(detail, sizeof detail, "%.64s is given more than once", name);
                return refuse(call, "repeated_parameter", detail);
            }
        }
    }
    return true;
}

static bool check_format(struct http_call *call)
{
    const char *named = http_call_query(call, "format");
    unsigned offered = call->route->formats;
    if (named != NULL) {
        call->format = http_format_named(named);
        if (call->format == 0) {
            call->format = HTTP_JSON;
            return refuse(call, "bad_parameter", "format: json or text");
        }
        return true;
    }
    call->format = http_accept(header(call, "Accept"), offered);
    if (call->format == 0) {
        call->format = HTTP_JSON;
        return refuse(call, "not_acceptable", "nothing that Accept allows can be answered here");
    }
    return true;
}

static bool check_body(struct http_call *call)
{
    static const char json[] = "application/json";
    const char *type = header(call, "Content-Type");
    if (strcmp(call->method, "POST") != 0 || (call->body.length == 0 && type == NULL)) {
        return true;
    }
    size_t length = type != NULL ? strcspn(type, "; \t") : 0;
    if (length != sizeof json - 1 || strncasecmp(type, json, length) != 0) {
        return refuse(call, "unsupported_media_type", "a body must be application/json");
    }
    return true;
}

/* When connections are short, only probes and control are served. */
static bool check_room(struct http_call *call)
{
    const struct http_server *server = call->server;
    if (call->route->role == HTTP_READ &&
        links_counted(server) + HTTP_RESERVED > (size_t)server->options.max_connections) {
        call->close_after = true;
        return refuse(call, "too_many_connections",
                      "all connections are in use: close idle ones, or raise "
                      "http.max_connections");
    }
    return true;
}

bool checks_pass(struct http_call *call)
{
    return check_chunks(call) && check_site(call) && check_path(call) && check_role(call) &&
           check_method(call) && check_query(call) && check_format(call) && check_body(call) &&
           check_room(call);
}
